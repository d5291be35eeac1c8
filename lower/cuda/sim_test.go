package cuda

import (
	"testing"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
	"github.com/numen-go/numen/lower/lowertest"
)

// anyDevice returns the device that there is, a simulated one otherwise.
func anyDevice(t *testing.T) device {
	d, err := openDriver()
	if err != nil {
		t.Log(err)
		return simulated{ptxsim.NewDevice(1 << 30)}
	}
	return d
}

func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes on a simulated device")
	}
	target := newTarget(anyDevice(t))
	lowertest.Run(t, func() (lower.Target, error) { return target, nil })
	t.Cleanup(func() {
		if n := target.pool.live; n != 0 {
			t.Errorf("%d blocks of memory are not given back", n)
		}
	})
}
