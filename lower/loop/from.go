package loop

import (
	"fmt"
	"maps"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Schedule is what a target chooses. It never changes a bit of the result.
type Schedule struct {
	Strip      int                                                  // positions of a strip, a power of two from 16 on
	Wide       int                                                  // positions of a row of accumulators, where a reduction is of loads alone
	Near       int                                                  // positions that a reduction has at most when its rows of accumulators are short, for the nearest cache to hold them; 0: rows are never short
	Deep       int                                                  // loads of a strip that adds to rows of accumulators, at most: a power of two; 0: those of one position
	Rows, Cols int                                                  // of a contraction that are packed together
	Stage      int                                                  // steps of a contraction that are packed together, a power of two; 0: those of a chunk
	Keep       func(op *ir.Op, d ir.DType) bool                     // scalar ops, by the dtype of the last operand, that the target runs as they are
	Cost       func(op *ir.Op, d ir.DType) float64                  // nanoseconds an element
	Search     bool                                                 // look for the position of a best value only in strips that have a better one: where branches are cheap
	Pieces     bool                                                 // cut reductions into pieces, for there is too little else to run in parallel
	Spread     int                                                  // tasks that pieces of reductions are to make on a device, contractions' too, at most; 0: pieces are for a few threads
	Long       bool                                                 // cut contractions along their steps: these are many, and the results few
	Short      uint64                                               // axes, as a set of bits, whose extents are at most ShortExtent
	Tile       func(c *ir.Combine, state ir.DType) (rows, cols int) // results of the kernel for a contraction; 0: there is none
}

// From writes a verified kernel as loops. Params of the loop are the kernel's dims, then
// Lo and Hi of every axis that is not derived, then its scalars; Arrays are its operands
// that are not local, then one of the counts of its append statements if it has any. It
// declines (*lower.Declined, without a target's name) what has no loops: sparse operands.
func From(k *ir.Kernel, s Schedule) (*Loop, error) {
	l := newLowering(k, s)
	if err := l.takes(); err != nil {
		return nil, err
	}
	l.out = &l.loop.Body
	l.params()
	l.posName = l.name("t")
	cut := l.groups()
	l.requires(cut)
	l.crossing(cut)
	for _, stmts := range cut {
		l.group(stmts)
	}
	return l.loop, nil
}

// Proof writes what From's loops require before all else, that every position of every
// access of a verified kernel is inside, and nothing more: for kernels whose loops
// somebody else writes. Params are those of From; arrays there are none.
func Proof(k *ir.Kernel) *Loop {
	l := newLowering(k, Portable.Schedule)
	l.out = &l.loop.Body
	l.params()
	l.loop.Arrays = nil
	for n := range k.Stmts {
		l.requires([][]int{{n}})
	}
	return l.loop
}

func newLowering(k *ir.Kernel, s Schedule) *lowering {
	return &lowering{
		k: k, s: s, b: ir.NewBuilder(), loop: &Loop{Name: k.Name}, names: maps.Clone(taken), tables: map[string]*ir.Table{}, expanded: map[*ir.Expr]*ir.Expr{},
		dims: map[string]*Var{}, alias: map[int]func([]*Val) *Val{}, arrays: make([]*Array, len(k.Operands)), origin: make([][]*Val, len(k.Operands)),
		at: make([]*Val, len(k.Axes)), tile: make([]int, len(k.Axes)),
	}
}

// ShortExtent is the extent up to which an axis is short: strips run along another one.
const ShortExtent = 16

// short returns the axes that are short, by their extents or by the schedule.
func (l *lowering) short() uint64 {
	short := l.s.Short
	for a, x := range l.k.Axes {
		if n, ok := x.Extent.Const(); ok && n <= ShortExtent {
			short |= 1 << a
		}
	}
	return short
}

// taken are the words that a name cannot be.
var taken = map[string]int{"in": 1, "out": 1, "inout": 1, "inf": 1, "nan": 1, "true": 1, "false": 1, "else": 1, "to": 1, "step": 1, "cost": 1, "few": 1}

// lowering is the state of one From: where statements go, and what is known at that
// place about every axis.
type lowering struct {
	k        *ir.Kernel
	s        Schedule
	b        *ir.Builder
	loop     *Loop
	out      *[]Stmt
	names    map[string]int
	tables   map[string]*ir.Table
	expanded map[*ir.Expr]*ir.Expr

	dims    map[string]*Var
	scalars []*Var
	arrays  []*Array                     // by operand
	origin  [][]*Val                     // by local operand: the position of its first element
	alias   map[int]func(at []*Val) *Val // operands that are somewhere else at the place at hand
	counts  *Array                       // of append statements

	lo, hi   []*Val        // by axis: the whole bounds, of derived axes too
	from, to []*Val        // by axis: the bounds of the tile at hand
	at       []*Val        // by axis: the position, where it is fixed
	tile     []int         // by axis: positions of the tile at hand, 0 where it has no fixed size
	stmt     int           // the statement at hand
	light    bool          // a contraction at hand is not packed: see product
	posName  string        // of every strip's position
	pos      *Var          // the strip at hand, nil outside
	named    map[*Var]bool // values named in the strip
	scopes   []scope
}

// takes declines kernels that have no loops.
func (l *lowering) takes() error {
	for _, o := range l.k.Operands {
		if o.Format != nil && o.Format.Levels != nil {
			return &lower.Declined{Stmt: -1, Why: lower.WhyLevel, Detail: fmt.Sprintf("operand %s is sparse", o.Name)}
		}
		if o.DType.Kind() == ir.KindComplex {
			return &lower.Declined{Stmt: -1, Why: lower.WhyDType, Detail: fmt.Sprintf("operand %s is complex: kernels have a trailing axis of 2", o.Name)}
		}
	}
	for i := range l.k.Stmts {
		s := &l.k.Stmts[i]
		if s.Over != nil {
			return &lower.Declined{Stmt: i, Why: lower.WhyLevel, Detail: "a domain restricted to stored entries"}
		}
		if s.Sink == ir.Reduce && (s.Order == ir.StoredOrder || s.Order == ir.Stored1) {
			return &lower.Declined{Stmt: i, Why: lower.WhyOrder, Detail: s.Order.String()}
		}
		if op, d := l.foreign(s); op != nil {
			return &lower.Declined{Stmt: i, Why: lower.WhyScalarOp, Detail: fmt.Sprintf("%s of %s", op, d)}
		}
	}
	return nil
}

// foreign returns an op of a statement that the target does not run, nil when it runs all.
func (l *lowering) foreign(s *ir.Stmt) (op *ir.Op, d ir.DType) {
	roots := slices.Clone(s.Args)
	for _, t := range s.Targets {
		for _, x := range t.Index {
			if x.Value != nil {
				roots = append(roots, x.Value)
			}
		}
	}
	if s.Combine != nil {
		states := stateTypes(s)
		left, right := l.placeholders(states, 0), l.placeholders(states, len(states))
		elems := make([]ir.DType, len(s.Args))
		for i, e := range s.Args {
			elems[i] = e.DType
		}
		roots = append(roots, s.Combine.Step(l.b, left, l.placeholders(elems, len(states)))...)
		roots = append(roots, s.Combine.Merge(l.b, left, right)...)
	}
	for i, e := range roots {
		roots[i] = l.expand(e)
	}
	all := ir.Stmt{Args: roots}
	all.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Apply {
			if last := e.Args[len(e.Args)-1].DType; !l.s.Keep(e.Op, last) {
				op, d = e.Op, last
			}
		}
	})
	return op, d
}

