package asm

import (
	"cmp"
	"slices"
)

// Code that may leave at many places, to go on there later, keeps what it knows in memory.
// Promote moves the words of it that a loop uses most into registers that the loop leaves
// free, as long as the loop runs: they are loaded where control comes in and stored where
// it goes out, so that outside of the loop nothing has changed.

// promotable are the registers that a word can move to, where code does not name them.
var promotable = []Reg{R15, R13, R12, RBX, R14, R11, R10, R9, R8, RSI, RDX, RCX}

// floatable are those for words that a loop uses as floats alone: through a general
// register, a sum would wait longer for the way there and back than for its additions.
// The first 8 have shorter codes; the others are of AVX-512.
var floatable = func() (regs []Reg) {
	for i := range Reg(24) {
		regs = append(regs, V0+8+i)
	}
	return regs
}()

// Promote returns the code with words of memory at base promoted in the loops that begin
// with the labels tops. The code is hot, which runs from its start, and cold, which only
// jumps lead to and from; both are one after the other in what it returns. isWord says
// which displacements from base are words of 8 bytes that code reaches in no other way.
// labels is the program's counter.
func Promote(hot, cold []Inst, tops []int64, level Level, base Reg, isWord func(disp int32) bool, labels *int) []Inst {
	p := &promoter{hot: hot, cold: cold, tops: tops, level: level, base: base, isWord: isWord, labels: labels}
	for _, top := range p.inOrder(tops) {
		p.loop(top)
	}
	all := append(p.hot, p.cold...)
	if len(p.done) == 0 {
		return all
	}
	return tidied(all)
}

type promoter struct {
	hot, cold []Inst
	tops      []int64
	level     Level
	base      Reg
	isWord    func(disp int32) bool
	labels    *int

	done []promotion      // of loops, inner ones first
	live map[int64]regSet // what is read behind labels in the code as it was; nil: not known yet

	// Of the loop at hand.
	words   []promoted
	blocked []int32       // displacements of words that stay in memory
	depth   []int8        // of loops inside, by instruction
	inside  map[int64]int // labels in the loop
}

// promoted is a word, and what a loop does with it.
type promoted struct {
	disp   int32
	weight int
	dirty  bool
	float  bool
	reg    Reg
}

// promotion is a loop whose words are in registers.
type promotion struct {
	in, out int64 // labels before its loads, and before its stores
	stores  int
	words   []promoted
}

// target returns the label that an instruction jumps to.
func (in *Inst) target() (label int64, ok bool) {
	if in.Op == LABEL || in.Op == LEALABEL || in.N != 1 || in.Args[0].Kind != LabelRef {
		return 0, false
	}
	return in.Args[0].Imm, true
}

// inOrder returns the labels that loops begin with, inner loops first.
func (p *promoter) inOrder(tops []int64) []int64 {
	size := map[int64]int{}
	for _, top := range tops {
		first, last := p.extent(top)
		size[top] = last - first
	}
	return slices.SortedStableFunc(slices.Values(tops), func(a, b int64) int { return cmp.Compare(size[a], size[b]) })
}

// loop promotes words of the loop that begins with a label.
func (p *promoter) loop(top int64) {
	first, last := p.extent(top)
	if last < first {
		return // it runs once
	}
	body := p.hot[first : last+1]
	if !p.study(body) {
		return
	}
	p.words = slices.DeleteFunc(p.words, func(w promoted) bool { return slices.Contains(p.blocked, w.disp) })
	if len(p.words) == 0 {
		return
	}
	slices.SortStableFunc(p.words, func(a, b promoted) int { return cmp.Compare(b.weight, a.weight) })
	if p.live == nil {
		p.live = liveness(slices.Concat(p.hot, p.cold)).in
	}
	p.choose(body, p.live[top])
	if len(p.words) > 0 {
		p.rewrite(top, first, last)
	}
}

