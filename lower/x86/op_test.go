//go:build linux && amd64

package x86

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// bench is the memory that the code of a test runs on, and the File of its words: it
// starts as a frame does, and holds the operands' elements as registers hold them.
type bench struct {
	mem  []uint64 // aligned to 64 bytes
	free int
}

func newBench(words int) *bench {
	b := &bench{mem: make([]uint64, words+8), free: int(loop.FirstWord)}
	for uintptr(unsafe.Pointer(&b.mem[0]))%64 != 0 {
		b.mem = b.mem[1:]
	}
	return b
}

func (b *bench) Temp(n int) int {
	at := b.free
	b.free += (n + 7) &^ 7
	if b.free > len(b.mem) {
		panic("the bench is too small")
	}
	return at
}

func (*bench) Var(*loop.Var) int                 { panic("no variables here") }
func (*bench) Array(*loop.Array) loop.ArrayWords { panic("no arrays here") }

// array is the elements of an operand on the bench.
type array struct {
	d  ir.DType
	at int // word
}

func (b *bench) array(d ir.DType, elems []uint64) array {
	a := array{d, b.Temp(len(elems) + 8)}
	for i, v := range elems {
		b.put(a, i, v)
	}
	return a
}

func (b *bench) put(a array, i int, v uint64) {
	if lane(a.d) == 8 {
		b.mem[a.at+i] = v
		return
	}
	(*[2]uint32)(unsafe.Pointer(&b.mem[a.at+i/2]))[i%2] = uint32(v)
}

// get returns an element as ir keeps it.
func (b *bench) get(a array, i int) uint64 {
	if lane(a.d) == 8 {
		return b.mem[a.at+i]
	}
	v := (*[2]uint32)(unsafe.Pointer(&b.mem[a.at+i/2]))[i%2]
	if a.d.Kind() == ir.KindInt {
		return uint64(int32(v))
	}
	return uint64(v)
}

// code makes code that runs emit for every lanes positions of n, and stores its result in
// out. Operands are arrays or literals.
func (b *bench) code(level asm.Level, lanes, n int, out array, emit func(s *strip, load func(a array) operand) asm.Reg) (*text, error) {
	labels := 0
	e := &emitter{level: level, file: b, pool: asm.NewPool()}
	s := &strip{emitter: e, b: asm.NewBuilder(&labels), lanes: lanes}
	i := s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(i), asm.I(0))
	top := s.b.NewLabel()
	s.b.Bind(top)
	at := func(a array) asm.Arg { return asm.MX(Frame, i, uint8(lane(a.d)), int32(8*a.at)) }
	r := emit(s, func(a array) operand {
		if a.d == ir.Bool {
			words := register(boolAs, s.vec(asm.VMOVUPS, s.width(boolAs), at(array{boolAs, a.at})))
			return register(ir.Bool, s.isNot0(words))
		}
		return register(a.d, s.vec(asm.VMOVUPS, s.width(a.d), at(a)))
	})
	if out.d == ir.Bool {
		out.d = boolAs
		r = s.selectOr0(r, s.constant(out.d, 1))
	}
	s.b.Op(asm.VMOVUPS, s.width(out.d), at(out), asm.R(r))
	s.b.Op(asm.ADD, asm.W64, asm.R(i), asm.I(int64(lanes)))
	s.b.Op(asm.CMP, asm.W64, asm.R(i), asm.I(int64(n)))
	s.b.Op(asm.JL, 0, top)
	s.b.Op(asm.RET, 0)
	insts, spill, _, err := asm.Allocate(nil, slices.Clone(s.b.Insts), level, Frame, int32(8*b.free))
	if err != nil {
		return nil, err
	}
	b.Temp(int(spill+7) / 8)
	c, err := asm.Assemble(insts, e.pool, level)
	if err != nil {
		return nil, err
	}
	return load(c.Bytes)
}

