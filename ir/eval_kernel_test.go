package ir

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// kernelCase is an example with sizes, and what it computes as plain loops over floats.
type kernelCase struct {
	name    string
	dims    string // "M=3 N=40"
	scalars []float64
	want    func(c *kernelRun)
}

// kernelRun is the arguments of an example, by name, and the values that are expected.
type kernelRun struct {
	t    testing.TB
	k    *Kernel
	args KernelArgs
	dim  map[string]int
	want map[string][]uint64
	mem  map[string]*KernelArray
	op   map[string]*Operand
	ext  map[string][]int64
}

// newKernelRun makes random arguments: indices small and negative too, a third of sparse
// operands stored, among floats a few zeros of both signs.
func newKernelRun(t testing.TB, k *Kernel, dims string, scalars []float64) *kernelRun {
	t.Helper()
	c := &kernelRun{t: t, k: k, dim: map[string]int{}, want: map[string][]uint64{}, mem: map[string]*KernelArray{}, op: map[string]*Operand{}, ext: map[string][]int64{}}
	for _, f := range strings.Fields(dims) {
		name, text, _ := strings.Cut(f, "=")
		v, err := parseLiteral(Int64, text)
		if err != nil {
			t.Fatal(err)
		}
		c.dim[name] = int(v)
	}
	v := &kernelEval{k: k, dims: map[string]int64{}}
	for _, d := range k.Dims {
		n, ok := c.dim[d]
		if !ok {
			t.Fatalf("%s: no dim %s", k.Name, d)
		}
		c.args.Dims = append(c.args.Dims, int64(n))
		v.dims[d] = int64(n)
	}
	for i, s := range k.Scalars {
		c.args.Scalars = append(c.args.Scalars, castBits(s.DType, Float64, math.Float64bits(scalars[i])))
	}
	r := rand.New(rand.NewPCG(1, uint64(len(k.Name))))
	c.args.Counts = make([]int64, 1)
	c.args.Arrays = make([]KernelArray, 0, len(k.Operands))
	for i := range k.Operands {
		o := &k.Operands[i]
		if o.Role == Local {
			continue
		}
		shape, err := v.shape(o)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(1)
		for _, x := range shape {
			n *= x
		}
		a := KernelArray{Elems: make([]uint64, n), Extents: shape}
		for j := range a.Elems {
			a.Elems[j] = randomKernelElement(r, o)
		}
		if o.Format.sparse() {
			a.Stored = make([]bool, n)
			for j := range a.Stored {
				if a.Stored[j] = r.IntN(3) == 0; !a.Stored[j] {
					a.Elems[j] = o.Format.Fill
				}
			}
		}
		c.args.Arrays = append(c.args.Arrays, a)
		c.mem[o.Name], c.op[o.Name], c.ext[o.Name] = &c.args.Arrays[len(c.args.Arrays)-1], o, shape
		if o.Role != In {
			c.want[o.Name] = slices.Clone(a.Elems)
		}
	}
	return c
}

func randomKernelElement(r *rand.Rand, o *Operand) uint64 {
	switch {
	case o.Role == Out:
		return math.Float64bits(math.NaN()) // must be written over
	case o.DType == Int64:
		return uint64(r.IntN(4))
	case r.IntN(20) == 0:
		return Float(o.DType, math.Copysign(0, r.NormFloat64()))
	}
	return Float(o.DType, r.NormFloat64())
}

// at returns the element number of a position.
func (c *kernelRun) at(name string, index []int) int {
	n := 0
	for d, i := range index {
		if i < 0 || i >= int(c.ext[name][d]) {
			c.t.Fatalf("%s: position %v", name, index)
		}
		n = n*int(c.ext[name][d]) + i
	}
	return n
}

// f reads an argument as a float.
func (c *kernelRun) f(name string, index ...int) float64 {
	bits := c.mem[name].Elems[c.at(name, index)]
	if c.op[name].DType == Float32 {
		return float64(asF32(bits))
	}
	return math.Float64frombits(bits)
}

// i reads an argument as an integer.
func (c *kernelRun) i(name string, index ...int) int {
	return int(c.mem[name].Elems[c.at(name, index)])
}

