package sharded

import (
	"context"
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// merger is code that merges the results of two pieces of a reduction, left before right.
type merger struct {
	*code
	targets []int // the operands that hold the states, each once
	states  int64 // of one operand, side by side; 1: one
}

// mergeable reports whether the states of a reduction are results that can be merged
// element by element: each in an operand of its own, or side by side along the last axis
// of one.
func mergeable(k *ir.Kernel, s *ir.Stmt) bool {
	_, _, ok := states(k, s)
	return ok
}

// states returns the operands of a reduction's states, and how many states are side by
// side in one.
func states(k *ir.Kernel, s *ir.Stmt) (operands []int, beside int64, ok bool) {
	for i := range s.Targets {
		t := &s.Targets[i]
		o := &k.Operands[t.Operand]
		if o.Role != ir.Out {
			return nil, 0, false
		}
		if len(s.Targets) > 1 && t.Operand == s.Targets[0].Operand {
			last := len(t.Index) - 1
			if last < 0 || !t.Index[last].Equal(ir.AtConst(ir.N(i))) || !o.Shape[last].Is(int64(len(s.Targets))) {
				return nil, 0, false
			}
			beside++
			continue
		}
		operands = append(operands, t.Operand)
	}
	if beside > 0 {
		return []int{s.Targets[0].Operand}, beside, beside == int64(len(s.Targets)) && len(operands) == 0
	}
	return operands, 1, true
}

// mergerOf returns the code that merges a reduction's results.
func (t *target) mergerOf(ctx context.Context, k *ir.Kernel, s *ir.Stmt) (*merger, error) {
	operands, beside, _ := states(k, s)
	b := ir.NewBuilder()
	m := &ir.Kernel{Name: "merge_" + s.Combine.Name, Dims: []string{"N"}, Axes: []ir.Axis{{Name: "i", Extent: ir.Sym("N"), From: -1}}}
	shape := []ir.Dim{ir.Sym("N")}
	if beside > 1 {
		shape = append(shape, ir.N(beside))
	}
	n := len(s.Targets)
	index := func(state int) []ir.Index {
		if beside > 1 {
			return []ir.Index{ir.At(0), ir.AtConst(ir.N(state))}
		}
		return []ir.Index{ir.At(0)}
	}
	var left, right []*ir.Expr
	stmt := ir.Stmt{Sink: ir.Store}
	for side, role := range []ir.Role{ir.In, ir.In, ir.Out} {
		first := len(m.Operands)
		for i, o := range operands {
			m.Operands = append(m.Operands, ir.Operand{Name: fmt.Sprintf("%c%d", "abo"[side], i), DType: k.Operands[o].DType, Shape: shape, Like: -1, Role: role})
		}
		for state := range n {
			at := first
			if beside == 1 {
				at += state
			}
			switch d := m.Operands[at].DType; side {
			case 0:
				left = append(left, b.Load(d, at, index(state)...))
			case 1:
				right = append(right, b.Load(d, at, index(state)...))
			default:
				stmt.Targets = append(stmt.Targets, ir.Access{Operand: at, Index: index(state)})
			}
		}
	}
	stmt.Args = s.Combine.Merge(b, left, right)
	m.Stmts = []ir.Stmt{stmt}
	text := m.String()
	if c, ok := t.merges.Load(text); ok {
		return &merger{c.(*code), operands, beside}, nil
	}
	if err := m.Verify(); err != nil {
		return nil, err
	}
	c, err := t.compile(ctx, m)
	if err != nil {
		return nil, err
	}
	if other, there := t.merges.LoadOrStore(text, c); there {
		err = c.Close()
		c = other.(*code)
	}
	return &merger{c, operands, beside}, err
}

// args sets a to the arguments that merge left and right into out, all of n bytes. An
// operand is one range of elements.
func (m *merger) args(a *lower.Args, left, right, out [][]byte) {
	a.Arrays = a.Arrays[:0]
	for _, side := range [][][]byte{left, right, out} {
		for i, data := range side {
			d := m.k.Operands[i].DType
			n := int64(len(data)) / int64(d.Size()) / m.states
			extents := []int64{n}
			if m.states > 1 {
				extents = append(extents, m.states)
			}
			a.Dims = []int64{n}
			a.Arrays = append(a.Arrays, lower.Array{DType: d, Buf: lower.NewHost(data), Strides: lower.Contiguous(extents), Extents: extents})
		}
	}
	a.Scalars, a.Lo, a.Hi = nil, nil, nil
}
