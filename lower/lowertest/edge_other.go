//go:build !linux

package lowertest

// edged returns plain memory where there is no other.
func edged(size int, behind bool) (mem []byte, free func(), err error) {
	return make([]byte, size), func() {}, nil
}
