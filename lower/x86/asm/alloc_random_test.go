package asm

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// program makes random code with loops, regions and as many live values as it likes.
type program struct {
	*Builder
	rng    *rand.Rand
	level  Level
	live   [classes][]Reg // defined on every way to here
	depth  int
	budget int
	keep   int // values of a class to choose from
	cold   []coldRegion
}

// coldRegion is a region that stands behind everything else, and jumps back.
type coldRegion struct {
	entry, back Arg
	live        [classes][]Reg
}

// jumpOut jumps to a region that stands behind everything else, now and then.
func (p *program) jumpOut() {
	r := coldRegion{p.NewLabel(), p.NewLabel(), p.live}
	for c := range r.live {
		r.live[c] = slices.Clone(r.live[c])
	}
	p.Op(JZ, 0, r.entry)
	p.Bind(r.back)
	p.cold = append(p.cold, r)
}

// coldRegions makes the regions that stand behind the code, in any order.
func (p *program) coldRegions() {
	end := p.NewLabel()
	p.Op(JMP, 0, end)
	live, code := p.live, p.Insts
	var regions [][]Inst
	for k := 0; k < len(p.cold); k++ {
		r := p.cold[k]
		p.live, p.Insts = r.live, nil
		p.Bind(r.entry)
		for range 1 + p.rng.IntN(10) {
			p.vector()
			if p.rng.IntN(12) == 0 {
				p.jumpOut()
			}
		}
		p.Op(JMP, 0, r.back)
		regions = append(regions, p.Insts)
	}
	p.rng.Shuffle(len(regions), func(i, j int) { regions[i], regions[j] = regions[j], regions[i] })
	p.live, p.Insts = live, slices.Concat(append([][]Inst{code}, regions...)...)
	p.Bind(end)
}

func (p *program) width() Width {
	if p.level >= AVX512 {
		return W512
	}
	return W256
}

func (p *program) value(c Class) Reg {
	live := p.live[c]
	if n := p.keep; len(live) > n && p.rng.IntN(8) > 0 {
		live = live[len(live)-n:]
	}
	return live[p.rng.IntN(len(live))]
}

// target is where a result goes: a new value, or one that is there.
func (p *program) target(c Class) Reg {
	if p.rng.IntN(6) == 0 {
		return p.value(c)
	}
	return p.New(c)
}

func (p *program) define(r Reg) {
	if c := r.Class(); !slices.Contains(p.live[c], r) {
		p.live[c] = append(p.live[c], r)
	}
}

// element is an element of an array, or a word of the frame.
func (p *program) element() Arg {
	if p.rng.IntN(3) == 0 {
		return M(frameReg, int32(8*p.rng.IntN(20)))
	}
	return MX(p.value(GPR), p.value(GPR), 8, int32(p.rng.IntN(4)*64))
}

// source is a vector, in memory now and then.
func (p *program) source() Arg {
	switch p.rng.IntN(8) {
	case 0:
		return p.element()
	case 1:
		if p.level >= AVX512 {
			a := p.literal()
			a.Broadcast = true
			return a
		}
		return p.literal()
	}
	return R(p.value(Vec))
}

func (p *program) literal() Arg { return M(RIP, int32(64*p.rng.IntN(12))) }

func (p *program) constant() {
	v := p.New(Vec)
	switch p.rng.IntN(4) {
	case 0:
		p.Op(VXORPD, p.width(), R(v), R(v), R(v))
	case 1:
		p.Op(VMOVUPD, p.width(), R(v), p.literal())
	default:
		p.Op(VBROADCASTSD, p.width(), R(v), p.literal())
	}
	p.define(v)
}