// params declares the parameters and arrays of the loop.
func (l *lowering) params() {
	param := func(name string, d ir.DType) *Var {
		v := &Var{l.name(name), d}
		l.loop.Params = append(l.loop.Params, v)
		return v
	}
	for _, d := range l.k.Dims {
		l.dims[d] = param(d, ir.Int64)
	}
	for _, a := range l.k.Axes {
		if a.From >= 0 {
			l.lo = append(l.lo, nil)
			l.hi = append(l.hi, nil)
			continue
		}
		l.lo = append(l.lo, use(param(a.Name+"_lo", ir.Int64)))
		l.hi = append(l.hi, use(param(a.Name+"_hi", ir.Int64)))
	}
	for i, a := range l.k.Axes {
		if a.From >= 0 {
			l.lo[i] = add(l.lo[a.From], l.dim(a.Before))
			l.hi[i] = add(l.hi[a.From], l.dim(a.After))
		}
	}
	l.from, l.to = slices.Clone(l.lo), slices.Clone(l.hi)
	for _, s := range l.k.Scalars {
		l.scalars = append(l.scalars, param(s.Name, s.DType))
	}
	for i, o := range l.k.Operands {
		l.arrays[i] = &Array{l.name(o.Name), o.DType, len(o.Shape), o.Role}
		if o.Role != ir.Local {
			l.loop.Arrays = append(l.loop.Arrays, l.arrays[i])
		}
	}
	if slices.ContainsFunc(l.k.Stmts, func(s ir.Stmt) bool { return s.Sink == ir.Append }) {
		l.counts = &Array{l.name("counts"), ir.Int64, 1, ir.Out}
		l.loop.Arrays = append(l.loop.Arrays, l.counts)
	}
}

