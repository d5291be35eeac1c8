package ir

import (
	"strings"
	"testing"
)

func TestVerifyKernelRefuses(t *testing.T) {
	for src, want := range map[string]string{
		// Declarations.
		"in x c64[N]; out o f64[N]; o[i] = 1":                               "operand x: c64 is not an element type of kernels",
		"in x f64[Q]; out o f64[N]; o[i] = 1":                               "dim Q is not declared",
		"in x f64[?]; out o f64[N]; o[i] = 1":                               "a dim is unknown",
		"in x f64[N] csr; out o f64[N]; o[i] = 1":                           "operand x: 2 levels for 1 axes",
		"in x f64[N,N] csr; local t f64[N,N] csr=x; out o f64[N]; o[i] = 1": "operand t: only an output is like another operand",
		"in x f64[N,N] csr; out o f64[N,N] csc=x; o[i,j] = 1":               "operand o: not of the shape and levels of x",
		"axis g in i.lo..i.hi+1, h in g.lo..g.hi; out o f64[N]; o[i] = 1":   "axis h must follow an axis before it that follows none",
		// Statements: axes, targets, dtypes.
		"out o f64[N]; o[i] = f64(j)":                                     "a value uses axis j, over which the statement does not range",
		"in x f64[N]; out o f64[N,N]; o[i] = x[i]":                        "o has 2 axes, got 1 indices",
		"in x f64[N,N]; out o f64[N]; o[i] = x[i]":                        "x has 2 axes, got 1 indices",
		"in x f64[N]; out o f32[N]; o[i] = x[i]":                          "o is f32, the value is f64",
		"in x f64[N]; out o f64[N], q f64[N]; o[i], q[i] = x[i]":          "2 targets for 1 values",
		"in x f64[N], p i32[N]; out o f64[N]; o[i] = x[p[i]]":             "a position of i32, not i64",
		"in x f64[N]; out o f64[N]; o[i] = f64(stored(x[i]))":             "stored(x): the operand stores every position",
		"in x f64[N]; out o f64[N]; o[i] = sum.lanes[j,j](x[j])":          "the axes in brackets are not different",
		"in x f64[N]; out o f64[N]; o[i] = fma.lanes[j](x[j])":            "fma takes 2 values a position, got 1",
		"in x f64[N]; out o f64[N]; o[i] = any.free[j](x[j])":             "any: or does not take f64",
		"in x f64[N]; out o f64[N]; o[i] = fma.lanes[j](x[j], f32(x[j]))": "fma gives a state of f32, not f64",
		"in x f64[N]; out o f64[N]; o[i] = max.lanes[j](x[j])":            "max of f64 has no order: free",
		"in x i64[N]; out o i64[N]; o[i] = sum.chain[j](x[j])":            "sum of i64 has no order: free",
		"in x f64[N]; out o f64[N]; o[i] = sum.stored[j](x[j])":           "order stored without a sparse operand",
		"in x f64[N] sparsevec; out o f64[N]; o[i] = max.stored[j](x[j])": "max has no value for what is not stored",
		"in x f64[N]; out o f64[N]; o[i] = cprod.scan[i](x[i], x[i])":     "a scan is along one axis, of one value and a combine with an identity",
		"in x f64[N,N]; out o f64[N,N]; o[i,j] = sum.scan[i,j](x[i,j])":   "a scan is along one axis",
		"in x f64[N]; out o f64[N], c f64[]; o[i], c = sum.scan[i](x[i])": "c: carried state must be inout",
		"in x f64[N]; out o f64[N]; o[j] = append[i](x[i] > 0, x[i])":     "append writes a list: its target is o[i]",
		"in x f64[N]; out o f64[N]; o[i] = append[i](x[i], x[i])":         "append needs a bool",
		// Every element written once, before it is read.
		"in x f64[N]; out o f64[N]; o[i] = o[i]":                                                  "reads o, which nothing wrote yet",
		"in x f64[N]; local t f64[N]; out o f64[N]; o[i] = t[i]":                                  "reads t, which nothing wrote yet",
		"in x f64[N]; out o f64[N]; x[i] = 1":                                                     "x: writes an input",
		"in x f64[N]; out o f64[N]; local t f64[N]; t[i] = 1":                                     "nothing writes output o",
		"in x f64[N,N]; out o f64[N]; o[i] = x[i,i]; o[i] = 2":                                    "o: an element may be written twice",
		"in x f64[N]; out o f64[N], q f64[N]; o[i] = 1; q[i] = o[i]; o[j] = 2":                    "o: written again after it was used",
		"in x f64[N,N]; out o f64[N]; o[i+j] = x[i,j]":                                            "o: two positions may write one element",
		"in x f64[N,N]; out o f64[N]; o[i*M+j] = x[i,j]":                                          "o: two positions may write one element",
		"in x f64[N,N]; out o f64[N,N]; o[i,i] = sum.lanes[j](x[i,j]); o[j,j] = 1":                "o: an element may be written twice",
		"in x f64[N]; out o f64[N]; o[j] = sum.lanes[j](x[j])":                                    "o: axis j is reduced, and an index of the target",
		"in x f64[N], p i64[N]; out o f64[N]; o[p[i]] = x[i]":                                     "o: index 0 is a value; only a scatter writes there",
		"in x f64[N]; out o f64[N]; o[exact(i,2)] = x[i]":                                         "o: exact division in what is written",
		"in x f64[N], p i64[N]; out o f64[N]; o[p[i]] = sum.scatter[i](x[i])":                     "o: nothing to scatter into",
		"in x f64[N], p i64[N,N]; inout o f64[N]; o[p[i,j]] = sum.scatter[i](x[i])":               "o: positions off the scatter's axes may write one element",
		"inout o f64[N]; o[i] = o[N-1-i]":                                                         "reads an element of o that is not the one it stores",
		"in p i64[N]; inout o f64[N]; o[p[i]] = sum.scatter[i](o[i])":                             "reads an element of o that is not the one it stores",
		"in x f64[N]; inout o f64[N]; o[i] = sum.lanes[j](x[j])":                                  "o: an inout operand is stored to, scattered into or carried",
		"in x f64[N], p i64[N]; out o f64[N]; o[i] = 0; o[p[i]] = sum.scatter[i](x[i]); o[i] = 1": "o: stored after a scatter",
		"in x f64[N]; out o f64[N], q f64[N]; o[i] = append[i](x[i] > 0, x[i]); q[i] = o[i]":      "reads o, of which only the program knows how much was appended",
		// Over.
		"in x f64[N]; local t f64[N]; out o f64[N]; t[i] = x[i] over x[i]; o[i] = t[i]":                "over x, which stores every position",
		"in S f64[N,N] csr; local t f64[N,N]; out o f64[N,N]; t[i,j] = 1 over S[j,j]; o[i,j] = t[i,j]": "over S: its indices must be different axes of the target",
		"in S f64[N,N] csr; local t f64[N,N]; out o f64[N,N]; t[i,j] = 1 over S[i,j+1]; o[i,j] = 1":    "over S: its indices must be different axes of the target",
		"in S f64[N,N] csc; local t f64[N]; out o f64[N]; t[i] = 1 over S[i]; o[i] = t[i]":             "over 1 of the 2 levels of S",
		"in S f64[N] sparsevec; out o f64[N]; o[i] = 1 over S[i]":                                      "over S, but o has every position",
	} {
		k, err := ParseKernel("kernel k; dim M N; axis i<N, j<N; " + src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if err := k.Verify(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", src, err, want)
		}
	}
}

func TestVerifyKernelAccepts(t *testing.T) {
	for _, src := range []string{
		"inout o f64[N]; o[i] = o[i] * 2",
		"in x f64[N,M]; out o f64[N*M]; o[i*M+m] = x[i,m]",
		"in x f64[N,M]; out o f64[N,2]; o[i,0] = x[i,0]; o[i,1] = sum.lanes[m](x[i,m])",
		"in x f64[N,M]; out o f64[N,M,N]; o[N-1-i,m,j] = x[i,m] + x[j,m]",
		"in x f64[N], p i64[N]; out o f64[N]; o[j] = x[j]; o[p[i]] = set.scatter[i](x[i])",
		"in x f64[N,N], p i64[N,N]; inout o f64[N,N]; o[p[i,j],j] = max.scatter[i](x[i,j])",
		"in x f64[N]; out o f64[N], s f64[]; o[i] = exp(x[i]); s = sum.lanes[i](o[i])",
		"in x f64[N,M]; out a f64[N], b f64[M]; a[i] = append[i,m](x[i,m] > 0, x[i,m]); b[m] = 1",
	} {
		k, err := ParseKernel("kernel k; dim M N; axis i<N, j<N, m<M; " + src)
		if err == nil {
			err = k.Verify()
		}
		if err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// Structures that no text makes.
func TestVerifyKernelStructure(t *testing.T) {
	for want, break_ := range map[string]func(k *Kernel){
		"no such operand":                        func(k *Kernel) { k.Stmts[0].Targets[0].Operand = 9 },
		"no target":                              func(k *Kernel) { k.Stmts[0].Targets = nil },
		"the axes in brackets are not different": func(k *Kernel) { k.Stmts[0].Axes = []int{7} },
		"a reduction needs an order":             func(k *Kernel) { k.Stmts[2].Order = NoOrder },
		"an order, a direction, a combine":       func(k *Kernel) { k.Stmts[1].Order = Lanes },
		"no combine":                             func(k *Kernel) { k.Stmts[0].Combine = nil },
		"a value that is of combines only":       func(k *Kernel) { k.Stmts[1].Args[0] = NewBuilder().State(Float64, 0) },
		"axis 9 of 2":                            func(k *Kernel) { k.Stmts[1].Args[0] = NewBuilder().Axis(Float64, 9) },
		"axes are not ascending":                 func(k *Kernel) { k.Stmts[1].Targets[0].Index[0].Terms = []Term{{1, N(1)}, {0, N(1)}} },
		"an axis times 0":                        func(k *Kernel) { k.Stmts[1].Targets[0].Index[0].Terms[0].Coef = N(0) },
		"both a value and affine": func(k *Kernel) {
			k.Stmts[1].Targets[0].Index[0].Value = NewBuilder().Axis(Int64, 0)
		},
		"0x2 is not an element of bool": func(k *Kernel) {
			b := NewBuilder()
			k.Stmts[1].Args[0] = b.Cast(Float64, b.Const(Bool, 2))
		},
		"exp gives f64 here, not f32": func(k *Kernel) {
			e := *k.Stmts[1].Args[0]
			e.DType = Float32
			k.Stmts[1].Args[0] = NewBuilder().Cast(Float64, &e)
		},
		"fault 0 of 0": func(k *Kernel) {
			b := NewBuilder()
			k.Stmts[1].Args[0] = b.Cast(Float64, b.Checked(b.Int(Int64, 1), 0))
		},
		"no chk has number 0":        func(k *Kernel) { k.Faults = []Fault{{What: "index", Limit: N(1)}} },
		`"a b" is not a name`:        func(k *Kernel) { k.Operands[0].Name = "a b" },
		"y is declared twice":        func(k *Kernel) { k.Operands[0].Name = "y" },
		"axis j has offsets":         func(k *Kernel) { k.Axes[1].Before = N(1) },
		"axis j has extent N, which": func(k *Kernel) { k.Axes[1].From = 0; k.Axes[1].After = N(1) },
	} {
		k := exampleKernel(t, "softmax")
		break_(k)
		if err := k.Verify(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Every row of the combine table is consistent for the dtypes that it takes.
func TestCombineRows(t *testing.T) {
	for name, dtypes := range map[string]DTypes{
		"sum": Reals, "prod": Reals, "min": AnyReal, "max": AnyReal, "any": bitwise, "all": bitwise, "fma": Reals,
		"cfma": Reals, "cprod": Reals, "set": AnyReal, "argmin": AnyReal, "argmax": AnyReal,
	} {
		c := LookupCombine(name)
		for d := Bool; d <= Float64; d++ {
			elems := make([]DType, c.Elements)
			for i := range elems {
				elems[i] = d
			}
			if strings.HasPrefix(name, "arg") {
				elems[1] = Int64
			}
			states, err := c.verify(elems)
			if (err == nil) != dtypes.Has(d) {
				t.Errorf("%s of %s: %v", name, d, err)
			}
			if err == nil {
				checkIdentity(t, c, elems, states)
			}
		}
	}
}

// checkIdentity merges the identity with awkward states from both sides.
func checkIdentity(t *testing.T, c *Combine, elems, states []DType) {
	t.Helper()
	identity, ok := c.Identity(states)
	if !ok {
		return
	}
	p := c.compile(elems)
	for _, v := range []uint64{0, 1, smallest(states[0]), largest(states[0]), signBit(Float64)} {
		x := make([]uint64, len(states))
		for i, d := range states {
			x[i] = wrap(d, v)
			if d.IsFloat() {
				x[i] = v & (1<<(width(d)-1)<<1 - 1)
			}
		}
		if len(states) == 2 && states[1] == Int64 {
			x[1] = 5
		}
		out := make([]uint64, len(states))
		for _, in := range [][]uint64{append(append([]uint64{}, identity...), x...), append(append([]uint64{}, x...), identity...)} {
			p.merge.Run(in, out)
			for i := range out {
				if out[i] != x[i] {
					t.Errorf("%s of %s: %#x merged with the identity %#x is %#x", c.Name, states[i], x[i], identity[i], out[i])
				}
			}
		}
	}
}
