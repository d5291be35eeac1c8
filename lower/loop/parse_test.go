package loop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

// TestRefused holds what the parser and the verifier refuse.
func TestRefused(t *testing.T) {
	const in = "loop f(n, s f64, in x f64[_], in p i64[_], out y f64[_]):\n"
	for _, c := range []struct{ body, want string }{
		{"  q = z", `"z" has no value here`},
		{"  q = x[0", "expected"},
		{"  q = x[0] +", "expected a value"},
		{"  q = x[0, 1]", "x has 1 axes, not 2"},
		{"  q = x[s]", "s is f64, not i64"},
		{"  q = n + s", "operands of one dtype"},
		{"  q = w[0]", `"w" is no array`},
		{"  q = 300_u8", `"300" is no u8`},
		{"  q = 1.5_i32", "no literal has this dtype"},
		{"  q = frob(n)", `"frob" is no op`},
		{"  q = below(s, 3)", "group of 16"},
		{"  q = within(n, 0, 1)", "bounds of the strip's position"},
		{"  q = lookup.t(n)", `"t" is no table`},
		{"   q = n", "indented by two spaces"},
		{"    q = n", "indented too deep"},
		{"  for i = 0 to n:", "expected an indented block"},
		{"  for i = 0 to n step 0:\n    q = i", "no positive number"},
		{"  for i = 0 to n step n:\n    q = i", "no positive number"},
		{"  for i = 0 to n:\n    q = i\n  r = q", `"q" has no value here`},
		{"  n = s", "a f64 for a i64"},
		{"  x[0] = 1.0", "x is only read"},
		{"  y[0] = 1", "1 is i64, not f64"},
		{"  par (i, j) = 0 to n cost 1:\n    for k = i to j:\n      par (a, b) = 0 to n cost 1:\n        q = a", "par stands inside a par"},
		{"  local a f64[16]\n  chains(fma, k < n, t < n, a = -0.0, (x[p[k]], a[t]))", "reads states"},
		{"  local a f64[16]\n  chains(sum, k < n, t < n, a, x[k], x[k] + 1.0)", "no load"},
		{"  local a f64[16]\n  chains(sum, k < n, t < n, a = 0, x[k])", "a does not start from 0"},
		{"  local a f64[9]\n  chains(sum, k < n, t < n, a = -0.0, x[k])", "a is no array of states"},
		{"  chains(sum, k < n, t < n, y = -0.0, x[k])", "y is no array of states"},
		{"  soon n", "no load"},
		{"  soon (x[0], x[check(p[0], n, 0, 1)])", "checks a position"},
		{"  strip t < n:\n    soon x[t]", "Soon stands inside a strip"},
		{"  strip t < n:\n    strip u < n:\n      y[u] = 0.0", "Strip stands inside a strip"},
		{"  strip t < n:\n    for i = 0 to n:\n      y[t] = 0.0", "For stands inside a strip"},
		{"  lanes(sum, y, s)", "Lanes stands outside a strip"},
		{"  strip t < n:\n    lanes(sum, y, x[t])", "y is no array of lanes"},
		{"  reg a f64[16] = 0.0\n  strip t < n:\n    lanes(fma, a, x[t])", "fma takes 2 elements"},
		{"  reg a f32[16] = 0.0_f32\n  strip t < n:\n    lanes(sum, a, x[t])", "state 0 is f64, not f32"},
		{"  reg a f64[n] = 0.0", "extents are literals"},
		{"  reg a f64[16]", "initial value"},
		{"  local a f64[n]\n  local a f64[n]", "declared twice"},
		{"  if n == 1:\n    local a f64[n]\n  y[0] = a[0]", "not declared here"},
		{"  strip t < n:\n    v = x[t]\n    v = x[t]\n    y[t] = v", "given once"},
		{"  strip t < n:\n    y[p[t]] = x[t]", "positions that are data"},
		{"  strip t < n:\n    y[0] = x[t]", "every position stores here"},
		{"  local a f64[n]\n  strip t < n:\n    a[t] = a[t + 1]", "read where the strip writes"},
		{"  local a f64[n]\n  strip t < n:\n    scatter(sum, a[p[t]], a[t])", "read where the strip writes"},
		{"  strip t < n:\n    v = x[t]\n    c = x[t] < 0.0\n    y[t] = pick(c, v, 0.0)", "which comes later"},
		{"  strip t < n:\n    y[t] = pick(within(t, t, n), x[t], 0.0)", "bounds of the strip's position"},
		{"  strip t < n:\n    y[t] = x[check(p[t], n, p[t], 0)]", "affine"},
		{"  strip t < n:\n    append(n, x[t] < 0.0, y, p[t])", "p[t] is i64, not f64"},
		{"  merge n < 3:\n    q = n", "moves n 0 times"},
		{"  merge n < 3:\n    n = n - 1", "may not move forward"},
		{"  merge n < 3:\n    n = n + 1\n    n = n + 1", "2 times"},
		{"  e = 4\n  merge n < e:\n    n = n + 1\n    e = e + 1", "moves the end"},
		{"  tile(fma, k < n, r < n, t < n, y[r], (x[k], x[t]))", "not at row, column"},
		{"  local c f64[n, n]\n  tile(fma, k < n, r < n, t < n, c[r, t], (x[r + t], x[t]))", "depends on the row or on the column"},
		{strings.Repeat("  ", 1) + "q = " + strings.Repeat("(", 400) + "n", "nest more than"},
		{"  q = n" + strings.Repeat(" + n", 100000), "nest more than"},
		{"  q = " + strings.Repeat("-(", 150) + strings.Repeat("-(", 150) + "n", "nest more than"},
	} {
		l, err := Parse(in + c.body + "\n")
		if err == nil {
			t.Errorf("%q is taken:\n%s", c.body, l)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %q, want %q", c.body, err, c.want)
		}
	}
}

