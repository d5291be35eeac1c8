package cuda

import (
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

// Simulated returns a target whose device is simulated: it has so many bytes of memory and
// runs the code of kernels instruction by instruction. It is for tests.
func Simulated(bytes int64) lower.Target { return newTarget(simulated{ptxsim.NewDevice(bytes)}) }

// simulated is the simulated device without a driver before it.
type simulated struct{ *ptxsim.Device }

func (simulated) String() string { return "a simulated device" }

func (d simulated) Load(text string) (module, error) {
	m, err := d.Device.Load(text)
	return simulatedModule{d.Device, m}, err
}

func (simulated) Close() error { return nil }

type simulatedModule struct {
	d *ptxsim.Device
	m *ptxsim.Module
}

func (m simulatedModule) Launch(entry string, blocks, threads int, frame uint64, words []byte) error {
	if err := m.d.Write(frame, words); err != nil {
		return err
	}
	if err := m.m.Launch(entry, blocks, threads, frame); err != nil {
		return err
	}
	return m.d.Read(words, frame)
}

func (simulatedModule) Unload() error { return nil }
