//go:build linux && amd64

package x86

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// stripCase is the body of a loop over arrays of N, or of M by N, elements.
type stripCase struct {
	name, arrays, body string
}

// text returns the loop of a case.
func (c *stripCase) text() string {
	return fmt.Sprintf("loop test(M, N, P, s f64, %s):\n%s", c.arrays, c.body)
}

// strip returns a loop of one strip with the statements given.
func oneStrip(name, arrays string, body ...string) stripCase {
	return stripCase{name, arrays, "  for i = 0 to 1:\n    strip t < N:\n      " + strings.Join(body, "\n      ") + "\n"}
}

var stripCases = []stripCase{
	oneStrip("add", "in a f64[_], in b f64[_], out o f64[_]", "o[t] = a[t] + b[t]"),
	oneStrip("mul_add", "in a f64[_], in b f64[_], in c f64[_], out o f64[_]", "o[t] = a[t] + b[t] * c[t] * s"),
	oneStrip("f32", "in a f32[_], in b f32[_], out o f32[_]", "o[t] = a[t] * b[t] - 1.5_f32"),
	oneStrip("i64", "in a i64[_], in b i64[_], out o i64[_]", "o[t] = a[t] * b[t] + t - P"),
	oneStrip("i32", "in a i32[_], in b i32[_], out o i32[_]", "o[t] = a[t] + b[t]"),
	oneStrip("i8", "in a i8[_], in b i8[_], out o i8[_]", "o[t] = a[t] + b[t]"),
	oneStrip("u16", "in a u16[_], in b u16[_], out o u16[_]", "o[t] = a[t] * b[t]"),
	oneStrip("u8_f64", "in a u8[_], out o f64[_]", "o[t] = f64(a[t]) * s"),
	oneStrip("bools", "in a bool[_], in b bool[_], in x f64[_], out o bool[_]", "o[t] = (a[t] ^ b[t]) | (x[t] < 0.0)"),
	oneStrip("bools_f32", "in a bool[_], in b bool[_], in x f32[_], out o bool[_]", "o[t] = (a[t] & ~b[t]) | (x[t] < 0.0_f32)"),
	oneStrip("uniform", "in a f64[_], in b f64[_,_], out o f64[_]", "o[t] = a[t] + b[0, 0] / f64(N) + s"),
	oneStrip("fill", "out o f64[_], out p i8[_], out q bool[_]", "o[t] = -0.0", "p[t] = 3_i8", "q[t] = true"),
	oneStrip("names", "in a f64[_], out o f64[_], out p f64[_]", "v = a[t] * a[t]", "w = v + a[t]", "u = s * 2.0", "o[t] = w * u", "p[t] = v - w"),
	oneStrip("iota", "out o f64[_], out p i64[_]", "o[t] = f64(P - 3 * t)", "p[t] = 2 * t + P"),
	oneStrip("data", "in p i64[_], in a f64[_,_], out o f64[_]", "o[t] = a[1, p[t] & N - 1 - p[t] & 0] + a[0, select(p[t] < 0, 0, min(p[t], N - 1))]"),
	oneStrip("transposed", "in a f64[_,_], out o f64[_,_]", "o[0, t] = a[0, N - 1 - t]"),
	oneStrip("reversed", "in a i16[_], in b f32[_], out o i16[_], out p f32[_]", "o[t] = a[N - 1 - t]", "p[N - 1 - t] = b[t]"),
	oneStrip("select", "in a f64[_], in b f64[_], out o f64[_]", "o[t] = select(a[t] < b[t], a[t], 1.0)"),
	oneStrip("pick", "in a f64[_], in b f64[_], out o f64[_]", "o[t] = pick(a[t] < b[t], a[t] + b[t] * 2.0, sqrt(b[t]))"),
	oneStrip("pick_load", "in a f64[_], in p bool[_], out o f64[_]", "o[t] = pick(p[t], a[t] * 2.0, a[t] + 1.0)"),
	oneStrip("pick_deep", "in a f32[_], in p bool[_], in q bool[_], out o f32[_]", "v = a[t] * 2.0_f32", "w = v + 1.0_f32",
		"o[t] = pick(p[t], pick(q[t], w * v, a[t]), pick(q[t], v, 3.0_f32))"),
	oneStrip("pick_uniform", "in a f64[_], in b f64[_,_], out o f64[_]", "o[t] = pick(0 < P, a[t] * b[0, 0], s)"),
	oneStrip("pick_outside", "in a f64[_], out o f64[_]", "o[t] = pick(within(t, 3, N - 3), a[t - 3] + a[t + 3], s)"),
	oneStrip("within_f32", "in a f32[_], out o f32[_]", "o[t] = pick(within(t, P, N - P), a[t], 1.0_f32)"),
	oneStrip("within_u8", "in a u8[_], out o u8[_]", "o[t] = pick(within(t, P, N - 5), a[t], 7_u8)"),
	oneStrip("rare", "in a f64[_], out o f64[_]", "v = a[t] * 3.0", "w = v / 7.0", "u = w + v", "o[t] = rare(v != v, v + 1.0, u * w)"),
	oneStrip("rare_load", "in a f64[_], in b f64[_], out o f64[_]", "v = b[t] + 1.0", "o[t] = rare(a[t] < 0.0, a[t], v)"),
	{"nothing", "in p i64[_], in a f64[_,_], out o f64[_]", "  for i = 0 to 1:\n    strip t < min(N - 6, 5):\n      o[t] = a[check(p[5], M, t, 0), t] + a[p[N - 1] * 0, t]\n"},
	oneStrip("check", "in p i64[_], in a f64[_,_], out o f64[_]", "o[t] = a[0, check(p[t], N, P + 2 * t, 1)]"),
	oneStrip("check_two", "in p i64[_], in a f32[_,_], out o f32[_]", "o[t] = a[0, check(p[t], N, t, 1)] + a[0, check(p[t] + 1, N, t, 0)]"),
	oneStrip("check_picked", "in p i64[_], in c bool[_], in a f64[_,_], out o f64[_]", "o[t] = pick(c[t], a[0, check(p[t], N, t, 1)], s)"),
	oneStrip("check_u8", "in p i64[_], in a u8[_,_], out o u8[_]", "o[t] = a[0, check(p[t], N, 5 - t, 2)]"),
	oneStrip("below", "in a f64[_], out o f64[_]",
		"v = a[t]", "v_1 = select(t & 1 != 0, below(v, 1) + v, v)", "v_2 = select(t & 2 != 0, below(v_1, 2) + v_1, v_1)",
		"v_3 = select(t & 4 != 0, below(v_2, 4) + v_2, v_2)", "o[t] = select(t & 8 != 0, below(v_3, 8) + v_3, v_3)"),
	oneStrip("below_f32", "in a f32[_], out o f32[_]",
		"v = a[t]", "v_1 = select(t & 1 != 0, below(v, 1) + v, v)", "v_2 = select(t & 2 != 0, below(v_1, 2) + v_1, v_1)",
		"v_3 = select(t & 4 != 0, below(v_2, 4) + v_2, v_2)", "o[t] = select(t & 8 != 0, below(v_3, 8) + v_3, v_3)"),
	oneStrip("below_i8", "in a i8[_], in b bool[_], out o i8[_], out p bool[_]",
		"v = a[t]", "v_1 = select(t & 1 != 0, below(v, 1) + v, v)", "w = b[t]", "w_1 = select(t & 8 != 0, below(w, 8) ^ w, w)", "o[t] = select(t & 4 != 0, below(v_1, 4) + v_1, v_1)", "p[t] = w_1"),
	oneStrip("groups", "in a f64[_], in g f64[_], out o f64[_]", "o[t] = a[t] + g[t >> 4]"),
	oneStrip("groups_f32", "in a f32[_], in g f32[_], out o f32[_]", "o[t] = a[t] + g[t >> 4]"),
	lanesCase("sum_f64", "f64", "-0.0", "sum", "x[t] * x[t]"),
	lanesCase("sum_f32", "f32", "-0.0_f32", "sum", "x[t]"),
	lanesCase("sum_i8", "i8", "0_i8", "sum", "x[t]"),
	lanesCase("min_f64", "f64", "inf", "min", "x[t]"),
	lanesCase("max_i64", "i64", "-9223372036854775808", "max", "x[t]"),
	lanesCase("prod_u16", "u16", "1_u16", "prod", "x[t] + 1_u16"),
	lanesCase("any", "bool", "false", "any", "x[t]"),
	{"fma", "in x f64[_], in y f64[_], out o f64[_]", "  for i = 0 to 1:\n    local a f64[16]\n    strip t < 16:\n      a[t] = -0.0\n    for j = 0 to N step 48:\n      strip t < min(48, N - j):\n        lanes(fma, a, (x[j + t], y[j + t]), j & 15)\n    fold(fma, a)\n    strip t < 1:\n      o[0] = a[0]\n"},
	{"at", "in x f64[_], out o f64[_]", "  for i = 0 to 1:\n    local a f64[16]\n    strip t < 16:\n      a[t] = -0.0\n    for j = 0 to N step 21:\n      strip t < min(21, N - j):\n        lanes(sum, a, x[j + t], j)\n    strip t < min(N, 16):\n      o[t] = a[t]\n"},
	{"at_any", "in x bool[_], out o bool[_]", "  for i = 0 to 1:\n    local a bool[16]\n    strip t < 16:\n      a[t] = false\n    for j = 0 to N step 5:\n      strip t < min(5, N - j):\n        lanes(any, a, x[j + t], j + P)\n    strip t < min(N, 16):\n      o[t] = a[t]\n"},
	{"argmax", "in x f64[_], out o i64[_]", "  for i = 0 to 1:\n    local v f64[16]\n    local p i64[16]\n    strip t < 16:\n      v[t] = -inf\n      p[t] = -1\n    for j = 0 to N step 256:\n      strip t < min(256, N - j):\n        lanes(argmax, (v, p), (x[j + t], j + t))\n    fold(argmax, (v, p))\n    strip t < min(N, 1):\n      o[0] = p[0]\n"},
	{"argmin_f32", "in x f32[_], out o i64[_]", "  for i = 0 to 1:\n    local v f32[16]\n    local p i64[16]\n    strip t < 16:\n      v[t] = inf_f32\n      p[t] = -1\n    strip t < N:\n      lanes(argmin, (v, p), (x[t], t))\n    fold(argmin, (v, p))\n    strip t < min(N, 1):\n      o[0] = p[0]\n"},
	{"chain", "in x f64[_], in y f64[_], out o f64[_]", "  for i = 0 to 1:\n    local a f64[1]\n    strip t < 1:\n      a[0] = -0.0\n    strip t < N:\n      lanes(fma, a, (x[t], y[t]))\n    strip t < min(N, 1):\n      o[0] = a[0]\n"},
	{"prefix", "in x f64[_], out o f64[_]", "  for i = 0 to 1:\n    local c f64[1]\n    strip t < 1:\n      c[0] = -0.0\n    strip t < N:\n      prefix(sum, c, o[t], x[t] * 2.0)\n    strip t < min(N, 1):\n      o[0] = c[0]\n"},
	{"prefix_i8", "in x i8[_], out o i8[_]", "  for i = 0 to 1:\n    local c i8[1]\n    strip t < 1:\n      c[0] = 5_i8\n    strip t < N:\n      prefix(sum, c, o[N - 1 - t], x[t])\n"},
	{"prefix_groups", "in x f64[_], out o f64[_]", "  for i = 0 to 1:\n    local c f64[1]\n    local g f64[16]\n    strip t < 1:\n      c[0] = s\n    w = min(N >> 4, 16)\n    strip t < w:\n      prefix(sum, c, g[t], x[16 * t + 15])\n    if N & 15 != 0:\n      strip t < 1:\n        prefix(sum, c, g[min(w, 15) + t], x[t + N - 1])\n    strip t < min(N, 16):\n      o[t] = g[0]\n"},
	{"scatter", "in p i64[_], in x f64[_], inout o f64[_]", "  for i = 0 to 1:\n    strip t < N:\n      scatter(sum, o[select(p[t] < N, p[t], -1)], x[t])\n"},
	{"scatter_rows", "in p i64[_], in x f64[_,_], inout o f64[_,_]", "  for i = 0 to M:\n    strip t < N:\n      scatter(sum, o[check(i - 1, M, i, 0), t], x[i, t] * 2.0)\n"},
	{"scatter_i16", "in p i64[_], in x i16[_], inout o i16[_]", "  for i = 0 to 1:\n    strip t < N:\n      scatter(max, o[check(p[t], N, t, 1)], x[t])\n"},
	{"append", "in x f64[_], out o f64[_], out p i64[_], out q u8[_], out c i64[_]", "  n = 0\n  for j = 0 to N step 40:\n    strip t < min(40, N - j):\n      append(n, x[j + t] < 0.5, (o, p, q), (x[j + t], j + t, 3_u8))\n  for i = 0 to min(N, 1):\n    c[0] = n\n"},
	{"append_f32", "in x f32[_], in p i32[_], out o f32[_], out q i32[_], out c i64[_]", "  n = 0\n  for j = 0 to N step 40:\n    strip t < min(40, N - j):\n      append(n, x[j + t] < 0.5_f32, (o, q), (x[j + t], p[j + t] + 1_i32))\n  for i = 0 to min(N, 1):\n    c[0] = n\n"},
	{"append_f64", "in x f64[_], out o f64[_], out q i64[_], out c i64[_]", "  n = 0\n  for j = 0 to N step 40:\n    strip t < min(40, N - j):\n      append(n, x[j + t] < 0.5, (o, q), (x[j + t], j + t))\n  for i = 0 to min(N, 1):\n    c[0] = n\n"},
	{"shared_picks", "in x u8[_], in a u8[_], out o u8[_]", "  for i = 0 to 1:\n    for j = 0 to N step 40:\n      strip t < min(40, N - j):\n        v = pick(P < 6, a[0], 0_u8)\n        w = pick(P < 6, 0_u8, a[0])\n        o[j + t] = pick(P < 6, x[j + t] + max(v, v), (w - w) * w)\n"},
	{"append_none", "in x f64[_], out o f64[_]", "  n = N + 1\n  for j = 0 to N step 40:\n    strip t < min(40, N - j):\n      append(n, x[j + t] < -inf, o, x[j + t])\n"},
	{"append_full", "in x f64[_], out o f64[_]", "  n = P\n  for j = 0 to N step 40:\n    strip t < min(40, N - j):\n      append(n, x[j + t] < 0.5, o, x[j + t])\n"},
	{"short", "in a f64[_,_], out o f64[_,_]", "  for i = 0 to M:\n    if 5 < N:\n      strip t < 3:\n        o[i, t] = a[i, t] * 2.0\n      strip t < 1:\n        o[i, 3 + t] = a[i, t] + a[i, 4]\n      strip t < 2:\n        o[i, t + 4] = s\n"},
	{"tree", "in a f64[_], out o f64[_]", "  for i = 0 to N:\n    local b f64[4]\n    strip t < 1:\n      b[0] = a[i]\n    strip t < 1:\n      b[1] = b[0] + a[i]\n      b[0] = b[1] * b[1]\n      b[2] = b[0] + b[1]\n    strip t < 1:\n      o[i] = pick(a[i] < 0.5, b[2], b[0] + s)\n"},
}

