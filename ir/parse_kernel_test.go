package ir

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// randomKernel returns a verified kernel of stores whose bodies use every kind of value
// and every scalar op, shared and nested at random.
func randomKernel(r *rand.Rand) *Kernel {
	b := NewBuilder()
	k := &Kernel{Name: "random", Dims: []string{"M", "N", "v1"}}
	m, n := Sym("M"), Sym("N")
	k.Axes = []Axis{{Name: "i", Extent: m, From: -1}, {Name: "j", Extent: n.Add(N(2)), From: -1}, {Name: "h", Extent: m.Add(N(3)), From: 0, Before: N(-1), After: N(2)}}
	k.Faults = []Fault{{What: "index", Limit: m}, {What: "index", Limit: m}, {What: "index", Limit: n}}
	table := &Table{Name: "tab", DType: Float64}
	for i := range 16 {
		table.Entries = append(table.Entries, math.Float64bits(float64(i)/3))
	}
	pool := map[DType][]*Expr{}
	add := func(e *Expr) { pool[e.DType] = append(pool[e.DType], e) }
	pick := func(d DType) *Expr { return pool[d][r.IntN(len(pool[d]))] }
	affine := func() Index {
		dims := []Dim{N(1), N(-1), N(3), N(-2), n, n.Mul(N(-1)), n.Mul(m).Mul(N(2)), n.Add(N(1)), N(1).Sub(m)}
		x := Index{Const: []Dim{{}, {}, N(5), N(-7), m, m.Mul(N(-1)).Sub(N(1))}[r.IntN(6)]}
		for a := range 2 {
			if r.IntN(2) == 0 {
				x.Terms = append(x.Terms, Term{a, dims[r.IntN(len(dims))]})
			}
		}
		if r.IntN(4) == 0 {
			x.Div = []Dim{N(2), n, m.Add(N(1))}[r.IntN(3)]
		}
		return x
	}
	all := []DType{Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Float32, Float64}
	for _, d := range all {
		o := len(k.Operands)
		k.Operands = append(k.Operands, Operand{Name: "x" + d.String(), DType: d, Shape: []Dim{m, n}, Like: -1},
			Operand{Name: "y" + d.String(), DType: d, Shape: []Dim{m}, Format: &Format{Levels: []Level{LevelCompressed}}, Like: -1},
			Operand{Name: "z" + d.String(), DType: d, Like: -1})
		k.Scalars = append(k.Scalars, ScalarArg{"c" + d.String(), d})
		add(b.ScalarIn(d, len(k.Scalars)-1))
		add(b.Load(d, o, affine(), affine()))
		add(b.Load(d, o+1, affine()))
		add(b.Load(d, o+2))
		add(b.Stored(d, o+1, affine()))
		for range 4 {
			add(b.Const(d, randomConst(r, d)))
		}
		if d != Bool {
			add(b.Axis(d, r.IntN(2)))
			add(b.DimValue(d, []Dim{m, n.Mul(m), n.Sub(N(4)), N(2).Mul(m)}[r.IntN(4)]))
		}
	}
	var ops []*Op
	for _, op := range Ops() {
		if op.Scalar != nil {
			ops = append(ops, op)
		}
	}
	for range 60 {
		switch d := all[r.IntN(len(all))]; r.IntN(8) {
		case 0:
			ranges := []Range{{affine(), n}, {affine(), m.Add(N(2))}}[:1+r.IntN(2)]
			add(b.Pick(ranges, pick(d), pick(d)))
		case 1:
			x := affine()
			load := b.Load(d, slices.IndexFunc(k.Operands, func(o Operand) bool { return o.DType == d }), x, At(r.IntN(2)))
			if rs := k.padRanges(load.Access); rs != nil {
				add(b.Pick(rs, load, pick(d)))
			}
		case 2:
			add(b.Checked(pick(Int64), r.IntN(3)))
		case 3:
			add(b.Load(d, slices.IndexFunc(k.Operands, func(o Operand) bool { return o.DType == d }), AtValue(pick(Int64)), affine()))
		default:
			if e := randomApply(r, ops[r.IntN(len(ops))], all, table, pick); e != nil {
				add(b.Intern(e))
			}
		}
	}
	for i := range 3 {
		d := all[r.IntN(len(all))]
		k.Operands = append(k.Operands, Operand{Name: fmt.Sprintf("o%d", i), DType: d, Shape: []Dim{m, n.Add(N(2))}, Like: -1, Role: Out})
		e := pool[d][len(pool[d])-1]
		k.Stmts = append(k.Stmts, Stmt{Targets: []Access{{len(k.Operands) - 1, []Index{At(0), At(1)}}}, Args: []*Expr{e}})
	}
	k.useAllFaults(b)
	return k
}

