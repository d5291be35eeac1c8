package ir

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func mustProgram(t *testing.T, src string) *Program {
	t.Helper()
	p, err := ParseProgram(src)
	if err == nil {
		err = p.Verify()
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// runProgram runs the program of that name and returns its results as text.
func runProgram(t *testing.T, name string, env Env, params ...*Tensor) []string {
	t.Helper()
	out, err := EvalProgram(mustProgram(t, parseFile(t, "program/"+name+".txt")), params, env)
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(out))
	for i, x := range out {
		texts[i] = show(x)
	}
	return texts
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "; "), strings.Join(want, "; "); g != w {
		t.Errorf("got %s, want %s", g, w)
	}
}

// TestEvalJacobi compares the program with its loops written out: below 16 columns a
// lanes contraction is one product a lane, then the fold.
func TestEvalJacobi(t *testing.T) {
	const N, tol = 5, 1e-12
	r, d, b, x := randomTensor(N, N), tensor([]int{N}, 9, 10, 11, 12, 13), randomTensor(N), tensor([]int{N}, 0, 0, 0, 0, 0)
	for i := range N {
		r.Elems[i*N+i] = 0
	}
	p := mustProgram(t, parseFile(t, "program/jacobi.txt"))
	out, err := EvalProgram(p, []*Tensor{r, d, b, x}, Env{Scalars: []uint64{Float(Float64, tol)}})
	if err != nil {
		t.Fatal(err)
	}
	if x.Elems[0] != 0 {
		t.Error("the caller's array changed")
	}
	var cur [N]float64
	trips := 0
	for diff := 1.0; diff >= tol; trips++ {
		var next [N]float64
		diff = 0
		for i := range N {
			var lane [16]float64
			for k := range lane {
				lane[k] = math.Copysign(0, -1)
			}
			for k := range N {
				lane[k] = math.FMA(asF64(r.Elems[i*N+k]), cur[k], lane[k])
			}
			for h := 8; h > 0; h /= 2 {
				for l := range h {
					lane[l] += lane[l+h]
				}
			}
			next[i] = (asF64(b.Elems[i]) - lane[0]) / asF64(d.Elems[i])
			diff = max(diff, math.Abs(next[i]-cur[i]))
		}
		cur = next
	}
	if trips < 5 || trips >= 200 {
		t.Errorf("%d trips", trips)
	}
	if got, w := show(out[0]), show(tensor([]int{N}, cur[:]...)); got != w {
		t.Errorf("got %s, want %s", got, w)
	}
	// The limit ends it too, and run-time numbers are needed.
	p.Steps[3].Max = Dim{n: 1}
	out, err = EvalProgram(p, []*Tensor{r, d, b, x}, Env{Scalars: []uint64{Float(Float64, tol)}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range N {
		if got, w := asF64(out[0].Elems[i]), asF64(b.Elems[i])/asF64(d.Elems[i]); got != w {
			t.Errorf("after one trip element %d is %v, want %v", i, got, w)
		}
	}
	if _, err = EvalProgram(p, []*Tensor{r, d, b, x}, Env{}); err == nil {
		t.Error("a run-time number without a value is no error")
	}
	stop := errors.New("stop")
	if _, err = EvalProgram(p, []*Tensor{r, d, b, x}, Env{Check: func() error { return stop }}); err != stop {
		t.Errorf("a check that ends the run: %v", err)
	}
}

func TestEvalNonzero(t *testing.T) {
	for _, name := range []string{"nonzero", "nonzero_once"} {
		want(t, runProgram(t, name, Env{}, tensor([]int{6}, 0, 3, 0, 0, -1, 5)), "i64[3] 1 4 5", "f64[3] 3 -1 5")
		want(t, runProgram(t, name, Env{}, tensor([]int{2}, 0, 0)), "i64[0] ", "f64[0] ")
		want(t, runProgram(t, name, Env{}, tensor([]int{0})), "i64[0] ", "f64[0] ")
	}
}

// TestEvalPieces holds that two aligned pieces and the tree over them are the whole.
func TestEvalPieces(t *testing.T) {
	x := randomTensor(3, 4096)
	g := mustParse(t, `
graph f(a f64[3,4096]) -> b
  b f64[3] = sum(a) {axes=[1], order=lanes}
end`)
	whole, err := EvalGraph(g, []*Tensor{x}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, runProgram(t, "pieces", Env{}, x), show(whole[0]))
}

func TestEvalBranchProgram(t *testing.T) {
	x := tensor([]int{2, 3}, 1, 2, 3, 4, 5, 6)
	cond := func(v uint64) *Tensor { return &Tensor{DType: Bool, Shape: []int{}, Elems: []uint64{v}} }
	env := Env{Scalars: []uint64{Float(Float64, 0.5), Float(Float64, 2)}}
	want(t, runProgram(t, "branch", env, x, cond(1)), "f64[2 3] 6 5 4 3 2 1")
	want(t, runProgram(t, "branch", env, x, cond(0)), "f64[2 3] 8 16 24 32 40 48")
}

func TestEvalOtherPrograms(t *testing.T) {
	withArrange(t)
	want(t, runProgram(t, "names", Env{Scalars: []uint64{7, Float(Float64, 10)}}, tensor([]int{2}, 1, 2)), "f64[2] 20 30")
	want(t, runProgram(t, "call", Env{}, tensor([]int{2, 3}, 3, 1, 2, 6, 4, 5)), "f64[2 3] 1 2 3 4 5 6")
	// Zeros are not stored: they annihilate the infinity that a dense product would not.
	want(t, runProgram(t, "convert", Env{}, tensor([]int{2, 3}, 0, 2, 0, 1, 0, 3), tensor([]int{3}, 1, 10, math.Inf(1))), "f64[2] 20 inf")
	// [1+2i 3] [i; 2] is -2+i + 6, and of the other column (1+2i)*1.
	a := &Tensor{DType: Complex128, Shape: []int{1, 2}, Elems: tensor(nil, 1, 2, 3, 0).Elems}
	b := &Tensor{DType: Complex128, Shape: []int{2, 2}, Elems: tensor(nil, 0, 1, 1, 0, 2, 0, 0, 0).Elems}
	out, err := EvalProgram(mustProgram(t, parseFile(t, "program/complex.txt")), []*Tensor{a, b}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, []string{show(&Tensor{DType: Float64, Shape: out[0].Shape, Elems: out[0].Elems})}, "f64[2 1] 4 1 1 2")
}

func TestEvalProgramErrors(t *testing.T) {
	bind := mustProgram(t, "program f(n i64[]) -> n\n  symbol C <= 9\n  bind C = n\nend")
	for n, ok := range map[int64]bool{0: true, 9: true, 10: false, -1: false} {
		_, err := EvalProgram(bind, []*Tensor{{DType: Int64, Shape: []int{}, Elems: []uint64{uint64(n)}}}, Env{})
		if (err == nil) != ok {
			t.Errorf("a symbol of at most 9 bound to %d: %v", n, err)
		}
	}
	view := mustProgram(t, "program f(x f64[N]) -> v\n  symbol N, M\n  view v f64[M] = x {offset=1, strides=[2]}\nend")
	for m, ok := range map[int64]bool{2: true, 3: false} {
		_, err := EvalProgram(view, []*Tensor{tensor([]int{5}, 0, 1, 2, 3, 4)}, Env{Symbols: map[string]int64{"M": m}})
		if (err == nil) != ok {
			t.Errorf("a view of %d elements: %v", m, err)
		}
	}
	alloc := mustProgram(t, "program f(x f64[N]) -> x\n  symbol N, M\n  alloc y f64[M]\n  free y\nend")
	for _, m := range []int64{-1, 1 << 50} {
		if _, err := EvalProgram(alloc, []*Tensor{tensor([]int{1}, 0)}, Env{Symbols: map[string]int64{"M": m}}); err == nil {
			t.Errorf("%d elements are no error", m)
		}
	}
	if _, err := EvalProgram(alloc, []*Tensor{tensor([]int{1}, 0)}, Env{}); err == nil {
		t.Error("a symbol without a value is no error")
	}
	take := mustProgram(t, `
program f(x f64[3], p i64[2]) -> o
  alloc o f64[2]
  launch take(x, p -> o)
end
kernel take
in x f64[3]
in p i64[2]
out o f64[2]
axis i<2
o[i] = x[chk(p[i],3)]`)
	take.Steps[1].Launch.Kernel.Faults[0].Site = &Site{File: "main.go", Line: 8}
	index := &Tensor{DType: Int64, Shape: []int{2}, Elems: []uint64{0, 3}}
	_, err := EvalProgram(take, []*Tensor{tensor([]int{3}, 1, 2, 3), index}, Env{})
	var fault *KernelFault
	if !errors.As(err, &fault) || fault.Value != 3 || !strings.HasPrefix(err.Error(), "main.go:8: ") {
		t.Errorf("index 3 of 3: %v", err)
	}
	index.Elems[1] = math.MaxUint64
	out, err := EvalProgram(take, []*Tensor{tensor([]int{3}, 1, 2, 3), index}, Env{})
	if err != nil || show(out[0]) != "f64[2] 1 3" {
		t.Errorf("index -1 of 3: %v", err)
	}
}
