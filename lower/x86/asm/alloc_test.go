package asm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// allocate allocates code whose results it compares in the abstract.
func allocate(t *testing.T, b *Builder, level Level) ([]Inst, Stats) {
	t.Helper()
	const disp = 4096
	out, spill, stats, err := Allocate(nil, b.Insts, level, frameReg, disp)
	if err != nil {
		t.Fatalf("%v\n%s", err, text(b.Insts))
	}
	slots := [2]int32{disp, disp + spill}
	checkPhysical(t, out, level, slots)
	for run := range uint64(20) {
		if want, got := simulate(b.Insts, run, [2]int32{}), simulate(out, run, slots); !slices.Equal(want, got) {
			t.Fatalf("other stores\nbefore:\n%s\nafter:\n%s", text(b.Insts), text(out))
		}
	}
	return out, stats
}

func ops(code []Inst) string {
	var names []string
	for i := range code {
		names = append(names, code[i].Op.String())
	}
	return strings.Join(names, " ")
}

func newBuilder() *Builder { return NewBuilder(new(int)) }

// load makes a vector that no other place in memory has.
func load(b *Builder, n int) Arg {
	v := R(b.New(Vec))
	b.Op(VMOVUPD, W256, v, M(frameReg, int32(1024+32*n)))
	return v
}

func store(b *Builder, n int, v Arg) { b.Op(VMOVUPD, W256, M(frameReg, int32(32*n)), v) }

// TestProducts checks the form of a product with a sum by the operands that live on, that
// is in memory, or that is the result.
func TestProducts(t *testing.T) {
	const a, b, c, d = 0, 1, 2, 3
	mem := M(frameReg, 512)
	for _, test := range []struct {
		memory int // operand, -1: none
		lives  []int
		result int // operand that it replaces; d: none
		want   string
	}{
		{-1, nil, d, "VFMADD213PD"},
		{-1, []int{a}, d, "VFMADD213PD"},
		{-1, []int{a, b}, d, "VFMADD231PD"},
		{-1, []int{b, c}, d, "VFMADD213PD"},
		{-1, []int{a, c}, d, "VFMADD213PD"},
		{-1, []int{a, b, c}, d, "VMOVAPD VFMADD231PD"},
		{-1, []int{a, b}, c, "VFMADD231PD"},
		{a, nil, d, "VFMADD132PD"},
		{a, []int{b}, d, "VFMADD231PD"},
		{a, []int{c}, d, "VFMADD132PD"},
		{a, []int{b, c}, d, "VMOVAPD VFMADD231PD"},
		{b, []int{a}, d, "VFMADD231PD"},
		{b, []int{c}, d, "VFMADD132PD"},
		{b, []int{a, c}, d, "VMOVAPD VFMADD231PD"},
		{c, []int{a}, d, "VFMADD213PD"},
		{c, []int{b}, d, "VFMADD213PD"},
		{c, []int{a, b}, d, "VMOVAPD VFMADD213PD"},
	} {
		t.Run(fmt.Sprint(test.memory, test.lives, test.result), func(t *testing.T) {
			b := newBuilder()
			var args [4]Arg
			for k := range 3 {
				if k == test.memory {
					args[k] = mem
				} else {
					args[k] = load(b, k)
				}
			}
			args[d] = R(b.New(Vec))
			start := len(b.Insts)
			b.Op(FMADDPD, W256, args[test.result], args[a], args[1], args[c])
			store(b, 0, args[test.result])
			for _, k := range test.lives {
				store(b, 1+k, args[k])
			}
			out, _ := allocate(t, b, AVX2)
			end := len(out) - 1 - len(test.lives)
			if got := ops(out[start:end]); got != test.want {
				t.Errorf("got %s, want %s\n%s", got, test.want, text(out))
			}
		})
	}
}

