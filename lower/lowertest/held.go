package lowertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// held runs kernels on arrays that the target holds, for targets with a home: what goes in
// comes out, kernels leave what the evaluator does, with some operands on the host too,
// and what is closed is closed.
func (k *kit) held(t *testing.T) {
	h, ok := k.target.(lower.Holder)
	if !ok || h.Home() == nil {
		t.Skip("the target has no arrays of its own that a program can be sent to")
	}
	t.Run("there and back", func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for d := ir.Bool; d <= ir.Float64; d++ {
			for _, extents := range [][]int64{{}, {0}, {1}, {7}, {3, 0, 2}, {5, 4}, {2, 3, 4}, {1500}} {
				a := array{dtype: d, extents: extents}
				n := int64(1)
				for _, e := range extents {
					n *= e
				}
				for range n {
					a.elems = append(a.elems, element(r, d, true))
				}
				if err := thereAndBack(t.Context(), h, &a); err != nil {
					t.Fatalf("%s%v: %v", d, extents, err)
				}
			}
		}
	})
	t.Run("kernels", func(t *testing.T) {
		k.eachExample(t, func(t *testing.T, e example, exe lower.Executable, r *rand.Rand) {
			for _, dims := range e.dims {
				for _, special := range []bool{false, true} {
					p := mustProblem(t, r, e.kernel, dims, special)
					want := p.want()
					written := p.written(want)
					for _, some := range []bool{false, true} {
						got, err := p.gotHeld(t.Context(), h, exe, func() bool { return some && r.IntN(2) == 0 })
						if err == nil {
							for i, elems := range got.elems {
								for j := range elems {
									if !written[i][j] {
										elems[j] = want.elems[i][j]
									}
								}
							}
							err = p.differ(want, got)
						}
						if err != nil {
							t.Fatalf("dims %v, some on the host: %v: %v\n%s", p.dims, some, err, e.kernel)
						}
					}
				}
			}
		})
	})
}

// written returns which elements of a problem's arrays its kernel writes: those that are
// the same whatever was there before. What Make gives has nothing else.
func (p *problem) written(want result) [][]bool {
	q := *p
	q.arrays = slices.Clone(p.arrays)
	for i, a := range p.arrays {
		if a.role == ir.Out {
			q.arrays[i].elems = slices.Clone(a.elems)
			for j := range a.elems {
				q.arrays[i].elems[j] ^= 1
			}
		}
	}
	other := q.want()
	out := make([][]bool, len(p.arrays))
	for i, elems := range want.elems {
		for j := range elems {
			out[i] = append(out[i], elems[j] == other.elems[i][j])
		}
	}
	return out
}

// hostArray returns an array's elements in the host's memory.
func hostArray(a *array) lower.Array { return newBlock(a, contiguous).array }

// elementsOf returns the elements of an array in the host's memory.
func elementsOf(a *lower.Array) []uint64 {
	b := &block{array: *a, bytes: a.Buf.(*lower.Host).Bytes()}
	return b.elems()
}

func thereAndBack(ctx context.Context, h lower.Holder, a *array) error {
	host := hostArray(a)
	x, err := h.Convert(ctx, &host, h.Home())
	if err != nil {
		return err
	}
	defer x.Buf.Close()
	if !x.Format.Equal(h.Home()) || x.DType != a.dtype {
		return fmt.Errorf("converted to %s it is %s of %s", h.Home(), x.DType, x.Format)
	}
	if err := h.Finish(ctx, []*lower.Array{x}, &lower.Bounds{}); err != nil {
		return err
	}
	back, err := h.Convert(ctx, x, nil)
	if err != nil {
		return err
	}
	if back.Format != nil {
		return fmt.Errorf("converted to the host it is %s", back.Format)
	}
	got := elementsOf(back)
	for i, want := range a.elems {
		if got[i] != want {
			return fmt.Errorf("element %d: %s, want %s", i, show(a.dtype, got[i]), show(a.dtype, want))
		}
	}
	return nil
}

// gotHeld is got with operands that the target holds; onHost says which stay.
func (p *problem) gotHeld(ctx context.Context, h lower.Holder, e lower.Executable, onHost func() bool) (out result, err error) {
	args := &lower.Args{Dims: p.dims, Scalars: p.scalars, Lo: p.lo, Hi: p.hi, Threads: 2, Counts: make([]int64, p.appends())}
	var results []*lower.Array
	for i := range p.arrays {
		a := &p.arrays[i]
		host := hostArray(a)
		if a.role == ir.In && onHost() {
			args.Arrays = append(args.Arrays, host)
			continue
		}
		var x *lower.Array
		if a.role == ir.Out {
			x, err = h.Make(ctx, ir.Type{DType: a.dtype, Shape: dimsOf(a.extents), Format: h.Home()}, a.extents)
		} else {
			x, err = h.Convert(ctx, &host, h.Home())
		}
		if err != nil {
			return out, err
		}
		defer x.Buf.Close()
		args.Arrays = append(args.Arrays, *x)
		if a.role != ir.In {
			results = append(results, x)
		}
	}
	if out.err = e.Run(ctx, args); out.err == nil {
		out.err = h.Finish(ctx, results, &lower.Bounds{Threads: 2})
	}
	out.counts = args.Counts
	for i, a := range p.arrays {
		if a.role == ir.In || out.err != nil {
			out.elems = append(out.elems, nil)
			continue
		}
		back, err := h.Convert(ctx, &args.Arrays[i], nil)
		if err != nil {
			return out, err
		}
		out.elems = append(out.elems, elementsOf(back))
	}
	return out, nil
}

func dimsOf(extents []int64) []ir.Dim {
	dims := make([]ir.Dim, len(extents))
	for i, e := range extents {
		dims[i] = ir.N(e)
	}
	return dims
}
