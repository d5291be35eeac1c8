//go:build !linux

package rt

// adviseHuge does nothing where the system has no such advice.
func adviseHuge([]byte) {}
