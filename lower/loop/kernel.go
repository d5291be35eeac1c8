package loop

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Kernel is a kernel that the portable executor runs. It is safe for many goroutines.
type Kernel struct {
	k        *ir.Kernel
	code     *Code
	mu       sync.Mutex
	variants atomic.Pointer[[]compiled] // made when first met; there are few
	shapes   [][]poly                   // by operand
	axes     []poly                     // extents
	leads    []lead
	cuts     []int     // axes of reductions that can be cut into pieces
	calls    sync.Pool // of *call
}

// variant is the class of a run's extents that code is made for.
type variant struct {
	short  uint64 // axes of at most ShortExtent positions, where others are longer
	pieces bool   // reductions are cut, for there is too little else to run in parallel
}

type compiled struct {
	variant
	code *Code
}

// NewKernel compiles a verified kernel for the portable executor, or declines it.
func NewKernel(k *ir.Kernel) (*Kernel, error) {
	code, err := compile(k, variant{})
	if err != nil {
		return nil, err
	}
	out := &Kernel{k: k, code: code}
	out.leads, out.cuts = leads(k)
	for _, o := range k.Operands {
		shape := make([]poly, len(o.Shape))
		for i, d := range o.Shape {
			shape[i] = newPoly(k, d)
		}
		out.shapes = append(out.shapes, shape)
	}
	for _, a := range k.Axes {
		out.axes = append(out.axes, newPoly(k, a.Extent))
	}
	return out, nil
}

// compile returns code for a variant.
func compile(k *ir.Kernel, v variant) (*Code, error) {
	s := portable
	s.Short, s.Pieces = v.short, v.pieces
	l, err := From(k, s)
	if err != nil {
		return nil, err
	}
	return Compile(l)
}