// choose gives the words registers, those with most weight first: registers that the loop
// does not name, but for loops inside that keep the same word there.
func (p *promoter) choose(body []Inst, live regSet) {
	const nothing, several = -1, -2
	var keeps [K0]int32 // the word that loops inside keep in a register
	for r := range keeps {
		keeps[r] = nothing
	}
	ours := make([]regSet, len(body)) // registers that words are in
	for _, d := range p.done {
		first, ok := p.inside[d.in]
		if !ok {
			continue
		}
		for _, w := range d.words {
			for i := first; i <= p.inside[d.out]+d.stores; i++ {
				ours[i] |= w.reg.set()
			}
			switch keeps[w.reg] {
			case nothing, w.disp:
				keeps[w.reg] = w.disp
			default:
				keeps[w.reg] = several
			}
		}
	}
	named := live // what others have there while the loop runs
	for i := range body {
		read, written := body[i].effect()
		named |= (read | written) &^ ours[i]
	}
	chosen := p.words[:0]
	for _, w := range p.words {
		w.reg = NoReg
		regs := promotable
		if w.float {
			if regs = floatable; p.level < AVX512 {
				regs = regs[:8]
			}
		}
		for _, r := range regs {
			if named&r.set() == 0 && (keeps[r] == w.disp || keeps[r] == nothing && w.reg == NoReg) {
				w.reg = r
			}
		}
		if w.reg != NoReg {
			keeps[w.reg] = several // for the words that follow
			chosen = append(chosen, w)
		}
	}
	p.words = chosen
}

// extent returns where the loop's label and its last jump back are.
func (p *promoter) extent(top int64) (first, last int) {
	last = -1
	for i := range p.hot {
		in := &p.hot[i]
		if in.Op == LABEL && in.Args[0].Imm == top {
			first = i
		} else if label, ok := in.target(); ok && label == top && i > first {
			last = i
		}
	}
	return first, last
}

// study finds the words of a loop, and reports whether they can be promoted.
func (p *promoter) study(body []Inst) bool {
	p.words, p.blocked = p.words[:0], p.blocked[:0]
	p.inside = map[int64]int{}
	for i := range body {
		switch in := &body[i]; {
		case in.Op == LABEL:
			p.inside[in.Args[0].Imm] = i
		case in.Op == LEALABEL, in.Op == JMP && in.Args[0].Kind != LabelRef:
			return false // control comes back in ways that are not seen here
		}
	}
	if !p.depths(body) {
		return false
	}
	for i := range body {
		in := &body[i]
		for k := range int(in.N) {
			a := &in.Args[k]
			if a.Kind != Memory || a.Reg != p.base || a.Index != NoReg {
				continue
			}
			if in.Op == LEA || !p.isWord(a.Disp) {
				continue
			}
			if _, ok := p.inRegister(in, k, RBX); !ok || a.Disp%8 != 0 {
				for d := a.Disp &^ 7; d < a.Disp+max(int32(in.W)/8, 8); d += 8 {
					p.blocked = append(p.blocked, d)
				}
				continue
			}
			n := slices.IndexFunc(p.words, func(w promoted) bool { return w.disp == a.Disp })
			if n < 0 {
				n = len(p.words)
				p.words = append(p.words, promoted{disp: a.Disp, float: true})
			}
			role := in.Op.info().roles[k]
			weight := 1 << (2 * min(p.depth[i], 4))
			if role == reads|writes { // a chain through memory
				weight *= 2
			}
			p.words[n].weight += weight
			p.words[n].float = p.words[n].float && (in.Op == VMOVSD || in.Op == VMOVSS && role&writes == 0)
			p.words[n].dirty = p.words[n].dirty || role&writes != 0
		}
	}
	return true
}

// depths counts the loops inside a loop around each of its instructions. It reports whether
// all are loops to promote in: beside others, of vectors, there is nothing to gain.
func (p *promoter) depths(body []Inst) bool {
	p.depth = grow(p.depth, len(body))
	at := map[int64]int{}
	for i := range body {
		if body[i].Op == LABEL {
			at[body[i].Args[0].Imm] = i
			continue
		}
		top, _ := body[i].target()
		first, back := at[top]
		switch {
		case !back || first == 0:
			continue
		case !slices.Contains(p.tops, top):
			return false
		}
		for k := first; k <= i; k++ {
			p.depth[k]++
		}
	}
	return true
}

// inRegister returns an instruction with a register in the place of the word that is its
// operand k, if there is one that does the same.
func (p *promoter) inRegister(in *Inst, k int, r Reg) (Inst, bool) {
	out := *in
	out.Args[k] = R(r)
	role := in.Op.info().roles[k]
	switch in.Op {
	case VMOVSD:
		if out.Op, out.W = VMOVQ, W128; r.isVector() {
			out.Op = VMOVAPD
		}
	case VMOVSS:
		if out.Op, out.W = VMOVD, W128; r.isVector() {
			out.Op = VMOVAPD
		}
		if role&writes != 0 {
			return out, false
		}
	case VBROADCASTSD:
		out.Op = VPBROADCASTQ
		if in.Mask != NoReg || p.level < AVX512 {
			return out, false
		}
	case MOV, ADD, SUB, AND, OR, XOR, CMP, TEST, IMUL, IMUL3, NEG, NOT, MOVZXB, MOVZXW, MOVSXB, MOVSXW, MOVSXD:
		if in.W != W64 && role&writes != 0 {
			return out, false // keeps the rest of the word
		}
	default:
		if in.Op < CMOVO || in.Op > CMOVG {
			return out, false
		}
	}
	_, err := out.choose(out.Op.info(), p.level)
	return out, err == nil
}

