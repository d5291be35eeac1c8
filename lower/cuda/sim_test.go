package cuda

import (
	"testing"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
	"github.com/numen-go/numen/lower/lowertest"
)

// simulated is the simulated device without a driver before it.
type simulated struct{ *ptxsim.Device }

func (simulated) String() string                      { return "a simulated device" }
func (d simulated) alloc(bytes int64) (uint64, error) { return d.Alloc(bytes) }
func (d simulated) free(p uint64) error               { return d.Free(p) }
func (d simulated) write(p uint64, from []byte) error { return d.Write(p, from) }
func (d simulated) read(to []byte, p uint64) error    { return d.Read(to, p) }
func (d simulated) close() error                      { return nil }
func (d simulated) signal(p uint64, word uint64) error {
	return d.Write(p, []byte{byte(word), 0, 0, 0, 0, 0, 0, 0})
}
func (d simulated) load(text string) (module, error) {
	m, err := d.Load(text)
	return simulatedModule{m}, err
}

type simulatedModule struct{ *ptxsim.Module }

func (m simulatedModule) launch(entry string, blocks, threads int, frame uint64) error {
	return m.Launch(entry, blocks, threads, frame)
}
func (simulatedModule) unload() error { return nil }

func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes on a simulated device")
	}
	d := ptxsim.NewDevice(1 << 30)
	target := newTarget(simulated{d})
	lowertest.Run(t, func() (lower.Target, error) { return target, nil })
	t.Cleanup(func() {
		if n := target.pool.live; n != 0 {
			t.Errorf("%d blocks of memory are not given back", n)
		}
	})
}