// useAllFaults adds an output for every fault that nothing can report.
func (k *Kernel) useAllFaults(b *Builder) {
	used := map[int]bool{}
	k.VisitExprs(func(e *Expr) {
		if e.Kind == Checked {
			used[e.N] = true
		}
	})
	for n := range k.Faults {
		if !used[n] {
			k.Operands = append(k.Operands, Operand{Name: fmt.Sprintf("f%d", n), DType: Int64, Shape: k.Operands[0].Shape[:1], Like: -1, Role: Out})
			k.Stmts = append(k.Stmts, Stmt{Targets: []Access{{len(k.Operands) - 1, []Index{At(0)}}}, Args: []*Expr{b.Checked(b.Int(Int64, int64(n)), n)}})
		}
	}
}

func randomConst(r *rand.Rand, d DType) uint64 {
	if d.IsFloat() {
		special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), 1e30, 5e-324, r.NormFloat64()}
		if r.IntN(8) == 0 {
			return canonicalNaN(d) + uint64(r.IntN(2))
		}
		return Float(d, special[r.IntN(len(special))])
	}
	if d == Bool {
		return uint64(r.IntN(2))
	}
	return wrap(d, []uint64{0, 1, 5, math.MaxUint64, r.Uint64(), 1 << 63}[r.IntN(6)])
}

// randomApply returns op of random operands, nil where the draw does not fit.
func randomApply(r *rand.Rand, op *Op, all []DType, table *Table, pick func(DType) *Expr) *Expr {
	e := &Expr{Kind: Apply, Op: op}
	same := all[r.IntN(len(all))]
	lo, hi := operandGroup(op)
	for i := range op.MinArg {
		d := all[r.IntN(len(all))]
		if i >= lo && i < hi {
			d = same
		} else if only := operandDType(op, i); only != Invalid {
			d = only
		}
		if !op.Scalar.In[i].Has(d) {
			return nil
		}
		e.Args = append(e.Args, pick(d))
	}
	switch {
	case op == OpLookup:
		e.Table = table
	case op.Fields&FieldDType != 0:
		e.DType = all[r.IntN(len(all))]
	}
	e.DType = op.Scalar.Result(e)
	if e.checkApply() != nil {
		return nil
	}
	return e
}

func TestRandomKernelsRoundTrip(t *testing.T) {
	used := map[*Op]bool{}
	for seed := range uint64(1000) {
		k := randomKernel(rand.New(rand.NewPCG(seed, 2)))
		if err := k.Verify(); err != nil {
			t.Fatalf("seed %d: %v in\n%s", seed, err, k)
		}
		k.VisitExprs(func(e *Expr) { used[e.Op] = true })
		text := k.String()
		again, err := ParseKernel(text)
		if err != nil {
			t.Fatalf("seed %d: %v in\n%s", seed, err, text)
		}
		if got := again.String(); got != text {
			t.Fatalf("seed %d: print(parse(s)) is\n%s\nnot\n%s", seed, got, text)
		}
		if !sameKernel(k, again) {
			t.Fatalf("seed %d: parse(print(k)) is another kernel than\n%s", seed, text)
		}
		if k.Key() != again.Key() {
			t.Fatalf("seed %d: two keys of\n%s", seed, text)
		}
	}
	for _, op := range Ops() {
		if op.Scalar != nil && !used[op] {
			t.Errorf("no kernel used %s", op)
		}
	}
}

// sameKernel compares structures; two tables of one content are the same.
func sameKernel(a, b *Kernel) bool {
	tables := map[string]*Table{}
	for _, k := range []*Kernel{a, b} {
		k.VisitExprs(func(e *Expr) {
			if e.Table != nil {
				tables[e.Table.Name] = e.Table
			}
		})
	}
	return reflect.DeepEqual(a, b)
}

func TestDeepKernelRoundTrips(t *testing.T) {
	b := NewBuilder()
	k := mustKernel(t, "kernel k; dim N; in x f64[N]; out o f64[N]; axis i<N; o[i] = x[i]")
	e := k.Stmts[0].Args[0]
	for i := range 5000 { // once to the left, once to the right
		if c := b.Float(Float64, float64(i)); i%2 == 0 {
			e = b.Apply(OpAdd, e, c)
		} else {
			e = b.Apply(OpMul, c, e)
		}
	}
	k.Stmts[0].Args[0] = e
	again := mustKernel(t, k.String())
	if !reflect.DeepEqual(k, again) {
		t.Error("another kernel")
	}
}

