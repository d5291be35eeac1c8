package ir

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bodyOp reports whether graphs do not use the op: it exists for expansions.
func bodyOp(op *Op) bool {
	if op.Scalar == nil || op.Infer == nil {
		return false
	}
	n := &Node{Op: op, Attr: &Attr{DType: Int64}}
	for i, set := range op.Scalar.In {
		d := Bool
		for !set.Has(d) {
			d++
		}
		n.Args = append(n.Args, sampleParam(i, d))
	}
	_, err := op.Infer(n)
	return err != nil && strings.Contains(err.Error(), "is an op of kernel bodies")
}

// TestOpsAreComplete walks the table: every op has its facts, and reaches targets in
// exactly one way.
func TestOpsAreComplete(t *testing.T) {
	for _, op := range Ops() {
		if op.Doc == "" || op.Infer == nil && op.Scalar == nil {
			t.Errorf("%s: no documentation or no inference", op)
		}
		ways := 0
		for _, has := range []bool{op.Scalar != nil, op.Kernel != nil, op.Decompose != nil, op.Host != nil, op.EvalSubs != nil} {
			if has {
				ways++
			}
		}
		if op == OpParam || op == OpItem { // a value that is there already
			ways++
		}
		if ways != 1 {
			t.Errorf("%s reaches targets in %d ways, want 1", op, ways)
		}
		switch {
		case op.Scalar != nil:
			if (op.Scalar.Eval == nil) == (op.Scalar.Expand == nil) {
				t.Errorf("%s: a scalar op is either a primitive or an expansion", op)
			}
			if len(op.Scalar.In) != op.MaxArg || op.MinArg != op.MaxArg {
				t.Errorf("%s: %d operands are declared, %d have dtypes", op, op.MaxArg, len(op.Scalar.In))
			}
		case op.Eval == nil && op.EvalSubs == nil && op != OpParam && op != OpScalar && op != OpItem:
			t.Errorf("%s: no meaning: neither Scalar nor Eval nor EvalSubs", op)
		}
		if len(SamplesOf(op)) == 0 && !bodyOp(op) {
			t.Errorf("%s: no samples", op)
		}
		if (op.MinArg > op.MaxArg) && op.MaxArg >= 0 {
			t.Errorf("%s takes %d to %d operands", op, op.MinArg, op.MaxArg)
		}
	}
}

// TestOpsUnwrittenRules prints which ops still lack which rule of a transform: what
// derivatives and batching have to do. A NoRule is not a gap.
func TestOpsUnwrittenRules(t *testing.T) {
	var b strings.Builder
	ops := slices.Clone(Ops())
	slices.SortFunc(ops, func(x, y *Op) int { return strings.Compare(x.Name, y.Name) })
	for _, op := range ops {
		if bodyOp(op) || op.Family == Leaf {
			continue
		}
		var missing []string
		for _, rule := range []struct {
			name string
			nil  bool
		}{{"linearize", op.Linearize == nil}, {"transpose", op.Transpose == nil}, {"batch", op.Batch == nil}} {
			if rule.nil {
				missing = append(missing, rule.name)
			}
		}
		if missing != nil {
			fmt.Fprintf(&b, "%s: %s\n", op, strings.Join(missing, " "))
		}
	}
	golden(t, "ops/unwritten_rules.txt", b.String())
}

// TestSamples runs every sample of every op: inference agrees with evaluation, and the
// op's kernel gives its bits.
func TestSamples(t *testing.T) {
	for _, op := range Ops() {
		if op == OpParam || op == OpScalar || op.EvalSubs != nil || op == OpItem {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			distinct, finite, floats, kernels := map[uint64]bool{}, 0, 0, 0
			for s, n := range SamplesOf(op) {
				for _, special := range []bool{false, true} {
					r := rand.New(rand.NewPCG(uint64(s), 1))
					in, err := SampleInputs(n, r, special)
					if err != nil {
						t.Fatal(err)
					}
					want, err := evalNode(n, in)
					if err != nil {
						t.Fatalf("sample %d, %s: %v", s, describe(n), err)
					}
					checkType(t, n, want)
					if !special && n.Type.DType.IsFloat() {
						for _, v := range want.Elems {
							floats++
							if x := toFloat(n.Type.DType, v); !math.IsNaN(x) && !math.IsInf(x, 0) {
								distinct[v] = true
								finite++
							}
						}
					}
					same := func(what string, m *Node) {
						if m.Op.Host != nil {
							return // a step of the program: it has no kernel
						}
						got, err := evalKernelOf(m, in)
						if errors.Is(err, ErrNoRefinement) {
							return
						}
						if err != nil {
							t.Fatalf("sample %d, %s: the kernel%s: %v", s, describe(m), what, err)
						}
						kernels++
						for i := range want.Elems {
							if !sameElement(n.Type.DType, got[i], want.Elems[i]) {
								t.Fatalf("sample %d, %s, element %d: the kernel%s gives %#x, evaluation %#x", s, describe(m), i, what, got[i], want.Elems[i])
							}
						}
					}
					same("", n)
					if m, ok := symbolic(n); ok {
						same(" of symbols", m)
					}
				}
			}
			// Bits that agree mean nothing when all of them are NaN or the same.
			if op.Family != Leaf && floats > 0 && (finite*4 < floats || len(distinct) < 4) {
				t.Errorf("of %d floats %d are finite, %d distinct", floats, finite, len(distinct))
			}
			if kernels == 0 && op.Host == nil && !bodyOp(op) {
				t.Error("no kernel ran")
			}
		})
	}
}

