package cpu_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/loop/looptest"
	"github.com/numen-go/numen/lower/x86"
	"github.com/numen-go/numen/lower/x86/asm"
)

// long are kernels that take long, of everything that code does, with dims for some tens
// of milliseconds.
var long = []struct {
	dims []int64
	text string
}{
	{[]int64{2000, 2000}, "dim M N; in x f64[M,N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = pow(x[i,j], 1.7)"},
	{[]int64{4000000}, "dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = sin(x[i]) / log(x[i]) + erf(x[i])"},
	{[]int64{4000000}, "dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = sqrt(x[i]) / (x[i] / 3.0)"},
	{[]int64{4000000}, "dim N; in x i64[N]; out y i64[N]; axis i<N;  y[i] = quo(x[i], x[i] + 1)"},
	{[]int64{4000000}, "dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = sum.scan[i](x[i])"},
	{[]int64{300, 10000}, "dim M N; in x f64[M,N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = sum.scan[i](x[i,j])"},
	{[]int64{2000, 2000}, "dim M N; in x f64[M,N]; out y f64[N,M]; axis i<N, j<M;  y[i,j] = x[j,i]"},
	{[]int64{2000, 2000}, "dim M N; in x f32[M,N]; out y f32[N]; axis i<M, j<N;  y[j] = sum.lanes[i](x[i,j])"},
	{[]int64{4000000}, "dim N; in x f64[N]; out y f64[]; axis i<N;  y = sum.lanes[i](x[i])"},
	{[]int64{4000000}, "dim N; in x f64[N]; out v f64[], y i64[]; axis i<N;  v, y = argmax.free[i](x[i], i)"},
	{[]int64{700, 900}, "dim M N; in a f64[M,N], b f64[N,M]; out y f64[M,M]; axis i<M, j<M, k<N;  y[i,j] = fma.chain[k](a[i,k], b[k,j])"},
	{[]int64{900, 1100}, "dim M N; in a f32[M,N], b f32[N,M]; out y f32[M,M]; axis i<M, j<M, k<N;  y[i,j] = fma.chain[k](a[i,k], b[k,j])"},
	{[]int64{300, 20000}, "dim M N; in a f64[M,N]; out y f64[M,M]; axis i<M, j<M, k<N;  y[i,j] = fma.chain[k](log(a[i,k]) + 1.0, a[j,k])"},
	{[]int64{400, 400}, "dim M N; in a i64[M,N], b i64[N,M]; out y i64[M,M]; axis i<M, j<M, k<N;  y[i,j] = fma.free[k](a[i,k], b[k,j])"},
	{[]int64{3000, 3000}, "dim M N; in a f64[M,N], x f64[N]; out y f64[M]; axis i<M, k<N;  y[i] = fma.lanes[k](a[i,k], x[k])"},
	{[]int64{2000, 1000}, "dim M N; in x f64[M,1], c f64[N,1]; out y f64[M]; axis i<M, j<N;  y[i] = sum.lanes[j](exp((x[i,0] - c[j,0]) * 0.5))"},
	{[]int64{100, 30000}, "dim M N; in x f64[M,N]; out y f64[M,N]; local m f64[M], e f64[M,N], s f64[M]; axis i<M, j<N;  m[i] = max.free[j](x[i,j]); e[i,j] = exp(x[i,j] - m[i]); s[i] = sum.lanes[j](e[i,j]); y[i,j] = e[i,j] / s[i]"},
	{[]int64{4000000}, "dim M; in x f64[M], n i64[M]; out y f64[M]; axis i<M;  y[i] = x[chk(n[i],M)]"},
	{[]int64{4000000}, "dim M; in n i64[M], x f64[M]; inout y f64[M]; axis i<M;  y[chk(n[i],M)] = sum.scatter[i](x[i])"},
	{[]int64{4000000}, "dim N; in x i64[N]; out y i64[N]; axis i<N;  y[i] = append[i](x[i] > 1000000, x[i])"},
}

// TestSlices holds that machine code leaves within a millisecond whatever it does.
func TestSlices(t *testing.T) {
	if testing.Short() {
		t.Skip("-short is how the race detector runs, and its times mean nothing")
	}
	for level, x := range map[string]asm.Level{"avx512": asm.AVX512, "avx2": asm.AVX2} {
		if x86.Available(x) != nil {
			continue
		}
		for _, p := range long {
			k, err := ir.ParseKernel("kernel k; " + p.text)
			if err == nil {
				err = k.Verify()
			}
			if err != nil {
				t.Errorf("%s: %v", p.text, err)
				continue
			}
			m := &looptest.Timed{Machine: x86.New(x)}
			exe, err := loop.NewKernel(k, &loop.Tuning{Schedule: x86.Schedule(x), Machine: m})
			if err != nil {
				t.Errorf("%s: %v", p.text, err)
				continue
			}
			args := longArgs(k, p.dims)
			m.Hold(t, level+": "+p.text, func() error { return exe.Run(t.Context(), args) })
			exe.Close()
		}
	}
}

// longArgs returns arrays of random elements, integers being positions.
func longArgs(k *ir.Kernel, dims []int64) *lower.Args {
	a := &lower.Args{Dims: dims, Threads: 1}
	r := rand.New(rand.NewPCG(1, 2))
	for _, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		extents, n := []int64{}, int64(1)
		for _, d := range o.Shape {
			e, _ := d.Eval(func(s string) (int64, bool) {
				for i := range k.Dims {
					if k.Dims[i] == s {
						return dims[i], true
					}
				}
				return 0, false
			})
			extents, n = append(extents, e), n*e
		}
		var h *lower.Host
		switch o.DType {
		case ir.Float32:
			s := make([]float32, n)
			for i := range s {
				s[i] = r.Float32() + 1.5
			}
			h = lower.HostOf(s)
		case ir.Int64:
			s := make([]int64, n)
			for i := range s {
				s[i] = r.Int64N(dims[0])
			}
			h = lower.HostOf(s)
		default:
			s := make([]float64, n)
			for i := range s {
				s[i] = r.Float64() + 1.5
			}
			h = lower.HostOf(s)
		}
		a.Arrays = append(a.Arrays, lower.Array{DType: o.DType, Buf: h, Extents: extents, Strides: lower.Contiguous(extents)})
	}
	if slices.ContainsFunc(k.Stmts, func(s ir.Stmt) bool { return s.Sink == ir.Append }) {
		a.Counts = []int64{0}
	}
	return a
}
