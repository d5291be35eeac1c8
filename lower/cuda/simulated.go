package cuda

import (
	"fmt"
	"sync/atomic"

	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

// simulatedBytes is the memory of the device that stands in where there is none.
var simulatedBytes atomic.Int64

// Simulate has the target open a simulated device where there is no other: it has so many
// bytes of memory and runs the code of kernels instruction by instruction. It is for tests.
// Explain tells that it is used, and why. Where a simulated driver was asked for, by the
// tag cudasim, nothing takes its place: opening the target fails when it does.
func Simulate(bytes int64) { simulatedBytes.Store(bytes) }

// openDevice opens the device that there is.
func openDevice() (device, error) {
	d, err := openDriver()
	if n := simulatedBytes.Load(); err != nil && n > 0 && !simulatedDriver {
		return simulated{ptxsim.NewDevice(n), err}, nil
	}
	return d, err
}

// simulated is the simulated device without a driver before it.
type simulated struct {
	*ptxsim.Device
	why error // there is no other device
}

func (d simulated) String() string {
	if d.why == nil {
		return "a simulated device"
	}
	return fmt.Sprintf("a simulated device, for there is no other: %v", d.why)
}

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