// lanesCase returns a reduction of x in lanes.
func lanesCase(name, dtype, start, combine, value string) stripCase {
	return stripCase{name, fmt.Sprintf("in x %s[_], out o %s[_]", dtype, dtype), fmt.Sprintf(`  for i = 0 to 1:
    local a %s[16]
    strip t < 16:
      a[t] = %s
    strip t < N:
      lanes(%s, a, %s)
    strip t < min(N, 16):
      o[t] = a[t]
    fold(%s, a)
    strip t < min(N, 1):
      o[0] = a[0]
`, dtype, start, combine, value, combine)}
}

// buffer is an array of a case, whose elements have others around them.
type buffer struct {
	d      ir.DType
	data   []byte
	memory loop.Memory
}

// newBuffer returns an array of random elements, with a random layout: contiguous along
// the last axis, or not. Of a position it holds one that is mostly inside N.
func newBuffer(r *rand.Rand, a *loop.Array, extents []int64, unit bool) *buffer {
	b := &buffer{d: a.DType}
	size := int64(a.DType.Size())
	strides, total := make([]int64, len(extents)), int64(1)
	for k := len(extents) - 1; k >= 0; k-- {
		strides[k] = total
		if k == len(extents)-1 && !unit {
			strides[k] = 1 + r.Int64N(3)
		}
		total = strides[k]*max(extents[k], 1) + r.Int64N(3)*int64(k)
	}
	offset := int64(0)
	if n := len(extents); n > 0 && !unit && r.IntN(2) == 0 {
		offset, strides[n-1] = strides[n-1]*(max(extents[n-1], 1)-1), -strides[n-1]
	}
	lead := r.Int64N(5) * size
	if r.IntN(2) == 0 {
		lead = -1 // aligned
	}
	b.data = make([]byte, 64+lead+(total+1)*size+64)
	if address := int64(uintptr(unsafe.Pointer(&b.data[0]))); lead < 0 {
		lead = -address & 63
	}
	for i := int64(0); i < int64(len(b.data))/size-lead/size; i++ {
		b.set(lead+i*size, someElement(r, a.DType, extents[len(extents)-1]))
	}
	b.memory = loop.Memory{Base: unsafe.Pointer(&b.data[lead]), Offset: offset, Strides: strides, Extents: extents}
	return b
}

