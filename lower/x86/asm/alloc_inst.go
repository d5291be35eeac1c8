package asm

// isConstant reports whether the result does not depend on the operands, which are one
// register: 0, or all ones.
func (in *Inst) isConstant() bool {
	if in.Args[0].Reg != in.Args[1].Reg || in.N < 2 || in.Mask != NoReg || in.Args[0].Kind != Register || in.Args[0] != in.Args[1] {
		return false
	}
	switch in.Op {
	case XOR, SUB:
		return in.W >= W32
	case VXORPD, VXORPS, VPXOR, VPXORD, VPXORQ, VPSUBB, VPSUBW, VPSUBD, VPSUBQ, VPANDN, VPANDND, VPANDNQ,
		VPCMPEQB, VPCMPEQW, VPCMPEQD, VPCMPEQQ,
		KXORB, KXORW, KXORD, KXORQ, KXNORB, KXNORW, KXNORD, KXNORQ:
		return in.Args[0] == in.Args[2]
	case VPTERNLOGD, VPTERNLOGQ:
		return in.Args[0] == in.Args[2] && (in.Args[3].Imm&0xff == 0 || in.Args[3].Imm&0xff == 0xff)
	}
	return false
}

// isLoad reports whether the instruction, of two operands, moves a whole register.
func (in *Inst) isLoad() bool {
	switch in.Op {
	case MOV:
		return in.W == W64
	case VMOVUPD, VMOVUPS, VMOVAPD, VMOVAPS, VMOVDQU, VMOVDQA, VMOVDQU8, VMOVDQU16, VMOVDQU32, VMOVDQU64, VMOVDQA32, VMOVDQA64,
		KMOVW, KMOVD, KMOVQ:
		return true
	}
	return false
}

// broadcasts returns the bytes of the element that the instruction spreads over a vector,
// as an operand in memory can be spread; 0: it does not.
func (in *Inst) broadcasts() uint8 {
	switch in.Op {
	case VBROADCASTSS, VPBROADCASTD:
		return 4
	case VBROADCASTSD, VPBROADCASTQ:
		return 8
	}
	return 0
}

// isVEXOnly reports whether the instruction names vector registers below 16 only, on any
// processor.
func (in *Inst) isVEXOnly() bool {
	only := false
	forms := in.Op.info().forms
	for k := range forms {
		if f := &forms[k]; f.n == in.N {
			switch f.encoding {
			case evex:
				return false
			case vex:
				only = true
			}
		}
	}
	return only
}

// foldable reports whether operand part of an instruction, a register that holds v, may
// be memory instead: v's slot, or its literal. swap: after a change of places with
// the other source.
func (a *allocator) foldable(i int32, part uint8, v *value) (ok, swap bool) {
	in := &a.in[i]
	if part >= in.N || v.class == Mask {
		return false, false
	}
	r := in.role(int(part))
	if r&reads == 0 || r&writes != 0 {
		return false, false
	}
	for k := range int(in.N) {
		if in.Args[k].Kind == Memory {
			return false, false
		}
	}
	elem := uint8(0)
	if v.literal {
		def := &a.in[v.def]
		if in.W > def.W {
			return false, false
		}
		elem = def.broadcasts()
		if elem != 0 && a.level < AVX512 {
			return false, false
		}
	} else if v.again {
		return false, false
	}
	t := in.Op.info()
	if isProduct(in.Op) {
		return elem == 0 || elem == pseudoElem(in.Op), false
	}
	if a.fits(in, t, int(part), elem) {
		return true, false
	}
	if part == 1 && r&commutes != 0 && in.N > 2 && in.Args[2].Kind == Register && t.roles[2]&commutes != 0 {
		return a.fits(in, t, 2, elem), true
	}
	return false, false
}

// fits reports whether the instruction has a form where operand part is memory, of one
// element if elem is not 0.
func (a *allocator) fits(in *Inst, t *info, part int, elem uint8) bool {
	if t.memory>>part&1 == 0 {
		return false
	}
	for k := range t.forms {
		f := &t.forms[k]
		if f.n != in.N || f.widths != 0 && f.widths&widthBit(in.W) == 0 || !f.args[part].mem ||
			f.beyond && a.level < AVX512 || elem != 0 && f.elem != elem ||
			in.Mask != NoReg && (f.encoding != evex || f.noMask) {
			continue
		}
		ok := true
		for j := range int(in.N) {
			ok = ok && (j == part || f.args[j].takes(&in.Args[j]))
		}
		if ok {
			return true
		}
	}
	return false
}

// takes reports whether an operand of the kind of arg, not memory, fits.
func (p *pattern) takes(arg *Arg) bool {
	switch arg.Kind {
	case Register:
		switch arg.Reg.Class() {
		case Vec:
			return p.kind == vector
		case Mask:
			return p.kind == maskReg
		}
		return p.kind == general || p.kind == lowByte
	case Immediate:
		return p.kind >= imm
	case LabelRef:
		return p.kind == label
	}
	return false
}

// pseudoElem returns the bytes of an element of a product with a sum.
func pseudoElem(op Op) uint8 {
	switch op {
	case FMADDPS, FMSUBPS, FNMADDPS, FNMSUBPS:
		return 4
	}
	return 8
}

// products returns the instructions for a product with a sum.
func products(op Op) (f132, f213, f231 Op) {
	switch op {
	case FMADDPD:
		return VFMADD132PD, VFMADD213PD, VFMADD231PD
	case FMADDPS:
		return VFMADD132PS, VFMADD213PS, VFMADD231PS
	case FMSUBPD:
		return VFMSUB132PD, VFMSUB213PD, VFMSUB231PD
	case FMSUBPS:
		return VFMSUB132PS, VFMSUB213PS, VFMSUB231PS
	case FNMADDPD:
		return VFNMADD132PD, VFNMADD213PD, VFNMADD231PD
	case FNMADDPS:
		return VFNMADD132PS, VFNMADD213PS, VFNMADD231PS
	case FNMSUBPD:
		return VFNMSUB132PD, VFNMSUB213PD, VFNMSUB231PD
	}
	return VFNMSUB132PS, VFNMSUB213PS, VFNMSUB231PS
}

// isProduct reports whether the instruction is to become one of those.
func isProduct(op Op) bool { return op >= FMADDPD && op <= FNMSUBPS }
