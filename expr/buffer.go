package np

import "github.com/numen-go/numen/lower"

// Arrays with values lie in row-major order without gaps: creation, readers of files and
// the runtime make no others.

// elements returns the number of elements of an array in memory.
func elements(a *lower.Array) int {
	n := 1
	for _, e := range a.Extents {
		n *= int(e)
	}
	return n
}

// slice returns an array's elements in the host's memory.
func slice[T any](a *lower.Array) []T {
	n := elements(a)
	if n == 0 {
		return nil
	}
	return lower.Slice[T](a.Buf.(*lower.Host))[a.Offset:][:n]
}

// bytesOf returns the memory of an array's elements.
func bytesOf(a *lower.Array) []byte {
	size := a.DType.Size()
	return a.Buf.(*lower.Host).Bytes()[int(a.Offset)*size:][:elements(a)*size]
}
