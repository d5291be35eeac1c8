package roof

import "unsafe"

// memory holds the three arrays: dst = b, or dst = b + s*c.
type memory struct {
	dst, b, c []float64
	huge      bool   // backed by huge pages
	raw       []byte // what the arrays lie in
}

const (
	hugePage = 2 << 20

	// stagger separates the ends of arrays, so that equal indices of two
	// arrays differ in their low 12 address bits: where those bits are equal,
	// loads wait for earlier stores to other arrays, which cost a tenth or more.
	stagger = 4096 + 512
)

// newMemory returns arrays of n elements each.
func newMemory(n int) (*memory, error) {
	array := 8*n + stagger
	raw, huge, err := allocate(hugePage + 3*array)
	if err != nil {
		return nil, err
	}
	start := int(-uintptr(unsafe.Pointer(&raw[0])) % hugePage)
	at := func(i int) []float64 {
		return unsafe.Slice((*float64)(unsafe.Pointer(&raw[start+i*array])), n)
	}
	return &memory{dst: at(0), b: at(1), c: at(2), huge: huge, raw: raw}, nil
}
