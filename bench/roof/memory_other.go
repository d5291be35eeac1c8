//go:build !linux

package roof

// allocate takes ordinary memory, which the garbage collector frees.
func allocate(size int) (raw []byte, huge bool, err error) {
	return make([]byte, size), false, nil
}

func release([]byte) error { return nil }

func advise([]byte) bool { return false }
