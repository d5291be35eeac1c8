package sharded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	_ "github.com/numen-go/numen/lower/cpu"
	"github.com/numen-go/numen/lower/lowertest"
	_ "github.com/numen-go/numen/lower/ref"
)

// memory is a source of chunks in memory, along a grid of its own.
type memory struct {
	dtype   ir.DType
	extents []int64
	ends    [][]int64
	data    []byte
	packed  bool
}

func (m *memory) Size() int64       { return int64(len(m.data)) }
func (m *memory) Close() error      { return nil }
func (m *memory) Chunks() [][]int64 { return m.ends }
func (m *memory) Packed() bool      { return m.packed }
func (m *memory) String() string    { return "memory" }
func (m *memory) Read(_ context.Context, lo, hi []int64, dst []byte) error {
	whole := ir.Box{Lo: make([]int64, len(lo)), Hi: m.extents}
	box := ir.Box{Lo: lo, Hi: hi}
	if want := box.Size() * int64(m.dtype.Size()); int64(len(dst)) != want {
		return fmt.Errorf("%d bytes for %d", len(dst), want)
	}
	lower.CopyBox(dst, &box, m.data, &whole, &box, int64(m.dtype.Size()))
	return nil
}

// randomGrid cuts every axis at random places.
func randomGrid(r *rand.Rand, extents []int64) [][]int64 {
	g := make([][]int64, len(extents))
	for d, n := range extents {
		end := int64(0)
		for end < n && len(g[d]) < 5 {
			end += 1 + r.Int64N(max(n/2, 1))
			if end < n {
				g[d] = append(g[d], end)
			}
		}
		g[d] = append(g[d], n)
	}
	return g
}

func pack(d ir.DType, elems []uint64) []byte {
	var out []byte
	for _, e := range elems {
		switch d.Size() {
		case 1:
			out = append(out, uint8(e))
		case 2:
			out = binary.NativeEndian.AppendUint16(out, uint16(e))
		case 4:
			out = binary.NativeEndian.AppendUint32(out, uint32(e))
		default:
			out = binary.NativeEndian.AppendUint64(out, e)
		}
	}
	return out
}

// problem is a kernel with arguments.
type problem struct {
	k       *ir.Kernel
	dims    []int64
	scalars []uint64
	elems   [][]uint64 // by array
	extents [][]int64
}

func newProblem(r *rand.Rand, k *ir.Kernel, dims []int64) *problem {
	p := &problem{k: k, dims: dims}
	reach := ir.NewReach(k)
	for _, s := range k.Scalars {
		p.scalars = append(p.scalars, element(r, s.DType))
	}
	limits := map[int]int64{}
	k.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Checked && e.Args[0].Kind == ir.Load {
			n, _ := k.Faults[e.N].Limit.Eval(func(s string) (int64, bool) { return dims[slices.Index(k.Dims, s)], true })
			limits[e.Args[0].Access.Operand] = max(n, 1)
		}
	})
	for i, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		extents := reach.Shape(i, dims)
		n := int64(1)
		for _, e := range extents {
			n *= e
		}
		elems := make([]uint64, n)
		for j := range elems {
			elems[j] = element(r, o.DType)
			if l, ok := limits[i]; ok {
				elems[j] = uint64(r.Int64N(2*l) - l)
			}
		}
		p.elems, p.extents = append(p.elems, elems), append(p.extents, extents)
	}
	return p
}

func element(r *rand.Rand, d ir.DType) uint64 {
	switch d.Kind() {
	case ir.KindBool:
		return uint64(r.IntN(2))
	case ir.KindInt:
		return uint64(r.Int64N(200) - 100)
	case ir.KindUint:
		return uint64(r.Int64N(200))
	}
	return ir.Float(d, math.Ldexp(r.NormFloat64(), r.IntN(8)-4))
}

func (p *problem) want() ([][]uint64, error) {
	a := ir.KernelArgs{Dims: p.dims, Scalars: p.scalars}
	for i := range p.elems {
		a.Arrays = append(a.Arrays, ir.KernelArray{Elems: slices.Clone(p.elems[i]), Extents: p.extents[i]})
	}
	err := ir.EvalKernel(p.k, a)
	out := make([][]uint64, len(p.elems))
	for i := range a.Arrays {
		out[i] = a.Arrays[i].Elems
	}
	return out, err
}

// operands returns the operands that are not local.
func (p *problem) operands() []ir.Operand {
	return slices.DeleteFunc(slices.Clone(p.k.Operands), func(o ir.Operand) bool { return o.Role == ir.Local })
}