// TestMaskedProduct checks that elements that a mask leaves out stay those of the sum.
func TestMaskedProduct(t *testing.T) {
	b := newBuilder()
	x, y, sum := load(b, 0), load(b, 1), load(b, 2)
	k := b.New(Mask)
	b.Op(KMOVQ, W64, R(k), M(frameReg, 512))
	b.Op(FMADDPD, W512, sum, x, y, sum).Mask = k
	store(b, 0, sum)
	out, _ := allocate(t, b, AVX512)
	if got := ops(out[4:5]); got != "VFMADD231PD" {
		t.Errorf("got %s", got)
	}
	b = newBuilder()
	d := load(b, 3)
	b.Op(KMOVQ, W64, R(k), M(frameReg, 512))
	b.Op(FMADDPD, W512, d, load(b, 0), load(b, 1), load(b, 2)).Mask = k
	slices.Reverse(b.Insts[2:])
	if _, _, _, err := Allocate(nil, b.Insts, AVX512, frameReg, 0); err == nil {
		t.Error("a product that keeps elements of a fourth register has a form")
	}
}

// pressed makes a loop with n vectors that live all through it, between the statements of
// before and those of inside.
func pressed(n int, w Width, before, inside func(b *Builder)) *Builder {
	b := newBuilder()
	before(b)
	var sums []Arg
	for k := range n {
		v := R(b.New(Vec))
		b.Op(VMOVUPD, w, v, M(frameReg, int32(1024+64*k)))
		sums = append(sums, v)
	}
	top := b.NewLabel()
	b.Bind(top)
	inside(b)
	for k := range sums {
		b.Op(VADDPD, w, sums[k], sums[k], sums[(k+1)%n])
	}
	b.Op(JNZ, 0, top)
	for k := range sums {
		b.Op(VMOVUPD, w, M(frameReg, int32(64*k)), sums[k])
	}
	return b
}

// TestLiterals checks that literals become operands in memory where registers are short,
// spread from one element where the processor can.
func TestLiterals(t *testing.T) {
	for _, level := range []Level{AVX2, AVX512} {
		n, w := 14, W256
		if level >= AVX512 {
			n, w = 30, W512
		}
		for _, sums := range []int{n / 2, n} {
			var literals []Arg
			b := pressed(sums, w, func(b *Builder) {
				for k := range 4 {
					v := R(b.New(Vec))
					if level >= AVX512 {
						b.Op(VBROADCASTSD, w, v, M(RIP, int32(8*k)))
					} else {
						b.Op(VMOVUPD, w, v, M(RIP, int32(32*k)))
					}
					literals = append(literals, v)
				}
			}, func(b *Builder) {
				x := R(b.New(Vec))
				b.Op(VMOVUPD, w, x, M(frameReg, 512))
				b.Op(VMULPD, w, x, literals[0], x)
				b.Op(FMADDPD, w, x, x, literals[1], literals[2])
				b.Op(VSUBPD, w, x, x, literals[3])
				b.Op(VMOVUPD, w, M(frameReg, 512), x)
			})
			out, stats := allocate(t, b, level)
			want := 0
			if sums == n {
				want = 3 // one of 4 has a register; all in memory would be too many for FMADD
			}
			if stats.Spills != 0 || stats.Reloads > 1 || stats.Folded < want || sums < n && stats.Folded > 0 {
				t.Errorf("level %d, %d sums: %+v\n%s", level, sums, stats, text(out))
			}
			for i := range out {
				for k := range int(out[i].N) {
					if a := &out[i].Args[k]; a.Reg == RIP && !out[i].isLoad() && out[i].broadcasts() == 0 && a.Broadcast != (level >= AVX512) {
						t.Errorf("level %d: instruction %d spreads: %v", level, i, a.Broadcast)
					}
				}
			}
		}
	}
}