func (c *kernelRun) stored(name string, index ...int) bool {
	return c.mem[name].Stored[c.at(name, index)]
}

// set says what a result must be.
func (c *kernelRun) set(name string, v float64, index ...int) {
	bits := math.Float64bits(v)
	switch d := c.op[name].DType; {
	case d == Float32:
		bits = bitsF32(float32(v))
	case d == Int64:
		bits = uint64(int64(v))
	}
	c.want[name][c.at(name, index)] = bits
}

// wanted returns a result as it must be so far.
func (c *kernelRun) wanted(name string, index ...int) float64 {
	return math.Float64frombits(c.want[name][c.at(name, index)])
}

func call(op *Op, x ...float64) float64 {
	bits, ds := make([]uint64, len(x)), make([]DType, len(x))
	for i, v := range x {
		bits[i], ds[i] = math.Float64bits(v), Float64
	}
	return math.Float64frombits(EvalOp(op, Float64, ds, bits))
}

func exp(x float64) float64 { return call(OpExp, x) }

// The orders, read literally.

func treeOf(p []float64) float64 {
	if len(p) == 1 {
		return p[0]
	}
	m := 1
	for 2*m < len(p) {
		m *= 2
	}
	return treeOf(p[:m]) + treeOf(p[m:])
}

// lanesOf is rule 2: step adds position k to what its lane holds.
func lanesOf(n int, step func(acc float64, k int) float64) float64 {
	if n == 0 {
		return 0
	}
	var blocks []float64
	for b := 0; b < n; b += 1024 {
		var lane [16]float64
		for l := range lane {
			lane[l] = math.Copysign(0, -1)
		}
		for k := b; k < min(n, b+1024); k++ {
			lane[(k-b)%16] = step(lane[(k-b)%16], k)
		}
		for h := 8; h > 0; h /= 2 {
			for l := range h {
				lane[l] += lane[l+h]
			}
		}
		blocks = append(blocks, lane[0])
	}
	return treeOf(blocks)
}

func sumLanes(n int, x func(k int) float64) float64 {
	return lanesOf(n, func(acc float64, k int) float64 { return acc + x(k) })
}

func dotLanes(n int, x, y func(k int) float64) float64 {
	return lanesOf(n, func(acc float64, k int) float64 { return math.FMA(x(k), y(k), acc) })
}

// chainOf is rule 4.
func chainOf(n int, x, y func(k int) float64) float64 {
	if n == 0 {
		return 0
	}
	var blocks []float64
	for b := 0; b < n; b += 512 {
		acc := math.Copysign(0, -1)
		for k := b; k < min(n, b+512); k++ {
			acc = math.FMA(x(k), y(k), acc)
		}
		blocks = append(blocks, acc)
	}
	return treeOf(blocks)
}

// storedOf is rule 9: the chain over the stored positions.
func storedOf(n int, stored func(k int) bool, x, y func(k int) float64) (v float64, any bool) {
	var at []int
	for k := range n {
		if stored(k) {
			at = append(at, k)
		}
	}
	v = chainOf(len(at), func(k int) float64 { return x(at[k]) }, func(k int) float64 { return y(at[k]) })
	if len(at) < n {
		v += 0.0
	}
	return v, len(at) > 0
}

// scanOf is rule 6.
func scanOf(x []float64, e float64) (out []float64, last float64) {
	zero := math.Copysign(0, -1)
	for b := 0; b < len(x); b += 1024 {
		c := zero
		for g := b; g < min(len(x), b+1024); g += 16 {
			var s [16]float64
			for l := range s {
				s[l] = zero
				if g+l < min(len(x), b+1024) {
					s[l] = x[g+l]
				}
			}
			for _, d := range []int{1, 2, 4, 8} {
				for l := range s {
					if l&d != 0 {
						s[l] = s[l&^(2*d-1)|(d-1)] + s[l]
					}
				}
			}
			for l := range s {
				if g+l < min(len(x), b+1024) {
					out = append(out, e+(c+s[l]))
				}
			}
			c += s[15]
		}
		e += c
	}
	return out, e
}

