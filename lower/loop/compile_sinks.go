package loop

import (
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// Compilation of what a strip ends in: lanes, prefixes, scatters, appends; and of folds.

// lanesCode combines a strip into lanes, by a kern written for the combine or by its
// step, a group of lanes at a time.
type lanesCode struct {
	accs  []int32 // arrays
	vals  []operand
	lanes int
	at    int32 // register; -1: 0
	fast  lanesKern
	step  *groupCode
}

func (x *lanesCode) operands() []*int32 { return slotsOf(x.vals) }

func slotsOf(os []operand) []*int32 {
	var out []*int32
	for i := range os {
		out = append(out, &os[i].slot)
	}
	return out
}

// groupCode is a combine's step or merge on small strips: states and elements go into
// slots, results come out of slots.
type groupCode struct {
	in   []int32
	out  []int32
	size []uint8 // of in
	code []instr
	move []kern // copies of the results
}

// group compiles a combine's function of states and elements.
func (c *compiler) group(f func(b *ir.Builder, left, right []*ir.Expr) []*ir.Expr, left, right []ir.DType) (*groupCode, error) {
	sc := c.newStrip(&Var{"t", ir.Int64}, nil)
	sc.small = true
	x := &groupCode{}
	args := make([]*Val, 0, len(left)+len(right))
	for _, d := range append(append([]ir.DType{}, left...), right...) {
		v := &Var{"s", d}
		o := operand{slot: c.newSlot(slotRef, 0), size: uint8(d.Size())}
		sc.lets[v] = o
		x.in, x.size = append(x.in, o.slot), append(x.size, o.size)
		args = append(args, use(v))
	}
	names, outs := Combined(f, args[:len(left)], args[len(left):], Runs)
	c.push()
	for _, s := range names {
		sc.place[s.Var] = nil
		if err := sc.let(s); err != nil {
			return nil, err
		}
	}
	var results []operand
	for _, v := range outs {
		o := sc.vector(v, nil)
		if o.uniform() {
			o.size = uint8(v.DType.Size())
			o = sc.fill(o, nil)
		} else if o.slot < firstValue { // an input: results are written when all are known
			o = sc.spread(o, nil)
		}
		results = append(results, o)
	}
	keep := &keepCode{results}
	c.emit(instr{op: opKeep, x: keep})
	code := c.pop()
	sc.allocate(code)
	x.code = code[:len(code)-1]
	for i, o := range keep.results {
		x.out = append(x.out, o.slot)
		x.move = append(x.move, copyOf(outs[i].DType.Size()))
	}
	return x, nil
}

// keepCode ends a group: its results live until there.
type keepCode struct{ results []operand }

func (x *keepCode) operands() []*int32 { return slotsOf(x.results) }

func dtypes(vals []*Val) []ir.DType {
	out := make([]ir.DType, len(vals))
	for i, v := range vals {
		out[i] = v.DType
	}
	return out
}

func accTypes(accs []*Array) []ir.DType {
	out := make([]ir.DType, len(accs))
	for i, a := range accs {
		out[i] = a.DType
	}
	return out
}

// lanesOf returns the lanes of accumulators, whose extent is a constant.
func (c *compiler) lanesOf(a *Array) int { return c.laneCount[a] }

func (c *stripCompiler) lanes(s *Lanes) error {
	x := &lanesCode{at: -1, lanes: c.lanesOf(s.Accs[0])}
	for _, v := range s.Vals {
		x.vals = append(x.vals, c.full(v))
	}
	if s.At != nil {
		x.at = c.scalar(s.At)
	}
	for _, a := range s.Accs {
		x.accs = append(x.accs, c.compiler.array(a))
	}
	states := accTypes(s.Accs)
	if x.fast = lanesKerns[combineKey{s.Combine.Name, states[0], x.lanes}]; x.fast == nil || !fits(states) {
		x.fast = nil
		var err error
		if x.step, err = c.group(s.Combine.Step, states, dtypes(s.Vals)); err != nil {
			return err
		}
	}
	c.emit(instr{op: opLanes, x: x})
	return nil
}

// fits reports whether kerns take these states: one, or a value and its position.
func fits(states []ir.DType) bool { return len(states) == 1 || states[1] == ir.Int64 }

// foldCode merges lanes into lane 0.
type foldCode struct {
	accs  []int32
	lanes int
	fast  foldKern
	merge *groupCode
}

func (c *compiler) fold(s *Fold) error {
	x := &foldCode{lanes: c.lanesOf(s.Accs[0])}
	for _, a := range s.Accs {
		x.accs = append(x.accs, c.array(a))
	}
	states := accTypes(s.Accs)
	if x.fast = foldKerns[combineKey{s.Combine.Name, states[0], x.lanes}]; x.fast == nil || !fits(states) {
		x.fast = nil
		var err error
		if x.merge, err = c.group(s.Combine.Merge, states, states); err != nil {
			return err
		}
	}
	c.emit(instr{op: opFold, x: x})
	return nil
}

// prefixCode writes the state before each position.
type prefixCode struct {
	accs  []int32
	outs  []int32 // addresses of position 0
	along []int32 // strides
	array []int32
	vals  []operand
	fast  prefixKern
	merge *groupCode
}

func (x *prefixCode) operands() []*int32 { return slotsOf(x.vals) }

func (c *stripCompiler) prefix(s *Prefix) error {
	x := &prefixCode{}
	for i, a := range s.Accs {
		x.accs = append(x.accs, c.compiler.array(a))
		x.vals = append(x.vals, c.full(s.Vals[i]))
		addr, stride, ok := c.run(s.Outs[i].Array, s.Outs[i].Index, nil)
		if !ok {
			panic("loop: a prefix to positions that are not affine")
		}
		x.outs, x.along, x.array = append(x.outs, addr), append(x.along, stride), append(x.array, c.compiler.array(s.Outs[i].Array))
	}
	states := accTypes(s.Accs)
	if x.fast = prefixKerns[combineKey{s.Combine.Name, states[0], 1}]; x.fast == nil {
		var err error
		if x.merge, err = c.group(s.Combine.Merge, states, states); err != nil {
			return err
		}
	}
	c.emit(instr{op: opPrefix, x: x})
	return nil
}

// scatterCode combines values into elements, one after another.
type scatterCode struct {
	arrays []int32
	addrs  []operand
	vals   []operand
	fast   scatterKern
	step   *groupCode
}

func (x *scatterCode) operands() []*int32 { return append(slotsOf(x.addrs), slotsOf(x.vals)...) }

func (c *stripCompiler) scatter(s *Scatter) error {
	x := &scatterCode{}
	states := make([]ir.DType, len(s.Targets))
	for i, t := range s.Targets {
		states[i] = t.Array.DType
		x.arrays = append(x.arrays, c.compiler.array(t.Array))
		x.addrs = append(x.addrs, c.addresses(t.Array, t.Index, nil, true))
	}
	for _, v := range s.Vals {
		x.vals = append(x.vals, c.full(v))
	}
	if x.fast = scatterKerns[combineKey{s.Combine.Name, states[0], 1}]; x.fast == nil || len(states) > 1 {
		x.fast = nil
		var err error
		if x.step, err = c.group(s.Combine.Step, states, dtypes(s.Vals)); err != nil {
			return err
		}
	}
	c.emit(instr{op: opScatter, x: x})
	return nil
}

// appendCode writes values where a condition holds.
type appendCode struct {
	count  int32
	cond   operand
	arrays []int32
	vals   []operand
}

func (x *appendCode) operands() []*int32 { return append(slotsOf(x.vals), &x.cond.slot) }

func (c *stripCompiler) appendTo(s *Append) error {
	x := &appendCode{count: c.vars[s.Count], cond: c.full(s.Cond)}
	for i, a := range s.Outs {
		x.arrays, x.vals = append(x.arrays, c.compiler.array(a)), append(x.vals, c.full(s.Vals[i]))
	}
	c.emit(instr{op: opAppend, x: x})
	return nil
}

// stateAt returns where lane l of an accumulator is.
func (f *frame) stateAt(array int32, size uint8, l int) unsafe.Pointer {
	return unsafe.Add(f.base[array], l*int(size))
}