// TestCoalesced checks that the copy of a value that is not needed any more vanishes, and
// one of a value that is does not.
func TestCoalesced(t *testing.T) {
	b := newBuilder()
	x, y, z := load(b, 0), R(b.New(Vec)), R(b.New(Vec))
	b.Op(VMOVAPD, W256, y, x)
	b.Op(VMOVAPD, W256, z, y)
	b.Op(VADDPD, W256, y, y, y)
	store(b, 0, y)
	store(b, 1, z)
	r, s := R(b.New(GPR)), R(b.New(GPR))
	b.Op(MOV, W64, r, M(frameReg, 0))
	b.Op(MOV, W64, s, r)
	b.Op(ADD, W64, s, I(8))
	b.Op(MOV, W64, M(frameReg, 8), s)
	out, _ := allocate(t, b, AVX2)
	if got, want := ops(out), "VMOVUPD VMOVAPD VADDPD VMOVUPD VMOVUPD MOV ADD MOV"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestNarrowMove checks that a move that sets the upper half to 0 stays where that half
// is looked at.
func TestNarrowMove(t *testing.T) {
	b := newBuilder()
	x, y := load(b, 0), R(b.New(Vec))
	b.Op(VMOVAPD, W128, y, x)
	store(b, 0, y)
	out, _ := allocate(t, b, AVX2)
	if got, want := ops(out), "VMOVUPD VMOVAPD VMOVUPD"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestOutOfLine checks a region behind the loop that comes back into it.
func TestOutOfLine(t *testing.T) {
	for _, level := range []Level{AVX2, AVX512} {
		b := newBuilder()
		top, rare, back := b.NewLabel(), b.NewLabel(), b.NewLabel()
		x := load(b, 0)
		b.Bind(top)
		y := load(b, 1)
		b.Op(VADDPD, W256, y, y, x)
		b.Op(JZ, 0, rare)
		b.Bind(back)
		store(b, 0, y)
		var many []Arg
		for k := range 20 {
			many = append(many, load(b, 10+k))
		}
		for _, v := range many {
			b.Op(VADDPD, W256, y, y, v)
		}
		store(b, 0, y)
		b.Op(JNZ, 0, top)
		end := b.NewLabel()
		b.Op(JMP, 0, end)
		b.Bind(rare)
		b.Op(VMULPD, W256, y, x, x)
		b.Op(JMP, 0, back)
		b.Bind(end)
		store(b, 1, x)
		allocate(t, b, level)
	}
}

// TestLeftBehind checks a value that a loop defines and leaves behind, by an exit at
// its top.
func TestLeftBehind(t *testing.T) {
	b := newBuilder()
	first, top, end := b.NewLabel(), b.NewLabel(), b.NewLabel()
	v := R(b.New(Vec))
	b.Op(JMP, 0, first)
	b.Bind(top)
	b.Op(JZ, 0, end)
	for k := range 3 {
		store(b, k, load(b, k)) // may not take the register of v
	}
	b.Bind(first)
	b.Op(VMOVUPD, W256, v, M(frameReg, 512))
	b.Op(JMP, 0, top)
	b.Bind(end)
	store(b, 5, v)
	allocate(t, b, AVX2)
}

// TestGather checks that the registers of a gather differ.
func TestGather(t *testing.T) {
	b := newBuilder()
	index, mask, dst := load(b, 0), load(b, 1), load(b, 2)
	b.Op(VGATHERQPD, W256, dst, MX(RAX, index.Reg, 8, 0), mask)
	store(b, 0, dst)
	out, _ := allocate(t, b, AVX2)
	in := out[3]
	if d, x, m := in.Args[0].Reg, in.Args[1].Index, in.Args[2].Reg; d == x || d == m || x == m {
		t.Errorf("registers %v %v %v", d, x, m)
	}
}

// TestPhysical checks that physical registers in the code are nobody else's.
func TestPhysical(t *testing.T) {
	b := newBuilder()
	x := load(b, 0)
	b.Op(VADDPD, W256, R(V0), x, x)
	b.Op(VADDPD, W256, R(V0+1), x, R(V0))
	y := load(b, 1)
	b.Op(VADDPD, W256, y, y, R(V0+1))
	b.Op(VADDPD, W256, y, y, R(V0))
	store(b, 0, y)
	out, _ := allocate(t, b, AVX2)
	for _, in := range []Inst{out[0], out[3]} {
		if r := in.Args[0].Reg; r == V0 || r == V0+1 {
			t.Errorf("V%d is given away", r-V0)
		}
	}
}

// TestTooFew checks that code without a solution is an error.
func TestTooFew(t *testing.T) {
	b := newBuilder()
	k := R(b.New(Mask))
	b.Op(KMOVQ, W64, k, M(frameReg, 0))
	b.Op(KMOVQ, W64, M(frameReg, 8), k)
	if _, _, _, err := Allocate(nil, b.Insts, AVX2, frameReg, 0); err == nil {
		t.Error("AVX2 has mask registers")
	}
}

// function is about what a strip of a function looks like: polynomials of n members.
func function(members, terms int) []Inst {
	b := newBuilder()
	base := R(b.New(GPR))
	b.Op(MOV, W64, base, M(frameReg, 0))
	t := R(b.New(GPR))
	b.Op(MOV, W64, t, I(0))
	top := b.NewLabel()
	b.Bind(top)
	literal := func(n int) Arg {
		a := M(RIP, int32(8*n))
		a.Broadcast = true
		return a
	}
	for m := range members {
		x := R(b.New(Vec))
		b.Op(VMOVUPD, W512, x, MX(base.Reg, t.Reg, 8, int32(64*m)))
		p, q := x, x
		for k := range terms {
			r := R(b.New(Vec))
			b.Op(FMADDPD, W512, r, p, x, literal(k))
			s := R(b.New(Vec))
			b.Op(VMULPD, W512, s, q, r)
			p, q = r, s
		}
		b.Op(VADDPD, W512, p, p, q)
		b.Op(VMOVUPD, W512, MX(base.Reg, t.Reg, 8, int32(64*m)), p)
	}
	b.Op(ADD, W64, t, I(16))
	b.Op(CMP, W64, t, M(frameReg, 8))
	b.Op(JL, 0, top)
	return b.Insts
}

func BenchmarkAllocate(b *testing.B) {
	for name, code := range map[string][]Inst{"function": function(2, 250), "random": randomProgram(11, AVX512)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, _, err := Allocate(nil, code, AVX512, frameReg, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(code)), "ns/inst")
		})
	}
}