func (p *program) vector() {
	w := p.width()
	v, x := p.target(Vec), R(p.value(Vec))
	switch p.rng.IntN(13) {
	case 0, 1:
		p.Op(VADDPD, w, R(v), x, p.source())
	case 2:
		p.Op(VSUBPD, w, R(v), x, p.source())
	case 3, 4, 5:
		args := []Arg{R(p.value(Vec)), R(p.value(Vec)), R(p.value(Vec))}
		args[p.rng.IntN(3)] = p.source()
		if p.rng.IntN(4) == 0 {
			args[2] = R(v)
			if !slices.Contains(p.live[Vec], v) {
				args[2] = R(p.value(Vec))
			}
		}
		p.Op([]Op{FMADDPD, FMSUBPD, FNMADDPD, FNMSUBPD}[p.rng.IntN(4)], w, R(v), args[0], args[1], args[2])
	case 6:
		p.Op(VSQRTPD, w, R(v), p.source())
	case 7:
		p.Op(VMOVAPD, w, R(v), x)
	case 8:
		p.Op(VPSLLQ, w, R(v), x, I(7))
	case 9:
		if p.level < AVX512 {
			p.Op(VBLENDVPD, w, R(v), x, p.source(), R(p.value(Vec)))
		} else {
			v = p.value(Vec)
			p.Op(VPTERNLOGQ, w, R(v), x, p.source(), I(0x96))
		}
	case 10:
		if p.level < AVX512 {
			p.Op(VADDPD, w, R(v), x, x)
		} else {
			v = p.value(Vec)
			in := p.Op([]Op{VADDPD, VMOVUPD}[p.rng.IntN(2)], w, R(v), x, x)
			if in.Op == VMOVUPD {
				in.N = 2
				in.Args[1] = p.source()
				in.Args[1].Broadcast = false
			}
			in.Mask, in.Zero = p.value(Mask), p.rng.IntN(2) == 0
		}
	case 11:
		p.Op(VPBROADCASTQ, w, R(v), p.element())
	case 12:
		if p.level < AVX512 {
			p.Op(VPTEST, w, R(v), x) // its flags are not looked at
			if !slices.Contains(p.live[Vec], v) {
				p.Insts[len(p.Insts)-1].Args[0] = x
			}
			return
		}
		m := p.target(Mask)
		p.Op(VCMPPDK, w, R(m), x, p.source(), I(1))
		p.define(m)
		return
	}
	p.define(v)
}

func (p *program) general() {
	r := p.target(GPR)
	switch p.rng.IntN(5) {
	case 0:
		p.Op(MOV, W64, R(r), R(p.value(GPR)))
	case 1:
		p.Op(LEA, W64, R(r), MX(p.value(GPR), p.value(GPR), 4, 8))
	case 2:
		r = p.value(GPR)
		p.Op(ADD, W64, R(r), R(p.value(GPR)))
	case 3:
		p.Op(MOV, W64, R(r), p.element())
	case 4:
		p.Op(MOV, W64, R(r), I(int64(p.rng.IntN(100))))
	}
	p.define(r)
}

func (p *program) mask() {
	m := p.target(Mask)
	switch p.rng.IntN(3) {
	case 0:
		p.Op(KANDW, W64, R(m), R(p.value(Mask)), R(p.value(Mask)))
	case 1:
		p.Op(KNOTW, W64, R(m), R(p.value(Mask)))
	case 2:
		p.Op(KMOVQ, W64, R(m), R(p.value(Mask)))
	}
	p.define(m)
}

// block makes statements; what it defines is known in it only, if inner.
func (p *program) block(n int, inner bool) {
	saved := p.live
	for c := range saved {
		saved[c] = slices.Clone(saved[c])
	}
	for range n {
		p.statement()
	}
	if inner {
		p.live = saved
	}
}

func (p *program) statement() {
	if p.budget--; p.budget < 0 {
		return
	}
	switch k := p.rng.IntN(100); {
	case k < 60:
		p.vector()
	case k < 70:
		p.general()
	case k < 75:
		p.constant()
	case k < 80 && p.level >= AVX512:
		p.mask()
	case k < 88:
		in := p.Op(VMOVUPD, p.width(), p.element(), R(p.value(Vec)))
		if p.level >= AVX512 && p.rng.IntN(3) == 0 {
			in.Mask = p.value(Mask)
		}
	case k < 89:
		p.jumpOut()
	case p.depth > 3:
	case k < 93: // a region
		p.depth++
		end := p.NewLabel()
		p.Op(JZ, 0, end)
		p.block(1+p.rng.IntN(12), true)
		p.Bind(end)
		p.depth--
	case k < 95: // one of two
		p.depth++
		els, end := p.NewLabel(), p.NewLabel()
		p.Op(JZ, 0, els)
		p.block(1+p.rng.IntN(8), true)
		p.Op(JMP, 0, end)
		p.Bind(els)
		p.block(1+p.rng.IntN(8), true)
		p.Bind(end)
		p.depth--
	case k < 98: // a loop that runs once at least
		p.depth++
		top := p.NewLabel()
		p.Bind(top)
		p.block(1+p.rng.IntN(25), false)
		p.Op(JNZ, 0, top)
		p.depth--
	default: // one that may not run
		p.depth++
		top, end := p.NewLabel(), p.NewLabel()
		p.Bind(top)
		p.Op(JZ, 0, end)
		p.block(1+p.rng.IntN(25), true)
		p.Op(JMP, 0, top)
		p.Bind(end)
		p.depth--
	}
}

