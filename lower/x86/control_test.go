//go:build linux && amd64

package x86

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// impatient is a machine whose code leaves wherever it can.
type impatient struct{ loop.Machine }

type impatientCode struct{ loop.Native }

func (m impatient) Compile(l *loop.Loop, parts []loop.Part, class loop.Class, file loop.File) (loop.Native, error) {
	n, err := m.Machine.Compile(l, parts, class, file)
	return impatientCode{n}, err
}

func (n impatientCode) Enter(part int, frame unsafe.Pointer) {
	(*[loop.FirstWord]uint64)(frame)[loop.WordWork] = 0
	n.Native.Enter(part, frame)
}

// eachLevel calls f for every level that this machine has.
func eachLevel(t *testing.T, f func(t *testing.T, level asm.Level)) {
	for _, level := range levels {
		if err := Available(level); err != nil {
			t.Log(err)
			continue
		}
		t.Run(levelName(level), func(t *testing.T) { f(t, level) })
	}
}

// integers is a loop over arrays of integers, run with random arguments.
type integers struct {
	name, text string
	params     func(r *rand.Rand) []int64
}

func between(lo, hi int64) func(r *rand.Rand) []int64 {
	return func(r *rand.Rand) []int64 {
		out := make([]int64, 3)
		for i := range out {
			out[i] = lo + r.Int64N(hi-lo+1)
		}
		return out
	}
}

var extremes = []int64{0, 1, -1, 2, -2, 63, 64, 65, -64, 1 << 31, -1 << 31, 1<<31 - 1, 1 << 32, 1 << 62, -1 << 63, 1<<63 - 1, 1 << 33, 1<<33 + 1}

func extreme(r *rand.Rand) []int64 {
	out := make([]int64, 3)
	for i := range out {
		if out[i] = extremes[r.IntN(len(extremes))]; r.IntN(3) == 0 {
			out[i] = r.Int64()
		}
	}
	return out
}

// program is a loop over x i64[_], y i64[_,_] of 8 by 8, o i64[_] of 64, and i32 and bool
// arrays of 16.
func program(body string) string {
	return "loop test(A, B, C, in x i64[_], in y i64[_,_], in w i32[_], in k bool[_], out o i64[_]):\n" + body
}