// TestPutAside checks that a region which needs registers, in line or out of line, has
// no stores or loads of spill slots outside itself.
func TestPutAside(t *testing.T) {
	for _, out := range []bool{false, true} {
		b := newBuilder()
		entry, back, end := b.NewLabel(), b.NewLabel(), b.NewLabel()
		region := func() {
			b.Bind(entry)
			var many []Arg
			for k := range 10 {
				many = append(many, load(b, 40+k))
			}
			for k := range many {
				b.Op(VADDPD, W256, many[0], many[0], many[k])
			}
			store(b, 31, many[0])
		}
		var sums []Arg
		for k := range 12 {
			sums = append(sums, load(b, k))
		}
		top := b.NewLabel()
		b.Bind(top)
		if out {
			b.Op(JNZ, 0, entry)
		} else {
			b.Op(JZ, 0, back)
			region()
		}
		b.Bind(back)
		for k := range sums {
			b.Op(VADDPD, W256, sums[k], sums[k], sums[(k+1)%len(sums)])
		}
		b.Op(JNZ, 0, top)
		for k := range sums {
			store(b, k, sums[k])
		}
		if out {
			b.Op(JMP, 0, end)
			region()
			b.Op(JMP, 0, back)
			b.Bind(end)
		}
		code, stats := allocate(t, b, AVX2)
		if stats.Spills == 0 {
			t.Errorf("out of line %v: no spills", out)
		}
		inside := false
		for i := range code {
			switch in := &code[i]; {
			case in.Op == LABEL:
				inside = in.Args[0] == entry
			case !inside:
				for _, a := range in.Args {
					if a.Kind == Memory && a.Reg == frameReg && a.Disp >= 4096 {
						t.Errorf("out of line %v: %s", out, in)
					}
				}
			}
		}
	}
}

// TestUnread checks that what nobody reads is left out, and what comes before it.
func TestUnread(t *testing.T) {
	b := newBuilder()
	x, y, z := load(b, 0), R(b.New(Vec)), R(b.New(Vec))
	b.Op(VADDPD, W256, y, x, x)
	b.Op(VSUBPD, W256, z, y, x)
	store(b, 0, x)
	out, _ := allocate(t, b, AVX2)
	if got, want := ops(out), "VMOVUPD VMOVUPD"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
