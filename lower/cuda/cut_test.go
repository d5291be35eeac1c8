package cuda

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

// counting is a device that notes how many threads launches have.
type counting struct {
	simulated
	mu       *sync.Mutex
	launches *[]int
}

func (c counting) Load(text string) (module, error) {
	m, err := c.simulated.Load(text)
	return countingModule{m, c}, err
}

type countingModule struct {
	module
	c counting
}

func (m countingModule) Launch(entry string, blocks, threads int, frame uint64, words []byte) error {
	m.c.mu.Lock()
	*m.c.launches = append(*m.c.launches, blocks*threads)
	m.c.mu.Unlock()
	return m.module.Launch(entry, blocks, threads, frame, words)
}

// TestFewLongRows runs reductions of few and long rows: they are cut into pieces, which
// keep many threads busy, and have the bits that they have when they are not. Short ones
// are not cut.
func TestFewLongRows(t *testing.T) {
	if testing.Short() {
		t.Skip("half a million elements on a simulated device")
	}
	for _, c := range []struct {
		name, text string
		dims       []int64
		shapes     [][]int64
		least      int // threads of the largest launch
	}{
		{"rows", "kernel k\ndim M N\nin x f64[M,N]\nout y f64[M]\naxis i<M, j<N\ny[i] = sum.lanes[j](x[i,j])", []int64{2, 200000}, [][]int64{{2, 200000}, {2}}, 2 * 48 * 16},
		{"one", "kernel k\ndim N\nin x f64[N]\nout y f64[]\naxis j<N\ny[] = sum.lanes[j](x[j])", []int64{300000}, [][]int64{{300000}, {}}, 73 * 16},
		{"columns", "kernel k\ndim M N\nin x f64[M,N]\nout y f64[N]\naxis j<N, i<M\ny[j] = sum.lanes[i](x[i,j])", []int64{100000, 3}, [][]int64{{100000, 3}, {3}}, 3 * 24},
		{"product", "kernel k\ndim M N K\nin x f64[M,K], z f64[K,N]\nout y f64[M,N]\naxis i<M, j<N, q<K\ny[i,j] = fma.chain[q](x[i,q], z[q,j])", []int64{3, 5, 18000}, [][]int64{{3, 18000}, {18000, 5}, {3, 5}}, 5 * 32},
		{"short", "kernel k\ndim M N\nin x f64[M,N]\nout y f64[M]\naxis i<M, j<N\ny[i] = sum.lanes[j](x[i,j])", []int64{2, 3000}, [][]int64{{2, 3000}, {2}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ir.ParseKernel(c.text)
			if err != nil {
				t.Fatal(err)
			}
			var launches []int
			target := newTarget(counting{simulated{Device: ptxsim.NewDevice(1 << 28)}, new(sync.Mutex), &launches})
			exe, err := target.Compile(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			e := exe.(*executable)
			r := rand.New(rand.NewPCG(1, 2))
			args := &lower.Args{Dims: c.dims}
			for _, shape := range c.shapes {
				n := int64(1)
				for _, e := range shape {
					n *= e
				}
				v := make([]float64, n)
				for i := range v {
					v[i] = r.NormFloat64()
				}
				args.Arrays = append(args.Arrays, lower.Array{DType: ir.Float64, Buf: lower.HostOf(v), Extents: shape, Strides: lower.Contiguous(shape)})
			}
			result := lower.Slice[uint64](args.Arrays[len(args.Arrays)-1].Buf.(*lower.Host))
			if err := exe.Run(t.Context(), args); err != nil {
				t.Fatal(err)
			}
			if cut := e.cut != nil; cut != (c.least > 0) && c.name != "one" {
				t.Errorf("cut: %v", cut)
			}
			if most := slices.Max(launches); most < c.least {
				t.Errorf("launches of %v threads, none has %d", launches, c.least)
			}
			got := slices.Clone(result)
			e.cuts = nil
			clear(result)
			if err := exe.Run(t.Context(), args); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, result) {
				t.Errorf("in pieces %x, whole %x", got, result)
			}
			closeAll(t, exe, target)
		})
	}
}
