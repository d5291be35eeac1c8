package lowertest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// parts runs the examples on parts of their axes, with memory for what such a run touches
// alone: how arrays that are in chunks are computed.
func (k *kit) parts(t *testing.T) {
	k.eachExample(t, func(t *testing.T, e example, exe lower.Executable, r *rand.Rand) {
		reach := ir.NewReach(e.kernel)
		for _, dims := range e.dims {
			for a, x := range e.kernel.Axes {
				p := mustProblem(t, r, e.kernel, dims, false)
				p.whole()
				n := p.hi[a]
				if x.From >= 0 || n == 0 {
					continue
				}
				p.lo[a] = r.Int64N(n)
				p.hi[a] = p.lo[a] + r.Int64N(n-p.lo[a]+1)
				k.checkParts(t, p, exe, reach)
			}
		}
	})
}

// checkParts runs a problem on arrays without the elements that it does not touch.
func (k *kit) checkParts(t *testing.T, p *problem, exe lower.Executable, reach *ir.Reach) {
	t.Helper()
	want := p.want()
	args := &lower.Args{Dims: p.dims, Scalars: p.scalars, Lo: p.lo, Hi: p.hi, Threads: 1, Counts: make([]int64, p.appends())}
	blocks := make([]*block, len(p.arrays))
	boxes := make([]ir.Box, len(p.arrays))
	next := 0
	for i := range p.kernel.Operands {
		if p.kernel.Operands[i].Role == ir.Local {
			continue
		}
		if err := reach.Of(i, p.dims, p.lo, p.hi, &boxes[next]); err != nil {
			t.Fatal(err)
		}
		a := &p.arrays[next]
		part := array{role: a.role, dtype: a.dtype, elems: cutOut(a, boxes[next])}
		for d, lo := range boxes[next].Lo {
			part.extents = append(part.extents, boxes[next].Hi[d]-lo)
		}
		b := newBlock(&part, strided)
		defer b.free()
		blocks[next] = b
		x := b.array
		for d, lo := range boxes[next].Lo {
			x.Offset -= lo * x.Strides[d]
		}
		x.Extents, x.Part = a.extents, &boxes[next]
		args.Arrays = append(args.Arrays, x)
		next++
	}
	got := result{err: exe.Run(context.Background(), args), counts: args.Counts}
	for i := range p.arrays {
		a := &p.arrays[i]
		if err := blocks[i].untouched(); err != nil {
			t.Errorf("operand %d: %v", i, err)
		}
		if a.role == ir.In {
			got.elems = append(got.elems, nil)
			continue
		}
		got.elems = append(got.elems, blocks[i].elems())
		if want.err == nil {
			want.elems[i] = cutOut(&array{extents: a.extents, elems: want.elems[i]}, boxes[i])
		}
	}
	if err := p.differ(want, got); err != nil {
		t.Fatalf("dims %v, bounds %v %v, parts %v: %v\n%s", p.dims, p.lo, p.hi, boxes, err, p.kernel)
	}
}

// cutOut returns the elements of an array inside a box, row-major.
func cutOut(a *array, box ir.Box) []uint64 {
	out := []uint64{}
	if box.Empty() {
		return out
	}
	strides := lower.Contiguous(a.extents)
	var walk func(d int, at int64)
	walk = func(d int, at int64) {
		if d == len(strides) {
			out = append(out, a.elems[at])
			return
		}
		for p := box.Lo[d]; p < box.Hi[d]; p++ {
			walk(d+1, at+p*strides[d])
		}
	}
	walk(0, 0)
	return out
}