var controlCases = []integers{
	{"ops", `  for i = 0 to 2:
    o[0] = A + B
    o[1] = A - B
    o[2] = A * B
    o[3] = min(A, B)
    o[4] = max(A, B)
    o[5] = quo(A, B)
    o[6] = A << B
    o[7] = A >> B
    o[8] = A & B
    o[9] = A | B
    o[10] = A ^ B
    o[11] = ~A
    o[12] = -A
    o[13] = i64(A < B)
    o[14] = i64(A <= B)
    o[15] = i64(A == B)
    o[16] = i64(A != B)
    o[17] = select(A < B, A, C)
    o[18] = select((A < B) & (B < C), 5, C)
    o[19] = select((A < B) | ~(B <= C), A * B, 7)
    o[20] = i64((A < B) ^ (B == C))
    o[21] = fma(A, B, C)
    o[22] = i64(bool(A))
    o[23] = quo(A, 8) + quo(B, -1) + quo(C, 0) + quo(A, -7)
    o[24] = (A << 3) + (B >> 70) + (C >> 5) + (A << 64) + (B << -1)
    o[25] = 3 * A + 4611686018427387904 * B + C * 1024
    o[26] = min(A, 100) + max(B, -100) + min(max(C, -9223372036854775808), 9223372036854775807)
    o[27] = bits.i64(A)
    o[28] = A + i
    o[29] = 5 - (A - (B - (C - (A * (B + (C * (A - (B * (C + (A - (B * (C - (A + i)))))))))))))
    o[31] = ~5 + -7 + (2 + A + 3 - 4) + 0 * A + 1 * A + (A - A) + (5 - 7) * 3 + select(2 < 3, A, B) + quo(7, 0) + min(3, 4) + (3 ^ B ^ 5) + (A & 0)
    o[32] = (0 + A) * 2 * 3 + (A << 0) + (1 << 70) + (B | 0) + (1 + (A + 1))
    o[30] = i64(4 < A) + i64(A < 4) + i64(0 <= B) + i64(C == 9223372036854775807)
`, extreme},
	{"for", `  s = 0
  par (i0, i1) = A to B step 1 cost 100000000:
    for i = i0 to i1:
      o[i] = o[i] + i
  for i = A to B:
    for j = i to C step 3:
      for k1 = 0 to 1:
        s = s + j * (i + A) + k1
      for k2 = 0 to 3:
        for k3 = k2 to 3:
          s = s + 2 * k2 + k3
    o[20] = o[20] + s
  o[21] = s
`, between(0, 15)},
	{"volatile", `  for i = 0 to 9:
    d = i
    n = d + 1
    d = 5 * d
    m = d + 1
    p = d
    d = d + 1
    for j = 0 to B:
      d = d + (d + 1) * A
      if j < C:
        d = d - 3
        e = d * 2
        d = e + n
      else:
        d = d ^ 2
      f = d * 2
      o[i + 40] = o[i + 40] + f + m * 3
    o[i] = n + m + p + d * 2
    while d < 0:
      d = d + 100000000000000000
      o[i + 10] = d * 2
    o[i + 20] = (d * 2) + p
    local a i64[2, d & 7]
    d = 0
    o[i + 30] = a.1 + a.0
`, between(-5, 5)},
	{"counter", `  nb = A + 40
  par (i0, i1) = 0 to 4 cost 100000000:
    for i = i0 to i1:
      levels = 1
      while 0 < nb >> levels:
        levels = levels + 1
      local st i64[levels]
      v = 0
      for q = 0 to nb:
        c = q * q
        d = 0
        while q >> d & 1 != 0:
          c = st[d] + 3 * c
          d = d + 1
        st[d] = c
      e = 0
      while nb >> e != 0:
        if nb >> e & 1 != 0:
          v = st[e] + v * 5
        e = e + 1
      o[i] = v + levels
`, between(-30, 30)},
	{"merge", `  n = 0
  p = 0
  q = B & 3
  merge p < A, q < 8:
    ja = pick(p < A, x[p], 4611686018427387904)
    jb = pick(q < 8, y[q, 1], 4611686018427387904)
    j = min(ja, jb)
    if ja == jb:
      o[n] = ja
    else:
      if j == ja:
        o[n] = ja + 1000
      else:
        o[n] = jb + 2000
    n = n + 1
    p = p + i64(ja == j)
    q = q + i64(jb == j)
  o[60] = n
`, between(0, 15)},
	{"locals", `  for i = 0 to A + 5:
    local a i64[16]
    local b i64[B + 5]
    local c i64[3, C + 1, i]
    for j = 0 to 16:
      a[j] = j * i
    for j = 0 to B + 5:
      b[j] = a[j & 15] + 1
      for k1 = 0 to C + 1:
        for k2 = 0 to i:
          c[j & 1, k1, k2] = b[j] + k1
    if (0 < b.0) & (0 < c.1) & (0 < c.2):
      o[i] = a[3] + b[b.0 - 1] + c[0, c.1 - 1, c.2 - 1] + c.2
`, between(-5, 5)},
	{"huge", `  for i = 0 to 1:
    local a i64[A, B]
    local b i64[C, 2]
    o[0] = 1
`, func(r *rand.Rand) []int64 {
		v := []int64{-1, 0, 1, 3, 1 << 33, 1<<33 + 1, 1 << 62, 1<<63 - 1, -1 << 63}
		out := []int64{v[r.IntN(len(v))], v[r.IntN(len(v))], v[r.IntN(len(v))]}
		if out[0] == 1<<33 || out[1] == 1<<33 || out[2] == 1<<33 { // that much memory there is not
			return []int64{1<<33 + 1, 0, 0}
		}
		return out
	}},
	{"check", `  for i = 0 to 16:
    p = check(x[i] - A, B + 6, 3 * i, 4)
    q = check(x[15 - i] - A, B + 6, 3 * i, 2)
    o[p] = o[p] + q + 1
  o[63] = check(A, 40, B, 1)
`, between(-5, 5)},
	{"trusted", `  for i = 0 to 16:
    o[check(x[i], B + 14, 0, -1)] = i
`, between(-5, 5)},
	{"narrow", `  for i = 0 to 16:
    o[i] = i64(w[i]) + i64(k[i]) + i64(k[15 - i] & (A < B))
    if k[i]:
      o[i + 16] = pick(k[15 - i], o[i], pick(A < i, x[i], A))
    if ~(k[i] | ~k[i ^ 1]) & (B != i):
      o[i + 32] = x[i]
`, between(-5, 15)},
	{"nonempty", `  par (i0, i1) = 0 to 5 cost 1000000000:
    for i = i0 to i1:
      o[i] = 1
      nonempty(A + i)
      if B == i:
        ret
      o[i + 10] = 1
`, between(-2, 5)},
	{"positions", `  for i = 0 to 8:
    for j = 0 to 8:
      o[8 * i + j] = y[i, j] + y[j, i] * 10 + y[7 - i, j] * 100 + y[i ^ j, 7 - j] * 1000 + y[0, i] + y[j, 0] + x[i + j] + x[15 - i - j] + x[2 * i + 1]
`, between(0, 5)},
}