// TestLiterals holds that literals of every kind read back to their bits.
func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		d    ir.DType
		bits uint64
		text string
	}{
		{ir.Bool, 1, "true"}, {ir.Int64, 3, "3"}, {ir.Int64, 1 << 63, "-9223372036854775808"}, {ir.Int8, ^uint64(0), "-1_i8"},
		{ir.Uint64, ^uint64(0), "18446744073709551615_u64"}, {ir.Float64, 0, "0.0"}, {ir.Float64, 1 << 63, "-0.0"},
		{ir.Float64, 0x3ff8000000000000, "1.5"}, {ir.Float64, 0x7ff0000000000000, "inf"}, {ir.Float64, 0xfff0000000000000, "-inf"},
		{ir.Float64, 0x7ff8000000000000, "nan0x7ff8000000000000"}, {ir.Float64, 1, "5e-324"}, {ir.Float64, 0x4330000000000000, "4.503599627370496e+15"},
		{ir.Float32, 0x7fc00000, "nan0x7fc00000_f32"}, {ir.Float32, 0xff800000, "-inf_f32"}, {ir.Float32, 0x3dcccccd, "0.1_f32"},
	} {
		if got := literal(c.d, c.bits); got != c.text {
			t.Errorf("%s %#x prints as %q, want %q", c.d, c.bits, got, c.text)
		}
		l, err := Parse("loop f():\n  q = " + c.text + "\n")
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if v := l.Body[0].(*Set).Val; v.Kind != Const || v.DType != c.d || v.Bits != c.bits {
			t.Errorf("%q reads as %s %#x, want %s %#x", c.text, v.DType, v.Bits, c.d, c.bits)
		}
	}
}

// FuzzParseLoop holds that no text makes the parser, the verifier or the compiler panic,
// and that what is taken prints as it reads.
func FuzzParseLoop(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, loops, found := strings.Cut(string(text), "\n\n")
		if !found {
			loops = string(text)
		}
		f.Add(loops)
	}
	f.Add("loop f(n, in x i8[_], out y i8[_]):\n  strip t < n:\n    y[t] = pick(within(t, 1, n), x[t - 1], -3_i8)\n")
	f.Add("loop f(n, in x f64[_,_], in p i64[_]):\n  local s f64[16]\n  chains(fma, k < n, t < 9, s = -0.0, (x[2, k], x[p[t], k + 1]), x[p[t + 9], k])\n")
	f.Add("loop f(n, in x f64[_], in p i64[_]):\n  soon x[p[n] + 9]\n  soon (x[n], p[3])\n")
	f.Fuzz(func(t *testing.T, src string) {
		l, err := Parse(src)
		if err != nil {
			return
		}
		text := l.String()
		back, err := Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again := back.String(); again != text {
			t.Fatalf("printed\n%s\nand after reading\n%s", text, again)
		}
		if _, err := Compile(l); err != nil && !strings.Contains(err.Error(), "no instruction") {
			t.Fatal(err)
		}
	})
}
