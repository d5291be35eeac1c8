package loop

import (
	"fmt"
	"math"
	"unsafe"
)

// begin starts a strip of n positions.
func (f *frame) begin(n, instrs int) bool {
	f.n = n
	if n > f.width {
		f.widen(n)
	}
	return f.spend(n * instrs / 2)
}

// widen makes the temporaries hold n positions.
func (f *frame) widen(n int) {
	f.width = (n + 7) &^ 7
	f.temps = make([]uint64, f.code.temps*f.width)
	for i, s := range f.code.slots {
		if s.kind == slotTemp {
			f.slots[i] = unsafe.Pointer(&f.temps[int(s.n)*f.width])
		}
	}
}

// region returns a domain; 0 is that of a place outside all branches.
func (f *frame) region(dom int32) *region {
	if dom == 0 {
		f.doms[0].set(f.n, span{0, f.n})
	}
	return &f.doms[dom]
}

// kernIn runs a kern where a branch is taken.
func (f *frame) kernIn(in *instr) {
	d := &f.doms[in.dom]
	if d.all {
		in.fn(f.slots[in.d], f.slots[in.a], f.slots[in.b], f.slots[in.c], f.n)
		return
	}
	for _, r := range d.runs {
		in.fn(shift(f.slots[in.d], r.lo, in.size[0]), shift(f.slots[in.a], r.lo, in.size[1]),
			shift(f.slots[in.b], r.lo, in.size[2]), shift(f.slots[in.c], r.lo, in.size[3]), r.hi-r.lo)
	}
}

func shift(p unsafe.Pointer, n int, size uint8) unsafe.Pointer { return unsafe.Add(p, n*int(size)) }

// stripOp runs a strip instruction that is no kern.
func (f *frame) stripOp(in *instr, pc *int) bool {
	switch in.op {
	case opIota:
		x, base, step := vec[int64](f.slots[in.d], f.n), int64(f.regs[in.a]), int64(f.regs[in.b])
		for i := range x {
			x[i] = base
			base += step
		}
	case opLoadAt:
		at := vec[int64](f.slots[in.a], f.n)
		for _, r := range f.region(in.dom).runs {
			gather(shift(f.slots[in.d], r.lo, in.size[0]), f.base[in.c], at[r.lo:r.hi], in.size[0])
		}
	case opRepeat:
		repeat16(f.slots[in.d], f.base[in.c], f.n, in.size[0])
	case opAddress:
		return f.addresses(in)
	case opInterval:
		lo, hi := f.clip(in)
		f.narrow(in, span{lo, max(lo, hi)}, span{})
	case opOutside:
		lo, hi := f.clip(in)
		f.narrow(in, span{0, lo}, span{max(lo, hi), f.n})
	case opAny:
		f.any(in)
	case opUnless:
		if len(f.region(in.d).runs) == 0 {
			*pc += int(in.a)
		}
	case opJoin:
		f.join(in)
	case opRare:
		if len(f.doms[in.x.(*joinCode).then].runs) == 0 {
			f.slots[in.d] = f.slots[in.b]
			break
		}
		f.slots[in.d] = f.slots[in.t]
		for _, r := range f.region(in.dom).runs {
			in.fn(shift(f.slots[in.t], r.lo, in.size[0]), shift(f.slots[in.c], r.lo, 1),
				shift(f.slots[in.a], r.lo, in.size[1]), shift(f.slots[in.b], r.lo, in.size[2]), r.hi-r.lo)
		}
	case opCheck:
		f.check(in)
		return f.err == nil
	case opBelow:
		below(f.slots[in.d], f.slots[in.a], int(in.b), f.n, in.size[0])
	case opLanes:
		return f.lanes(in.x.(*lanesCode))
	case opFold:
		return f.foldLanes(in.x.(*foldCode))
	case opPrefix:
		return f.prefix(in.x.(*prefixCode))
	case opScatter:
		return f.scatter(in.x.(*scatterCode))
	case opTile:
		return f.tile(in.x.(*tileCode))
	case opAppend:
		return f.appendTo(in.x.(*appendCode))
	default:
		panic(fmt.Sprintf("loop: instruction %d", in.op))
	}
	return true
}

// load reads a strip in place where it is contiguous and wholly asked for.
func (f *frame) load(in *instr) {
	address, step, size := int(f.regs[in.a]), int(f.regs[in.b]), int(in.size[0])
	if in.dom == 0 || f.doms[in.dom].all {
		p := unsafe.Add(f.base[in.c], address*size)
		switch step {
		case 1:
			f.slots[in.d] = p
		case 0:
			f.slots[in.d] = f.slots[in.t]
			fillOf(size)(f.slots[in.t], p, nil, nil, f.n)
		default:
			f.slots[in.d] = f.slots[in.t]
			gatherRun(f.slots[in.t], p, step, f.n, in.size[0])
		}
		return
	}
	f.slots[in.d] = f.slots[in.t]
	for _, r := range f.doms[in.dom].runs {
		p := unsafe.Add(f.base[in.c], (address+r.lo*step)*size)
		gatherRun(shift(f.slots[in.t], r.lo, in.size[0]), p, step, r.hi-r.lo, in.size[0])
	}
}

