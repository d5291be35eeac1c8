package cpu_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// TestLargeContractions holds contractions that are too large for the evaluator to NUMERICS'
// rule of chains, in plain loops: tasks that share what is packed, several chunks of the
// contracted axis, more columns than are packed together, matrices one after the other,
// factors that are computed, and stores over the results.
func TestLargeContractions(t *testing.T) {
	for _, c := range []struct {
		text   string
		dims   []int64 // of the kernel
		matrix []int64 // how many, M, K, N
		turned bool    // the first factor is the second's array, with its axes swapped
		of     func(x float64) float64
		ofRow  bool // it is of the first factor
		after  func(x, d float64) float64
	}{
		{text: "kernel product; dim M K N; in a f64[M,K], b f64[K,N]; out c f64[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[i,k], b[k,j])",
			dims: []int64{130, 2100, 300}, matrix: []int64{1, 130, 2100, 300}},
		{text: "kernel wide; dim M K N; in a f64[M,K], b f64[K,N]; out c f64[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[i,k], b[k,j])",
			dims: []int64{20, 1100, 4300}, matrix: []int64{1, 20, 1100, 4300}},
		{text: "kernel batch; dim B M K N; in a f64[B,M,K], b f64[B,K,N]; out c f64[B,M,N]; axis h<B, i<M, j<N, k<K; c[h,i,j] = fma.chain[k](a[h,i,k], b[h,k,j])",
			dims: []int64{2, 200, 700, 300}, matrix: []int64{2, 200, 700, 300}},
		{text: "kernel relu; dim M K N; in a f64[M,K], b f64[K,N], d f64[N]; local p f64[M,N]; out c f64[M,N]; axis i<M, j<N, k<K; p[i,j] = fma.chain[k](a[i,k], b[k,j]); c[i,j] = max(p[i,j] - d[j]*1030.0, 0.0)",
			dims: []int64{150, 1030, 200}, matrix: []int64{1, 150, 1030, 200}, after: func(x, d float64) float64 { return max(x-float64(d*1030), 0) }},
		{text: "kernel gram; dim K M; in a f64[K,M]; out c f64[M,M]; axis i<M, j<M, k<K; c[i,j] = fma.chain[k](a[k,i], a[k,j]*a[k,j] + 1.0)",
			dims: []int64{3000, 41}, matrix: []int64{1, 41, 3000, 41}, turned: true, of: func(x float64) float64 { return float64(x*x) + 1 }},
		{text: "kernel rows; dim K M; in a f64[K,M]; out c f64[M,M]; axis i<M, j<M, k<K; c[i,j] = fma.chain[k](a[k,i]*a[k,i] + 1.0, a[k,j])",
			dims: []int64{3000, 41}, matrix: []int64{1, 41, 3000, 41}, turned: true, ofRow: true, of: func(x float64) float64 { return float64(x*x) + 1 }},
		// many steps: cut along these
		{text: "kernel few; dim M K N; in a f64[M,K], b f64[K,N]; out c f64[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[i,k], b[k,j])",
			dims: []int64{33, 9000, 41}, matrix: []int64{1, 33, 9000, 41}},
		{text: "kernel long; dim M K N; in a f64[M,K], b f64[K,N]; out c f64[M,N]; axis i<M, j<N, k<K; c[i,j] = fma.chain[k](a[i,k], b[k,j])",
			dims: []int64{70, 7000, 77}, matrix: []int64{1, 70, 7000, 77}},
		{text: "kernel deep; dim M K N; in a f64[M,K], b f64[K,N], d f64[N]; local p f64[M,N]; out c f64[M,N]; axis i<M, j<N, k<K; p[i,j] = fma.chain[k](a[i,k], b[k,j]); c[i,j] = max(p[i,j] - d[j]*100100.0, 0.0)",
			dims: []int64{7, 100100, 70}, matrix: []int64{1, 7, 100100, 70}, after: func(x, d float64) float64 { return max(x-float64(d*100100), 0) }},
		{text: "kernel batches; dim B M K N; in a f64[B,M,K], b f64[B,K,N]; out c f64[B,M,N]; axis h<B, i<M, j<N, k<K; c[h,i,j] = fma.chain[k](a[h,i,k], b[h,k,j])",
			dims: []int64{2, 130, 5000, 120}, matrix: []int64{2, 130, 5000, 120}},
		{text: "kernel grams; dim K M; in a f64[K,M]; out c f64[M,M]; axis i<M, j<M, k<K; c[i,j] = fma.chain[k](a[k,i], a[k,j]*a[k,j] + 1.0)",
			dims: []int64{5200, 41}, matrix: []int64{1, 41, 5200, 41}, turned: true, of: func(x float64) float64 { return float64(x*x) + 1 }},
		{text: "kernel lines; dim K M; in a f64[K,M]; out c f64[M,M]; axis i<M, j<M, k<K; c[i,j] = fma.chain[k](a[k,i]*a[k,i] + 1.0, a[k,j])",
			dims: []int64{5200, 41}, matrix: []int64{1, 41, 5200, 41}, turned: true, ofRow: true, of: func(x float64) float64 { return float64(x*x) + 1 }},
		// and a reduction over the results after it
		{text: "kernel most; dim K M; in a f64[K,M]; local p f64[M,M], h f64[M]; out c f64[M,M]; axis i<M, j<M, k<K; p[i,j] = fma.chain[k](a[k,i], a[k,j]*a[k,j] + 1.0); h[j] = max.free[i](p[i,j]); c[i,j] = min(p[i,j], h[j])",
			dims: []int64{5200, 41}, matrix: []int64{1, 41, 5200, 41}, turned: true, of: func(x float64) float64 { return float64(x*x) + 1 }},
	} {
		k, err := ir.ParseKernel(c.text)
		if err != nil {
			t.Fatal(err)
		}
		args := &lower.Args{Dims: c.dims}
		data := map[string][]float64{}
		for _, o := range k.Operands {
			if o.Role == ir.Local {
				continue
			}
			var extents []int64
			for _, d := range o.Shape {
				extents = append(extents, dimOf(k, c.dims, d))
			}
			x := uniform(ir.Float64, extents)
			data[o.Name] = lower.Slice[float64](x.Buf.(*lower.Host))
			args.Arrays = append(args.Arrays, x)
		}
		h, m, depth, n := c.matrix[0], c.matrix[1], c.matrix[2], c.matrix[3]
		want := make([]float64, 0, h*m*n)
		for g := range h {
			a, b := data["a"], data["b"]
			if c.turned {
				b = a
			} else {
				a, b = a[g*m*depth:], b[g*depth*n:]
			}
			for i := range m {
				row := make([]float64, depth)
				for k := range row {
					if c.turned {
						row[k] = a[int64(k)*m+i]
					} else {
						row[k] = a[i*depth+int64(k)]
					}
				}
				of := c.of
				if c.ofRow {
					for k := range row {
						row[k] = of(row[k])
					}
					of = nil
				}
				for j, x := range chains(row, b, n, of) {
					if c.after != nil {
						x = c.after(x, data["d"][j])
					}
					want = append(want, x)
				}
			}
		}
		eachLevel(t, func(t *testing.T, level string) {
			exe, err := open(t, level).Compile(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			defer exe.Close()
			got := data["c"]
			for _, args.Threads = range []int{1, 2, 7} {
				clear(got)
				if err := exe.Run(t.Context(), args); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
						t.Fatalf("%s, %d threads: element %d is %v, want %v", k.Name, args.Threads, i, got[i], want[i])
					}
				}
			}
		})
	}
}