// bind returns the arguments, inputs as chunks along random grids, in memory or packed, or
// as an array of the host.
func (p *problem) bind(t *testing.T, r *rand.Rand, target lower.Holder) *lower.Args {
	t.Helper()
	a := &lower.Args{Dims: p.dims, Scalars: p.scalars, Threads: 2}
	for i, o := range p.operands() {
		host := &lower.Array{DType: o.DType, Buf: lower.NewHost(pack(o.DType, p.elems[i])), Strides: lower.Contiguous(p.extents[i]), Extents: p.extents[i]}
		var x *lower.Array
		var err error
		switch {
		case o.Role == ir.Out:
			x, err = target.Make(t.Context(), ir.Type{DType: o.DType}, p.extents[i])
		case o.Role == ir.InOut || r.IntN(4) == 0:
			x, err = target.Convert(t.Context(), host, target.Home())
		case r.IntN(4) == 0:
			x = host
		default:
			m := &memory{o.DType, p.extents[i], randomGrid(r, p.extents[i]), pack(o.DType, p.elems[i]), r.IntN(2) == 0}
			x = &lower.Array{DType: o.DType, Format: target.Home(), Buf: m, Extents: p.extents[i]}
		}
		if err != nil {
			t.Fatal(err)
		}
		a.Arrays = append(a.Arrays, *x)
	}
	return a
}

// read returns an array's elements as bytes.
func read(t *testing.T, a *lower.Array) []byte {
	t.Helper()
	n := int64(a.DType.Size())
	for _, e := range a.Extents {
		n *= e
	}
	out := make([]byte, n)
	if n > 0 {
		if err := a.Buf.(lower.Chunked).Read(t.Context(), make([]int64, len(a.Extents)), a.Extents, out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// tally counts what plans were like, so that a test cannot pass on plans of one task.
type tally struct{ refused, one, many int }

// check runs a problem within a bound and compares with the evaluator.
func (p *problem) check(t *testing.T, r *rand.Rand, target lower.Holder, exe lower.Executable, bound int64, n *tally) {
	t.Helper()
	a := p.bind(t, r, target)
	want, wrong := p.want()
	err := exe.Run(t.Context(), a)
	if p.k.Name == "sum_piece" && errors.Is(err, errPart) { // it writes a column of its result
		return
	}
	tasks := int64(0)
	var results []*lower.Array
	for i, o := range p.operands() {
		if o.Role != ir.In {
			results = append(results, &a.Arrays[i])
		}
	}
	if err == nil {
		err = target.Finish(t.Context(), results, &lower.Bounds{Threads: 2, Memory: bound, Watch: func(_, total int64, _ string) { tasks = total }})
	}
	var small *MemoryError
	switch {
	case bound > 0 && errors.As(err, &small):
		n.refused++
		return
	case tasks > 1:
		n.many++
	default:
		n.one++
	}
	if (err != nil) != (wrong != nil) {
		t.Fatalf("dims %v: error %v, want %v\n%s", p.dims, err, wrong, p.k)
	}
	if wrong != nil {
		return
	}
	for i, o := range p.operands() {
		if o.Role == ir.In {
			continue
		}
		got, want := read(t, &a.Arrays[i]), pack(o.DType, want[i])
		size := o.DType.Size()
		for j := 0; j < len(want); j += size {
			if g, w := got[j:j+size], want[j:j+size]; !slices.Equal(g, w) && !(nan(o.DType, g) && nan(o.DType, w)) {
				t.Fatalf("dims %v, bound %d: operand %s, element %d: %x, want %x\n%s", p.dims, bound, o.Name, j/size, g, w, p.k)
			}
		}
	}
}

func nan(d ir.DType, b []byte) bool {
	switch d {
	case ir.Float32:
		return math.IsNaN(float64(math.Float32frombits(binary.NativeEndian.Uint32(b))))
	case ir.Float64:
		return math.IsNaN(math.Float64frombits(binary.NativeEndian.Uint64(b)))
	}
	return false
}

func wrap(t *testing.T, inner string) lower.Holder {
	t.Helper()
	target, err := Wrap(inner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

// bounds are those that kernels run within: none, and ones that cut small problems.
var bounds = []int64{0, 20 << 10, 200 << 10, 2 << 20}

func TestKernelsInChunks(t *testing.T) {
	target := wrap(t, "cpu")
	var n tally
	for e := range lowertest.Examples() {
		t.Run(e.Kernel.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			exe, err := target.Compile(t.Context(), e.Kernel)
			var d *lower.Declined
			if errors.As(err, &d) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer exe.Close()
			for _, dims := range e.Dims {
				for _, bound := range bounds {
					newProblem(r, e.Kernel, dims).check(t, r, target, exe, bound, &n)
				}
			}
		})
	}
	if n.many < n.one || n.many < 10*n.refused {
		t.Errorf("plans: %+v: too few of many tasks", n)
	}
}

func TestSamplesInChunks(t *testing.T) {
	target := wrap(t, "cpu")
	var n tally
	for _, op := range ir.Ops() {
		if op.Kernel == nil && op.Scalar == nil {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			for _, node := range ir.SamplesOf(op) {
				kernel, _, _, err := ir.KernelOf(node)
				if errors.Is(err, ir.ErrNoRefinement) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				exe, err := target.Compile(t.Context(), kernel)
				var d *lower.Declined
				if errors.As(err, &d) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				dims := make([]int64, len(kernel.Dims))
				for i := range dims {
					dims[i] = 5
				}
				for _, bound := range []int64{0, 400} {
					newProblem(r, kernel, dims).check(t, r, target, exe, bound, &n)
				}
				if err := exe.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if n.many < n.one || n.many < 10*n.refused {
		t.Errorf("plans: %+v: too few of many tasks", n)
	}
}
