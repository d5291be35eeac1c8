package loop_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// run measures a kernel over row-major arrays of the extents given, an array an operand.
// elems is what a nanosecond is shared by.
func run(b *testing.B, threads int, elems int64, dims []int64, text string) {
	b.Helper()
	k, err := ir.ParseKernel(text)
	if err != nil {
		b.Fatal(err)
	}
	exe, err := loop.NewKernel(k, loop.Portable)
	if err != nil {
		b.Fatal(err)
	}
	args := &lower.Args{Dims: dims, Threads: threads}
	for _, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		extents, n := []int64{}, int64(1)
		for _, d := range o.Shape {
			e, err := d.Eval(func(s string) (int64, bool) {
				for i, name := range k.Dims {
					if name == s {
						return dims[i], true
					}
				}
				return 0, false
			})
			if err != nil {
				b.Fatal(err)
			}
			extents = append(extents, e)
			n *= e
		}
		args.Arrays = append(args.Arrays, lower.Array{DType: ir.Float64, Buf: lower.HostOf(positive(n)), Strides: lower.Contiguous(extents), Extents: extents})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := exe.Run(context.Background(), args); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(elems), "ns/elem")
}

func positive(n int64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = rand.Float64() + 0.1
	}
	return s
}

const addMul = "kernel add_mul; dim N; in a f64[N], b f64[N], c f64[N]; out o f64[N]; axis i<N;  o[i] = a[i] + b[i]*c[i]"

func BenchmarkTiny(b *testing.B)    { run(b, 1, 10, []int64{10}, addMul) }
func BenchmarkInCache(b *testing.B) { run(b, 1, 800, []int64{800}, addMul) }
func BenchmarkAddMul(b *testing.B)  { run(b, runtime.GOMAXPROCS(0), 1e7, []int64{1e7}, addMul) }

// BenchmarkAddMulGo is the loop that a person would write, on all processors.
func BenchmarkAddMulGo(b *testing.B) {
	const n = 1e7
	x, y, z, o := positive(n), positive(n), positive(n), positive(n)
	threads := runtime.GOMAXPROCS(0)
	for b.Loop() {
		err := lower.Parallel(context.Background(), threads, int64(threads), func(i int64) error {
			lo, hi := int(i)*n/threads, (int(i)+1)*n/threads
			x, y, z, o := x[lo:hi], y[lo:hi], z[lo:hi], o[lo:hi]
			for i := range o {
				o[i] = x[i] + float64(y[i]*z[i])
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
}

func BenchmarkExp(b *testing.B) {
	run(b, 1, 10000, []int64{10000}, "kernel exp_; dim N; in a f64[N]; out o f64[N]; axis i<N;  o[i] = exp(a[i])")
}

func BenchmarkRowSum(b *testing.B) {
	run(b, runtime.GOMAXPROCS(0), 1e7, []int64{1000, 10000}, "kernel rows; dim M N; in a f64[M,N]; out o f64[M]; axis i<M, j<N;  o[i] = sum.lanes[j](a[i,j])")
}

func BenchmarkColumnSum(b *testing.B) {
	run(b, runtime.GOMAXPROCS(0), 1e7, []int64{1000, 10000}, "kernel columns; dim M N; in a f64[M,N]; out o f64[N]; axis i<M, j<N;  o[j] = sum.lanes[i](a[i,j])")
}

func BenchmarkShortRows(b *testing.B) {
	run(b, 1, 1e5, []int64{10000, 10}, "kernel rows; dim M N; in a f64[M,N]; out o f64[M]; axis i<M, j<N;  o[i] = sum.lanes[j](a[i,j])")
}

func BenchmarkCumsum(b *testing.B) {
	run(b, 1, 1e6, []int64{100, 10000}, "kernel cumsum; dim M N; in x f64[M,N]; out o f64[M,N]; axis i<M, j<N;  o[i,j] = sum.scan[j](x[i,j])")
}

func BenchmarkSoftmax(b *testing.B) {
	run(b, 1, 1e5, []int64{100, 1000}, `kernel softmax; dim M N; in x f64[M,N]; out y f64[M,N]; local m f64[M], e f64[M,N], s f64[M]; axis i<M, j<N
		m[i] = max.free[j](x[i,j]); e[i,j] = exp(x[i,j] - m[i]); s[i] = sum.lanes[j](e[i,j]); y[i,j] = e[i,j] / s[i]`)
}

// BenchmarkGEMM counts a fused product and sum as an element.
func BenchmarkGEMM(b *testing.B) {
	run(b, 1, 512*512*512, []int64{512}, "kernel gemm; dim M; in a f64[M,M], c f64[M,M]; out y f64[M,M]; axis i<M, j<M, k<M;  y[i,j] = fma.chain[k](a[i,k], c[k,j])")
}

// BenchmarkFounding is the founding program on 20000 x 200.
func BenchmarkFounding(b *testing.B) {
	run(b, runtime.GOMAXPROCS(0), 200*200*20000, []int64{20000, 200, 5}, `kernel founding; dim K M H; in x f64[K,M]; out z f64[H,M]; local y f64[M,M], s f64[M], mu f64[M]; axis j<M, i<M, k<K, r<H
		y[i,j] = fma.chain[k](x[k,i], log(x[k,j]) + 1); s[j] = sum.lanes[i](y[i,j]); mu[j] = s[j] / M; z[r,j] = y[r,j] - mu[j]`)
}
