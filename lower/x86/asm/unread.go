package asm

// DropUnread leaves out the instructions that write nothing but a vector or mask register
// that is virtual and never read: what an op computed and a better way to compute a later
// one then did not need. It reuses insts.
func DropUnread(insts []Inst) []Inst {
	var uses []int32 // by number of a virtual register
	count := func(r Reg, by int32) {
		if r.IsVirtual() {
			n := int(r - firstVirtual)
			for n >= len(uses) {
				uses = append(uses, make([]int32, n+64)...)
			}
			uses[n] += by
		}
	}
	sources := func(in *Inst, by int32) {
		if in.isConstant() {
			return
		}
		count(in.Mask, by)
		for i := range int(in.N) {
			switch a := &in.Args[i]; a.Kind {
			case Memory:
				count(a.Reg, by)
				count(a.Index, by)
			case Register:
				if in.role(i)&reads != 0 {
					count(a.Reg, by)
				}
			}
		}
	}
	for i := range insts {
		sources(&insts[i], 1)
	}
	kept := len(insts)
	for i := len(insts) - 1; i >= 0; i-- {
		if in := insts[i]; in.onlyWrites() && (int(in.Args[0].Reg-firstVirtual) >= len(uses) || uses[in.Args[0].Reg-firstVirtual] == 0) {
			sources(&in, -1)
			continue
		}
		kept--
		insts[kept] = insts[i]
	}
	return insts[kept:]
}

// onlyWrites reports whether a virtual vector or mask register is all that the
// instruction changes.
func (in *Inst) onlyWrites() bool {
	if in.N == 0 || in.Args[0].Kind != Register || !in.Args[0].Reg.IsVirtual() || in.Args[0].Reg.Class() == GPR || in.role(0)&writes == 0 {
		return false
	}
	for i := 1; i < int(in.N); i++ {
		if in.role(i)&writes != 0 {
			return false
		}
	}
	return in.Mask == NoReg || in.maskRole()&writes == 0
}
