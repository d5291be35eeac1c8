// Package sparse makes arrays that store some of their elements, and reads them out. The
// functions of np take them like any others:
//
//	a, err := sparse.FromCOO(sparse.CSR, []int{3, 4}, [][]int{{0, 2}, {1, 3}}, []float64{5, 7}, 0)
//	...
//	y := np.MatMul(a, x) // visits what is stored
//
// What is not stored is the array's fill. It is structural: in a product it annihilates
// even NaN and infinity. The result of an elementwise function is sparse where its
// operands leave something out, with the fill that the function makes of theirs; nothing
// becomes dense that was not asked to be: ToDense does that.
package sparse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	held "github.com/numen-go/numen/lower/sparse"
)

func init() { np.Helper() }

// Layout says how the axes of an array are stored: a level each, outermost first.
type Layout struct {
	levels []ir.Level
	axes   []int // of the levels; nil: in order
}

// The usual layouts of vectors and matrices.
var (
	Vector = Layout{levels: []ir.Level{ir.LevelCompressed}}                                   // coordinates and values
	CSR    = Layout{levels: []ir.Level{ir.LevelDense, ir.LevelCompressed}}                    // rows, each a list
	CSC    = Layout{levels: []ir.Level{ir.LevelDense, ir.LevelCompressed}, axes: []int{1, 0}} // columns, each a list
	DCSR   = Layout{levels: []ir.Level{ir.LevelCompressed, ir.LevelCompressed}}               // a list of rows that have something
)

// COO is the layout of a list of coordinates of any number of axes.
func COO(rank int) Layout {
	l := CSF(rank)
	for i := 1; i < rank; i++ {
		l.levels[i] = ir.LevelSingleton
	}
	return l
}

// CSF is the layout of lists of lists: a tree of coordinates.
func CSF(rank int) Layout {
	l := Layout{levels: make([]ir.Level, rank)}
	for i := range l.levels {
		l.levels[i] = ir.LevelCompressed
	}
	return l
}

// String names the layout.
func (l Layout) String() string { return l.format(0).String() }

func (l Layout) format(fill uint64) *ir.Format {
	return &ir.Format{Levels: l.levels, Axes: l.axes, Fill: fill}
}

// failed returns the error of a call at its user's line. An error of the array itself
// already names a line and passes through.
func failed(fn string, err error) (np.Array, error) {
	var own *np.Error
	if errors.As(err, &own) {
		return np.Array{}, err
	}
	a := np.Fail(fn, err, "%v", err)
	return a, a.Err()
}

// array returns an Array over what is stored.
func array(d *held.Data) np.Array {
	t := ir.Type{DType: d.DType, Format: d.Format}
	for _, e := range d.Extents {
		t.Shape = append(t.Shape, ir.N(e))
	}
	return np.Leaf(t, d)
}

// bits returns an element as formats have it.
func bits[T np.Elem](v T) (uint64, error) {
	d := ir.DType(np.DTypeOf[T]())
	if !ir.AnyReal.Has(d) {
		return 0, fmt.Errorf("there are no sparse arrays of %s", d.Name())
	}
	b, x := lower.HostOf([]T{v}).Bytes(), uint64(0)
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	if d.Kind() == ir.KindInt { // signed ones are extended
		shift := 64 - 8*len(b)
		x = uint64(int64(x<<shift) >> shift)
	}
	return x, nil
}

// FromCOO returns the array with the values at coordinates, which are a list for each
// axis; the order does not matter, but no element may come twice. fill is every other
// element.
func FromCOO[T np.Elem](l Layout, shape []int, coords [][]int, values []T, fill T) (np.Array, error) {
	d, err := fromCOO(l, shape, coords, values, fill)
	if err != nil {
		return failed("sparse.FromCOO", err)
	}
	return array(d), nil
}

func fromCOO[T np.Elem](l Layout, shape []int, coords [][]int, values []T, fill T) (*held.Data, error) {
	f, err := bits(fill)
	if err != nil {
		return nil, err
	}
	if len(coords) != len(shape) || len(l.levels) != len(shape) {
		return nil, fmt.Errorf("coordinates of %d axes and %d levels for %d axes", len(coords), len(l.levels), len(shape))
	}
	if len(shape) == 0 {
		return nil, errors.New("an array without axes has one element, there is nothing to leave out")
	}
	narrow := make([][]int32, len(coords))
	for a, c := range coords {
		if len(c) != len(values) {
			return nil, fmt.Errorf("%d coordinates of axis %d for %d values", len(c), a, len(values))
		}
		narrow[a] = make([]int32, len(c))
		for i, x := range c {
			if x < 0 || x >= shape[a] {
				return nil, fmt.Errorf("element %d is at %d of axis %d, which has %d positions", i, x, a, shape[a])
			}
			if narrow[a][i] = int32(x); int(narrow[a][i]) != x {
				return nil, fmt.Errorf("axis %d has %d positions, at most %d have coordinates", a, shape[a], int64(held.MaxExtent))
			}
		}
	}
	return held.Build(ir.DType(np.DTypeOf[T]()), l.format(f), extents(shape), narrow, lower.HostOf(slices.Clone(values)), nil)
}

