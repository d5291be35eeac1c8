package loop_test

import (
	"context"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"math/rand"
	"runtime"
	"syscall"
	"testing"
)

func kern(b *testing.B, src string) *loop.Kernel {
	k, err := ir.ParseKernel(src)
	if err != nil {
		b.Fatal(err)
	}
	x, err := loop.NewKernel(k)
	if err != nil {
		b.Fatal(err)
	}
	return x
}
func arr(n ...int64) lower.Array {
	t := int64(1)
	for _, e := range n {
		t *= e
	}
	s := make([]float64, t)
	for i := range s {
		s[i] = rand.Float64() + 0.1
	}
	return lower.Array{DType: ir.Float64, Buf: lower.HostOf(s), Strides: lower.Contiguous(n), Extents: n}
}
func run(b *testing.B, src string, elems int64, a *lower.Args) {
	k := kern(b, src)
	b.ReportAllocs()
	b.SetBytes(elems)
	if err := k.Run(context.Background(), a); err != nil {
		b.Fatal(err)
	}
	best := 1e18
	runtime.LockOSThread()
	cpu := func() float64 {
		var r syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &r)
		return float64(r.Utime.Nano() + r.Stime.Nano())
	}
	reps := 1 + int(2e6/float64(elems))
	for range 7 {
		t := cpu()
		for range reps {
			if err := k.Run(context.Background(), a); err != nil {
				b.Fatal(err)
			}
		}
		best = min(best, (cpu()-t)/float64(reps))
	}
	for b.Loop() {
		if err := k.Run(context.Background(), a); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(best/float64(elems), "cpu-ns/elem")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(elems), "ns/elem")
}

const add = "kernel t; dim N; in a f64[N], b f64[N], c f64[N]; out o f64[N]; axis i<N; o[i] = a[i]+b[i]*c[i]"