// boolAs is the dtype that bools have in memory here.
const boolAs = ir.Uint32

// lanesOf returns how many positions vectors may have where d's occur.
func lanesOf(level asm.Level, ds ...ir.DType) []int {
	most := 16
	for _, d := range ds {
		if lane(d) == 8 {
			most = 8
		}
	}
	if level == asm.AVX2 {
		most /= 2
	}
	if most == 4 {
		return []int{4}
	}
	return []int{most, most / 2}
}

// special returns elements of a dtype at which an op may go wrong.
func special(d ir.DType) []uint64 {
	switch d.Kind() {
	case ir.KindBool:
		return []uint64{0, 1}
	case ir.KindFloat:
		var all []uint64
		for _, v := range []float64{
			0, 1, 2, 3, 0.5, 1.5, 2.5, 0.3, 127, 127.9, 128, 128.5, 129, 255, 255.5, 256, 32767.5, 32768, 32769, 65535.5, 65536,
			0x1p22 + 0.5, 0x1p23 - 0.5, 0x1p23, 0x1p24 - 1, 0x1p24, 0x1p31 - 128, 0x1p31 - 1, 0x1p31, 0x1p31 + 256, 0x1p32 - 256, 0x1p32 - 1, 0x1p32, 0x1p33,
			0x1p51 + 0.5, 0x1p52 - 0.5, 0x1p52, 0x1p53 - 1, 0x1p53, 0x1p62, 0x1.fffffffffffffp62, 0x1.fffffep62, 0x1p63, 0x1.8p63, 0x1.fffffffffffffp63, 0x1.fffffep63, 0x1p64, 0x1p65,
			0x1p-126, 0x1p-149, 0x1p-1022, 5e-324, 0x1.fffffep127, 0x1p128, math.MaxFloat64, math.Inf(1),
		} {
			all = append(all, ir.Float(d, v), ir.Float(d, -v))
		}
		return append(all, ir.Float(d, math.NaN()), ir.Float(d, math.NaN())|signBits(d))
	}
	bits := 8 * d.Size()
	var all []uint64
	for _, v := range []uint64{0, 1, 2, 3, 7, 15, 16, 31, 32, 33, 63, 64, 100, 1000, 2047, 2048, 2049} {
		all = append(all, v, -v)
	}
	for _, k := range []int{7, 8, 15, 16, 24, 25, 31, 32, 52, 53, 54, 62, 63} {
		all = append(all, 1<<k-1, 1<<k, 1<<k+1, -(uint64(1) << k), -(uint64(1)<<k)+1, -(uint64(1)<<k)-1, 1<<k|1<<(k/2), 1<<k|1<<(k/2)|1)
	}
	for i, v := range all {
		all[i] = ofDType(d, v, bits)
	}
	return all
}

// ofDType makes an element of an integer dtype of the low bits of v.
func ofDType(d ir.DType, v uint64, bits int) uint64 {
	if d.Kind() == ir.KindInt {
		return uint64(int64(v<<(64-bits)) >> (64 - bits))
	}
	return v << (64 - bits) >> (64 - bits)
}

// random returns an element: of any bits, of moderate size or special.
func random(r *rand.Rand, d ir.DType, special []uint64) uint64 {
	bits := 8 * d.Size()
	switch {
	case d == ir.Bool:
		return r.Uint64() & 1
	case r.IntN(4) == 0:
		return special[r.IntN(len(special))]
	case d.IsFloat() && r.IntN(2) == 0:
		return ir.Float(d, math.Ldexp(r.Float64()*2-1, r.IntN(70)))
	case d == ir.Float32:
		return uint64(r.Uint32())
	case d == ir.Float64:
		return r.Uint64()
	}
	v := r.Uint64() >> r.IntN(bits) << r.IntN(bits)
	if r.IntN(2) == 0 {
		v = -v
	}
	return ofDType(d, v, bits)
}

