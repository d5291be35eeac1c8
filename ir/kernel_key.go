package ir

import (
	"fmt"
	"slices"
)

// Key returns what compiled code depends on: the text form with names in order of
// declaration and without the kernel's own. Kernels that differ in names alone have one
// key; another dtype, order, axis, guard or literal gives another. A fill value
// is in it: what is stored of a result depends on it.
func (k *Kernel) Key() string {
	p := newKernelPrinter(k)
	p.taken = map[string]bool{}
	syms := map[string]Dim{}
	p.dims = numbered("d", len(k.Dims))
	for i, name := range p.dims {
		syms[k.Dims[i]] = Sym(name)
	}
	p.sym = func(s string) (Dim, bool) {
		d, ok := syms[s]
		return d, ok
	}
	p.scalars = numbered("c", len(k.Scalars))
	p.operands = numbered("a", len(k.Operands))
	p.axes = numbered("i", len(k.Axes))
	tables := numbered("t", len(p.tables))
	p.tableName = func(i int) string { return tables[i] }
	p.format = func(o *Operand) string {
		f := *o.Format
		for i, c := range f.Chunks {
			if i == 0 {
				f.Chunks = slices.Clone(f.Chunks)
			}
			f.Chunks[i] = c.Subst(p.sym)
		}
		return f.String()
	}
	p.print()
	return p.out.String()
}

func numbered(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return out
}