// of returns the code for a variant.
func (k *Kernel) of(v variant) (*Code, error) {
	if v == (variant{}) {
		return k.code, nil
	}
	find := func() *Code {
		if list := k.variants.Load(); list != nil {
			for _, c := range *list {
				if c.variant == v {
					return c.code
				}
			}
		}
		return nil
	}
	if c := find(); c != nil {
		return c, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := find(); c != nil {
		return c, nil
	}
	code, err := compile(k.k, v)
	if err != nil {
		return nil, err
	}
	list := []compiled{{v, code}}
	if old := k.variants.Load(); old != nil {
		list = append(list, *old...)
	}
	k.variants.Store(&list)
	return code, nil
}

// lead is an axis that tasks are cut along, at multiples of grain.
type lead struct {
	axis  int
	grain int64
}

// leads returns the axes that tasks of the whole kernel are cut along, and those that its
// reductions could be cut along instead; nothing when that would gain nothing.
func leads(k *ir.Kernel) (leads []lead, cuts []int) {
	s := portable
	s.Pieces = true
	l := newLowering(k, portable)
	groups := l.groups()
	if len(groups) != 1 {
		return nil, nil
	}
	p, gain, rows := l.plan(groups[0]), false, false
	one := newLowering(k, s)
	for i, n := range p.stmts {
		one.stmt = n
		gain = gain || len(outer(k, []int{n})) > len(p.shared)
		rows = rows || p.rows[i] >= 0
		if p.rows[i] < 0 && one.splits(&k.Stmts[n]) {
			cuts = append(cuts, k.Stmts[n].Axes[0])
		}
	}
	if !gain && cuts == nil {
		return nil, nil
	}
	for _, a := range p.shared {
		x := lead{a, 1}
		switch {
		case slices.Contains(p.strips, a) && rows:
			x.grain = taskStep
		case slices.Contains(p.strips, a): // memory is read fastest in long runs
			x.grain = 4 * int64(portable.Wide)
		}
		leads = append(leads, x)
	}
	return leads, cuts
}

// narrow reports whether the axes that tasks are cut along are too short for the
// threads, and the work is large.
func (k *Kernel) narrow(c *call, threads int) bool {
	if threads < 2 || k.leads == nil || c.positions < 1<<18 {
		return false
	}
	tasks := int64(1)
	for _, x := range k.leads {
		n := c.hi[x.axis] - c.lo[x.axis]
		tasks = min(tasks*((n+x.grain-1)/x.grain), 1<<20)
	}
	if tasks >= int64(threads) {
		return false
	}
	for _, a := range k.cuts {
		if (c.hi[a]-c.lo[a])/ir.LaneBlock <= tasks {
			return false // no more pieces than tasks
		}
	}
	return true
}

// portable is the schedule of the portable executor.
var portable = Schedule{Strip: 256, Wide: 4096, Keep: Runs, Cost: cost, Tile: hasTile, Rows: 256, Cols: 128}

// String returns the kernel's loops.
func (k *Kernel) String() string { return k.code.loop.String() }

// call is the arguments of one run on their way to code.
type call struct {
	params    []uint64
	arrays    []Memory
	counts    [2]int64
	lo, hi    []int64 // by axis
	short     uint64
	long      bool    // there is an axis that is not short
	positions float64 // of all axes together
}

// Run executes the kernel on host memory. It proves every bound before it touches
// memory.
func (k *Kernel) Run(ctx context.Context, a *lower.Args) error {
	c, _ := k.calls.Get().(*call)
	if c == nil {
		c = new(call)
	}
	defer k.calls.Put(c)
	if err := k.bind(a, c); err != nil {
		return fmt.Errorf("kernel %s: %w", k.k.Name, err)
	}
	v := variant{pieces: k.narrow(c, a.Threads)}
	if c.long {
		v.short = c.short
	}
	code, err := k.of(v)
	if err != nil {
		return err
	}
	return code.Run(ctx, max(a.Threads, 1), c.params, c.arrays)
}

// bind checks arguments and turns them into those of the loop: see From.
func (k *Kernel) bind(a *lower.Args, c *call) error {
	if len(a.Dims) != len(k.k.Dims) || len(a.Scalars) != len(k.k.Scalars) {
		return fmt.Errorf("%d dims and %d scalars for %d and %d", len(a.Dims), len(a.Scalars), len(k.k.Dims), len(k.k.Scalars))
	}
	c.params, c.arrays = c.params[:0], c.arrays[:0]
	for _, d := range a.Dims {
		c.params = append(c.params, uint64(d))
	}
	if err := k.bounds(a, c); err != nil {
		return err
	}
	c.params = append(c.params, a.Scalars...)
	next := 0
	for i := range k.k.Operands {
		o := &k.k.Operands[i]
		if o.Role == ir.Local {
			continue
		}
		if next == len(a.Arrays) {
			return fmt.Errorf("%d arrays are too few", len(a.Arrays))
		}
		m, err := k.array(i, &a.Arrays[next], a.Dims)
		if err != nil {
			return fmt.Errorf("operand %s: %w", o.Name, err)
		}
		c.arrays = append(c.arrays, m)
		next++
	}
	if next != len(a.Arrays) {
		return fmt.Errorf("%d arrays for %d operands", len(a.Arrays), next)
	}
	if len(c.arrays) < len(k.code.loop.Arrays) { // the counts of appends
		if need := k.appends(); len(a.Counts) < need {
			return fmt.Errorf("%d counts for %d append statements", len(a.Counts), need)
		}
		c.counts = [2]int64{1, int64(len(a.Counts))}
		c.arrays = append(c.arrays, Memory{unsafe.Pointer(&a.Counts[0]), 0, c.counts[:1], c.counts[1:]})
	}
	return nil
}

// bounds appends Lo and Hi of the axes to the parameters, and notes their class.
func (k *Kernel) bounds(a *lower.Args, c *call) error {
	if a.Lo != nil && len(a.Lo) != len(k.k.Axes) || a.Hi != nil && len(a.Hi) != len(k.k.Axes) {
		return fmt.Errorf("%d and %d bounds for %d axes", len(a.Lo), len(a.Hi), len(k.k.Axes))
	}
	c.lo, c.hi, c.short, c.long, c.positions = c.lo[:0], c.hi[:0], 0, false, 1
	for i := range k.k.Axes {
		lo, hi := int64(0), int64(0)
		if k.k.Axes[i].From < 0 {
			n, ok := k.axes[i].eval(a.Dims)
			if hi = n; a.Lo != nil {
				lo = a.Lo[i]
			}
			if a.Hi != nil {
				hi = a.Hi[i]
			}
			if !ok || lo < 0 || lo > hi || hi > n {
				return fmt.Errorf("axis %s: bounds %d to %d of %d", k.k.Axes[i].Name, lo, hi, n)
			}
			if hi-lo > ShortExtent {
				c.long = true
			} else {
				c.short |= 1 << i
			}
			c.positions = float64(c.positions * float64(hi-lo))
			c.params = append(c.params, uint64(lo), uint64(hi))
		}
		c.lo, c.hi = append(c.lo, lo), append(c.hi, hi)
	}
	return nil
}

func (k *Kernel) appends() int {
	n := 0
	for i := range k.k.Stmts {
		if k.k.Stmts[i].Sink == ir.Append {
			n++
		}
	}
	return n
}

// array checks an operand's array and returns it as memory.
func (k *Kernel) array(i int, a *lower.Array, dims []int64) (Memory, error) {
	o := &k.k.Operands[i]
	if a.DType != o.DType {
		return Memory{}, fmt.Errorf("%s, the kernel has %s", a.DType, o.DType)
	}
	if len(a.Extents) != len(o.Shape) {
		return Memory{}, fmt.Errorf("%d axes, the kernel has %d", len(a.Extents), len(o.Shape))
	}
	for d, p := range k.shapes[i] {
		if n, ok := p.eval(dims); !ok || n != a.Extents[d] {
			return Memory{}, fmt.Errorf("extent %d of axis %d, the kernel has %d", a.Extents[d], d, n)
		}
	}
	if err := a.Check(); err != nil {
		return Memory{}, err
	}
	bytes := a.Buf.(*lower.Host).Bytes() // as Check holds
	return Memory{unsafe.Pointer(unsafe.SliceData(bytes)), a.Offset, a.Strides, a.Extents}, nil
}

// poly is a polynomial of a kernel's dims, for evaluation without allocation.
type poly []term

type term struct {
	coef int64
	dims []int
}

func newPoly(k *ir.Kernel, d ir.Dim) poly {
	var p poly
	d.Monomials(func(coef int64, symbols []string) {
		t := term{coef: coef}
		for _, s := range symbols {
			for i, name := range k.Dims {
				if name == s {
					t.dims = append(t.dims, i)
				}
			}
		}
		p = append(p, t)
	})
	return p
}

// eval returns the polynomial's number and whether it did not overflow.
func (p poly) eval(dims []int64) (sum int64, ok bool) {
	for _, t := range p {
		v := t.coef
		for _, d := range t.dims {
			if v, ok = ir.MulOK(v, dims[d]); !ok {
				return 0, false
			}
		}
		next := sum + v
		if (next > sum) != (v > 0) && v != 0 {
			return 0, false
		}
		sum = next
	}
	return sum, true
}