func sameElement(d ir.DType, x, y uint64) bool { return x == y || isNaN(d, x) && isNaN(d, y) }

func isNaN(d ir.DType, x uint64) bool {
	return d.IsFloat() && x&^signBits(d) > ir.Float(d, math.Inf(1))
}

// operandsOf returns the dtypes of an op's operands, given that of the last.
func operandsOf(op *ir.Op, last ir.DType) []ir.DType {
	ds := make([]ir.DType, len(op.Scalar.In))
	for i, in := range op.Scalar.In {
		ds[i] = last
		if !in.Has(last) {
			ds[i] = ir.Bool
		}
	}
	return ds
}

// inputs returns positions of operands at which an op is tried. Ops that are defined on
// part of the numbers get such numbers.
func inputs(r *rand.Rand, op *ir.Op, ds []ir.DType) [][]uint64 {
	in := make([][]uint64, len(ds))
	specials := make([][]uint64, len(ds))
	for i, d := range ds {
		specials[i] = special(d)
	}
	add := func(x ...uint64) {
		switch d := ds[len(ds)-1]; op {
		case ir.OpLowBits:
			most := math.Ldexp(1, 8*d.Size()-13) // 2^51, which holds for float32 too
			x[0] = ir.Float(d, math.Trunc(float64(r.Int64())/0x1p63*math.Ldexp(min(most, 0x1p31), r.IntN(20)-19)))
		case ir.OpScaleNormal:
			least, bias := -1022, 1023
			if d == ir.Float32 {
				least, bias = -126, 127
			}
			from, to := least+r.IntN(bias-least), least+r.IntN(bias-least)
			x[0] = ir.Float(d, math.Ldexp(1+float64(r.IntN(1<<23))/(1<<23), from))
			x[1] = ir.Float(d, float64(to-from))
		}
		for i, v := range x {
			in[i] = append(in[i], v)
		}
	}
	if len(ds) == 1 {
		for _, x := range specials[0] {
			add(x)
		}
	}
	if len(ds) == 2 {
		for _, x := range specials[0] {
			for _, y := range specials[1] {
				add(x, y)
			}
		}
	}
	for range 2000 {
		x := make([]uint64, len(ds))
		for i, d := range ds {
			x[i] = random(r, d, specials[i])
		}
		add(x...)
	}
	for len(in[0])%16 != 0 {
		add(specialsAt(specials)...)
	}
	return in
}

func specialsAt(specials [][]uint64) []uint64 {
	x := make([]uint64, len(specials))
	for i, s := range specials {
		x[i] = s[0]
	}
	return x
}

var levels = []asm.Level{asm.AVX2, asm.AVX512}

func levelName(l asm.Level) string {
	return map[asm.Level]string{asm.AVX2: "avx2", asm.AVX512: "avx512"}[l]
}

