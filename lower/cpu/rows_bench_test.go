package cpu_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
)

// BenchmarkRows times rows of few elements: what a row costs beside its elements.
func BenchmarkRows(b *testing.B) {
	for name, text := range map[string]string{
		"sum":     "kernel rowsum; dim M N; in x f64[M,N]; out o f64[M]; axis i<M, j<N; o[i] = sum.lanes[j](x[i,j])",
		"add":     "kernel rowadd; dim M N; in x f64[M,N], y f64[N]; out o f64[M,N]; axis i<M, j<N; o[i,j] = x[i,j] + y[j]",
		"softmax": "kernel softmax; dim M N; in x f64[M,N]; out y f64[M,N]; local m f64[M]; local e f64[M,N]; local s f64[M]; axis i<M, j<N; m[i] = max.free[j](x[i,j]); e[i,j] = exp(x[i,j] - m[i]); s[i] = sum.lanes[j](e[i,j]); y[i,j] = e[i,j] / s[i]",
	} {
		k, err := ir.ParseKernel(strings.ReplaceAll(text, "; ", "\n") + "\n")
		if err != nil {
			b.Fatal(err)
		}
		for _, level := range cpu.Levels() {
			target, err := cpu.New(level)
			if err != nil {
				b.Fatal(err)
			}
			exe, err := target.Compile(b.Context(), k)
			if err != nil {
				b.Fatal(err)
			}
			for _, n := range []int64{4, 10, 100, 1000} {
				m := 40000 / n
				args := &lower.Args{Dims: []int64{m, n}, Threads: 1}
				for _, o := range k.Operands {
					if o.Role == ir.Local {
						continue
					}
					extents := map[int][]int64{1: {n}, 2: {m, n}}[len(o.Shape)]
					if o.Role == ir.Out && name == "sum" {
						extents = []int64{m}
					}
					args.Arrays = append(args.Arrays, array(extents))
				}
				b.Run(fmt.Sprintf("%s/%s/%d", name, level, n), func(b *testing.B) {
					for b.Loop() {
						if err := exe.Run(b.Context(), args); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(m), "ns/row")
				})
			}
		}
	}
}

// array returns an array of ones.
func array(extents []int64) lower.Array {
	n := int64(1)
	strides := make([]int64, len(extents))
	for d := len(extents) - 1; d >= 0; d-- {
		strides[d] = n
		n *= extents[d]
	}
	s := make([]float64, n)
	for i := range s {
		s[i] = 1
	}
	return lower.Array{DType: ir.Float64, Buf: lower.HostOf(s), Strides: strides, Extents: extents}
}
