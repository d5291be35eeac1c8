//go:build !cuda || !cudasim || !cgo || !linux || !amd64

package cuda

// simulatedDriver says that a simulated driver stands where the device's would.
const simulatedDriver = false