func TestParseKernelBodies(t *testing.T) {
	for text, want := range map[string]string{
		"1":                                  "1.0",
		"x[i]+1":                             "x[i] + 1.0",
		"x[i]*N":                             "x[i] * N",
		"x[i]*(N-1)*2":                       "x[i] * (N-1) * 2.0",
		"x[i]*(2*N-3*M+N)":                   "x[i] * (-3*M+3*N)",
		"x[i]-(x[i]-1)":                      "x[i] - (x[i] - 1.0)",
		"-x[i]":                              "-x[i]",
		"-(x[i]+1)":                          "-(x[i] + 1.0)",
		"- -x[i]":                            "--x[i]",
		"-1.5":                               "-1.5",
		"f64(i)":                             "f64(i)",
		"f64(i64(i))":                        "f64(i64(i))",
		"f64(i+1)":                           "f64(i + 1)",
		"f64(1)+f64(f32(0.1))":               "1.0 + f64(f32(0.1))",
		"f64(p[i]&3|1^~p[i]<<1>>2)":          "f64(p[i] & 3 | 1 ^ ~p[i] << 1 >> 2)",
		"f64((p[i]|1)&3)":                    "f64((p[i] | 1) & 3)",
		"where(x[i] < 1 , 1, 2)":             "where(x[i] < 1.0, 1.0, 2.0)",
		"where((x[i] < 1) == (p[i]<=2),1,2)": "where((x[i] < 1.0) == (p[i] <= 2), 1.0, 2.0)",
		"where(true, inf, -inf)":             "where(true, inf, -inf)",
		"where(1 < 2.0, nan, 0x1p-3)":        "where(1.0 < 2.0, nan, 0.125)",
		"where(M < 3, 0, 0)":                 "where(M < 3, 0.0, 0.0)",
		"pad(x[i-1], 0)":                     "pad(x[i-1], 0.0)",
		"pad(x[i], 0) + 0":                   "", // never outside: no condition
		"pick(within(i-1,N) & within(i-2,M), x[i-1], 0)": "pick(within(i-1, N) & within(i-2, M), x[i-1], 0.0)",
		"x[(i*3+N-1)-i]":      "x[2*i+N-1]",
		"x[-i+N-1]":           "x[-i+N-1]",
		"x[value(i)]":         "x[value(i)]",
		"x[p[i]+1]":           "x[p[i] + 1]",
		"x[chk(p[i],N)]":      "x[chk(p[i], N)]",
		"x[exact(2*i-N,M)]":   "x[exact(2*i-N,M)]",
		"x[i] + stored(s[i])": "x[i] + stored(s[i])",
		"f64(f32(x[i]))":      "f64(f32(x[i]))",
		"bitcast.f64(p[i]) + bits(0x7ff0000000000001)": "bitcast.f64(p[i]) + bits(0x7ff0000000000001)",
		"c + rank":        "c + rank",
		"fma(x[i], 2, 1)": "fma(x[i], 2.0, 1.0)",
	} {
		src := "kernel k; dim M N; scalar c f64; in x f64[N], p i64[N], s f64[N] sparsevec, rank f64[]; out o f64[N]; axis i<N; o[i] = " + text
		k, err := ParseKernel(src)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		lines := strings.Split(strings.TrimSpace(k.String()), "\n")
		if got := strings.TrimPrefix(lines[len(lines)-1], "o[i] = "); want != "" && got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if again, err := ParseKernel(k.String()); err != nil || !reflect.DeepEqual(k, again) {
			t.Errorf("%s: %v: reads back another kernel", text, err)
		}
	}
}

func TestParseKernelLets(t *testing.T) {
	k := mustKernel(t, `kernel k  # names v0 and v1 are taken
dim N v1
in x f64[N], v0 i64[N]
out a f64[N], b f64[N]
axis i<N
let e = x[i]*2; let f = e*e + x[v0[i]+1]
a[i] = f*v1
b[i] = e - x[v0[i]+1]
`)
	golden(t, "kernel/lets.golden", k.String())
}

