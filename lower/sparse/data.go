package sparse

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Data is what a sparse array stores: the buffer of its lower.Array. Level by level, a
// position of the level above leads to positions of this one, and the positions of the
// last level are those of the values:
//
//	dense       parent*extent + coordinate, for every coordinate
//	compressed  Pos[parent] to Pos[parent+1], at the coordinates Crd, ascending
//	singleton   the parent's own, at the coordinate Crd
//
// Once an array is made its Data does not change.
type Data struct {
	DType   ir.DType
	Extents []int64    // by axis
	Format  *ir.Format // levels, the axes that they store, fill
	Pos     [][]int64  // by level
	Crd     [][]int32  // by level
	Vals    *lower.Host

	mu    sync.Mutex
	other map[string]*Data // the same elements in the orders that kernels read
}

// MaxExtent is the longest axis that has coordinates.
const MaxExtent = math.MaxInt32

// maxPositions bounds the positions of a level.
const maxPositions = 1 << 40

// Size returns the bytes of what is stored.
func (d *Data) Size() int64 {
	if d.Vals == nil {
		return 0
	}
	n := d.Vals.Size()
	for _, p := range d.Pos {
		n += int64(len(p)) * 8
	}
	for _, c := range d.Crd {
		n += int64(len(c)) * 4
	}
	return n
}

// Close does nothing: the memory is the garbage collector's.
func (d *Data) Close() error { return nil }

// become makes d, which nothing was written to yet, what another one is.
func (d *Data) become(o *Data) {
	d.DType, d.Extents, d.Format, d.Pos, d.Crd, d.Vals = o.DType, o.Extents, o.Format, o.Pos, o.Crd, o.Vals
}

// Stored returns the number of elements stored.
func (d *Data) Stored() int64 { return d.Vals.Size() / int64(d.DType.Size()) }

// Bits returns the value at a position of the last level, as ir.Scalar describes elements.
func (d *Data) Bits(at int64) uint64 { return element(d.Vals, d.DType, at) }

// element returns an element of memory.
func element(h *lower.Host, d ir.DType, at int64) uint64 {
	switch d {
	case ir.Bool, ir.Uint8:
		return uint64(lower.Slice[uint8](h)[at])
	case ir.Int8:
		return uint64(lower.Slice[int8](h)[at])
	case ir.Uint16:
		return uint64(lower.Slice[uint16](h)[at])
	case ir.Int16:
		return uint64(lower.Slice[int16](h)[at])
	case ir.Uint32, ir.Float32:
		return uint64(lower.Slice[uint32](h)[at])
	case ir.Int32:
		return uint64(lower.Slice[int32](h)[at])
	}
	return lower.Slice[uint64](h)[at]
}

// axis returns the axis that a level stores.
func axis(f *ir.Format, level int) int {
	if f.Axes == nil {
		return level
	}
	return f.Axes[level]
}

// newValues returns memory for n elements that a run computes: of such memory much is used
// once, and huge pages take longer to come by.
func newValues(d ir.DType, n int64) *lower.Host {
	return inWords(d, n, func(words int) []uint64 { return make([]uint64, words) })
}

// inWords returns memory for n elements in words that alloc makes.
func inWords(d ir.DType, n int64, alloc func(words int) []uint64) *lower.Host {
	bytes := n * int64(d.Size())
	return lower.NewHost(lower.HostOf(alloc(int((bytes + 7) / 8))).Bytes()[:bytes])
}

// check reports extents and formats that Data does not hold.
func check(f *ir.Format, extents []int64) error {
	if len(f.Levels) != len(extents) {
		return fmt.Errorf("sparse: %d levels for %d axes", len(f.Levels), len(extents))
	}
	for l, k := range f.Levels {
		switch n := extents[axis(f, l)]; {
		case k > ir.LevelSingleton:
			return fmt.Errorf("sparse: no %s levels yet", k)
		case n < 0 || n > MaxExtent:
			return fmt.Errorf("sparse: axis %d has %d positions, at most %d have coordinates", axis(f, l), n, MaxExtent)
		}
	}
	return nil
}

// Entries returns the coordinates by axis of every stored element in storage order, and
// the positions of their values.
func (d *Data) Entries() (coords [][]int32, at []int64) {
	return d.entries(&ir.Box{Lo: make([]int64, len(d.Extents)), Hi: d.Extents})
}

