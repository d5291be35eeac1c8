// Command ulp measures how far the elementary functions are from the exact result, in
// units in the last place (ULP).
//
//	go run ./bench/ulp -dtype f32 -func exp,log -all
//
// runs float32 functions on every argument (without -all, on one in -stride) on the target
// cpu, screened by package math in float64 and judged by the function's own float64 form;
// a part of the results is compared with the evaluator's, bit by bit. pow has two arguments
// and is sampled.
//
//	python ir/testdata/functions/make.py exp 10000000 | go run ./bench/ulp -dtype f64 -func exp -fixture -
//
// runs a float64 function on the records that make.py writes, exact values from MPFR,
// and package math beside it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
)

// function is an op and what package math calls it: one of the two is set.
type function struct {
	op    *ir.Op
	call  func(x []np.Array) np.Array
	unary func(float64) float64
	power func(x, y float64) float64
}

var functions = []function{
	{op: ir.OpExp, call: of(np.Exp), unary: math.Exp},
	{op: ir.OpExp2, call: of(np.Exp2), unary: math.Exp2},
	{op: ir.OpExpm1, call: of(np.Expm1), unary: math.Expm1},
	{op: ir.OpLog, call: of(np.Log), unary: math.Log},
	{op: ir.OpLog2, call: of(np.Log2), unary: math.Log2},
	{op: ir.OpLog10, call: of(np.Log10), unary: math.Log10},
	{op: ir.OpLog1p, call: of(np.Log1p), unary: math.Log1p},
	{op: ir.OpSin, call: of(np.Sin), unary: math.Sin},
	{op: ir.OpCos, call: of(np.Cos), unary: math.Cos},
	{op: ir.OpTanh, call: of(np.Tanh), unary: math.Tanh},
	{op: ir.OpErf, call: of(np.Erf), unary: math.Erf},
	{op: ir.OpPow, call: func(x []np.Array) np.Array { return np.Pow(x[0], x[1]) }, power: math.Pow},
}

func of(f func(np.Array) np.Array) func([]np.Array) np.Array {
	return func(x []np.Array) np.Array { return f(x[0]) }
}

// compile returns the function as the evaluator has it.
func (f function) compile(d ir.DType) *ir.ScalarProgram {
	b := ir.NewBuilder()
	args := make([]*ir.Expr, f.op.MaxArg)
	for i := range args {
		args[i] = b.State(d, i)
	}
	return ir.CompileScalar([]*ir.Expr{b.Apply(f.op, args...)})
}

// worst is the largest error seen.
type worst struct {
	ulps float64
	at   []float64
	n    int64
}

func (w *worst) see(ulps float64, at ...float64) {
	if w.n++; ulps > w.ulps {
		w.ulps, w.at = ulps, append([]float64(nil), at...)
	}
}

func (w *worst) merge(v worst) {
	n := w.n + v.n
	if v.ulps > w.ulps {
		*w = v
	}
	w.n = n
}

func (w worst) String() string {
	at := make([]string, len(w.at))
	for i, x := range w.at {
		at[i] = fmt.Sprintf("%x (%g)", x, x)
	}
	return fmt.Sprintf("%.4f ULP at %s", w.ulps, strings.Join(at, ", "))
}

func main() {
	names := flag.String("func", "", "functions, separated by commas; empty: all")
	dtype := flag.String("dtype", "f32", "f32 or f64")
	all := flag.Bool("all", false, "f32: every argument")
	stride := flag.Uint64("stride", 4001, "f32: every how manieth argument, without -all")
	pairs := flag.Int("pairs", 1000000, "f32: samples of pow per region")
	fixture := flag.String("fixture", "", "f64: a file of records, - for standard input")
	flag.Parse()
	if *all {
		*stride = 1
	}
	if err := run(os.Stdout, *names, *dtype, *stride, *pairs, *fixture); err != nil {
		fmt.Fprintln(os.Stderr, "ulp:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, names, dtype string, stride uint64, pairs int, fixture string) error {
	if stride == 0 || pairs < 0 {
		return fmt.Errorf("-stride and -pairs are positive numbers")
	}
	var chosen []function
	for _, f := range functions {
		if names == "" || strings.Contains(","+names+",", ","+f.op.Name+",") {
			chosen = append(chosen, f)
		}
	}
	if n := strings.Count(names, ",") + 1; names != "" && len(chosen) != n {
		return fmt.Errorf("%d of the functions %q are unknown", n-len(chosen), names)
	}
	switch dtype {
	case "f32":
		for _, f := range chosen {
			start := time.Now()
			r, err := sweep32(context.Background(), f, stride, pairs)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%-6s f32  %12d arguments  worst %v  %.1f s\n       package math differs by at most %.2g ULP; %d results are the evaluator's bits\n", f.op, r.worst.n, r.worst, time.Since(start).Seconds(), r.apart, r.checked)
		}
		return nil
	case "f64":
		if len(chosen) != 1 || fixture == "" {
			return fmt.Errorf("f64 takes one function and a fixture, see go doc ./bench/ulp")
		}
		in := io.Reader(os.Stdin)
		if fixture != "-" {
			file, err := os.Open(fixture)
			if err != nil {
				return err
			}
			defer file.Close()
			in = file
		}
		f, start := chosen[0], time.Now()
		ours, goes, err := compare64(f, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-6s f64  %12d arguments  worst %v  %.1f s\n       package math: worst %v\n", f.op, ours.n, ours, time.Since(start).Seconds(), goes)
		return nil
	}
	return fmt.Errorf("no dtype %q, only f32 and f64", dtype)
}