func BenchmarkTiny(b *testing.B) {
	n := int64(10)
	run(b, add, n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n), arr(n), arr(n), arr(n)}, Threads: 2})
}
func BenchmarkAddMulL1(b *testing.B) {
	n := int64(1000)
	run(b, add, n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n), arr(n), arr(n), arr(n)}, Threads: 1})
}
func BenchmarkAddMul1e7(b *testing.B) {
	n := int64(1e7)
	run(b, add, n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n), arr(n), arr(n), arr(n)}, Threads: runtime.NumCPU()})
}
func BenchmarkPlain1e7(b *testing.B) {
	n := int64(1e7)
	x, y, z, o := arr(n), arr(n), arr(n), arr(n)
	s := func(a lower.Array) []float64 { return lower.Slice[float64](a.Buf.(*lower.Host)) }
	X, Y, Z, O := s(x), s(y), s(z), s(o)
	for b.Loop() {
		lower.Parallel(context.Background(), 2, 2, func(i int64) error {
			lo, hi := i*n/2, (i+1)*n/2
			x, y, z, o := X[lo:hi], Y[lo:hi], Z[lo:hi], O[lo:hi]
			for i := range o {
				o[i] = x[i] + float64(y[i]*z[i])
			}
			return nil
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
}
func BenchmarkExp(b *testing.B) {
	n := int64(10000)
	run(b, "kernel t; dim N; in a f64[N]; out o f64[N]; axis i<N; o[i] = exp(a[i])", n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n), arr(n)}, Threads: 1})
}
func BenchmarkLog(b *testing.B) {
	n := int64(10000)
	run(b, "kernel t; dim N; in a f64[N]; out o f64[N]; axis i<N; o[i] = log(a[i])", n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n), arr(n)}, Threads: 1})
}
func BenchmarkRowSum(b *testing.B) {
	m, n := int64(1000), int64(10000)
	run(b, "kernel t; dim M N; in a f64[M,N]; out o f64[M]; axis i<M, j<N; o[i] = sum.lanes[j](a[i,j])", n*m, &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{arr(m, n), arr(m)}, Threads: 2})
}
func BenchmarkColSum(b *testing.B) {
	m, n := int64(1000), int64(10000)
	run(b, "kernel t; dim M N; in a f64[M,N]; out o f64[N]; axis i<M, j<N; o[j] = sum.lanes[i](a[i,j])", n*m, &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{arr(m, n), arr(n)}, Threads: 2})
}
func BenchmarkCumsum(b *testing.B) {
	m, n := int64(100), int64(10000)
	run(b, "kernel t; dim M N; in a f64[M,N]; out o f64[M,N]; axis i<M, j<N; o[i,j] = sum.scan[j](a[i,j])", n*m, &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{arr(m, n), arr(m, n)}, Threads: 1})
}
func BenchmarkMatvec(b *testing.B) {
	m, n := int64(1000), int64(1000)
	run(b, "kernel t; dim M K; in a f64[M,K], x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.lanes[k](a[i,k], x[k])", n*m, &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{arr(m, n), arr(n), arr(m)}, Threads: 1})
}
func BenchmarkGemm(b *testing.B) {
	n := int64(512)
	run(b, "kernel t; dim M; in a f64[M,M], c f64[M,M]; out y f64[M,M]; axis i<M, j<M, k<M;  y[i,j] = fma.chain[k](a[i,k], c[k,j])", n*n*n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n, n), arr(n, n), arr(n, n)}, Threads: 1})
}
func BenchmarkSoftmax(b *testing.B) {
	m, n := int64(100), int64(1000)
	run(b, "kernel softmax; dim M N; in x f64[M,N]; out y f64[M,N]; local m f64[M], e f64[M,N], s f64[M]; axis i<M, j<N;  m[i] = max.free[j](x[i,j]); e[i,j] = exp(x[i,j] - m[i]); s[i] = sum.lanes[j](e[i,j]); y[i,j] = e[i,j] / s[i]", n*m, &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{arr(m, n), arr(m, n)}, Threads: 1})
}
func BenchmarkSmallRows(b *testing.B) {
	m, n := int64(10000), int64(10)
	run(b, "kernel t; dim M N; in a f64[M,N]; out o f64[M]; axis i<M, j<N; o[i] = sum.lanes[j](a[i,j])", n*m, &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{arr(m, n), arr(m)}, Threads: 1})
}
func BenchmarkFounding(b *testing.B) {
	m, k := int64(200), int64(20000)
	run(b, "kernel founding; dim K M H; in x f64[K,M]; out z f64[H,M]; local y f64[M,M], s f64[M], mu f64[M]; axis j<M, i<M, k<K, r<H;  y[i,j] = fma.chain[k](x[k,i], log(x[k,j]) + 1); s[j] = sum.lanes[i](y[i,j]); mu[j] = s[j] / M; z[r,j] = y[r,j] - mu[j]", m*m*k, &lower.Args{Dims: []int64{k, m, 5}, Arrays: []lower.Array{arr(k, m), arr(5, m)}, Threads: 2})
}