func extents(shape []int) []int64 {
	out := make([]int64, len(shape))
	for i, n := range shape {
		out[i] = int64(n)
	}
	return out
}

// kept copies elements to where kernels will read them.
func kept[T any](s []T) []T {
	out := lower.Lasting[T](len(s))
	copy(out, s)
	return out
}

// FromCSR returns the matrix whose row i has the elements pos[i] to pos[i+1], at ascending
// columns crd. The slices are copied.
func FromCSR[T np.Elem](rows, cols int, pos []int64, crd []int32, values []T) (np.Array, error) {
	if err := checkCSR(rows, cols, pos, crd, len(values)); err != nil {
		return failed("sparse.FromCSR", err)
	}
	if _, err := bits(*new(T)); err != nil {
		return failed("sparse.FromCSR", err)
	}
	return array(&held.Data{DType: ir.DType(np.DTypeOf[T]()), Extents: []int64{int64(rows), int64(cols)}, Format: CSR.format(0),
		Pos: [][]int64{nil, kept(pos)}, Crd: [][]int32{nil, kept(crd)}, Vals: lower.HostOf(kept(values))}), nil
}

func checkCSR(rows, cols int, pos []int64, crd []int32, n int) error {
	switch {
	case rows < 0 || cols < 0 || rows > held.MaxExtent || cols > held.MaxExtent:
		return fmt.Errorf("%d rows and %d columns, at most %d of each have coordinates", rows, cols, int64(held.MaxExtent))
	case len(pos) != rows+1 || len(crd) != n:
		return fmt.Errorf("%d starts of rows and %d columns for %d rows and %d values", len(pos), len(crd), rows, n)
	case pos[0] != 0 || pos[rows] != int64(n):
		return fmt.Errorf("rows are from %d to %d, there are %d values", pos[0], pos[rows], n)
	}
	for i := range rows {
		if pos[i] > pos[i+1] || pos[i+1] > int64(n) {
			return fmt.Errorf("row %d is from %d to %d of %d values", i, pos[i], pos[i+1], n)
		}
		last := int32(-1)
		for _, c := range crd[pos[i]:pos[i+1]] {
			if c <= last || int(c) >= cols {
				return fmt.Errorf("row %d has column %d after %d, of %d columns", i, c, last, cols)
			}
			last = c
		}
	}
	return nil
}

// Random returns an array of about density times all elements, at random positions, with
// values in [0, 1). The same arguments give the same array.
func Random(l Layout, shape []int, density float64, seed uint64) (np.Array, error) {
	if !(density >= 0 && density <= 1) || len(shape) == 0 {
		return failed("sparse.Random", fmt.Errorf("density %v of %d axes", density, len(shape)))
	}
	r := rand.New(rand.NewPCG(seed, uint64(len(shape))))
	total := 1.0
	for _, n := range shape {
		total *= float64(n)
	}
	if total*density > held.MaxExtent {
		return failed("sparse.Random", fmt.Errorf("%.0f elements, at most %d are stored", total*density, int64(held.MaxExtent)))
	}
	coords := make([][]int, len(shape))
	var values []float64
	seen := make(map[string]bool, int(total*density))
	for len(values) < int(total*density) {
		at, key := make([]int, len(shape)), make([]byte, 0, 8*len(shape))
		for a, n := range shape {
			at[a] = r.IntN(n)
			key = fmt.Appendf(key, "%d ", at[a])
		}
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		for a, x := range at {
			coords[a] = append(coords[a], x)
		}
		values = append(values, r.Float64())
	}
	d, err := fromCOO(l, shape, coords, values, 0)
	if err != nil {
		return failed("sparse.Random", err)
	}
	return array(d), nil
}