// TestRows compares every row with the evaluator, at both levels, with vectors and with
// literals as operands.
func TestRows(t *testing.T) {
	available(t)
	for key, emit := range opTable {
		if key.op == ir.OpLookup {
			continue // TestLookup
		}
		r := rand.New(rand.NewPCG(1, 2))
		ds := operandsOf(key.op, key.arg)
		in := inputs(r, key.op, ds)
		n := len(in[0])
		want := make([]uint64, n) // of vectors, the same for all levels
		x := make([]uint64, len(ds))
		for i := range want {
			for k := range ds {
				x[k] = in[k][i]
			}
			want[i] = ir.EvalOp(key.op, key.out, ds, x)
		}
		for _, level := range levels {
			if Available(level) != nil {
				continue
			}
			for _, lanes := range lanesOf(level, append(ds, key.out)...) {
				// literals: which operand is one, -1: none.
				for literal := -1; literal < len(ds) && (literal < 0 || len(ds) > 1); literal++ {
					values := []uint64{0}
					if literal >= 0 {
						values = special(ds[literal])
						r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
						values = append([]uint64{0}, values[:min(len(values), 8)]...)
					}
					for _, v := range values {
						m := n
						if literal >= 0 {
							if key.op == ir.OpScaleNormal {
								continue // no literal suits every operand
							}
							m = 64
						}
						name := fmt.Sprintf("%s %s, %s of %v, %d lanes, operand %d is the literal %#x", levelName(level), key.op, key.out, ds, lanes, literal, v)
						b := newBench(4*n + 1024)
						var arrays []array
						for i, d := range ds {
							arrays = append(arrays, b.array(d, in[i][n-m:]))
						}
						out := b.array(key.out, make([]uint64, m))
						code, err := b.code(level, lanes, m, out, func(s *strip, load func(array) operand) asm.Reg {
							args := make([]operand, len(ds))
							for i := range ds {
								if i == literal {
									args[i] = s.constant(ds[i], v)
								} else {
									args[i] = load(arrays[i])
								}
							}
							return emit(s, key.out, args)
						})
						if err != nil {
							t.Fatalf("%s: %v", name, err)
						}
						code.run(code.addr, unsafe.Pointer(&b.mem[0]))
						if err := code.close(); err != nil {
							t.Fatal(err)
						}
						for i := range m {
							for k := range ds {
								x[k] = in[k][n-m+i]
							}
							w := want[n-m+i]
							if literal >= 0 {
								x[literal] = v
								w = ir.EvalOp(key.op, key.out, ds, x)
							}
							if got := b.get(out, i); !sameElement(key.out, got, w) {
								t.Errorf("%s: of %#x is %#x, want %#x", name, x, got, w)
								break
							}
						}
					}
				}
			}
		}
	}
}