// addresses computes addresses; -1 where there is none.
func (f *frame) addresses(in *instr) bool {
	x := in.x.(*addressCode)
	out := vec[int64](f.slots[in.d], f.n)
	var mask []bool
	if x.mask.size > 0 {
		mask = vec[bool](f.slots[x.mask.slot], f.n)
	}
	for _, r := range f.region(in.dom).runs {
		offset := int64(f.regs[x.offset])
		for i := r.lo; i < r.hi; i++ {
			out[i] = offset
		}
		for d, o := range x.index {
			stride, extent := int64(f.regs[x.strides[d]]), f.regs[x.extents[d]]
			for i := r.lo; i < r.hi; i++ {
				var p int64
				if o.uniform() {
					p = one[int64](f.slots[o.slot])
				} else {
					p = one[int64](shift(f.slots[o.slot], i, 8))
				}
				if uint64(p) >= extent {
					out[i] = noAddress
				} else if out[i] != noAddress {
					out[i] += p * stride
				}
			}
		}
		for i := r.lo; i < r.hi; i++ {
			if mask != nil && !mask[i] {
				out[i] = noAddress
			} else if out[i] == noAddress && !x.drops {
				f.err = fmt.Errorf("loop: a position that is data is outside its axis")
				return false
			}
		}
	}
	return true
}

// noAddress stands for an element that there is not. Addresses in bounds are not
// negative, but sums on the way to them may be.
const noAddress = math.MinInt64

// clip returns the bounds of an interval inside the strip.
func (f *frame) clip(in *instr) (lo, hi int) {
	n := int64(f.n)
	lo = int(min(max(int64(f.regs[in.b]), 0), n))
	return lo, int(min(max(int64(f.regs[in.c]), int64(lo)), n))
}

// narrow sets a domain to the part of another one in two spans.
func (f *frame) narrow(in *instr, a, b span) {
	d, parent := &f.doms[in.d], f.region(in.a)
	d.runs = d.runs[:0]
	for _, r := range parent.runs {
		for _, s := range [2]span{a, b} {
			if lo, hi := max(r.lo, s.lo), min(r.hi, s.hi); lo < hi {
				d.runs = append(d.runs, span{lo, hi})
			}
		}
	}
	d.all = len(d.runs) == 1 && d.runs[0] == span{0, f.n}
}

// any sets a domain to another one if a condition holds somewhere in it.
func (f *frame) any(in *instr) {
	d, parent := &f.doms[in.d], f.region(in.a)
	d.runs, d.all = d.runs[:0], false
	for _, r := range parent.runs {
		c := vec[bool](shift(f.slots[in.b], r.lo, in.size[2]), r.hi-r.lo)
		if in.size[2] == 0 {
			c = c[:1]
		}
		for _, v := range c {
			if v {
				d.runs, d.all = append(d.runs, parent.runs...), parent.all
				return
			}
		}
	}
}

// join puts the branches of a pick together, or shows the only one that is taken.
func (f *frame) join(in *instr) {
	x, whole := in.x.(*joinCode), f.region(in.dom)
	then, other := &f.doms[x.then], &f.doms[x.other]
	switch {
	case len(other.runs) == 0 && in.size[1] > 0:
		f.slots[in.d] = f.slots[in.a]
		return
	case len(then.runs) == 0 && in.size[2] > 0:
		f.slots[in.d] = f.slots[in.b]
		return
	case len(whole.runs) == 0:
		f.slots[in.d] = f.slots[in.t]
		return
	}
	f.slots[in.d] = f.slots[in.t]
	move := func(d *region, from unsafe.Pointer, size uint8) {
		for _, r := range d.runs {
			to := shift(f.slots[in.t], r.lo, in.size[0])
			if size == 0 {
				x.fill(to, from, nil, nil, r.hi-r.lo)
			} else {
				x.copy(to, shift(from, r.lo, size), nil, nil, r.hi-r.lo)
			}
		}
	}
	move(then, f.slots[in.a], in.size[1])
	move(other, f.slots[in.b], in.size[2])
}

func (f *frame) check(in *instr) {
	x := in.x.(*checkCode)
	out, v := vec[int64](f.slots[in.d], f.n), vec[int64](f.slots[in.a], f.n)
	position, stride := int64(f.regs[x.position]), int64(f.regs[x.stride])
	var mask []bool
	if x.mask.size > 0 {
		mask = vec[bool](f.slots[x.mask.slot], f.n)
	}
	limit := int64(f.regs[x.limit])
	for _, r := range f.region(in.dom).runs {
		for i := r.lo; i < r.hi; i++ {
			p := v[i]
			if uint64(p) >= uint64(limit) && (mask == nil || mask[i]) {
				p = f.checked(x, p, position+int64(i)*stride)
			}
			out[i] = p
		}
	}
}
