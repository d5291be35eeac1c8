package x86

import "github.com/numen-go/numen/lower/x86/asm"

// spreads are the instructions that load a literal.
var spreads = map[asm.Op]bool{
	asm.VBROADCASTSS: true, asm.VBROADCASTSD: true, asm.VPBROADCASTQ: true, asm.VMOVUPS: true, asm.VMOVUPD: true,
}

// hoistLiterals moves loads of literals ahead of the loops, as many as there are
// registers for in a strip of few ops.
func (s *strip) hoistLiterals() {
	const wide, narrow = 12, 5 // registers, of 32 and of 16
	most := narrow
	if s.wide() {
		most = wide
	}
	isLiteral := func(in *asm.Inst) bool {
		return spreads[in.Op] && in.N == 2 && in.Mask == asm.NoReg && in.Args[1].Kind == asm.Memory && in.Args[1].Reg == asm.RIP && in.Args[0].Reg.IsVirtual()
	}
	writes, candidates := map[asm.Reg]int{}, false
	for i := range s.b.Insts {
		in := &s.b.Insts[i]
		candidates = candidates || isLiteral(in)
		if in.Args[0].Kind == asm.Register {
			writes[in.Args[0].Reg]++
		}
	}
	if !candidates {
		return
	}
	type key struct {
		op  asm.Op
		w   asm.Width
		arg asm.Arg
	}
	moved, names := map[key]asm.Reg{}, map[asm.Reg]asm.Reg{}
	body := s.b.Insts[:0]
	for _, in := range s.b.Insts {
		if isLiteral(&in) && writes[in.Args[0].Reg] == 1 {
			k := key{in.Op, in.W, in.Args[1]}
			r, ok := moved[k]
			if !ok && len(moved) < most {
				r, ok = in.Args[0].Reg, true
				moved[k] = r
				s.before = append(s.before, in)
			}
			if ok {
				names[in.Args[0].Reg] = r
				continue
			}
		}
		body = append(body, in)
	}
	for i := range body {
		in := &body[i]
		for k := range in.Args[:in.N] {
			if r, ok := names[in.Args[k].Reg]; ok && in.Args[k].Kind == asm.Register {
				in.Args[k].Reg = r
			}
		}
	}
	s.b.Insts = body
}
