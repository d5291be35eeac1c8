package cuda

import (
	"strings"
	"testing"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/lowertest"
)

// anyDevice returns the device that there is, a simulated one otherwise.
func anyDevice(t *testing.T) device {
	Simulate(1 << 30)
	defer Simulate(0)
	d, err := openDevice()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(d)
	return d
}

// TestWhySimulated has the device that stands in say why there is no other.
func TestWhySimulated(t *testing.T) {
	d, why := openDriver()
	if why == nil {
		closeAll(t, d)
		t.Skip("there is a device")
	}
	target := newTarget(anyDevice(t))
	exe := compile(t, target)
	if s := exe.String(); !strings.HasPrefix(s, "a simulated device, for there is no other: "+why.Error()) {
		t.Errorf("%s", s)
	}
	closeAll(t, exe, target)
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
