package ir

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// launch checks that arguments fit the kernel's declarations, that what it reads has
// contents, and that what it writes is no other argument's memory unless in place is safe.
func (v *programVerifier) launch(m *memory, l *Launch) error {
	k := l.Kernel
	if err := v.launchNumbers(m, l); err != nil {
		return err
	}
	var operands []int
	for i, o := range k.Operands {
		if o.Role != Local {
			operands = append(operands, i)
		}
	}
	if len(l.Args) != len(operands) {
		return fmt.Errorf("%d arrays for a kernel of %d", len(l.Args), len(operands))
	}
	for i, x := range l.Args {
		if err := v.argument(m, l, x, &k.Operands[operands[i]]); err != nil {
			return err
		}
	}
	for i, x := range l.Args {
		if k.Operands[operands[i]].Role == In {
			continue
		}
		for j, y := range l.Args {
			if i != j && m.root[x] == m.root[y] && !(x == y && k.inPlace(operands[i], operands[j])) {
				return fmt.Errorf("%s is written and shares memory with %s, which is not read at the written position alone", v.name(x), v.name(y))
			}
		}
	}
	for i, x := range l.Args {
		if k.Operands[operands[i]].Role != In {
			m.written[m.root[x]] = true
		}
	}
	return v.counts(m, l)
}

// launchNumbers checks dims, run-time numbers and bounds.
func (v *programVerifier) launchNumbers(m *memory, l *Launch) error {
	k := l.Kernel
	if len(l.Dims) != len(k.Dims) || len(l.Scalars) != len(k.Scalars) {
		return fmt.Errorf("%d dims and %d run-time numbers for a kernel of %d and %d", len(l.Dims), len(l.Scalars), len(k.Dims), len(k.Scalars))
	}
	if err := dimsKnown(m.bound, l.Dims...); err != nil {
		return err
	}
	for i, s := range l.Scalars {
		if s < 0 || s >= len(v.p.Scalars) {
			return fmt.Errorf("there is no run-time number %d", s)
		}
		if got, want := v.p.Scalars[s].DType, k.Scalars[i].DType; got != want {
			return fmt.Errorf("run-time number %s is %s, kernel %s wants %s", v.p.Scalars[s].Name, got, k.Name, want)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(l.Bounds)) {
		if a < 0 || a >= len(k.Axes) || k.Axes[a].From >= 0 {
			return fmt.Errorf("bounds for axis %d, which does not exist or follows another's", a)
		}
		b := l.Bounds[a]
		if err := dimsKnown(m.bound, b[:]...); err != nil {
			return err
		}
		lo, isNumber := b[0].Const()
		hi, both := b[1].Const()
		n, all := l.dim(k.Axes[a].Extent).Const()
		if isNumber && lo < 0 || isNumber && both && lo > hi || both && all && hi > n {
			return fmt.Errorf("axis %s runs over %s..%s of %s", k.Axes[a].Name, b[0], b[1], l.dim(k.Axes[a].Extent))
		}
	}
	return nil
}

// dim returns an extent of the kernel in the program's symbols.
func (l *Launch) dim(d Dim) Dim {
	return d.Subst(func(name string) (Dim, bool) {
		i := slices.Index(l.Kernel.Dims, name)
		if i < 0 {
			return Dim{}, false
		}
		return l.Dims[i], true
	})
}

func (v *programVerifier) argument(m *memory, l *Launch, x int, o *Operand) error {
	check := v.readable
	if o.Role != In {
		check = v.writable
	}
	if err := check(m, x); err != nil {
		return err
	}
	if o.Role == InOut {
		if err := v.readable(m, x); err != nil {
			return err
		}
	}
	want := Type{DType: o.DType, Format: o.Format, Shape: make([]Dim, len(o.Shape))}
	for i, d := range o.Shape {
		want.Shape[i] = l.dim(d)
	}
	t := v.p.Values[x].Type.kernelType()
	t.Format = t.Format.Levelled()
	if !t.Equal(want) {
		return fmt.Errorf("%s is %s, kernel %s wants %s for %s", v.name(x), t, l.Kernel.Name, want, o.Name)
	}
	return nil
}

// kernelType returns the type that an array has as an operand of a kernel: complex elements
// are pairs of real ones along one more axis.
func (t Type) kernelType() Type {
	switch t.DType {
	case Complex64:
		t.DType = Float32
	case Complex128:
		t.DType = Float64
	default:
		return t
	}
	t.Shape = append(slices.Clip(t.Shape), N(2))
	return t
}

// appends returns how many statements append.
func (k *Kernel) appends() int {
	n := 0
	for i := range k.Stmts {
		if k.Stmts[i].Sink == Append {
			n++
		}
	}
	return n
}

// counts checks the values that get the counts of appends.
func (v *programVerifier) counts(m *memory, l *Launch) error {
	if l.Counts == nil {
		return nil
	}
	if n := l.Kernel.appends(); len(l.Counts) != n {
		return fmt.Errorf("%d counts for %d appends", len(l.Counts), n)
	}
	for i, x := range l.Counts {
		if err := v.output(m, x, l.Args, l.Counts[:i]); err != nil {
			return err
		}
		if !v.p.Values[x].Type.Equal(Dense(Int64)) {
			return errors.New("a count goes to an i64[]")
		}
		m.written[m.root[x]] = true
	}
	return nil
}

// inPlace reports whether operands out and in of k may be the same memory: one statement
// stores to out, and every load of in is in that statement and at the position stored.
func (k *Kernel) inPlace(out, in int) bool {
	if k.Operands[in].Role != In {
		return false
	}
	stores, safe := 0, true
	for i := range k.Stmts {
		s := &k.Stmts[i]
		var target *Access
		for j := range s.Targets {
			if s.Targets[j].Operand == out {
				target = &s.Targets[j]
				stores++
			}
		}
		s.VisitExprs(func(e *Expr) {
			if e.Access == nil || e.Access.Operand != in {
				return
			}
			at := Access{out, e.Access.Index}
			if s.Sink != Store || target == nil || !target.equal(&at) {
				safe = false
			}
		})
		if s.Over != nil && s.Over.Operand == in {
			safe = false
		}
	}
	return safe && stores == 1
}
