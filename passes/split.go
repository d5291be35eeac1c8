package passes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// Split replaces a launch that no target takes by two, cut before statement n of its
// kernel (before statement 1 when n is 0): the second may be what a target takes, or the
// first. Values between them become buffers. Cutting changes no bit.
func Split(p *ir.Program, step ir.ProgramStep, n int) ([]ir.ProgramStep, error) {
	l := step.Launch
	if len(l.Kernel.Stmts) < 2 {
		return nil, errors.New("passes: a kernel of one statement cannot be cut")
	}
	first, second, err := l.Kernel.CutAt(min(max(n, 1), len(l.Kernel.Stmts)-1))
	if err != nil {
		return nil, err
	}
	value := argumentOf(l)
	var between []int
	for i, o := range first.Operands {
		if _, ok := value[o]; ok || first.Kernel.Operands[i].Role == ir.Local {
			continue
		}
		op := first.Kernel.Operands[i]
		shape := make([]ir.Dim, len(op.Shape))
		for k, d := range op.Shape {
			shape[k] = d.Subst(func(s string) (ir.Dim, bool) {
				j := slices.Index(l.Kernel.Dims, s)
				if j < 0 {
					return ir.Dim{}, false
				}
				return l.Dims[j], true
			})
		}
		value[o] = len(p.Values)
		between = append(between, len(p.Values))
		p.Values = append(p.Values, ir.Value{Name: fmt.Sprintf("cut%d", len(p.Values)), Type: ir.Type{DType: op.DType, Shape: shape, Format: heldLike(p, l, op.Format)}})
	}
	var steps []ir.ProgramStep
	for _, v := range between {
		steps = append(steps, ir.ProgramStep{Kind: ir.StepAlloc, Out: v})
	}
	for _, part := range []*ir.KernelPart{first, second} {
		s := step
		s.Launch = partOf(l, part, value)
		steps = append(steps, s)
	}
	for _, v := range between {
		steps = append(steps, ir.ProgramStep{Kind: ir.StepFree, Out: v})
	}
	return steps, nil
}

// heldLike returns the format of a value with levels f that a part of a launch makes for
// another part: who holds what the launch makes holds it.
func heldLike(p *ir.Program, l *ir.Launch, f *ir.Format) *ir.Format {
	for _, v := range l.Args {
		if t := p.Values[v].Type.Format; f == nil && t != nil && t.Device != "" {
			return &ir.Format{Device: t.Device}
		}
	}
	return f
}

// argumentOf returns the value behind each operand of a launch that is not local.
func argumentOf(l *ir.Launch) map[int]int {
	value := map[int]int{}
	i := 0
	for o := range l.Kernel.Operands {
		if l.Kernel.Operands[o].Role != ir.Local {
			value[o] = l.Args[i]
			i++
		}
	}
	return value
}

// partOf returns the launch of a part of l's kernel.
func partOf(l *ir.Launch, part *ir.KernelPart, value map[int]int) *ir.Launch {
	out := &ir.Launch{Kernel: part.Kernel}
	for _, d := range part.Dims {
		out.Dims = append(out.Dims, l.Dims[d])
	}
	for _, s := range part.Scalars {
		out.Scalars = append(out.Scalars, l.Scalars[s])
	}
	for i, o := range part.Operands {
		if part.Kernel.Operands[i].Role != ir.Local {
			out.Args = append(out.Args, value[o])
		}
	}
	for i, a := range part.Axes {
		if b, ok := l.Bounds[a]; ok {
			if out.Bounds == nil {
				out.Bounds = map[int][2]ir.Dim{}
			}
			out.Bounds[i] = b
		}
	}
	return out
}