// line returns n values.
func line(n int, x func(k int) float64) []float64 {
	out := make([]float64, n)
	for k := range out {
		out[k] = x(k)
	}
	return out
}

func maxOf(n int, x func(k int) float64) float64 {
	m := math.Inf(-1)
	for k := range n {
		m = max(m, x(k))
	}
	return m
}

// in reads x or, outside 0..n-1, gives what stands there.
func in(i, n int, x func(i int) float64, outside float64) float64 {
	if i < 0 || i >= n {
		return outside
	}
	return x(i)
}

// check evaluates the kernel and compares the bits of its results; all NaNs are one.
func (c *kernelRun) check() {
	c.t.Helper()
	if err := EvalKernel(c.k, c.args); err != nil {
		c.t.Fatal(err)
	}
	c.compare()
}

func (c *kernelRun) compare() {
	c.t.Helper()
	for name, want := range c.want {
		d := c.op[name].DType
		for n, bits := range c.mem[name].Elems {
			if bits != want[n] && !(isNaN(d, bits) && isNaN(d, want[n])) {
				c.t.Fatalf("%s: %s element %d is %s, want %s", c.k.Name, name, n, literalText(d, bits), literalText(d, want[n]))
			}
		}
	}
}

func isNaN(d DType, bits uint64) bool {
	switch d {
	case Float32:
		return asF32(bits) != asF32(bits)
	case Float64:
		return asF64(bits) != asF64(bits)
	}
	return false
}

func TestEvalKernelExamples(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range slices.Concat(denseCases, sparseCases) {
		seen[e.name] = true
		t.Run(e.name+" "+e.dims, func(t *testing.T) {
			c := newKernelRun(t, exampleKernel(t, e.name), e.dims, e.scalars)
			e.want(c)
			c.check()
		})
	}
	for name := range compactKernels(t) {
		if !seen[name] {
			t.Errorf("example %s has no case", name)
		}
	}
}

func TestEvalKernelFault(t *testing.T) {
	k := exampleKernel(t, "take")
	c := newKernelRun(t, k, "M=4 N=3 C=6", nil)
	copy(c.mem["p"].Elems, []uint64{0, 3, 1<<64 - 4, 4, 9, 1<<64 - 5})
	err := EvalKernel(k, c.args)
	var fault *KernelFault
	if !errors.As(err, &fault) || *fault != (KernelFault{Number: 0, Position: 9, Value: 4, Limit: 4}) {
		t.Errorf("got %v", err)
	}
	for j := range 3 { // the rest is computed, -4 is the first
		if c.f("o", 2, j) != c.f("x", 0, j) || c.f("o", 3, j) != c.f("x", 0, j) {
			t.Errorf("row 2 or 3 is not row 0")
		}
	}
}

// What is not evaluated is not at fault; of several faults the first place is told, and
// there the smallest number.
func TestEvalKernelFaultPlace(t *testing.T) {
	head := "kernel k; dim M N; in x f64[N], p i64[N], q i64[M,N], A f64[N] sparsevec; out o f64[N]; axis i<N, m<M, k<N; "
	for src, want := range map[string]*KernelFault{
		"o[i] = x[chk(p[i],2)]":                                                   {Number: 0, Position: 3, Value: 2, Limit: 2},
		"o[i] = pick(within(i,3), x[chk(p[i],2)], 0)":                             nil,
		"o[i] = fma.stored[k](A[k], x[chk(p[k],2)])":                              nil,
		"o[i] = sum.lanes[k](A[k]*x[chk(p[k],2)])":                                {Number: 0, Position: 3, Value: 2, Limit: 2},
		"local t f64[N]; t[i] = x[chk(p[i],2)] over A[i]; o[i] = t[i]":            nil,
		"o[i] = append[i](p[i] < 2, x[chk(p[i],2)])":                              nil,
		"o[i] = x[chk(p[i],2)] + x[chk(p[i]-1,1)]":                                {Number: 0, Position: 3, Value: 2, Limit: 2},
		"o[i] = x[chk(p[i],9)] + x[chk(p[i],3)] + x[chk(p[i]+1,3)]":               {Number: 2, Position: 3, Value: 3, Limit: 3},
		"o[i] = sum.lanes[m](x[chk(q[m,i],2)])":                                   {Number: 0, Position: 3, Value: 5, Limit: 2},
		"local t f64[M]; t[m] = sum.lanes[k](x[chk(q[m,k],2)]); o[i] = t[0]*x[i]": {Number: 0, Position: 7, Value: 5, Limit: 2},
	} {
		k := mustKernel(t, head+src)
		c := newKernelRun(t, k, "M=2 N=6", nil)
		copy(c.mem["p"].Elems, []uint64{0, 1, 0, 2, 2, 1})
		for i := range c.mem["q"].Elems {
			c.mem["q"].Elems[i] = 0
		}
		c.mem["q"].Elems[c.at("q", []int{1, 1})] = 5
		c.mem["A"].Stored = []bool{true, true, false, false, false, true}
		var got *KernelFault
		if err := EvalKernel(k, c.args); err != nil && !errors.As(err, &got) {
			t.Fatalf("%s: %v", src, err)
		}
		if want == nil != (got == nil) || want != nil && *got != *want {
			t.Errorf("%s: got %v, want %v", src, got, want)
		}
	}
}