// evalNode returns the result of a sample on values.
func evalNode(n *Node, in []*Tensor) (*Tensor, error) {
	out, err := EvalGraph(&Graph{Params: n.Args, Results: []*Node{n}}, in, Env{})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// evalKernelOf returns the elements that a sample's kernel computes. The kernel obeys
// the verifier and survives its text form.
func evalKernelOf(n *Node, in []*Tensor) ([]uint64, error) {
	k, operands, _, err := KernelOf(n)
	if err != nil {
		return nil, err
	}
	if err := k.Verify(); err != nil {
		return nil, err
	}
	back, err := ParseKernel(k.String())
	if err != nil {
		return nil, err
	}
	if back.String() != k.String() {
		return nil, fmt.Errorf("text form\n%sreads as\n%s", k, back)
	}
	var args KernelArgs
	symbols := map[string]int64{}
	for _, name := range k.Dims {
		v, err := strconv.ParseInt(name[1:], 10, 64)
		if err != nil {
			return nil, err
		}
		symbols[name] = v
		args.Dims = append(args.Dims, v)
	}
	var shape []int
	for _, d := range n.Type.Shape {
		v, err := d.Eval(func(name string) (int64, bool) { v, ok := symbols[name]; return v, ok })
		if err != nil {
			return nil, err
		}
		shape = append(shape, int(v))
	}
	out, err := NewTensor(n.Type.DType, shape...)
	if err != nil {
		return nil, err
	}
	for i := range out.Elems {
		out.Elems[i] = 0x55 // what nothing writes shows
	}
	for _, o := range operands {
		if o < 0 {
			args.Arrays = append(args.Arrays, DenseArray(out))
		} else {
			args.Arrays = append(args.Arrays, DenseArray(in[o]))
		}
	}
	return out.Elems, EvalKernel(k, args)
}

// symbolic returns n with every extent above 2 a symbol that tells its number, S37 for
// 37; false where the op needs to see the numbers.
func symbolic(n *Node) (*Node, bool) {
	any := false
	symbols := func(dims []Dim) []Dim {
		out := slices.Clone(dims)
		for i, d := range out {
			if c, _ := d.Const(); c > 2 {
				out[i] = Sym(fmt.Sprintf("S%d", c))
				any = true
			}
		}
		return out
	}
	args := make([]*Node, len(n.Args))
	for i, a := range n.Args {
		args[i] = Param(i, Dense(a.Type.DType, symbols(a.Type.Shape)...), nil)
	}
	attr := n.Attr
	if attr != nil {
		c := *attr
		c.Shape = symbols(c.Shape)
		attr = &c
	}
	m, err := NewNode(n.Op, attr, nil, args...)
	return m, err == nil && any
}

func describe(n *Node) string {
	var args []string
	for _, a := range n.Args {
		args = append(args, a.Type.String())
	}
	return fmt.Sprintf("%s(%s)%s", n.Op, strings.Join(args, ", "), attrText(n.Op, n.Attr, Type{}))
}

// checkType compares an evaluated result with the inferred type.
func checkType(t *testing.T, n *Node, got *Tensor) {
	t.Helper()
	if type_ := Dense(got.DType, shapeOf(got.Shape...)...); !type_.Equal(n.Type) {
		t.Fatalf("%s: inference says %s, evaluation %s", describe(n), n.Type, type_)
	}
	if got.Size() != len(got.Elems) {
		t.Fatalf("%s: %d elements under shape %v", describe(n), len(got.Elems), got.Shape)
	}
	for _, v := range got.Elems {
		if !isElement(got.DType, v) {
			t.Fatalf("%s: %#x is no element of %s", describe(n), v, got.DType)
		}
	}
}

func toFloat(d DType, v uint64) float64 {
	if d == Float32 {
		return float64(asF32(v))
	}
	return asF64(v)
}
