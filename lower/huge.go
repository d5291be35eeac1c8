package lower

import "unsafe"

// HugePage is the size of the pages that AdviseHuge asks for: memory has some only where
// it fills them, from an address that is a multiple of it.
const HugePage = 2 << 20

// Lasting returns zeroed memory for n elements, which hold no pointers and which much will
// read: from the size of a huge page on it lies on huge pages.
func Lasting[T any](n int) []T {
	var z T
	size := int(unsafe.Sizeof(z))
	if n < HugePage/size {
		return make([]T, n)
	}
	s := make([]T, n+HugePage/size)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s))) % HugePage / uintptr(size))
	s = s[skip : skip+n : skip+n]
	AdviseHuge(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), n*size))
	return s
}
