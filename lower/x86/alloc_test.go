//go:build linux && amd64

package x86

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/numen-go/numen/lower/x86/asm"
)

// sums is a random program over vectors: what its code does, and the same in Go. A vector
// is of 8 numbers with AVX-512, else of 4.
type sums struct {
	b      *asm.Builder
	pool   *asm.Pool
	rng    *rand.Rand
	level  asm.Level
	lanes  int
	values []vectorValue
	steps  []func()
}

// vectorValue is a vector: the register, and its numbers when the program runs in Go.
type vectorValue struct {
	r asm.Reg
	x *[8]float64
}

func (p *sums) width() asm.Width { return asm.Width(64 * p.lanes) }

func (p *sums) add(v vectorValue) { p.values = append(p.values, v) }

func (p *sums) new() vectorValue { return vectorValue{p.b.New(asm.Vec), new([8]float64)} }

func (p *sums) any() vectorValue { return p.values[p.rng.IntN(len(p.values))] }

// literal makes a vector of one number, which the constant pool has.
func (p *sums) literal() vectorValue {
	v, x := p.new(), p.rng.Float64()-0.5
	bytes := make([]byte, 0, 64)
	for range p.lanes {
		for i := range 8 {
			bytes = append(bytes, byte(math.Float64bits(x)>>(8*i)))
		}
	}
	if p.level == asm.AVX512 {
		p.b.Op(asm.VBROADCASTSD, p.width(), asm.R(v.r), p.pool.Add(bytes[:8]))
	} else {
		p.b.Op(asm.VMOVUPD, p.width(), asm.R(v.r), p.pool.Add(bytes))
	}
	p.steps = append(p.steps, func() { p.each(v, func(int) float64 { return x }) })
	return v
}

func (p *sums) each(v vectorValue, f func(i int) float64) {
	for i := range p.lanes {
		v.x[i] = f(i)
	}
}

// op makes a statement. Results stay small: a sum is halved.
func (p *sums) op() {
	a, b, c, v := p.any(), p.any(), p.any(), p.new()
	if p.rng.IntN(5) == 0 {
		v = p.values[1+p.rng.IntN(len(p.values)-1)] // not the half
	}
	w, half := p.width(), p.values[0]
	var f func(i int) float64
	switch p.rng.IntN(6) {
	case 0:
		t := p.b.New(asm.Vec)
		p.b.Op(asm.VADDPD, w, asm.R(t), asm.R(a.r), asm.R(b.r))
		p.b.Op(asm.VMULPD, w, asm.R(v.r), asm.R(half.r), asm.R(t))
		f = func(i int) float64 { return (a.x[i] + b.x[i]) * half.x[i] }
	case 1:
		p.b.Op(asm.VMULPD, w, asm.R(v.r), asm.R(a.r), asm.R(b.r))
		f = func(i int) float64 { return a.x[i] * b.x[i] }
	case 2:
		p.b.Op(asm.VMINPD, w, asm.R(v.r), asm.R(a.r), asm.R(b.r))
		f = func(i int) float64 {
			if a.x[i] < b.x[i] {
				return a.x[i]
			}
			return b.x[i]
		}
	case 3, 4:
		t := p.b.New(asm.Vec)
		p.b.Op(asm.FMADDPD, w, asm.R(t), asm.R(a.r), asm.R(b.r), asm.R(c.r))
		p.b.Op(asm.VMULPD, w, asm.R(v.r), asm.R(t), asm.R(half.r))
		f = func(i int) float64 { return math.FMA(a.x[i], b.x[i], c.x[i]) * half.x[i] }
	case 5:
		t := p.b.New(asm.Vec)
		p.b.Op(asm.FNMADDPD, w, asm.R(t), asm.R(a.r), asm.R(b.r), asm.R(c.r))
		p.b.Op(asm.VMULPD, w, asm.R(v.r), asm.R(t), asm.R(half.r))
		f = func(i int) float64 { return math.FMA(-a.x[i], b.x[i], c.x[i]) * half.x[i] }
	}
	p.steps = append(p.steps, func() {
		x := vectorValue{x: new([8]float64)}
		p.each(x, f)
		*v.x = *x.x
	})
	p.add(v)
}

// TestAllocatedCode runs random programs with more values than there are registers, in a
// loop, and compares with Go.
func TestAllocatedCode(t *testing.T) {
	available(t)
	for _, level := range []asm.Level{asm.AVX2, asm.AVX512} {
		if Available(level) != nil {
			continue
		}
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			spills := 0
			for seed := range uint64(100) {
				spills += runSums(t, level, seed)
			}
			if spills == 0 {
				t.Error("all programs fit into the registers")
			}
		})
	}
}

func runSums(t *testing.T, level asm.Level, seed uint64) (spills int) {
	const turns = 3
	labels := 0
	p := &sums{b: asm.NewBuilder(&labels), pool: asm.NewPool(), rng: rand.New(rand.NewPCG(seed, 3)), level: level, lanes: 4}
	if level == asm.AVX512 {
		p.lanes = 8
	}
	for range 3 + p.rng.IntN(8) {
		v := p.literal()
		p.add(v)
	}
	count := p.b.New(asm.GPR)
	p.b.Op(asm.MOV, asm.W64, asm.R(count), asm.I(turns))
	before := len(p.steps)
	top := p.b.NewLabel()
	p.b.Bind(top)
	for range 10 + p.rng.IntN(120) {
		p.op()
	}
	p.b.Op(asm.SUB, asm.W64, asm.R(count), asm.I(1))
	p.b.Op(asm.JNZ, 0, top)
	out := newBench(4096)
	at := out.Temp(8 * len(p.values))
	for i, v := range p.values {
		p.b.Op(asm.VMOVUPD, p.width(), asm.M(Frame, int32(8*(at+8*i))), asm.R(v.r))
	}
	p.b.Op(asm.RET, 0)
	insts, spill, stats, err := asm.Allocate(nil, p.b.Insts, level, Frame, int32(8*out.free))
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	out.Temp(int(spill+7) / 8)
	code, err := asm.Assemble(insts, p.pool, level)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	text, err := load(code.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	defer text.close()
	text.run(text.addr, unsafe.Pointer(&out.mem[0]))
	for _, f := range p.steps[:before] {
		f()
	}
	for range turns {
		for _, f := range p.steps[before:] {
			f()
		}
	}
	for i, v := range p.values {
		for k := range p.lanes {
			if got, want := math.Float64frombits(out.mem[at+8*i+k]), v.x[k]; math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("seed %d: value %d, lane %d: %v, want %v\n%s", seed, i, k, got, want, code.Listing())
			}
		}
	}
	return stats.Spills
}