// String returns the elements of the memory.
func (b *buffer) String() string {
	var out []string
	size := b.d.Size()
	lead := int(uintptr(b.memory.Base) - uintptr(unsafe.Pointer(&b.data[0])))
	for i := lead; i+size <= len(b.data) && len(out) < 40; i += size {
		if bits := bitsAt(b.data[i:], size); b.d.IsFloat() {
			out = append(out, fmt.Sprintf("%.4g", floatOf(b.d, bits)))
		} else {
			out = append(out, fmt.Sprint(int64(bits)))
		}
	}
	return fmt.Sprintf("%s%v+%d: %s", b.d, b.memory.Strides, b.memory.Offset, strings.Join(out, " "))
}

func floatOf(d ir.DType, bits uint64) float64 {
	if d == ir.Float32 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// clone returns a copy that is as aligned.
func (b *buffer) clone() *buffer {
	x := *b
	x.data = make([]byte, len(b.data)+64)
	at := func(data []byte) uintptr { return uintptr(unsafe.Pointer(&data[0])) }
	skip := (at(b.data) - at(x.data)) & 63
	x.data = x.data[skip:][:copy(x.data[skip:], b.data)]
	x.memory.Base = unsafe.Pointer(&x.data[uintptr(b.memory.Base)-at(b.data)])
	return &x
}

func (b *buffer) set(at int64, bits uint64) {
	for k := range b.d.Size() {
		b.data[at+int64(k)] = byte(bits >> (8 * k))
	}
}

// someElement returns the bits of a random element.
func someElement(r *rand.Rand, d ir.DType, n int64) uint64 {
	switch {
	case d == ir.Bool:
		return uint64(r.IntN(2))
	case d == ir.Int64: // a position, usually
		return uint64(r.Int64N(2*max(n, 1)) - max(n, 1) + int64(r.IntN(40)/39))
	case d.IsFloat():
		special := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1, -1, 1e-310, -1e300}
		if k := r.IntN(40); k < len(special) {
			return ir.Float(d, special[k])
		}
		return ir.Float(d, r.NormFloat64())
	}
	return r.Uint64()
}