// concrete evaluates an Array and returns what it is in memory.
func concrete(ctx context.Context, a np.Array, opts []np.EvalOption) (*lower.Array, error) {
	v, err := a.Eval(ctx, opts...)
	if err != nil {
		return nil, err
	}
	x, ok := np.NodeOf(v).Data.(*lower.Array)
	if !ok {
		return nil, errors.New("the array has no elements")
	}
	return x, nil
}

// stored evaluates a sparse Array.
func stored(ctx context.Context, a np.Array, opts []np.EvalOption) (*held.Data, error) {
	x, err := concrete(ctx, a, opts)
	if err != nil {
		return nil, err
	}
	if !x.Format.Sparse() {
		return nil, errors.New("the array is not sparse")
	}
	return held.Of(x)
}

// FromDense evaluates a dense array and stores the elements that differ from fill, by
// their bits.
func FromDense[T np.Elem](ctx context.Context, a np.Array, l Layout, fill T, opts ...np.EvalOption) (np.Array, error) {
	f, err := bits(fill)
	if err != nil {
		return failed("sparse.FromDense", err)
	}
	x, err := concrete(ctx, a, opts)
	if err == nil && (x.Format != nil || x.DType != ir.DType(np.DTypeOf[T]())) {
		err = fmt.Errorf("a dense array of %s is asked for", ir.DType(np.DTypeOf[T]()).Name())
	}
	if err != nil {
		return failed("sparse.FromDense", err)
	}
	y, err := held.Convert(ctx, x, l.format(f))
	if err != nil {
		return failed("sparse.FromDense", err)
	}
	return array(y.Buf.(*held.Data)), nil
}

// ToDense evaluates a sparse array and returns all its elements as a dense one.
func ToDense(ctx context.Context, a np.Array, opts ...np.EvalOption) (np.Array, error) {
	d, err := stored(ctx, a, opts)
	if err != nil {
		return failed("sparse.ToDense", err)
	}
	x, err := held.Convert(ctx, d.Array(), nil)
	if err != nil {
		return failed("sparse.ToDense", err)
	}
	t := ir.Type{DType: x.DType}
	for _, e := range x.Extents {
		t.Shape = append(t.Shape, ir.N(e))
	}
	return np.Leaf(t, x.Buf), nil
}

// As evaluates a sparse array and returns its elements in another layout.
func As(ctx context.Context, a np.Array, l Layout, opts ...np.EvalOption) (np.Array, error) {
	d, err := stored(ctx, a, opts)
	if err != nil {
		return failed("sparse.As", err)
	}
	x, err := held.Convert(ctx, d.Array(), l.format(d.Format.Fill))
	if err != nil {
		return failed("sparse.As", err)
	}
	return array(x.Buf.(*held.Data)), nil
}

// ToCOO evaluates a sparse array and returns what it stores: the coordinates by axis, and
// the values.
func ToCOO[T np.Elem](ctx context.Context, a np.Array, opts ...np.EvalOption) (coords [][]int, values []T, err error) {
	d, err := stored(ctx, a, opts)
	if err == nil && d.DType != ir.DType(np.DTypeOf[T]()) {
		err = fmt.Errorf("the elements are %s", d.DType.Name())
	}
	if err != nil {
		_, err = failed("sparse.ToCOO", err)
		return nil, nil, err
	}
	narrow, at := d.Entries()
	all := lower.Slice[T](d.Vals)
	for _, p := range at {
		values = append(values, all[p])
	}
	for _, c := range narrow {
		wide := make([]int, len(c))
		for i, x := range c {
			wide[i] = int(x)
		}
		coords = append(coords, wide)
	}
	return coords, values, nil
}

// NNZ evaluates a sparse array and returns the number of elements that it stores.
func NNZ(ctx context.Context, a np.Array, opts ...np.EvalOption) (int64, error) {
	d, err := stored(ctx, a, opts)
	if err != nil {
		_, err = failed("sparse.NNZ", err)
		return 0, err
	}
	return d.Stored(), nil
}

// FillValue evaluates a sparse array and returns what it does not store.
func FillValue[T np.Elem](ctx context.Context, a np.Array, opts ...np.EvalOption) (T, error) {
	out := make([]T, 1)
	d, err := stored(ctx, a, opts)
	if err == nil && d.DType != ir.DType(np.DTypeOf[T]()) {
		err = fmt.Errorf("the elements are %s", d.DType.Name())
	}
	if err != nil {
		_, err = failed("sparse.FillValue", err)
		return out[0], err
	}
	for i := range lower.HostOf(out).Bytes() {
		lower.HostOf(out).Bytes()[i] = byte(d.Format.Fill >> (8 * i))
	}
	return out[0], nil
}