// dimOf returns the number of a dim that is one of the kernel's.
func dimOf(k *ir.Kernel, dims []int64, d ir.Dim) int64 {
	for i, name := range k.Dims {
		if d.String() == name {
			return dims[i]
		}
	}
	panic(fmt.Sprintf("%s is no dim of the kernel", d))
}

// chains returns the products of a row with n columns: chains of 512, joined by Tree.
func chains(row, b []float64, n int64, of func(x float64) float64) []float64 {
	blocks := make([][]float64, 0, len(row)/512+1)
	for len(row) > 0 {
		k := min(512, len(row))
		acc := make([]float64, n)
		for j := range acc {
			acc[j] = math.Copysign(0, -1)
		}
		for s, x := range row[:k] {
			for j, y := range b[int64(s)*n : (int64(s)+1)*n] {
				if of != nil {
					y = of(y)
				}
				acc[j] = math.FMA(x, y, acc[j])
			}
		}
		blocks, row, b = append(blocks, acc), row[k:], b[int64(k)*n:]
	}
	return treeOf(blocks)
}

// treeOf adds the blocks as Tree does.
func treeOf(blocks [][]float64) []float64 {
	if len(blocks) == 1 {
		return blocks[0]
	}
	half := 1
	for 2*half < len(blocks) {
		half *= 2
	}
	left, right := treeOf(blocks[:half]), treeOf(blocks[half:])
	for i, x := range right {
		left[i] += x
	}
	return left
}
