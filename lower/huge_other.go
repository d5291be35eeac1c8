//go:build !linux

package lower

// AdviseHuge does nothing where the system has no such advice.
func AdviseHuge([]byte) {}
