package ir

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// cutsText returns how the axes of a kernel may be cut: i par, k piece 1024.
func cutsText(k *Kernel) string {
	var parts []string
	for a, c := range k.Cuts() {
		s := k.Axes[a].Name + " " + c.Kind.String()
		if c.Kind == CutPiece && c.Block > 0 {
			s += fmt.Sprintf(" %d/%s", c.Block, c.Inner)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

func TestCutsOfExamples(t *testing.T) {
	examples := compactKernels(t)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		fmt.Fprintf(&b, "%s: %s\n", name, cutsText(mustKernel(t, examples[name])))
	}
	golden(t, "kernel/cuts.golden", b.String())
}

func TestCuts(t *testing.T) {
	for src, want := range map[string]string{
		// Several reductions over one axis.
		"out p f64[]; axis i<N; o[i] = x[i]; p = sum.lanes[i](x[i])":                                                "i piece 1024/1",
		"out p f64[], q f64[]; axis i<N; o[i] = x[i]; p = sum.lanes[i](x[i]); q = sum.chain[i](x[i])":               "i piece 1024/1",
		"out p f64[], q f64[]; axis i<N; o[i] = x[i]; p = max.free[i](x[i]); q = sum.chain[i](x[i])":                "i piece 512/1",
		"out p f64[], q f64[]; axis i<N; o[i] = x[i]; p = sum.chain[i](x[i]); q = max.free[i](x[i])":                "i piece 512/1",
		"out p f64[], q f64[]; axis i<N, j<3; o[i] = x[i]; p = sum.chain[i](x[i]); q = sum.lanes[i,j](x[i]*f64(j))": "i no, j no",
		// Read at another place than written.
		"local t f64[N]; axis i<N; t[i] = x[i]; o[i] = t[N-1-i]":                                                     "i no",
		"local t f64[N]; axis i<N; t[i] = x[i]; o[i] = t[i]":                                                         "i par",
		"local t f64[N]; axis i<N, j<N; t[i] = x[i]; o[j] = t[j]":                                                    "i no, j no",
		"local t f64[N]; axis i<N; t[i] = sum.scan[i](x[i]); o[i] = t[i]":                                            "i carry",
		"local t f64[N]; axis i<N; t[i] = sum.scan[i](x[i]); o[i] = t[N-1-i]":                                        "i no",
		"local t f64[N+4]; axis i<N, h in i.lo-2..i.hi+2; t[h] = pad(x[h], 0.0); o[i] = t[i+2]":                      "i par, h no",
		"local t f64[N+2]; axis i<N, h in i.lo-1..i.hi+1; t[h] = pad(x[h], 0.0); o[i] = t[i+2]":                      "i no, h no",
		"local t f64[N+2]; axis i<N, h in i.lo-1..i.hi+1; t[h] = pad(x[h], 0.0); o[i] = t[-i]":                       "i no, h no",
		"local t f64[N+N]; axis i<N, h in i.lo..i.hi+N, p<N; t[h] = pad(x[h], 0.0); o[i] = sum.lanes[p](t[i+p])":     "i par, h no, p no",
		"local t f64[N+N-2]; axis i<N, h in i.lo..i.hi+N-2, p<N; t[h] = pad(x[h], 0.0); o[i] = sum.lanes[p](t[i+p])": "i no, h no, p no",
	} {
		k := mustKernel(t, "kernel k; dim N; in x f64[N]; out o f64[N]; "+src)
		if got := cutsText(k); got != want {
			t.Errorf("%s: %s, want %s", src, got, want)
		}
	}
}

func TestCutAlign(t *testing.T) {
	for _, e := range []struct{ block, inner, want int64 }{
		{1024, 1, 1024}, {512, 1, 512}, {1, 1, 1}, {0, 7, 1}, {1024, 16, 64}, {512, 2048, 1}, {512, 9, 0}, {512, 18, 0}, {1, 4, 1}, {1024, 0, 1},
	} {
		if got := (Cut{Kind: CutPiece, Block: e.block}).Align(e.inner); got != e.want {
			t.Errorf("block %d, inner %d: %d, want %d", e.block, e.inner, got, e.want)
		}
	}
}

// bounds returns whole bounds of the run's axes, to be narrowed.
func (c *kernelRun) bounds() (lo, hi []int64) {
	v := &kernelEval{k: c.k, args: KernelArgs{Dims: c.args.Dims}, dims: map[string]int64{}}
	for i, d := range c.k.Dims {
		v.dims[d] = c.args.Dims[i]
	}
	if err := v.bindAxes(); err != nil {
		c.t.Fatal(err)
	}
	return v.lo, v.hi
}

// whole evaluates the kernel on copies of what it writes and keeps the results as what
// is wanted.
func (c *kernelRun) whole() {
	before := map[string][]uint64{}
	for name := range c.want {
		before[name] = slices.Clone(c.mem[name].Elems)
	}
	if err := EvalKernel(c.k, c.args); err != nil {
		c.t.Fatal(err)
	}
	for name := range c.want {
		c.want[name] = slices.Clone(c.mem[name].Elems)
		copy(c.mem[name].Elems, before[name])
	}
}

// Every axis that is par or carry gives the same bits in two ranges, one after the other;
// par ones also the later range first.
func TestCutAxesKeepBits(t *testing.T) {
	ran := 0
	for _, e := range slices.Concat(denseCases, sparseCases) {
		k := exampleKernel(t, e.name)
		for a, cut := range k.Cuts() {
			state := slices.ContainsFunc(k.Operands, func(o Operand) bool { return o.Role == InOut })
			if cut.Kind != CutPar && !(cut.Kind == CutCarry && state) {
				continue
			}
			for _, swap := range []bool{false, true} {
				c := newKernelRun(t, k, e.dims, e.scalars)
				lo, hi := c.bounds()
				if hi[a]-lo[a] < 2 || swap && cut.Kind != CutPar {
					continue
				}
				if e.name == "gemm_log" || e.name == "founding" {
					c.gemmLog(0) // positive operands
				}
				c.whole()
				at := lo[a] + max(1, (hi[a]-lo[a])/3)
				if cut.Kind == CutCarry && slices.ContainsFunc(k.Stmts, func(s Stmt) bool { return s.Sink == Scan }) {
					if at = at / LaneBlock * LaneBlock; at == 0 {
						at = LaneBlock
					}
				}
				ranges := [][2]int64{{lo[a], at}, {at, hi[a]}}
				if swap {
					slices.Reverse(ranges)
				}
				for _, r := range ranges {
					args := c.args
					args.Lo, args.Hi = slices.Clone(lo), slices.Clone(hi)
					args.Lo[a], args.Hi[a] = r[0], r[1]
					if err := EvalKernel(k, args); err != nil {
						t.Fatal(err)
					}
				}
				c.compare()
				ran++
			}
		}
	}
	if ran < 100 {
		t.Errorf("only %d cuts were tried", ran)
	}
}

// Pieces of Block*2^p positions and the Tree over them are the whole; others are not.
func TestCutPiecesKeepBits(t *testing.T) {
	for _, e := range []struct {
		kernel, dims string
		axis         string
		n            int
		step         int
		same         bool
	}{
		{"sum_piece", "M=3", "K", 9000, 1024, true},
		{"sum_piece", "M=3", "K", 9000, 2048, true},
		{"sum_piece", "M=3", "K", 9000, 4096, true},
		{"sum_piece", "M=3", "K", 9000, 1536, false},
		{"gemm_piece", "M=3 N=2", "K", 2700, 512, true},
		{"gemm_piece", "M=3 N=2", "K", 2700, 1024, true},
		{"gemm_piece", "M=3 N=2", "K", 2700, 768, false},
	} {
		k := exampleKernel(t, e.kernel)
		axis := slices.IndexFunc(k.Axes, func(a Axis) bool { return a.Name == strings.ToLower(e.axis) })
		if align := k.Cuts()[axis].Align(1); (e.step%int(align) == 0 && e.step/int(align)&(e.step/int(align)-1) == 0) != e.same {
			t.Errorf("%s: step %d and alignment %d", e.kernel, e.step, align)
		}
		dims := func(t, n int) string { return fmt.Sprintf("%s %s=%d t=%d T=%d", e.dims, e.axis, e.n, t, n) }
		whole := newKernelRun(t, k, dims(0, 1), nil)
		if err := EvalKernel(k, whole.args); err != nil {
			t.Fatal(err)
		}
		pieces := (e.n + e.step - 1) / e.step
		parts := newKernelRun(t, k, dims(0, pieces), nil)
		lo, hi := parts.bounds()
		for p := range pieces {
			parts.args.Dims[slices.Index(k.Dims, "t")] = int64(p)
			lo[axis], hi[axis] = int64(p*e.step), int64(min(e.n, (p+1)*e.step))
			parts.args.Lo, parts.args.Hi = lo, hi
			if err := EvalKernel(k, parts.args); err != nil {
				t.Fatal(err)
			}
		}
		tree := exampleKernel(t, "sum_tree")
		rows := len(whole.mem["p"].Elems)
		out := make([]uint64, rows)
		err := EvalKernel(tree, KernelArgs{Dims: []int64{int64(rows), int64(pieces)}, Arrays: []KernelArray{{Elems: parts.mem["p"].Elems}, {Elems: out}}})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(out, whole.mem["p"].Elems) != e.same {
			t.Errorf("%s in pieces of %d: equal bits %v, want %v", e.kernel, e.step, !e.same, e.same)
		}
	}
}

// Cutting a kernel between any two statements changes no bit.
func TestCutAtKeepsBits(t *testing.T) {
	ran := 0
	for _, e := range slices.Concat(denseCases, sparseCases) {
		k := exampleKernel(t, e.name)
		for n := 1; n < len(k.Stmts); n++ {
			c := newKernelRun(t, k, e.dims, e.scalars)
			if e.name == "founding" {
				c.gemmLog(0)
			}
			c.whole()
			first, second, err := k.CutAt(n)
			if err != nil {
				t.Fatal(err)
			}
			buffers := map[int]KernelArray{}
			c.runPart(first, buffers)
			c.runPart(second, buffers)
			c.compare()
			ran++
		}
	}
	if ran < 20 {
		t.Errorf("only %d cuts were tried", ran)
	}
}

// runPart evaluates a part, on the run's arrays and on buffers for the locals that the
// parts share.
func (c *kernelRun) runPart(p *KernelPart, buffers map[int]KernelArray) {
	c.t.Helper()
	if err := p.Kernel.Verify(); err != nil {
		c.t.Fatalf("%v in\n%s", err, p.Kernel)
	}
	mustKernel(c.t, p.Kernel.String())
	args := KernelArgs{Counts: c.args.Counts}
	v := &kernelEval{k: p.Kernel, dims: map[string]int64{}}
	for i, d := range p.Dims {
		args.Dims = append(args.Dims, c.args.Dims[d])
		v.dims[p.Kernel.Dims[i]] = c.args.Dims[d]
	}
	for _, s := range p.Scalars {
		args.Scalars = append(args.Scalars, c.args.Scalars[s])
	}
	for i, o := range p.Operands {
		op := &p.Kernel.Operands[i]
		if op.Role == Local {
			continue
		}
		a, made := buffers[o]
		if given := c.mem[op.Name]; given != nil {
			a = *given
		} else if !made {
			shape, err := v.shape(op)
			if err != nil {
				c.t.Fatal(err)
			}
			n := int64(1)
			for _, x := range shape {
				n *= x
			}
			a = KernelArray{Elems: make([]uint64, n)}
			if op.Format.sparse() {
				a.Stored = make([]bool, n)
			}
			buffers[o] = a
		}
		args.Arrays = append(args.Arrays, a)
	}
	if err := EvalKernel(p.Kernel, args); err != nil {
		c.t.Fatal(err)
	}
}

func TestCutAtRefuses(t *testing.T) {
	k := exampleKernel(t, "softmax")
	for _, n := range []int{-1, 0, 4, 9} {
		if _, _, err := k.CutAt(n); err == nil {
			t.Errorf("cut at %d", n)
		}
	}
	first, second, err := k.CutAt(1)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "kernel/cut_softmax.golden", first.Kernel.String()+second.Kernel.String())
	k = exampleKernel(t, "blur")
	if first, second, err = k.CutAt(1); err != nil {
		t.Fatal(err)
	}
	golden(t, "kernel/cut_blur.golden", first.Kernel.String()+second.Kernel.String())
}

func TestKernelKey(t *testing.T) {
	rename := strings.NewReplacer("softmax", "other", "M", "Rows", "N", "Cols", "m f64", "top f64", "m[", "top[", "x f64", "v0 f64", "x[", "v0[")
	text := exampleKernel(t, "softmax").String()
	key := exampleKernel(t, "softmax").Key()
	if other := mustKernel(t, rename.Replace(text)); other.Key() != key {
		t.Errorf("names are in the key:\n%s\n%s", other.Key(), key)
	}
	golden(t, "kernel/key_softmax.golden", key)
	for _, change := range [][2]string{
		{"sum.lanes", "sum.free"}, {"sum.lanes", "sum.chain"}, {"f64", "f32"}, {"exp(x[i,j] - m[i])", "exp(m[i] - x[i,j])"}, {"max", "min"}, {"i<M, j<N", "j<N, i<M"},
	} {
		if k := mustKernel(t, strings.ReplaceAll(text, change[0], change[1])); k.Key() == key {
			t.Errorf("%s for %s is not in the key", change[1], change[0])
		}
	}
	// Which dims are equal is structure, and the order in which polynomials print is not.
	a := mustKernel(t, "kernel k; dim M N; in x f64[M+N]; out o f64[M+N]; axis i<M+N; o[i] = x[i]*M*M + N")
	b := mustKernel(t, "kernel k; dim Z A; in x f64[Z+A]; out o f64[Z+A]; axis i<Z+A; o[i] = x[i]*Z*Z + A")
	if a.Key() != b.Key() {
		t.Errorf("%s\n%s", a.Key(), b.Key())
	}
	// What is not stored is structure.
	fill := func(bits string) string {
		return mustKernel(t, "kernel k; dim N; in x f64[N] sparsevec"+bits+"; out o f64[N]; axis i<N; o[i] = x[i]").Key()
	}
	if fill("/fill=0x4000000000000000") == fill("/fill=0x4008000000000000") || fill("") == fill("/fill=0x3ff0000000000000") {
		t.Error("the fill is not in the key")
	}
}
