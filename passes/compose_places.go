package passes

import "github.com/numen-go/numen/ir"

// places says where axes come from: an index for each of a few axes.
type places []place

type place struct {
	axis  int
	index ir.Index
}

// of returns where an axis comes from.
func (p places) of(axis int) (ir.Index, bool) {
	for i := range p {
		if p[i].axis == axis {
			return p[i].index, true
		}
	}
	return ir.Index{}, false
}

// same reports whether all axes stay what they are.
func (p places) same() bool {
	for i := range p {
		if a, ok := plainAxis(p[i].index); !ok || a != p[i].axis {
			return false
		}
	}
	return true
}

// set says where an axis comes from.
func (p *places) set(axis int, index ir.Index) {
	for i := range *p {
		if (*p)[i].axis == axis {
			(*p)[i].index = index
			return
		}
	}
	*p = append(*p, place{axis, index})
}