// entries returns those inside of a box.
func (d *Data) entries(box *ir.Box) (coords [][]int32, at []int64) {
	byLevel := make([][]int32, len(d.Format.Levels))
	at = []int64{0}
	for l, kind := range d.Format.Levels {
		n := d.Extents[axis(d.Format, l)]
		first, end := box.Lo[axis(d.Format, l)], box.Hi[axis(d.Format, l)]
		if kind == ir.LevelSingleton {
			byLevel[l] = make([]int32, len(at))
			for i, p := range at {
				byLevel[l][i] = d.Crd[l][p]
			}
			if first > 0 || end < n {
				at = within(byLevel[:l+1], at, first, end)
			}
			continue
		}
		list := func(p int64) (lo, hi int64) {
			if kind == ir.LevelDense {
				return p*n + first, p*n + end
			}
			lo, hi = d.Pos[l][p], d.Pos[l][p+1]
			if first > 0 || end < n {
				crd := d.Crd[l][lo:hi]
				from := sort.Search(len(crd), func(i int) bool { return int64(crd[i]) >= first })
				to := sort.Search(len(crd), func(i int) bool { return int64(crd[i]) >= end })
				lo, hi = lo+int64(from), lo+int64(to)
			}
			return lo, hi
		}
		size := int64(0)
		for _, p := range at {
			lo, hi := list(p)
			size += hi - lo
		}
		from, next := make([]int32, 0, size), make([]int64, 0, size)
		byLevel[l] = make([]int32, 0, size)
		for i, p := range at {
			lo, hi := list(p)
			for q := lo; q < hi; q++ {
				c := int32(first + q - lo)
				if kind == ir.LevelCompressed {
					c = d.Crd[l][q]
				}
				from, next, byLevel[l] = append(from, int32(i)), append(next, q), append(byLevel[l], c)
			}
		}
		for k := range l {
			byLevel[k] = gather(byLevel[k], from)
		}
		at = next
	}
	coords = make([][]int32, len(byLevel))
	for l, c := range byLevel {
		coords[axis(d.Format, l)] = c
	}
	return coords, at
}

// within keeps the elements whose last coordinate is one from first to end.
func within(by [][]int32, at []int64, first, end int64) []int64 {
	var keep []int32
	for i, c := range by[len(by)-1] {
		if int64(c) >= first && int64(c) < end {
			keep = append(keep, int32(i))
		}
	}
	for l, c := range by {
		by[l] = gather(c, keep)
	}
	return gather(at, keep)
}

func gather[T any](s []T, at []int32) []T {
	out := make([]T, len(at))
	for i, n := range at {
		out[i] = s[n]
	}
	return out
}

// Duplicate is the error of coordinates that come twice.
type Duplicate struct{ At []int32 }

// Error tells the coordinates.
func (d *Duplicate) Error() string { return fmt.Sprintf("sparse: two elements at %v", d.At) }

// Build returns an array of the elements at the coordinates by axis, in any order: element
// i has the value at position at[i] of vals; nil: i. Elements whose positions a format
// stores beside them have its fill.
func Build(t ir.DType, f *ir.Format, extents []int64, coords [][]int32, vals *lower.Host, at []int64) (*Data, error) {
	if err := check(f, extents); err != nil {
		return nil, err
	}
	n := len(coords)
	count := 1
	if n > 0 {
		count = len(coords[0])
	}
	byLevel := make([][]int32, n)
	for l := range n {
		byLevel[l] = coords[axis(f, l)]
		for i, c := range byLevel[l] {
			if int64(c) < 0 || int64(c) >= extents[axis(f, l)] {
				return nil, fmt.Errorf("sparse: element %d is at %d of axis %d, which has %d positions", i, c, axis(f, l), extents[axis(f, l)])
			}
		}
	}
	if count > math.MaxInt32 {
		return nil, fmt.Errorf("sparse: %d elements, at most %d are stored", count, math.MaxInt32)
	}
	perm := sorted(byLevel, count)
	if perm != nil {
		for l := range byLevel {
			byLevel[l] = gather(byLevel[l], perm)
		}
	}
	d := &Data{DType: t, Extents: slices.Clone(extents), Format: f.Levelled(), Pos: make([][]int64, n), Crd: make([][]int32, n)}
	where, size, err := d.assemble(byLevel, count)
	if err != nil {
		return nil, err
	}
	d.Vals = inWords(t, size, lower.Lasting[uint64])
	if size > int64(count) {
		fill(d.Vals, t, f.Fill)
	}
	source := func(i int) int64 {
		if perm != nil {
			i = int(perm[i])
		}
		if at != nil {
			return at[i]
		}
		return int64(i)
	}
	switch t.Size() {
	case 1:
		place[uint8](d.Vals, vals, where, source)
	case 2:
		place[uint16](d.Vals, vals, where, source)
	case 4:
		place[uint32](d.Vals, vals, where, source)
	default:
		place[uint64](d.Vals, vals, where, source)
	}
	return d, nil
}

func place[T any](to, from *lower.Host, where []int64, source func(i int) int64) {
	x, y := lower.Slice[T](to), lower.Slice[T](from)
	for i, p := range where {
		x[p] = y[source(i)]
	}
}

// fill sets all elements.
func fill(h *lower.Host, d ir.DType, bits uint64) {
	switch d.Size() {
	case 1:
		set(lower.Slice[uint8](h), uint8(bits))
	case 2:
		set(lower.Slice[uint16](h), uint16(bits))
	case 4:
		set(lower.Slice[uint32](h), uint32(bits))
	default:
		set(lower.Slice[uint64](h), bits)
	}
}

