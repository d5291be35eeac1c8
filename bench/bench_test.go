package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/npy"
)

// small returns the problem on short axes; equal extents stay equal.
func small(p *problem) *problem {
	q := *p
	q.in = nil
	if q.without == plainGo {
		q.without = ""
	}
	for _, in := range p.in {
		shape := make([]int, len(in.shape))
		for i, n := range in.shape {
			if shape[i] = n; n > 40 {
				shape[i] = 20 + n%13
			}
		}
		if in.data != nil {
			in.data = of[float64](array{data: in.data})[:elements(shape)]
		}
		in.shape = shape
		q.in = append(q.in, in)
	}
	return &q
}

// testSession has all contenders that need nothing installed, and no time.
func testSession(t *testing.T) *session {
	t.Helper()
	o := options{threads: 2}
	all, done, err := o.contenders(t.Context(), 2, nil, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return &session{contenders: all, threads: 2, budget: 1, least: minSamples, asked: true}
}

// TestProblems runs every problem, made small, on everybody: the targets have the
// evaluator's bits, the others agree, and the result is not one number over and over.
func TestProblems(t *testing.T) {
	s := testSession(t)
	for _, p := range allProblems() {
		t.Run(p.name, func(t *testing.T) {
			rows, err := s.measure(t.Context(), small(p))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, r := range rows {
				seen[r.Who] = true
				if r.failed != nil {
					t.Errorf("%s: %v", r.Who, r.failed)
				}
				if r.Samples == 0 || r.NS <= 0 {
					t.Errorf("%s was not measured", r.Who)
				}
				if r.target && r.Who != evaluator && p.repeat == nil && !p.resized && r.Bits != "same" {
					t.Errorf("%s: the bits are %q", r.Who, r.Bits)
				}
				if r.Distinct != nil && *r.Distinct < 0.5 {
					t.Errorf("%s: %v of the result is distinct", r.Who, *r.Distinct)
				}
			}
			for _, who := range []string{"cpu", evaluator, plainGo} {
				if !seen[who] && p.repeat == nil {
					t.Errorf("%s did not take part", who)
				}
			}
		})
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range allProblems() {
		if seen[p.name] || !regexp.MustCompile(`^\w+(/\w+)+$`).MatchString(p.name) {
			t.Errorf("the name %q is taken, or hard to write in a regular expression", p.name)
		}
		seen[p.name] = true
	}
}

// TestDensity repeats the values that the GSW Toolbox 3.01 publishes for gsw_rho.
func TestDensity(t *testing.T) {
	in := [][]float64{
		{34.7118, 34.8915, 35.0256, 34.8472, 34.7366, 34.7324},
		{28.8099, 28.4392, 22.7862, 10.2262, 6.8272, 4.3236},
		{10, 50, 125, 250, 600, 1000},
	}
	want := []float64{1021.840446566116, 1022.262985174925, 1024.427770449335, 1027.790499661129, 1029.837753532120, 1032.002083264508}
	got, err := np.Values[float64](t.Context(), densityOf(np.Of(in[0]...), np.Of(in[1]...), np.Of(in[2]...)))
	if err != nil {
		t.Fatal(err)
	}
	plain := make([]float64, len(want))
	densityLoop(in[0], in[1], in[2], plain)
	for i, w := range want {
		if math.Abs(got[i]-w) > 1e-11 || math.Abs(plain[i]-w) > 1e-11 {
			t.Errorf("density %d is %.16g, in plain Go %.16g, want %.16g", i, got[i], plain[i], w)
		}
	}
}

// TestUniform compares with what peers/run.py makes: uniform(3, 3) printed with %r.
func TestUniform(t *testing.T) {
	for i, want := range []float64{0.46858763931846636, 0.7303994338391054, 0.06599855131884957} {
		if got := uniformAt(3, uint64(i)); got != want {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
	in := input{dtype: np.Float32, shape: []int{100_000}, lo: 2, hi: 3, stream: 1}
	a, err := in.array()
	if err != nil {
		t.Fatal(err)
	}
	for i := range elements(a.shape) {
		if x := a.at(i); x < 2 || x > 3 || x != float64(float32(2+uniformAt(1, uint64(i)))) {
			t.Fatalf("element %d is %v", i, x)
		}
	}
	if share, ok := distinct(a); !ok || share < 0.9 {
		t.Errorf("%v of the numbers are distinct", share)
	}
}

func TestDifference(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want  []float64
		difference float64
	}{
		{[]float64{1, 2}, []float64{1, 2}, 0},
		{[]float64{1, 2.5}, []float64{1, 2}, 0.25},
		{[]float64{1, 4}, []float64{2, 4}, 0.25},
		{[]float64{nan, 1}, []float64{nan, 1}, 0},
		{[]float64{inf, 1}, []float64{inf, 1}, 0},
		{[]float64{nan, 1}, []float64{1, 1}, inf},
		{[]float64{1, 1}, []float64{nan, 1}, inf},
		{[]float64{-inf, 1}, []float64{inf, 1}, inf},
		{[]float64{0}, []float64{0}, 0},
	} {
		d := difference(func(i int) float64 { return c.got[i] }, func(i int) float64 { return c.want[i] }, len(c.want))
		if d != c.difference {
			t.Errorf("%v from %v: %v, want %v", c.got, c.want, d, c.difference)
		}
	}
}

func TestSameBits(t *testing.T) {
	nan, minus := math.NaN(), math.Copysign(0, -1)
	for _, c := range []struct {
		a, b []float64
		same bool
	}{
		{[]float64{1, nan}, []float64{1, -nan}, true},
		{[]float64{1, minus}, []float64{1, minus}, true},
		{[]float64{1, minus}, []float64{1, 0}, false},
		{[]float64{1, nan}, []float64{1, 2}, false},
		{[]float64{1, 2}, []float64{1}, false},
	} {
		if sameBits(array{[]int{len(c.a)}, c.a}, array{[]int{len(c.b)}, c.b}) != c.same {
			t.Errorf("%v and %v: want %v", c.a, c.b, c.same)
		}
	}
}

// TestCompare: a result that is off is found, whoever it is from.
func TestCompare(t *testing.T) {
	fixed := func(who string, v ...float64) *row {
		r, err := inProcess(func() (array, error) { return array{[]int{len(v)}, v}, nil }, func() {})
		if err != nil {
			t.Fatal(err)
		}
		return &row{runner: r, target: who == "cpu" || who == evaluator, values: v, measurement: measurement{Who: who}}
	}
	p := &problem{tolerance: 1e-6}
	ulp := math.Nextafter(2, 3)
	for _, c := range []struct {
		rows  []*row
		wrong string
		bits  string // of cpu
	}{
		{[]*row{fixed("cpu", 1, 2), fixed(evaluator, 1, 2), fixed(plainGo, 1, ulp)}, "", "same"},
		{[]*row{fixed("cpu", 1, ulp), fixed(evaluator, 1, 2), fixed(plainGo, 1, 2)}, "cpu", "differ"},
		{[]*row{fixed("cpu", 1, 2), fixed(plainGo, 1, 2), fixed("gonum", 1, 2.1)}, "gonum", ""},
		{[]*row{fixed("cpu", 1, 2.1), fixed(plainGo, 1, 2)}, "cpu", ""},
		{[]*row{fixed("cpu", 1), fixed(plainGo, 1, 2)}, "cpu", ""},
	} {
		compare(p, nil, c.rows)
		for _, r := range c.rows {
			if (r.failed != nil) != (r.Who == c.wrong) {
				t.Errorf("%s: %v, want %q to be wrong", r.Who, r.failed, c.wrong)
			}
			if r.Who == "cpu" && r.Bits != c.bits {
				t.Errorf("the bits of cpu are %q, want %q", r.Bits, c.bits)
			}
		}
	}
}

// TestErrorsAtPlaces: of a result of which some elements are compared, the errors are those
// of these elements.
func TestErrorsAtPlaces(t *testing.T) {
	x := make([]float64, 2*compared)
	for i := range x {
		x[i] = float64(i + 1)
	}
	p := &problem{
		in:    []input{{name: "x", dtype: np.Float64}},
		exact: func(x, _ *big.Float) *big.Float { return x },
	}
	r := &row{runner: &runner{}, measurement: measurement{Who: plainGo}}
	for _, i := range places(len(x)) {
		r.values = append(r.values, x[i])
	}
	compare(p, []array{{[]int{len(x)}, x}}, []*row{r})
	if r.failed != nil || r.ULP == nil || *r.ULP != 0 {
		t.Errorf("%v, off by %v units, want none", r.failed, deref(r.ULP))
	}
}

func TestQuantile(t *testing.T) {
	xs := []float64{5, 1, 3, 2, 4}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.625: 3.5, 1: 5} {
		if got := quantile(xs, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := quantile([]float64{7}, 0.5); got != 7 {
		t.Errorf("the median of 7 is %v", got)
	}
}

func TestUnits(t *testing.T) {
	for ns, want := range map[float64]string{0.5: "0.50 ns", 12.34: "12.3 ns", 999: "999 ns", 1234: "1.23 us", 56.7e6: "56.7 ms", 2.5e9: "2.50 s"} {
		if got := duration(ns); got != want {
			t.Errorf("%v ns is written %q, want %q", ns, got, want)
		}
	}
	for n, want := range map[int]string{5: "5 B", 2048: "2.05 kB", 32e6: "32.0 MB", 3.2e9: "3.20 GB"} {
		if got := byteSize(n); got != want {
			t.Errorf("%d bytes are written %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{33: "33", 1000: "1e3", 10_000_000: "1e7", 4096: "4096", 30000: "30000"} {
		if got := power(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}

func TestAvailable(t *testing.T) {
	if got := availableIn("MemTotal:  32 kB\nMemAvailable:   12 kB\n"); got != 12<<10 {
		t.Errorf("got %d", got)
	}
	if got := availableIn("something else"); got != assumed {
		t.Errorf("got %d", got)
	}
	s := session{contenders: []contender{&target{on: "cpu"}, &target{on: evaluator}, &loops{who: plainGo}, &loops{who: "gonum"}, &peer{}, &inC{}}}
	if got := s.memory(cost{in: 10, out: 1}); got != 10+2*10+4+3 {
		t.Errorf("got %d", got)
	}
}

func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestList(t *testing.T) {
	status, out, _ := command(t, "-list")
	if n := strings.Count(out, "\n"); status != 0 || n != len(allProblems()) || !strings.Contains(out, "\nfounding/random ") {
		t.Errorf("status %d, %d lines:\n%s", status, n, out)
	}
	status, out, _ = command(t, "-list", "-run", "^overhead/build$")
	if status != 0 || !strings.HasPrefix(out, "overhead/build ") || strings.Count(out, "\n") != 1 {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestBadUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cube.npy")
	if err := npy.Save(t.Context(), file, np.Ones(np.Shape{2, 2, 2})); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"founding"}, `"founding" is no flag`},
		{[]string{"-run", "("}, "missing closing"},
		{[]string{"-run", "nothing/at/all"}, "no problem matches"},
		{[]string{"-threads", "0"}, "at least 1"},
		{[]string{"-nonsense"}, "not defined"},
		{[]string{"-input", "missing.npy"}, "missing.npy"},
		{[]string{"-input", file}, "a matrix is wanted"},
		{[]string{"-input", file, "-run", "x"}, "-run cannot"},
	} {
		if status, _, errs := command(t, c.args...); status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%q: status %d, %q, want %q", c.args, status, errs, c.want)
		}
	}
	if status, _, errs := command(t, "-targets", "abacus", "-run", "overhead/build"); status != 1 || !strings.Contains(errs, `no target "abacus"`) {
		t.Errorf("status %d: %q", status, errs)
	}
	if status, _, _ := command(t, "-help"); status != 0 {
		t.Errorf("-help gave status %d", status)
	}
}

// TestInput runs the command on a file of integers, and reads the lines that it writes.
func TestInput(t *testing.T) {
	dir := t.TempDir()
	file, record := filepath.Join(dir, "x.npy"), filepath.Join(dir, "out.json")
	numbers := make([]int16, 12*7)
	for i := range numbers {
		numbers[i] = int16(1 + i*i%31)
	}
	if err := npy.Save(t.Context(), file, np.FromSlice(numbers, 12, 7)); err != nil {
		t.Fatal(err)
	}
	status, out, errs := command(t, "-input", file, "-json", record, "-time", "1ms", "-threads", "1",
		"-peers", "numpy,jax", "-python", filepath.Join(dir, "no-python"))
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	for _, want := range []string{"peers numpy,jax skipped", "make-env.sh", "\nfounding/input: ", "12x7 float64", "  cpu ", "same", "limits of this machine"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	who := map[string]measurement{}
	for line := range strings.Lines(string(text)) {
		var m measurement
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m.Samples < 1 || m.NS <= 0 || m.MinNS > m.NS || m.Q1NS > m.NS || m.Q3NS < m.NS || m.MaxNS < m.Q3NS ||
			m.Bytes+m.Flops == 0 || m.Threads != 1 || m.Machine == "" || m.Versions["go"] == "" || time.Since(m.Time) > time.Hour {
			t.Errorf("a strange measurement: %s", line)
		}
		who[m.Problem+" "+m.Who] = m
	}
	cpu := who["founding/input cpu"]
	if cpu.Bits != "same" || cpu.ColdNS <= 0 || cpu.Bytes != 8*(12*7+5*7) || cpu.Flops != 2*12*49+2*84+49+7+35 || cpu.Allocs == nil {
		t.Errorf("cpu: %+v", cpu)
	}
	for _, name := range []string{"founding/input ref", "founding/input go", "founding/input gonum"} {
		if _, ok := who[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	limits := 0
	for name := range who {
		if strings.HasPrefix(name, "limit/") {
			limits++
		}
	}
	if limits != 5 {
		t.Errorf("%d limits, want 5", limits)
	}
}

// TestLimits: what binds a problem follows from its shape.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		cost cost
		want string
	}{
		{cost{in: 100, out: 100, ops: 1000}, ""},
		{cost{in: 8 << 10, out: 8, ops: 1 << 30}, "fma64"},
		{cost{in: 1 << 20, out: 8}, "read"},
		{cost{in: 1 << 20, out: 1 << 20}, "copy"},
		{cost{in: 2 << 20, out: 1 << 20}, "triad"},
		{cost{in: 1 << 20, out: 8, ops: 1 << 40}, "fma64"},
	} {
		l, err := limitOf(c.cost, np.Float64, 1)
		if err != nil {
			t.Fatal(err)
		}
		if l.kind != c.want {
			t.Errorf("%+v: %q, want %q", c.cost, l.kind, c.want)
		}
		if l.kind != "" && l.time() <= 0 {
			t.Errorf("%+v takes no time", c.cost)
		}
		l.close()
	}
}

// TestInterrupted: a cancelled run ends with an error and no table.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	if status := run(ctx, []string{"-run", "^numexpr/muladd/1e3$"}, &out, &errs); status != 1 || !strings.Contains(errs.String(), "cancel") {
		t.Errorf("status %d: %s", status, &errs)
	}
}