// equal reports whether two arrays hold the same; NaNs are all the same.
func (b *buffer) equal(c *buffer) bool {
	if !b.d.IsFloat() {
		return slices.Equal(b.data, c.data)
	}
	size := b.d.Size()
	lead := int(uintptr(b.memory.Base)-uintptr(unsafe.Pointer(&b.data[0]))) % size
	for i := lead; i+size <= len(b.data); i += size {
		if x, y := bitsAt(b.data[i:], size), bitsAt(c.data[i:], size); x != y && !(isNaN(b.d, x) && isNaN(b.d, y)) {
			return false
		}
	}
	return true
}

func bitsAt(data []byte, size int) (bits uint64) {
	for k := range size {
		bits |= uint64(data[k]) << (8 * k)
	}
	return bits
}

func TestStrips(t *testing.T) {
	for _, level := range []asm.Level{asm.AVX2, asm.AVX512} {
		if err := Available(level); err != nil {
			t.Log(err)
			continue
		}
		for _, c := range stripCases {
			t.Run(fmt.Sprintf("%d/%s", level, c.name), func(t *testing.T) { c.hold(t, level) })
		}
	}
}

// hold runs a loop by machine code and by the portable executor, for many sizes and
// layouts.
func (c *stripCase) hold(t *testing.T, level asm.Level) {
	l, err := loop.Parse(c.text())
	if err != nil {
		t.Fatalf("%v\n%s", err, c.text())
	}
	portable, err := loop.Compile(l)
	if err != nil {
		t.Fatal(err)
	}
	var native [4]*loop.Code // of no class, of arrays that are contiguous, of large results of such, and impatient
	for i := range native {
		class := loop.Class{Stream: i == 2}
		if i > 0 {
			n := 0
			for _, a := range l.Arrays {
				n += a.Rank
				class.Unit |= 1 << (n - 1)
			}
		}
		var machine loop.Machine = New(level)
		if i == 3 {
			machine = impatient{machine}
		}
		if native[i], err = loop.CompileWith(l, machine, class); err != nil {
			t.Fatal(err)
		}
		defer native[i].Close()
	}
	r := rand.New(rand.NewPCG(3, 4))
	for k := range 160 {
		n := int64(k)
		if k > 70 {
			n = r.Int64N(700)
		}
		params := []uint64{3, uint64(n), uint64(r.IntN(12)), math.Float64bits(r.NormFloat64())}
		unit := k%3 > 0
		var in, want, got []*buffer
		for _, a := range l.Arrays {
			extents := []int64{n}
			if a.Rank == 2 {
				extents = []int64{3, n}
			}
			b := newBuffer(r, a, extents, unit)
			in = append(in, b)
		}
		run := func(code *loop.Code) ([]*buffer, error) {
			var out []*buffer
			var memory []loop.Memory
			for _, b := range in {
				x := b.clone()
				out, memory = append(out, x), append(memory, x.memory)
			}
			return out, code.Run(context.Background(), 1, params, memory)
		}
		var wantErr error
		want, wantErr = run(portable)
		codes := native[:1]
		if unit {
			codes = native[:]
		}
		for i, code := range codes {
			got, err = run(code)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("n = %d: error %v, want %v", n, err, wantErr)
			}
			var fault *lower.Fault
			if err != nil && !errors.As(err, &fault) {
				continue
			}
			for j := range got {
				if !got[j].equal(want[j]) {
					for _, b := range in {
						t.Log(b)
					}
					t.Fatalf("n = %d, unit %d, array %s is\n%v, want\n%v\n%s", n, i, l.Arrays[j].Name, got[j], want[j], c.text())
				}
			}
		}
	}
}
