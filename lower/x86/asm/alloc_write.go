package asm

import (
	"math/bits"
	"slices"
)

// write returns the code with the registers that scan has found.
func (a *allocator) write(out []Inst) ([]Inst, error) {
	for c := range classes {
		a.stats.Registers[c] = bits.OnesCount32(a.used[c])
	}
	spilled := a.spillBytes() > 0
	all, extra := float32(0), float32(0)
	out = slices.Grow(out, len(a.in)+len(a.reloads)+len(a.in)/16+8)
	for k := range a.in {
		i := int32(k)
		if len(a.layout) > 0 {
			i = a.layout[k]
		}
		before := len(out)
		for k := a.saveAt[i]; k > 0; k = a.reloads[k-1].next {
			r := &a.reloads[k-1]
			v := &a.values[r.value]
			out = append(out, a.move(v, a.slotOf(v), R(r.reg)))
		}
		for k := a.before[i]; k > 0; k = a.reloads[k-1].next {
			r := &a.reloads[k-1]
			out = append(out, a.load(&a.values[r.value], r.reg))
		}
		extra += float32(len(out)-before) * a.weights[i]
		if a.dead[i] {
			continue
		}
		all += a.weights[i]
		out = append(out, a.in[i])
		in := &out[len(out)-1]
		a.rename(i, in)
		if isProduct(in.Op) {
			copied, from, err := a.product(i, in)
			if err != nil {
				return nil, err
			}
			if copied {
				sum := *in
				*in = Inst{Op: VMOVAPD, W: sum.W, N: 2, Args: [4]Arg{sum.Args[0], from}}
				if pseudoElem(a.in[i].Op) == 4 {
					in.Op = VMOVAPS
				}
				out = append(out, sum)
				a.stats.Moves++
			}
		} else if a.isNothing(i, in) {
			out = out[:len(out)-1]
		}
		if spilled {
			n := len(out)
			out = a.stores(i, out)
			extra += float32(len(out)-n) * a.weights[i]
		}
	}
	a.stats.Overhead = extra / max(1, all)
	return out, nil
}

// rename puts the registers into an instruction, or memory.
func (a *allocator) rename(i int32, in *Inst) {
	for k := a.first[i]; k < a.first[i+1]; k++ {
		o := &a.occs[k]
		switch {
		case o.part == partMask:
			in.Mask = o.reg
		case o.part >= partIndex:
			in.Args[o.part-partIndex].Index = o.reg
		case o.reg != NoReg:
			in.Args[o.part].Reg = o.reg
		default:
			in.Args[o.part] = a.memory(&a.values[o.value])
		}
	}
	if a.swap[i] {
		in.Args[1], in.Args[2] = in.Args[2], in.Args[1]
	}
}

// memory returns a value as an operand in memory.
func (a *allocator) memory(v *value) Arg {
	if !v.literal {
		return a.slotOf(v)
	}
	def := &a.in[v.def]
	arg := def.Args[1]
	arg.Broadcast = def.broadcasts() != 0
	return arg
}

// load returns the instruction that loads a value again.
func (a *allocator) load(v *value, r Reg) Inst {
	if v.again {
		in := a.in[v.def]
		for k := range int(in.N) {
			if in.Args[k].Kind == Register {
				in.Args[k].Reg = r
			}
		}
		return in
	}
	return a.move(v, R(r), a.slotOf(v))
}

// move returns the move of a value from or to memory.
func (a *allocator) move(v *value, to, from Arg) Inst {
	in := Inst{N: 2, Args: [4]Arg{to, from}}
	switch v.class {
	case GPR:
		in.Op, in.W = MOV, W64
	case Vec:
		in.Op, in.W = VMOVUPD, v.width
	case Mask:
		in.Op, in.W = KMOVQ, W64
	}
	return in
}

// stores appends the stores of what an instruction has defined.
func (a *allocator) stores(i int32, out []Inst) []Inst {
	last := int32(-1)
	for k := a.first[i]; k < a.first[i+1]; k++ {
		o := &a.occs[k]
		v := &a.values[o.value]
		if o.pos&1 == 0 || !v.stored && !o.save || o.value == last {
			continue
		}
		last = o.value
		out = append(out, a.move(v, a.slotOf(v), R(o.reg)))
		a.stats.Spills++
	}
	return out
}

// isNothing reports whether an instruction moves a register to itself.
func (a *allocator) isNothing(i int32, in *Inst) bool {
	if !in.isLoad() || in.Mask != NoReg || in.Args[0].Kind != Register || in.Args[0] != in.Args[1] {
		return false
	}
	dst := a.in[i].Args[0].Reg
	if !dst.IsVirtual() || dst.Class() != Vec {
		return dst.IsVirtual()
	}
	return in.W >= a.values[a.ids[dst-firstVirtual]-1].width
}

// product makes one of the forms of a product with a sum that exist: the result is in
// the register of an operand. copied: from must be moved there before.
func (a *allocator) product(i int32, in *Inst) (copied bool, from Arg, err error) {
	d, x, y, z := in.Args[0], in.Args[1], in.Args[2], in.Args[3] // d = x*y + z
	f132, f213, f231 := products(in.Op)
	in.N, in.Args[3] = 3, Arg{}
	if d != x && d != y && d != z {
		if in.Mask != NoReg && !in.Zero {
			return false, Arg{}, a.errorf(i, "%s keeps elements of a register that is no operand", a.in[i].Op)
		}
		copied, from = true, z
		if z.Kind == Memory {
			from, x = x, d
		} else {
			z = d
		}
	}
	switch {
	case d == z && x.Kind == Memory:
		in.Op, in.Args[1], in.Args[2] = f231, y, x
	case d == z:
		in.Op, in.Args[1], in.Args[2] = f231, x, y
	case d == x && y.Kind == Memory:
		in.Op, in.Args[1], in.Args[2] = f132, z, y
	case d == x:
		in.Op, in.Args[1], in.Args[2] = f213, y, z
	case x.Kind == Memory:
		in.Op, in.Args[1], in.Args[2] = f132, z, x
	default:
		in.Op, in.Args[1], in.Args[2] = f213, x, z
	}
	return copied, from, nil
}