func randomProgram(seed uint64, level Level) []Inst {
	labels := 100
	p := &program{Builder: NewBuilder(&labels), rng: rand.New(rand.NewPCG(seed, 2)), level: level}
	p.keep = 2 + p.rng.IntN(60)
	p.budget = 20 + p.rng.IntN(300)
	for range 2 + p.rng.IntN(9) {
		r := p.New(GPR)
		p.Op(MOV, W64, R(r), M(frameReg, int32(8*p.rng.IntN(20))))
		p.define(r)
	}
	for range 1 + p.rng.IntN(20) {
		p.constant()
	}
	if level >= AVX512 {
		for range 1 + p.rng.IntN(8) {
			m := p.New(Mask)
			p.Op(KMOVQ, W64, R(m), M(frameReg, int32(8*p.rng.IntN(20))))
			p.define(m)
		}
	}
	p.block(1000, false)
	if p.cold != nil {
		p.coldRegions()
	}
	for _, v := range p.live[Vec] {
		if p.rng.IntN(2) == 0 {
			p.Op(VMOVUPD, p.width(), M(frameReg, 0), R(v))
		}
	}
	return p.Insts
}

// checkPhysical tests that code names only registers that it may, and slots that are its own.
func checkPhysical(t *testing.T, code []Inst, level Level, spill [2]int32) {
	t.Helper()
	vectors := V0 + 16
	if level >= AVX512 {
		vectors += 16
	}
	reg := func(i int, r Reg) {
		ok := r == NoReg || r == RIP || r <= R15 && r != RSP && r != RBP || r >= V0 && r < vectors || r > K0 && r < K0+8
		if !ok {
			t.Fatalf("%s names a register it may not", &code[i])
		}
	}
	for i := range code {
		in := &code[i]
		reg(i, in.Mask)
		memory := 0
		for k := range int(in.N) {
			a := &in.Args[k]
			switch a.Kind {
			case Register:
				reg(i, a.Reg)
				if in.role(k)&writes != 0 && a.Reg == frameReg {
					t.Fatalf("instruction %d writes the frame's address", i)
				}
			case Memory:
				memory++
				if in.Op.info().memory>>k&1 == 0 {
					t.Fatalf("instruction %d: operand %d cannot be memory", i, k)
				}
				reg(i, a.Reg)
				reg(i, a.Index)
				if a.Reg == frameReg && a.Disp >= spill[0] {
					size := int32(8)
					if k := 1 - k; k >= 0 && in.Args[k].Kind == Register && in.Args[k].Reg.Class() == Vec {
						size = int32(in.W / 8)
					}
					if a.Disp+size > spill[1] || a.Disp%size != 0 {
						t.Fatalf("instruction %d: slot at %d, of %d bytes", i, a.Disp-spill[0], size)
					}
				}
			}
		}
		if memory > 1 {
			t.Fatalf("instruction %d has two operands in memory", i)
		}
	}
}

func TestAllocateRandom(t *testing.T) {
	n := uint64(1000)
	if testing.Short() {
		n = 60
	}
	const disp = 4096
	pool := NewPool()
	for k := range byte(64) {
		pool.Add(bytes.Repeat([]byte{k}, 64))
	}
	var total Stats
	for _, level := range []Level{AVX2, AVX512} {
		for seed := range n {
			code := randomProgram(seed, level)
			before := text(code)
			out, spill, stats, err := Allocate(nil, code, level, frameReg, disp)
			if err != nil {
				t.Fatalf("level %d, seed %d: %v\n%s", level, seed, err, before)
			}
			if text(code) != before {
				t.Fatalf("level %d, seed %d: the input has changed", level, seed)
			}
			slots := [2]int32{disp, disp + spill}
			checkPhysical(t, out, level, slots)
			if _, err := Assemble(out, pool, level); err != nil {
				t.Fatalf("level %d, seed %d: %v\nbefore:\n%s\nafter:\n%s", level, seed, err, before, text(out))
			}
			total.Spills += stats.Spills
			total.Reloads += stats.Reloads
			total.Folded += stats.Folded
			total.Moves += stats.Moves
			for run := range uint64(6) {
				want, got := simulate(code, run, [2]int32{}), simulate(out, run, slots)
				if !slices.Equal(want, got) {
					t.Fatalf("level %d, seed %d, run %d: other stores\nbefore:\n%s\nafter:\n%s", level, seed, run, before, text(out))
				}
			}
		}
	}
	if total.Spills == 0 || total.Reloads == 0 || total.Folded == 0 || total.Moves == 0 {
		t.Errorf("not everything was exercised: %+v", total)
	}
	t.Logf("%+v", total)
}
