package roof

import "unsafe"

// Slice returns memory for n elements, for arrays that are measured against the limits. As
// NumPy's, large ones lie on huge pages: reading others is a quarter slower, whoever
// reads.
func Slice[T float32 | float64 | bool](n int) []T {
	var one T
	size := n * int(unsafe.Sizeof(one))
	if size < hugePage {
		return make([]T, n)
	}
	raw := make([]byte, size+hugePage)
	start := int(-uintptr(unsafe.Pointer(&raw[0])) % hugePage)
	advise(raw[start : start+size])
	return unsafe.Slice((*T)(unsafe.Pointer(&raw[start])), n)
}
