//go:build cuda && cgo && linux && amd64

package cuda

import "github.com/numen-go/numen/lower/cuda/driver"

func openDriver() (device, error) {
	d, err := driver.Open()
	if err != nil {
		return nil, err
	}
	return bound{d}, nil
}

// bound is a device that a driver has.
type bound struct{ *driver.Device }

func (b bound) Load(text string) (module, error) { return b.Device.Load(text) }
