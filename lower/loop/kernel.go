package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Kernel is a kernel that runs as loops. It is safe for many goroutines.
type Kernel struct {
	k      *ir.Kernel
	code   variants
	counts bool     // append statements have an array of counts
	shapes [][]poly // by operand
	axes   []poly   // extents
	cuts   *Cuts
	long   *long
	calls  sync.Pool        // of *call
	reach  func() *ir.Reach // what a run touches of arrays that are there in part

	checking lower.Checking[*Kernel]
}

// NewKernel makes a verified kernel ready to run as a target's tuning says, or declines
// it.
func NewKernel(k *ir.Kernel, t *Tuning) (*Kernel, error) {
	out := &Kernel{k: k, code: variants{k: k, t: t}}
	out.reach = sync.OnceValue(func() *ir.Reach { return ir.NewReach(k) })
	// Machine code waits for the class of the first run.
	if t.Machine == nil {
		if _, err := out.code.of(Class{}); err != nil {
			return nil, err
		}
	} else if err := newLowering(k, Portable.Schedule).takes(); err != nil {
		return nil, err
	}
	out.counts = slices.ContainsFunc(k.Stmts, func(s ir.Stmt) bool { return s.Sink == ir.Append })
	out.cuts = NewCuts(k, t.Schedule)
	out.long = longOf(k, t.Schedule)
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

// Variants returns for how many classes of runs there is code.
func (k *Kernel) Variants() int { return len(k.code.all()) }

// Close frees the code. No run may be going on.
func (k *Kernel) Close() error {
	return errors.Join(k.code.close(), k.checking.Close())
}

// String returns the loops, and what is known of the code, of the classes that were met;
// before the first run, of that of contiguous arrays.
func (k *Kernel) String() string {
	if k.Variants() == 0 {
		var c Class
		n := 0
		for _, o := range k.k.Operands {
			if o.Role == ir.Local || len(o.Shape) == 0 {
				continue
			}
			if n += len(o.Shape); n <= 64 {
				c.Unit |= 1 << (n - 1)
			}
		}
		if _, err := k.code.of(c); err != nil {
			return err.Error()
		}
	}
	if c, ok := k.checking.Made(); ok {
		return k.code.String() + "positions that conditions guard are looked at when they are used:\n" + c.code.String()
	}
	return k.code.String()
}

// call is the arguments of one run on their way to code.
type call struct {
	params    []uint64
	arrays    []Memory
	counts    [2]int64
	lo, hi    []int64 // by axis
	short     uint64
	long      bool    // there is an axis that is not short
	positions float64 // of all axes together
	results   float64 // bytes that there is memory for
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
	code, err := k.code.of(k.class(c, a.Threads))
	if err != nil {
		return err
	}
	err = code.Run(ctx, max(a.Threads, 1), c.params, c.arrays)
	if checking, ok := k.checking.After(err, k.k, k.check); ok {
		return checking.Run(ctx, a)
	}
	return err
}

// check makes the kernel that looks at positions when it uses them.
func (k *Kernel) check(checking *ir.Kernel) (*Kernel, error) {
	out, err := NewKernel(checking, k.code.t)
	if err == nil {
		out.reach = k.reach // data may lie anywhere, but the conditions hold
	}
	return out, err
}

// class returns the class of a run.
func (k *Kernel) class(c *call, threads int) Class {
	x := Class{Pieces: k.cuts.Pay(threads, c.positions, c.lo, c.hi), Long: k.long.cuts(c)}
	if c.long {
		x.Short = c.short
	}
	if k.code.t.Machine == nil {
		return x
	}
	n := 0
	for i := range c.arrays {
		for d, stride := range c.arrays[i].Strides {
			if stride == 1 && n+d < 64 {
				x.Unit |= 1 << (n + d)
			}
		}
		n += len(c.arrays[i].Strides)
	}
	x.Stream = k.code.t.StreamBytes > 0 && c.positions > 0 && k.streams(c)
	return x
}

// streams reports whether the results are too large to stay in the caches, and no
// memory that is read.
func (k *Kernel) streams(c *call) bool {
	if c.results <= float64(k.code.t.StreamBytes) {
		return false
	}
	for i := range c.arrays {
		for j := range i {
			if c.arrays[i].Base == c.arrays[j].Base {
				return false
			}
		}
	}
	return true
}

// bind checks arguments and turns them into those of the loop: see From.
func (k *Kernel) bind(a *lower.Args, c *call) error {
	if len(a.Dims) != len(k.k.Dims) || len(a.Scalars) != len(k.k.Scalars) {
		return fmt.Errorf("%d dims and %d scalars for %d and %d", len(a.Dims), len(a.Scalars), len(k.k.Dims), len(k.k.Scalars))
	}
	c.params, c.arrays, c.results = c.params[:0], c.arrays[:0], 0
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
		if err == nil && a.Arrays[next].Part != nil {
			err = k.inPart(i, a.Arrays[next].Part, a.Dims, c)
		}
		if err != nil {
			return fmt.Errorf("operand %s: %w", o.Name, err)
		}
		c.arrays = append(c.arrays, m)
		if o.Role == ir.Out {
			c.results += resultBytes(&a.Arrays[next])
		}
		next++
	}
	if next != len(a.Arrays) {
		return fmt.Errorf("%d arrays for %d operands", len(a.Arrays), next)
	}
	if k.counts {
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

// inPart checks that a run touches no position of an operand outside its part.
func (k *Kernel) inPart(operand int, part *ir.Box, dims []int64, c *call) error {
	var b ir.Box
	if err := k.reach().Of(operand, dims, c.lo, c.hi, &b); err != nil {
		return err
	}
	if !part.Contains(b) {
		return fmt.Errorf("positions %v to %v are touched, there is memory for %v to %v", b.Lo, b.Hi, part.Lo, part.Hi)
	}
	return nil
}

// resultBytes returns the bytes of an array that there is memory for.
func resultBytes(a *lower.Array) float64 {
	size := float64(a.DType.Size())
	for d, n := range a.Extents {
		if a.Part != nil {
			n = a.Part.Hi[d] - a.Part.Lo[d]
		}
		size = float64(size * float64(n))
	}
	return size
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