func TestControl(t *testing.T) {
	eachLevel(t, func(t *testing.T, level asm.Level) {
		for _, c := range controlCases {
			t.Run(c.name, func(t *testing.T) { c.hold(t, level) })
		}
	})
}

// hold runs a loop by machine code, patient and impatient, and by the portable executor.
func (c *integers) hold(t *testing.T, level asm.Level) {
	l, err := loop.Parse(program(c.text))
	if err != nil {
		t.Fatal(err)
	}
	portable, err := loop.Compile(l)
	if err != nil {
		t.Fatal(err)
	}
	var codes []*loop.Code
	for _, m := range []loop.Machine{New(level), impatient{New(level)}} {
		code, err := loop.CompileWith(l, m, loop.Class{})
		if err != nil {
			t.Fatal(err)
		}
		defer code.Close()
		codes = append(codes, code)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		params := c.params(r)
		x, y, w, k := make([]int64, 16), make([]int64, 64), make([]int32, 16), make([]bool, 16)
		for i := range x {
			x[i], w[i], k[i] = r.Int64N(20)-2, r.Int32(), r.IntN(2) == 0
		}
		slices.Sort(x)
		for i := range y {
			y[i] = r.Int64N(10)
		}
		run := func(code *loop.Code, threads int) ([]int64, error) {
			o := make([]int64, 64)
			args := make([]uint64, len(params))
			for i, p := range params {
				args[i] = uint64(p)
			}
			err := code.Run(context.Background(), threads, args, []loop.Memory{memory(x), {Base: unsafe.Pointer(&y[0]), Strides: []int64{8, 1}, Extents: []int64{8, 8}}, memory(w), memory(k), memory(o)})
			return o, err
		}
		for i, code := range append(codes, codes...) {
			threads := 1 + i/2
			want, wantErr := run(portable, threads)
			got, err := run(code, threads)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%v: error %v, want %v", params, err, wantErr)
			}
			var fault *lower.Fault
			if err != nil && !errors.As(err, &fault) {
				continue
			}
			if !slices.Equal(got, want) {
				t.Fatalf("code %d, %v:\n%v, want\n%v\nx %v\n%s", i, params, got, want, x, program(c.text))
			}
		}
	}
}

func memory[T any](s []T) loop.Memory {
	return loop.Memory{Base: unsafe.Pointer(unsafe.SliceData(s)), Strides: []int64{1}, Extents: []int64{int64(len(s))}}
}

// late is a context whose time is over, but which does not know yet.
type late struct{ context.Context }

func (late) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

// TestDeadline holds that a run ends when its time is over, whether or not a timer says so.
func TestDeadline(t *testing.T) {
	l, err := loop.Parse(program("  for i = 0 to A:\n    o[i & 15] = i\n"))
	if err != nil {
		t.Fatal(err)
	}
	eachLevel(t, func(t *testing.T, level asm.Level) {
		code, err := loop.CompileWith(l, New(level), loop.Class{})
		if err != nil {
			t.Fatal(err)
		}
		defer code.Close()
		x := make([]int64, 64)
		y := memory(x)
		y.Strides, y.Extents = []int64{8, 1}, []int64{8, 8}
		err = code.Run(late{t.Context()}, 1, []uint64{1 << 40, 0, 0}, []loop.Memory{memory(x), y, memory(make([]int32, 16)), memory(make([]bool, 16)), memory(make([]int64, 64))})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