func TestEvalKernelRefuses(t *testing.T) {
	for _, e := range []struct{ what, src, dims, want string }{
		{"an element outside", "kernel k; dim N; in x f64[N]; out o f64[N]; axis i<N; o[i] = x[i+1]", "N=4", "on axis 0 of extent 4"},
		{"a value outside", "kernel k; dim N; in x f64[N], p i64[N]; out o f64[N]; axis i<N; o[i] = x[p[i] + 9]", "N=4", "on axis 0 of extent 4"},
		{"the largest of nothing", "kernel k; dim N; in x f64[N]; out o f64[]; axis i<N; o = max.free[i](x[i])", "N=0", "max of nothing"},
		{"too much to append", "kernel k; dim N; in x f64[N]; out o f64[2]; axis i<N; o[i] = append[i](true, x[i])", "N=3", "more elements than the target has room for"},
	} {
		k := mustKernel(t, e.src)
		err := EvalKernel(k, newKernelRun(t, k, e.dims, nil).args)
		if err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("%s: got %v", e.what, err)
		}
	}
	k := exampleKernel(t, "take")
	for what, break_ := range map[string]func(a *KernelArgs){
		"no array":             func(a *KernelArgs) { a.Arrays = a.Arrays[:2] },
		"4 arrays":             func(a *KernelArgs) { a.Arrays = append(a.Arrays, KernelArray{}) },
		"extents":              func(a *KernelArgs) { a.Arrays[0].Extents = []int64{2, 2} },
		"2 dims and 0 scalars": func(a *KernelArgs) { a.Dims = a.Dims[:2] },
		"bounds 0..99":         func(a *KernelArgs) { a.Hi = []int64{99, 3} },
		"strides for":          func(a *KernelArgs) { a.Arrays[0].Strides = []int64{1} },
		"in memory":            func(a *KernelArgs) { a.Arrays[0].Offset = -5 },
	} {
		c := newKernelRun(t, k, "M=4 N=3 C=6", nil)
		break_(&c.args)
		if err := EvalKernel(k, c.args); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// A chunk of an array with its halo, a reversed and a broadcast operand are the same
// kernel with other offsets and strides.
func TestEvalKernelLayouts(t *testing.T) {
	blur := exampleKernel(t, "blur")
	c := newKernelRun(t, blur, "M=9 N=11", nil)
	if err := EvalKernel(blur, c.args); err != nil {
		t.Fatal(err)
	}
	chunk := c.args
	chunk.Lo, chunk.Hi = []int64{5, 0, 0, 0, 0}, []int64{9, 11, 0, 3, 3}
	out := make([]uint64, 4*11)
	chunk.Arrays = []KernelArray{
		{Elems: c.mem["x"].Elems[4*11:], Offset: -4 * 11, Extents: []int64{9, 11}},
		{Elems: out, Offset: -5 * 11, Extents: []int64{9, 11}},
	}
	if err := EvalKernel(blur, chunk); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out, c.mem["o"].Elems[5*11:]) {
		t.Error("a chunk of blur is not that part of the whole")
	}

	k := exampleKernel(t, "axpbc")
	c = newKernelRun(t, k, "M=3 N=5", []float64{0.5})
	a, b, cc := c.mem["a"], c.mem["b"], c.mem["c"]
	for i := range 3 {
		for j := range 5 {
			x := math.Float64frombits(a.Elems[(2-i)*5+j])
			p := math.Float64frombits(b.Elems[4-j]) * math.Float64frombits(cc.Elems[1])
			c.set("o", x+float64(p*0.5), i, j)
		}
	}
	a.Offset, a.Strides = 10, []int64{-5, 1}
	b.Offset, b.Strides = 4, []int64{-1}
	cc.Offset, cc.Strides = 1, []int64{0, 7}
	c.check()
}