// name returns a name that nothing else has, like the one given.
func (l *lowering) name(like string) string {
	n := l.names[like]
	l.names[like] = n + 1
	if n == 0 {
		return like
	}
	return l.name(fmt.Sprintf("%s_%d", like, n))
}

func (l *lowering) newVar(like string, d ir.DType) *Var { return &Var{l.name(like), d} }

// emit appends a statement at the place at hand.
func (l *lowering) emit(s ...Stmt) { *l.out = append(*l.out, s...) }

// block returns the statements that f emits.
func (l *lowering) block(f func()) []Stmt {
	var body []Stmt
	outer := l.out
	l.out = &body
	f()
	l.out = outer
	return body
}

// set names a value.
func (l *lowering) set(like string, v *Val) *Val {
	x := l.newVar(like, v.DType)
	l.emit(&Set{x, v})
	return use(x)
}

// dim returns a polynomial of the kernel's dims.
func (l *lowering) dim(d ir.Dim) *Val {
	sum := intVal(0)
	d.Monomials(func(coef int64, syms []string) {
		p := intVal(coef)
		for _, s := range syms {
			p = mul(p, use(l.dims[s]))
		}
		sum = add(sum, p)
	})
	return sum
}

// forRange emits a loop over lo..hi.
func (l *lowering) forRange(like string, lo, hi *Val, step int64, f func(v *Val)) {
	v := l.newVar(like, ir.Int64)
	l.emit(&For{v, lo, hi, intVal(step), l.block(func() { f(use(v)) })})
}

// loops emits a nest over axes, within the tile at hand, around what f emits. Axes whose
// position is fixed already need no loop.
func (l *lowering) loops(axes []int, f func()) {
	for len(axes) > 0 && l.at[axes[0]] != nil {
		axes = axes[1:]
	}
	if len(axes) == 0 {
		f()
		return
	}
	a := axes[0]
	l.forRange(l.k.Axes[a].Name, l.from[a], l.to[a], 1, func(v *Val) {
		l.at[a] = v
		l.loops(axes[1:], f)
		l.at[a] = nil
	})
}

// strip emits a strip of n positions; f emits its body.
func (l *lowering) strip(n *Val, f func(t *Val)) {
	l.pos, l.named = &Var{l.posName, ir.Int64}, map[*Var]bool{}
	l.scopes = []scope{{}}
	l.emit(&Strip{l.pos, n, l.block(func() { f(use(l.pos)) })})
	l.pos, l.scopes = nil, nil
}

// width returns the positions of a strip.
func (l *lowering) width() *Val { return intVal(int64(l.s.Strip)) }

// pieces emits what f emits for pieces of axis a, within the tile at hand, of at most
// width positions.
func (l *lowering) pieces(a, width int, f func(lo, hi *Val)) {
	if l.fits(a, width, l.from[a], l.to[a]) {
		f(l.from[a], l.to[a])
		return
	}
	name, n := l.k.Axes[a].Name, intVal(int64(width))
	l.forRange(name, l.from[a], l.to[a], int64(width), func(j *Val) {
		f(j, l.set(name+"e", minVal(add(j, n), l.to[a])))
	})
}

// strips emits strips over lo..hi that fix the position of axis a.
func (l *lowering) strips(a int, lo, hi *Val, f func()) {
	one := func(j, n *Val) {
		l.strip(n, func(t *Val) {
			l.at[a] = add(j, t)
			f()
			l.at[a] = nil
		})
	}
	if l.fits(a, l.s.Strip, lo, hi) {
		one(lo, sub(hi, lo))
		return
	}
	l.forRange(l.k.Axes[a].Name, lo, hi, int64(l.s.Strip), func(j *Val) {
		one(j, minVal(l.width(), sub(hi, j)))
	})
}

// fits reports whether there are surely no more positions than width in lo..hi of axis a.
func (l *lowering) fits(a, width int, lo, hi *Val) bool {
	span, ok := sub(hi, lo).number()
	return ok && span <= int64(width) || l.tile[a] > 0 && l.tile[a] <= width && lo == l.from[a] && hi == l.to[a]
}

// assign emits the store of a value at a target, inside a strip.
func (l *lowering) assign(t *ir.Access, v *Val) {
	l.emit(&Store{l.arrays[t.Operand], l.positions(t, nil), v})
}
