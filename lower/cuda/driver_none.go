//go:build !cuda || !cgo || !linux || !amd64

package cuda

import "errors"

func openDriver() (device, error) { return nil, errors.New("not built with -tags cuda") }