func TestParseKernelErrors(t *testing.T) {
	head := "kernel k\ndim M N\nscalar c f64\nin x f64[N], p i64[N]\nout o f64[N]\naxis i<N, j<N\n"
	for text, want := range map[string]string{
		"":                                               `line 1, column 1: expected "kernel", found the end of the text`,
		"kernel":                                         "line 1, column 7: expected the kernel's name",
		"kernel k\nin x f99[N]":                          `line 2, column 6: "f99" is not a dtype`,
		"kernel k\nin x f64[N] foo":                      `line 2, column 13: format "foo"`,
		"kernel k\nin x f64[N] csr=y":                    "line 2, column 13: no operand y to be like",
		"kernel k\ndim N N":                              "line 2, column 7: N is declared twice",
		"kernel k\ndim over":                             "line 2, column 5: over is a word of the language",
		"kernel k\naxis h in g.lo..g.hi":                 "line 2, column 11: g is not an axis declared before",
		"kernel k\naxis h in h.lo..h.hi":                 "line 2, column 11: h is not an axis declared before",
		"kernel k\naxis h<":                              "line 2, column 8: expected a dimension",
		"kernel k\ntable t f64 = 1, x":                   `line 2, column 18: "x" is not an element of f64`,
		head + "o[i] = x[i] +":                           "line 7, column 14: expected a value, found the end of the text",
		head + "o[i] = y[i]":                             "line 7, column 8: expected an element of an operand",
		head + "o[i] = y":                                "line 7, column 8: y is not a value",
		head + "o[i] = x[i,j]":                           "line 7, column 8: x has 1 axes, got 2 indices",
		head + "o[i] = x[i] + p[i]":                      "line 7, column 13: add takes operands of one dtype, got f64 and i64",
		head + "o[i] = x[i] & 1":                         "line 7, column 13: and does not take f64 as operand 1",
		head + "o[i] = foo(x[i])":                        "line 7, column 8: foo is not a scalar op",
		head + "o[i] = exp(x[i], x[i])":                  "line 7, column 8: exp takes 1 operands, got 2",
		head + "o[i] = f64(p[i] + 0.5)":                  "line 7, column 19: 0.5 is not an element of i64",
		head + "o[i] = i8(300)":                          "line 7, column 11: 300 is not an element of i8",
		head + "o[i] = bitcast(p[i])":                    "line 7, column 8: bitcast names the dtype of its result",
		head + "o[i] = exp.f64(x[i])":                    "line 7, column 8: exp takes no f64",
		head + "o[i] = lookup.t(p[i])":                   "line 7, column 8: lookup.T(i) reads a table T",
		head + "o[i] = x[i] < x[i] < x[i]":               `line 7, column 20: expected the end of the line, found "<"`,
		head + "o[i] = sum.foo[j](x[j])":                 "line 7, column 8: sum.foo is neither an order nor a scan nor a scatter",
		head + "o[i] = foo.lanes[j](x[j])":               "line 7, column 8: foo is not a combine",
		head + "o[i] = foo[j](x[j])":                     "line 7, column 8: foo[..](..) is neither append nor a combine with an order",
		head + "o[i] = sum.lanes[q](x[j])":               "line 7, column 18: expected an axis",
		head + "o[i] = sum.lanes[j](x[j])/2":             "line 7, column 8: a reduction, scan, scatter or append is the whole of its statement",
		head + "o[i] = pick(i < 3, x[i], 0)":             "line 7, column 15: expected within(position, extent) & ...",
		head + "o[i] = pad(c, 0)":                        "line 7, column 8: pad takes an element and what stands for it outside",
		head + "o[i] = x[exact(p[i],2)]":                 "line 7, column 10: expected a position that is affine in axes",
		head + "o[i] = x[exact(i,0)]":                    "line 7, column 10: division by 0",
		head + "o[i] = x[chk(p[i], c)]":                  "line 7, column 20: expected a dimension",
		head + "o[i] = x[chk(p[i], N, 9999)]":            "line 7, column 23: expected the number of a fault",
		head + "o[i] = x[chk(p[i], N, 1)]":               "line 1, column 1: no chk has number 0",
		head + "let v = 1\nlet v = 2":                    "line 8, column 5: v is declared twice",
		head + "o[i] 3":                                  `line 7, column 6: expected "="`,
		head + strings.Repeat("(", 600):                  "expression nests deeper than 500",
		head + "o[i] = x[i]" + strings.Repeat("+c", 600): "more than 500 operators in a row",
		"kernel k\ndim N; in x f64[" + strings.Repeat("(N+1)*", 9) + "N]": "expected a dimension",
	} {
		_, err := ParseKernel(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParseKernel(f *testing.F) {
	for _, src := range compactKernels(f) {
		f.Add(src)
	}
	addSources(f, "kernel/*.txt")
	for seed := range uint64(20) {
		f.Add(randomKernel(rand.New(rand.NewPCG(seed, 2))).String())
	}
	f.Fuzz(func(t *testing.T, src string) {
		k, err := ParseKernel(src)
		if err != nil || k.Verify() != nil {
			return
		}
		text := k.String()
		again, err := ParseKernel(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if err := again.Verify(); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if got := again.String(); got != text {
			t.Fatalf("print(parse(s)) is\n%s\nnot\n%s", got, text)
		}
		k.Key()
		k.Cuts()
		for n := 1; n < len(k.Stmts); n++ {
			if a, b, err := k.CutAt(n); err == nil {
				mustKernel(t, a.Kernel.String())
				mustKernel(t, b.Kernel.String())
			}
		}
	})
}