// rewrite moves words into their registers.
func (p *promoter) rewrite(top int64, first, last int) {
	in, out := p.label(), p.label() // before the loads, and before the stores behind the loop
	behind := map[int64]bool{}      // labels that stand there
	for i := last + 1; i < len(p.hot) && p.hot[i].Op == LABEL; i++ {
		behind[p.hot[i].Args[0].Imm] = true
	}
	hot := make([]Inst, 0, len(p.hot)+3*len(p.words)+2)
	hot = append(hot, p.hot[:first]...)
	hot = append(hot, labelInst(in))
	hot = p.loads(hot)
	for i := first; i <= last; i++ {
		x := p.hot[i]
		for k := range int(x.N) {
			if a := &x.Args[k]; a.Kind == Memory && a.Reg == p.base && a.Index == NoReg && x.Op != LEA {
				if n := slices.IndexFunc(p.words, func(w promoted) bool { return w.disp == a.Disp }); n >= 0 {
					x, _ = p.inRegister(&x, k, p.words[n].reg)
				}
			}
		}
		label, jumps := x.target()
		if _, stays := p.inside[label]; jumps && !stays {
			if behind[label] {
				x.Args[0].Imm = out
			} else {
				x.Args[0].Imm = p.leaving(label)
			}
		}
		if x.Op == RET {
			hot = p.stores(hot)
		}
		hot = append(hot, x)
	}
	hot = append(hot, labelInst(out))
	behindLabel := len(hot)
	hot = p.stores(hot)
	entered := len(hot)
	p.done = append(p.done, promotion{in, out, entered - behindLabel, slices.Clone(p.words)})
	hot = append(hot, p.hot[last+1:]...)

	// Jumps to the loop from elsewhere.
	stubs := map[int64]int64{top: in}
	enter := func(x *Inst) {
		to := &x.Args[max(x.N, 1)-1]
		if _, enters := p.inside[to.Imm]; enters && x.Op != LABEL && to.Kind == LabelRef {
			to.Imm = p.entering(to.Imm, stubs)
		}
	}
	for i := range hot {
		if i < first || i >= entered {
			enter(&hot[i])
		}
	}
	for i, n := 0, len(p.cold); i < n; i++ {
		x := p.cold[i] // stubs are appended meanwhile
		enter(&x)
		p.cold[i] = x
	}
	p.hot = hot
}

// leaving returns the label of code that stores the words and goes on at a label.
func (p *promoter) leaving(label int64) int64 {
	if !slices.ContainsFunc(p.words, func(w promoted) bool { return w.dirty }) {
		return label
	}
	stub := p.label()
	p.cold = append(p.stores(append(p.cold, labelInst(stub))), jumpInst(label))
	return stub
}

// entering returns the label of code that loads the words and goes on at a label.
func (p *promoter) entering(label int64, stubs map[int64]int64) int64 {
	if stub, ok := stubs[label]; ok {
		return stub
	}
	stub := p.label()
	stubs[label] = stub
	p.cold = append(p.loads(append(p.cold, labelInst(stub))), jumpInst(label))
	return stub
}

func (p *promoter) loads(to []Inst) []Inst {
	for _, w := range p.words {
		to = append(to, w.move(R(w.reg), M(p.base, w.disp)))
	}
	return to
}

func (p *promoter) stores(to []Inst) []Inst {
	for _, w := range p.words {
		if w.dirty {
			to = append(to, w.move(M(p.base, w.disp), R(w.reg)))
		}
	}
	return to
}

// move returns the instruction that moves the word.
func (w *promoted) move(to, from Arg) Inst {
	in := Inst{Op: MOV, W: W64, N: 2, Args: [4]Arg{to, from}}
	if w.float {
		in.Op, in.W = VMOVSD, W128
	}
	return in
}

func (p *promoter) label() int64 {
	*p.labels++
	return int64(*p.labels - 1)
}

func labelInst(label int64) Inst {
	return Inst{Op: LABEL, N: 1, Args: [4]Arg{{Kind: LabelRef, Imm: label}}}
}

func jumpInst(label int64) Inst {
	return Inst{Op: JMP, N: 1, Args: [4]Arg{{Kind: LabelRef, Imm: label}}}
}