func one(b *testing.B, src string, dims []int64, elems int64, as ...lower.Array) {
	run(b, src, elems, &lower.Args{Dims: dims, Arrays: as, Threads: 1})
}
func BenchmarkSum1D(b *testing.B) {
	n := int64(1e6)
	one(b, "kernel t; dim N; in a f64[N]; out o f64[]; axis i<N; o = sum.lanes[i](a[i])", []int64{n}, n, arr(n), arr())
}
func BenchmarkMaxRow(b *testing.B) {
	m, n := int64(100), int64(1000)
	one(b, "kernel t; dim M N; in a f64[M,N]; out o f64[M]; axis i<M,j<N; o[i] = max.free[j](a[i,j])", []int64{m, n}, n*m, arr(m, n), arr(m))
}
func BenchmarkArgmaxRow(b *testing.B) {
	m, n := int64(100), int64(1000)
	one(b, "kernel t; dim M N; in x f64[M,N]; out v f64[M], p f64[M]; local q i64[M]; axis i<M,j<N; v[i], q[i] = argmax.free[j](x[i,j],j); p[i]=f64(q[i])", []int64{m, n}, n*m, arr(m, n), arr(m), arr(m))
}
func BenchmarkSmallInner(b *testing.B) {
	m, n := int64(100000), int64(3)
	one(b, "kernel t; dim M N; in a f64[M,N]; out o f64[M,N]; axis i<M,j<N; o[i,j] = a[i,j]*2.0+1.0", []int64{m, n}, n*m, arr(m, n), arr(m, n))
}
func BenchmarkBcastCol(b *testing.B) {
	m, n := int64(300), int64(1000)
	one(b, "kernel t; dim M N; in a f64[M,N], c f64[N]; out o f64[M,N]; axis i<M,j<N; o[i,j] = a[i,j]-c[j]", []int64{m, n}, n*m, arr(m, n), arr(n), arr(m, n))
}
func BenchmarkOps16(b *testing.B) {
	n := int64(1000)
	one(b, "kernel t; dim N; in a f64[N]; out o f64[N]; axis i<N; let x=a[i]; o[i] = (((((((x*x+x)*x+x)*x+x)*x+x)*x+x)*x+x)*x+x)*x", []int64{n}, n*15, arr(n), arr(n))
}
func BenchmarkTranspose(b *testing.B) {
	m, n := int64(500), int64(700)
	one(b, "kernel t; dim M N; in a f64[M,N]; out o f64[N,M]; axis i<M,j<N; o[j,i] = a[i,j]", []int64{m, n}, n*m, arr(m, n), arr(n, m))
}
func BenchmarkLayernorm(b *testing.B) {
	m, n := int64(100), int64(768)
	one(b, "kernel layernorm; dim M N; in x f64[M,N], g f64[N], b f64[N]; out o f64[M,N]; local s f64[M], mu f64[M], q f64[M], w f64[M]; axis i<M, j<N;  s[i] = sum.lanes[j](x[i,j]); mu[i] = s[i] / N; let d = x[i,j] - mu[i]; q[i] = sum.lanes[j](d*d); w[i] = sqrt(q[i]/N + 0.001); o[i,j] = d / w[i] * g[j] + b[j]", []int64{m, n}, n*m, arr(m, n), arr(n), arr(n), arr(m, n))
}
func BenchmarkConv(b *testing.B) {
	h := int64(64)
	one(b, "kernel conv2d; dim B C H W F; in x f64[B,C,H,W], w f64[F,C,3,3]; out o f64[B,F,H,W]; axis n<B, f<F, y<H, z<W, c<C, p<3, q<3;  o[n,f,y,z] = fma.chain[c,p,q](pad(x[n,c,y+p-1,z+q-1], 0.0), w[f,c,p,q])", []int64{1, 8, h, h, 8}, h*h*8*8*9, arr(1, 8, h, h), arr(8, 8, 3, 3), arr(1, 8, h, h))
}
func arr32(n ...int64) lower.Array {
	t := int64(1)
	for _, e := range n {
		t *= e
	}
	s := make([]float32, t)
	for i := range s {
		s[i] = rand.Float32() + 0.1
	}
	return lower.Array{DType: ir.Float32, Buf: lower.HostOf(s), Strides: lower.Contiguous(n), Extents: n}
}
func BenchmarkExp32(b *testing.B) {
	n := int64(10000)
	run(b, "kernel t; dim N; in a f32[N]; out o f32[N]; axis i<N; o[i] = exp(a[i])", n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr32(n), arr32(n)}, Threads: 1})
}
func BenchmarkTanh(b *testing.B) {
	n := int64(10000)
	run(b, "kernel t; dim N; in a f64[N]; out o f64[N]; axis i<N; o[i] = tanh(a[i])", n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr(n), arr(n)}, Threads: 1})
}
func BenchmarkGemm32(b *testing.B) {
	n := int64(256)
	run(b, "kernel t; dim M; in a f32[M,M], c f32[M,M]; out y f32[M,M]; axis i<M, j<M, k<M;  y[i,j] = fma.chain[k](a[i,k], c[k,j])", n*n*n, &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{arr32(n, n), arr32(n, n), arr32(n, n)}, Threads: 1})
}