func set[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// assemble makes the levels of sorted coordinates, and returns the position of each
// element and the number of positions of the last level.
func (d *Data) assemble(byLevel [][]int32, count int) (where []int64, size int64, err error) {
	where, size = make([]int64, count), 1
	fresh := make([]bool, count) // differs from the element before in a level so far
	for l, kind := range d.Format.Levels {
		crd, extent := byLevel[l], d.Extents[axis(d.Format, l)]
		for i := range fresh {
			fresh[i] = fresh[i] || i == 0 || crd[i] != crd[i-1]
		}
		if kind == ir.LevelDense {
			n, ok := ir.MulOK(size, extent)
			if !ok || n > maxPositions {
				return nil, 0, fmt.Errorf("sparse: level %d has more than %d positions", l, int64(maxPositions))
			}
			for i, c := range crd {
				where[i] = where[i]*extent + int64(c)
			}
			size = n
			continue
		}
		single := l+1 < len(byLevel) && d.Format.Levels[l+1] == ir.LevelSingleton
		if kind == ir.LevelSingleton {
			d.Crd[l] = crd
			continue
		}
		pos, list := lower.Lasting[int64](int(size+1)), lower.Lasting[int32](count)[:0]
		for i, c := range crd {
			if single || fresh[i] {
				list = append(list, c)
				pos[where[i]+1]++
			}
			where[i] = int64(len(list)) - 1
		}
		for p := range size {
			pos[p+1] += pos[p]
		}
		d.Pos[l], d.Crd[l], size = pos, slices.Clip(list), int64(len(list))
	}
	for i, f := range fresh {
		if !f && i > 0 || len(byLevel) == 0 && i > 0 {
			dup := &Duplicate{At: make([]int32, len(byLevel))}
			for l := range byLevel {
				dup.At[axis(d.Format, l)] = byLevel[l][i]
			}
			return nil, 0, dup
		}
	}
	return where, size, nil
}

// sorted returns the order that sorts n elements by their coordinates, the first ones
// first, stably; nil when they are sorted.
func sorted(by [][]int32, n int) []int32 {
	before := func(i, j int32) int {
		for _, c := range by {
			if c[i] != c[j] {
				return cmp.Compare(c[i], c[j])
			}
		}
		return 0
	}
	done := true
	for i := 1; i < n && done; i++ {
		done = before(int32(i-1), int32(i)) <= 0
	}
	if done {
		return nil
	}
	perm := make([]int32, n)
	for i := range perm {
		perm[i] = int32(i)
	}
	if n < 1<<10 {
		slices.SortStableFunc(perm, before)
		return perm
	}
	next := make([]int32, n)
	for _, c := range slices.Backward(by) {
		most := slices.Max(c)
		for shift := 0; shift < 32 && most>>shift != 0; shift += 11 {
			var starts [1<<11 + 1]int
			for _, x := range c {
				starts[(x>>shift)&(1<<11-1)+1]++
			}
			for i := range 1 << 11 {
				starts[i+1] += starts[i]
			}
			for _, i := range perm {
				digit := (c[i] >> shift) & (1<<11 - 1)
				next[starts[digit]] = i
				starts[digit]++
			}
			perm, next = next, perm
		}
	}
	return perm
}

// in returns the same elements with dense and compressed levels of the axes in an order,
// as kernels read them: d itself when it is such.
func (d *Data) in(order []int) (*Data, error) {
	f := treeFormat(d.Format, order)
	if f.Equal(d.Format) {
		return d, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := f.String()
	if t := d.other[key]; t != nil {
		return t, nil
	}
	coords, at := d.Entries()
	t, err := Build(d.DType, f, d.Extents, coords, d.Vals, at)
	if err != nil {
		return nil, err
	}
	if d.other == nil {
		d.other = map[string]*Data{}
	}
	d.other[key] = t
	return t, nil
}

// treeFormat returns the format in which a kernel reads arrays of format f, its levels
// being of the axes in an order.
func treeFormat(f *ir.Format, order []int) *ir.Format {
	out := &ir.Format{Levels: make([]ir.Level, len(order)), Fill: f.Fill}
	for l, a := range order {
		if a != l {
			out.Axes = slices.Clone(order)
		}
	}
	same := slices.Equal(out.Axes, f.Axes) || out.Axes == nil && isNatural(f.Axes)
	for l, kind := range f.Levels {
		switch {
		case same && kind != ir.LevelSingleton:
			out.Levels[l] = kind
		case same || l > 0 || !slices.Contains(f.Levels, ir.LevelDense):
			out.Levels[l] = ir.LevelCompressed
		}
	}
	if same {
		out.Axes = f.Axes
	}
	return out
}

func isNatural(axes []int) bool {
	for l, a := range axes {
		if a != l {
			return false
		}
	}
	return true
}