// What an output stores follows from the patterns of its operands, through functions and
// guards, and structural zeros annihilate NaN wherever a product stands.
func TestEvalKernelPatterns(t *testing.T) {
	nan, one := math.Float64bits(math.NaN()), math.Float64bits(1)
	for body, want := range map[string]struct {
		elems  []float64
		stored []bool
	}{
		// a stores 0 and 1, b stores 1 and 2, all stored elements are 1, d is NaN everywhere.
		"a[i] + b[i]":                   {[]float64{1, 2, 1, 0}, []bool{true, true, true, false}},
		"a[i] * b[i]":                   {[]float64{0, 1, 0, 0}, []bool{false, true, false, false}},
		"a[i] * b[i] + b[i]":            {[]float64{0, 2, 1, 0}, []bool{false, true, true, false}},
		"a[i] * d[i] + b[i]":            {[]float64{math.NaN(), math.NaN(), 1, 0}, []bool{true, true, true, false}},
		"(exp(a[i]) - 1) * d[i] + b[i]": {[]float64{math.NaN(), math.NaN(), 1, 0}, []bool{true, true, true, false}},
		"exp(a[i]) * d[i]":              {[]float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}, []bool{true, true, true, true}},
		"a[i] * 3":                      {[]float64{3, 3, 0, 0}, []bool{true, true, false, false}},
		"pick(within(i,2), a[i], b[i])": {[]float64{1, 1, 1, 0}, []bool{true, true, true, false}},
		"pick(within(i,1), d[i], b[i])": {[]float64{math.NaN(), 1, 1, 0}, []bool{true, true, true, false}},
		"pick(within(i,1), 0, b[i])":    {[]float64{0, 1, 1, 0}, []bool{false, true, true, false}},
		"pick(within(i,1), d[i], d[i])": {[]float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}, []bool{true, true, true, true}},
		// A product whose factor is a product, or a choice, is structural as if that were an array.
		"a[i] * d[i] * b[i]":                   {[]float64{0, math.NaN(), 0, 0}, []bool{false, true, false, false}},
		"pick(within(i,2), a[i], b[i]) * d[i]": {[]float64{math.NaN(), math.NaN(), math.NaN(), 0}, []bool{true, true, true, false}},
		"stored(a[i]) + b[i]":                  {[]float64{1, 2, 1, 0}, []bool{true, true, true, true}},
	} {
		k := mustKernel(t, "kernel k; dim N; in a f64[N] sparsevec, b f64[N] sparsevec, d f64[N]; out o f64[N] sparsevec; axis i<N; o[i] = "+body)
		c := newKernelRun(t, k, "N=4", nil)
		copy(c.mem["a"].Elems, []uint64{one, one, 0, 0})
		copy(c.mem["a"].Stored, []bool{true, true, false, false})
		copy(c.mem["b"].Elems, []uint64{0, one, one, 0})
		copy(c.mem["b"].Stored, []bool{false, true, true, false})
		copy(c.mem["d"].Elems, []uint64{nan, nan, nan, nan})
		for i, v := range want.elems {
			c.set("o", v, i)
		}
		c.check()
		if !slices.Equal(c.mem["o"].Stored, want.stored) {
			t.Errorf("%s stores %v, want %v", body, c.mem["o"].Stored, want.stored)
		}
	}
}
