package sparse

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop/looptest"
	"github.com/numen-go/numen/lower/x86"
	"github.com/numen-go/numen/lower/x86/asm"
)

// long are kernels that take long: lists that are many, that are long, that many results
// are made of, that other lists are looked up by; with dims, and how many elements each
// sparse operand stores.
var long = []struct {
	stored int64
	dims   []int64
	text   string
}{
	// many short lists, then few long ones
	{2e6, []int64{100_000, 100_000}, "dim M K; in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])"},
	{2e6, []int64{2, 4_000_000}, "dim M K; in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])"},
	{1e6, []int64{2, 4_000_000}, "dim M K; in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = sum.stored[k](pow(A[i,k], x[k]))"},
	{10, []int64{4_000_000, 10}, "dim M K; in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])"},
	{2e6, []int64{4_000_000, 2}, "dim M K; in A f64[M,K] csr, x f64[M]; out y f64[K]; axis k<K, i<M;  y[k] = fma.stored1[i](A[i,k], x[i])"},
	{2e6, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr; out x f64[M], o i64[M]; axis i<M, j<N;  x[i], o[i] = argmax.free[j](a[i,j], j)"},
	{10, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr, d f64[N]; out o f64[M]; axis i<M, j<N;  o[i] = sum.chain[j](a[i,j] + d[j])"},
	// many results for each element
	{1e5, []int64{10_000, 10_000, 32}, "dim M K N; in A f64[M,K] csr, X f64[K,N]; out Y f64[M,N]; axis i<M, j<N, k<K;  Y[i,j] = fma.stored[k](A[i,k], X[k,j])"},
	{100, []int64{10, 10, 200_000}, "dim M K N; in A f64[M,K] csr, X f64[K,N]; out Y f64[M,N]; axis i<M, j<N, k<K;  Y[i,j] = fma.stored[k](A[i,k], X[k,j])"},
	{2000, []int64{1, 4000, 1000}, "dim M K N; in A f64[M,K] csr, X f64[K,N]; out Y f64[M,N]; axis i<M, j<N, k<K;  Y[i,j] = sum.stored[k](A[i,k]*exp(X[k,j]))"},
	{1e6, []int64{100, 300, 1000, 16}, "dim M N P K; in A f64[M,N,P] csf, B f64[N,K], C f64[P,K]; out o f64[M,K]; axis i<M, r<K, j<N, k<P;  o[i,r] = fma.stored[j,k](A[i,j,k]*B[j,r], C[k,r])"},
	{1e5, []int64{10_000, 10_000, 32}, "dim M N K; in a f64[M,N] csr, p f64[M,K], q f64[N,K]; out o f64[M,N] csr; local t f64[M,N]; axis i<M, j<N, k<K;  t[i,j] = fma.chain[k](p[i,k], q[j,k]) over a[i,j]; o[i,j] = a[i,j]*t[i,j]"},
	{10, []int64{10, 10, 400_000}, "dim M N K; in a f64[M,N] csr, p f64[M,K], q f64[N,K]; out o f64[M,N] csr; local t f64[M,N]; axis i<M, j<N, k<K;  t[i,j] = fma.chain[k](p[i,k], q[j,k]) over a[i,j]; o[i,j] = a[i,j]*t[i,j]"},
	// lists side by side
	{1e6, []int64{100_000, 1000}, "dim M N; in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]"},
	{1e6, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]"},
	{1e6, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*b[i,j]"},
	{1e6, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr, b f64[M,N] csr; out o f64[M]; axis i<M, j<N;  o[i] = sum.stored[j](a[i,j] + b[i,j])"},
	{1e6, []int64{2000, 2000}, "dim M N; in a f64[M,N] coo, b f64[M,N] coo; out o f64[M,N] coo; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]"},
	{1e6, []int64{4_000_000}, "dim N; in a f64[N] sparsevec, d f64[N]; out o f64[N]; axis i<N;  o[i] = a[i] + d[i]"},
	// one list
	{2e6, []int64{4_000_000}, "dim N; in a f64[N] sparsevec; out o f64[N] sparsevec; axis i<N;  o[i] = pow(a[i], 1.7)"},
	{2e6, []int64{100_000, 1000}, "dim M N; in a f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*2.5"},
	{2e6, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr; out o f64[M,N]; axis i<M, j<N;  o[i,j] = a[i,j]"},
	{2e6, []int64{2, 4_000_000}, "dim M N; in a f64[M,N] csr; out o f64[N,M] csr; axis i<N, j<M;  o[i,j] = a[j,i]"},
	{2e6, []int64{2, 2_000_000}, "dim M N; in a f64[M,N] csr; out o f64[M*N] sparsevec; axis i<M, j<N;  o[N*i+j] = a[i,j]"},
	{1e6, []int64{2, 2_000_000}, "dim M N; in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N+N] csr; axis i<M, j<N+N;  o[i,j] = pick(within(j, N), a[i,j], b[i,j-N])"},
	{1e6, []int64{1000, 2000, 1000}, "dim M N K; in a f64[M,N] csr, p i64[K]; out o f64[K,N] csr; axis i<K, j<N;  o[i,j] = a[chk(p[i], M, 0),j]"},
	// products of sparse arrays
	{1e5, []int64{10_000, 10_000, 10_000}, "dim M K N; in A f64[M,K] csr, P f64[K,N] csr; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.stored1[k](A[i,k], P[k,j])"},
	{4e5, []int64{1, 400_000, 400_000}, "dim M K N; in A f64[M,K] csr, P f64[K,N] csr; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.stored1[k](A[i,k], P[k,j])"},
	{4e5, []int64{2, 400_000, 2}, "dim M K N; in A f64[M,K] csr, P f64[N,K] csr; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.stored[k](A[i,k], P[j,k])"},
}

// TestSlices holds that machine code leaves within a millisecond whatever it does, as
// that of dense arrays does.
func TestSlices(t *testing.T) {
	if testing.Short() {
		t.Skip("-short is how the race detector runs, and its times mean nothing")
	}
	for name, level := range map[string]asm.Level{"avx512": asm.AVX512, "avx2": asm.AVX2} {
		if x86.Available(level) != nil {
			continue
		}
		m := &looptest.Timed{Machine: x86.New(level)}
		for _, c := range long {
			k, err := ir.ParseKernel("kernel k; " + c.text)
			if err != nil {
				t.Fatal(err)
			}
			e, err := (&target{machine: m, keep: x86.Keep(level)}).Compile(t.Context(), k)
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
				continue
			}
			args := longArgs(t, k, c.dims, c.stored)
			m.Hold(t, name+": "+c.text, func() error {
				for i, o := range k.Operands { // a result becomes what the run makes
					if o.Role == ir.Out && o.Format.Sparse() {
						args.Arrays[i].Buf = &Data{}
					}
				}
				return e.Run(t.Context(), args)
			})
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// longArgs returns arguments: what is sparse stores elements at random positions, evenly;
// integers are positions.
func longArgs(t *testing.T, k *ir.Kernel, dims []int64, stored int64) *lower.Args {
	a := &lower.Args{Dims: dims, Threads: 1}
	r := rand.New(rand.NewPCG(1, 2))
	for _, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		var extents []int64
		n := int64(1)
		for _, d := range o.Shape {
			e, err := d.Eval(func(s string) (int64, bool) { return dims[slices.Index(k.Dims, s)], true })
			if err != nil {
				t.Fatal(err)
			}
			extents, n = append(extents, e), n*e
		}
		x := lower.Array{DType: o.DType, Extents: extents, Strides: lower.Contiguous(extents), Format: o.Format}
		switch {
		case !o.Format.Sparse() && o.DType == ir.Int64:
			s := make([]int64, n)
			for i := range s {
				s[i] = r.Int64N(dims[0])
			}
			x.Buf = lower.HostOf(s)
		case !o.Format.Sparse():
			x.Buf = lower.HostOf(randoms(r, n))
		case o.Role == ir.In:
			coords, at := make([][]int32, len(extents)), make([]int64, stored)
			for i := range stored {
				at[i] = i
				p := (n/stored)*i + r.Int64N(n/stored)
				for d, stride := range x.Strides {
					coords[d] = append(coords[d], int32(p/stride%extents[d]))
				}
			}
			data, err := Build(o.DType, o.Format, extents, coords, lower.HostOf(randoms(r, stored)), at)
			if err != nil {
				t.Fatal(err)
			}
			x.Buf = data
		}
		a.Arrays = append(a.Arrays, x)
	}
	return a
}

func randoms(r *rand.Rand, n int64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = r.Float64() + 0.5
	}
	return s
}