// TestRowsAreComplete holds that machine code runs all that the portable executor runs.
func TestRowsAreComplete(t *testing.T) {
	for op, out := range loop.Rows() {
		for _, level := range levels {
			if opFor(level, op.Op, out, op.DType) == nil {
				t.Errorf("%s has no %s to %s of %s", levelName(level), op.Op, out, op.DType)
			}
			if !Keep(level)(op.Op, op.DType) {
				t.Errorf("%s does not keep %s of %s", levelName(level), op.Op, op.DType)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	available(t)
	r := rand.New(rand.NewPCG(3, 4))
	for key, emit := range opTable {
		if key.op != ir.OpLookup {
			continue
		}
		table := &ir.Table{DType: key.out}
		for range 16 {
			table.Entries = append(table.Entries, ofDType(key.out, r.Uint64(), 8*key.out.Size()))
		}
		var in, want []uint64
		for range 256 {
			v := ofDType(key.arg, r.Uint64(), 8*key.arg.Size())
			in, want = append(in, v), append(want, table.Entries[v&15])
		}
		for _, level := range levels {
			if Available(level) != nil {
				continue
			}
			for _, lanes := range lanesOf(level, key.out, key.arg) {
				b := newBench(2048)
				index, out := b.array(key.arg, in), b.array(key.out, make([]uint64, len(in)))
				b.run(t, level, lanes, len(in), out, func(s *strip, load func(array) operand) asm.Reg {
					return emit(s, key.out, []operand{load(index), s.table(table)})
				})
				for i, w := range want {
					if got := b.get(out, i); got != w {
						t.Fatalf("%s, %d lanes: entry %d of %s by %s is %#x, want %#x", levelName(level), lanes, in[i]&15, key.out, key.arg, got, w)
					}
				}
			}
		}
	}
}

// TestMasks tries what strips do with masks beside the ops of bools.
func TestMasks(t *testing.T) {
	available(t)
	for _, level := range levels {
		if Available(level) != nil {
			continue
		}
		for _, d := range []ir.DType{ir.Float32, ir.Int64} {
			for _, lanes := range lanesOf(level, d) {
				for n := 1; n <= 16; n++ {
					for member := range 16 / lanes {
						b := newBench(512)
						out := b.array(d, make([]uint64, lanes))
						count := b.Temp(1)
						b.mem[count] = uint64(n)
						b.run(t, level, lanes, lanes, out, func(s *strip, _ func(array) operand) asm.Reg {
							// 2 where position is below n and 1 elsewhere; 3 everywhere if it never is.
							g := s.b.New(asm.GPR)
							s.b.Op(asm.MOV, asm.W64, asm.R(g), word(count))
							k := s.tailMask(g, member)
							r := s.blend(k, s.load(s.constant(d, 2)), s.load(s.constant(d, 1)), d)
							some := s.b.NewLabel()
							none := s.b.NewLabel()
							s.jumpIfNone([]asm.Reg{k, s.maskAnd(k, k), s.maskAndNot(k, k)}, none)
							s.b.Op(asm.JMP, 0, some)
							s.b.Bind(none)
							s.b.Op(asm.VMOVUPS, s.width(d), asm.R(r), asm.R(s.load(s.constant(d, 3))))
							s.b.Bind(some)
							return r
						})
						for i := range lanes {
							want := uint64(1)
							if n <= member*lanes {
								want = 3
							} else if member*lanes+i < n {
								want = 2
							}
							if got := b.get(out, i); got != want {
								t.Fatalf("%s, %d lanes, member %d: position %d of %d has %d, want %d", levelName(level), lanes, member, i, n, got, want)
							}
						}
					}
				}
			}
		}
	}
}

// TestBroadcast spreads one element of every dtype.
func TestBroadcast(t *testing.T) {
	available(t)
	for _, level := range levels {
		if Available(level) != nil {
			continue
		}
		for d := ir.Bool; d <= ir.Float64; d++ {
			for _, lanes := range lanesOf(level, d) {
				for _, v := range special(d) {
					b := newBench(512)
					out := b.array(d, make([]uint64, lanes))
					from := b.Temp(1)
					b.mem[from] = v | 0xa5a5a5a5a5a5a5a5<<(8*d.Size()-1)<<1 // the bytes above are anybody's
					b.run(t, level, lanes, lanes, out, func(s *strip, _ func(array) operand) asm.Reg { return s.broadcast(d, word(from)) })
					for i := range lanes {
						if got := b.get(out, i); got != v {
							t.Fatalf("%s, %d lanes: position %d of %s %#x is %#x", levelName(level), lanes, i, d, v, got)
						}
					}
				}
			}
		}
	}
}

// run makes code and runs it once.
func (b *bench) run(t *testing.T, level asm.Level, lanes, n int, out array, emit func(s *strip, load func(array) operand) asm.Reg) {
	t.Helper()
	code, err := b.code(level, lanes, n, out, emit)
	if err != nil {
		t.Fatal(err)
	}
	code.run(code.addr, unsafe.Pointer(&b.mem[0]))
	if err := code.close(); err != nil {
		t.Fatal(err)
	}
}

// TestCost holds that costs are of the right order.
func TestCost(t *testing.T) {
	for _, level := range levels {
		cost := Cost(level)
		for op, out := range loop.Rows() {
			free := op.Op == ir.OpRawBits || op.Op == ir.OpAbs || op.Op == ir.OpCast // for some dtypes
			if c := cost(op.Op, op.DType); c > 10 || c <= 0 && !free {
				t.Errorf("%s: %s of %s to %s costs %g ns", levelName(level), op.Op, op.DType, out, c)
			}
		}
		if add, div, quo := cost(ir.OpAdd, ir.Float64), cost(ir.OpDiv, ir.Float64), cost(ir.OpQuo, ir.Int64); add*4 > div || div > quo || cost(ir.OpAdd, ir.Float32) >= add {
			t.Errorf("%s: a sum costs %g ns, a quotient %g, of integers %g", levelName(level), add, div, quo)
		}
	}
}
