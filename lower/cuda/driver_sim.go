//go:build cuda && cudasim && cgo && linux && amd64

package cuda

import _ "github.com/numen-go/numen/lower/cuda/cudasim" // takes the driver's place

// simulatedDriver says that a simulated driver stands where the device's would.
const simulatedDriver = true
