package cpu_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
)

// BenchmarkContract times products of matrices, A of M x K and B of K x N, on one thread
// and on two, and the founding program's product, whose second factor is computed.
func BenchmarkContract(b *testing.B) {
	const (
		product  = "kernel product; dim M K N; in a T[M,K], b T[K,N]; out c T[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[i,k], b[k,j])"
		batch    = "kernel batch; dim B M K N; in a T[B,M,K], b T[B,K,N]; out c T[B,M,N]; axis h<B, i<M, j<N, k<K; c[h,i,j] = fma.chain[k](a[h,i,k], b[h,k,j])"
		relu     = "kernel relu; dim M K N; in a T[M,K], b T[K,N], d T[N]; local p T[M,N]; out c T[M,N]; axis i<M, j<N, k<K; p[i,j] = fma.chain[k](a[i,k], b[k,j]); c[i,j] = max(p[i,j] + d[j], 0.0)"
		turned   = "kernel turned; dim M K N; in a T[K,M], b T[N,K]; out c T[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[k,i], b[j,k])"
		long     = "kernel long; dim K M N; in a T[K,M], b T[K,N]; out c T[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[k,i], b[k,j])"
		founding = "kernel founding; dim K M; in a T[K,M]; out c T[M,M]; axis i<M, j<M, k<K; c[i,j] = fma.chain[k](a[k,i], log(a[k,j]) + 1.0)"
	)
	for _, c := range []struct {
		text string
		dims []int64
	}{
		{product, []int64{1024, 1024, 1024}},
		{product, []int64{2048, 2048, 2048}},
		{product, []int64{256, 256, 256}},
		{product, []int64{64, 64, 64}},
		{product, []int64{32, 32, 32}},
		{product, []int64{6, 1024, 1024}},
		{product, []int64{1024, 1024, 8}},
		{batch, []int64{1024, 32, 32, 32}},
		{relu, []int64{1024, 1024, 1024}},
		{turned, []int64{1024, 1024, 1024}},
		{founding, []int64{20000, 200}},
		{long, []int64{20000, 64, 64}},
		{long, []int64{100000, 16, 16}},
		{long, []int64{20000, 200, 300}},
	} {
		for _, d := range []ir.DType{ir.Float64, ir.Float32} {
			text := strings.NewReplacer("; ", "\n", "T[", d.String()+"[").Replace(c.text)
			k, err := ir.ParseKernel(text + "\n")
			if err != nil {
				b.Fatal(err)
			}
			benchmarkContract(b, k, d, c.dims)
		}
	}
}

func benchmarkContract(b *testing.B, k *ir.Kernel, d ir.DType, dims []int64) {
	args := &lower.Args{Dims: dims}
	for _, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		var extents []int64
		for _, s := range o.Shape {
			extents = append(extents, dimOf(k, dims, s))
		}
		args.Arrays = append(args.Arrays, uniform(d, extents))
	}
	work := 2.0
	for _, a := range k.Axes {
		work *= float64(dimOf(k, dims, a.Extent))
	}
	size := strings.ReplaceAll(strings.Trim(fmt.Sprint(dims), "[]"), " ", "x")
	for _, level := range cpu.Levels() {
		if level == "portable" {
			continue
		}
		target, err := cpu.New(level)
		if err != nil {
			b.Fatal(err)
		}
		exe, err := target.Compile(b.Context(), k)
		if err != nil {
			b.Fatal(err)
		}
		for _, threads := range []int{1, 2} {
			args.Threads = threads
			b.Run(fmt.Sprintf("%s/%s/%s/%s/%d", k.Name, d, size, level, threads), func(b *testing.B) {
				for b.Loop() {
					if err := exe.Run(b.Context(), args); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(work*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GF/s")
			})
		}
	}
}

// uniform returns a row-major array of numbers from 1/2 to 3/2.
func uniform(d ir.DType, extents []int64) lower.Array {
	n := int64(1)
	strides := make([]int64, len(extents))
	for i := len(extents) - 1; i >= 0; i-- {
		strides[i] = n
		n *= extents[i]
	}
	a := lower.Array{DType: d, Strides: strides, Extents: extents}
	r := rand.New(rand.NewPCG(1, 2))
	if d == ir.Float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = 0.5 + r.Float64()
		}
		a.Buf = lower.HostOf(s)
		return a
	}
	s := make([]float32, n)
	for i := range s {
		s[i] = 0.5 + r.Float32()
	}
	a.Buf = lower.HostOf(s)
	return a
}
