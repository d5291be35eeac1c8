package cpu_test

import (
	"flag"
	"fmt"
	"runtime"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/x86"
)

var compilations = flag.Int("compilations", 2000, "how many kernels TestMemory compiles, runs and closes")

// TestMemory holds that kernels that are closed leave nothing behind: no mapping of
// machine code, no growing heap.
func TestMemory(t *testing.T) {
	eachLevel(t, func(t *testing.T, level string) {
		target := open(t, level)
		x, y := make([]float64, 100), make([]float64, 100)
		args := &lower.Args{Dims: []int64{100}, Threads: 1}
		for _, s := range [][]float64{x, y} {
			args.Arrays = append(args.Arrays, lower.Array{DType: ir.Float64, Buf: lower.HostOf(s), Strides: []int64{1}, Extents: []int64{100}})
		}
		once := func(i int) {
			k, err := ir.ParseKernel(fmt.Sprintf("kernel k%d; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = x[i] * %d.5", i, i))
			if err != nil {
				t.Fatal(err)
			}
			exe, err := target.Compile(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			x[7] = 2
			if err := exe.Run(t.Context(), args); err != nil {
				t.Fatal(err)
			}
			if want := float64(2*i) + 1; y[7] != want {
				t.Fatalf("%v, want %v", y[7], want)
			}
			if err := exe.Close(); err != nil {
				t.Fatal(err)
			}
		}
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		for i := range 100 {
			once(i)
		}
		before := heap()
		inUse, ever := x86.Mappings()
		for i := range *compilations {
			once(i)
		}
		nowInUse, nowEver := x86.Mappings()
		if nowInUse != inUse {
			t.Errorf("%d mappings in use, %d before", nowInUse, inUse)
		}
		if level != "portable" && nowEver < ever+int64(*compilations) {
			t.Errorf("%d kernels became %d pieces of machine code", *compilations, nowEver-ever)
		}
		after := heap()
		if after > before+1<<20 {
			t.Errorf("the heap grew from %d to %d bytes", before, after)
		}
		t.Logf("%d kernels: the heap had %d bytes, then %d; %d mappings of code in use, then %d", *compilations, before, after, inUse, nowInUse)
	})
}
