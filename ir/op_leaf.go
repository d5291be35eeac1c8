package ir

import (
	"fmt"
	"math"
)

// OpParam is an input of a graph.
var OpParam = Register(&Op{
	Name: "param", Doc: "the graph's parameter of that index. Its type is stated, not inferred.",
	Family: Leaf, Fields: FieldIndex,
	Infer: func(n *Node) (Type, error) { return n.Type, nil },
})

// Param returns the parameter of that index, to stand at that place in Graph.Params.
func Param(index int, t Type, site *Site) *Node {
	return &Node{Op: OpParam, Type: t, Attr: &Attr{Index: index}, Site: site}
}

// OpConst is a literal: part of the structure, so another number is another program.
var OpConst = Register(&Op{
	Name: "const", Doc: "the array of no axes whose element the attribute's bits are.",
	Family: Leaf, Fields: FieldBits | FieldDType,
	Infer: func(n *Node) (Type, error) {
		d := n.Attr.DType
		if !AnyReal.Has(d) {
			return Type{}, Errorf(ErrDType, "a literal cannot be %s", d.Name())
		}
		if !isElement(d, n.Attr.Bits) {
			return Type{}, Errorf(ErrDType, "%#x is not an element of %s", n.Attr.Bits, d.Name())
		}
		return Dense(d), nil
	},
	Inline: func(b *KernelBuilder, n *Node) *Expr { return b.Const(n.Type.DType, n.Attr.Bits) },
	Kernel: inlineKernel,
	Eval: func(n *Node, _ []*Tensor) ([]*Tensor, error) {
		return []*Tensor{{DType: n.Type.DType, Shape: []int{}, Elems: []uint64{n.Attr.Bits}}}, nil
	},
})

// ConstNode returns the literal of dtype d with the given bits; a NaN loses its payload.
func ConstNode(d DType, bits uint64, site *Site) *Node {
	if d == Float32 && math.IsNaN(float64(math.Float32frombits(uint32(bits)))) || d == Float64 && math.IsNaN(math.Float64frombits(bits)) {
		bits = canonicalNaN(d)
	}
	return Must(NewNode(OpConst, &Attr{DType: d, Bits: bits}, site))
}

// isElement reports whether bits is how an element of d travels: bool 0 or 1, unsigned
// zero-extended, signed sign-extended.
func isElement(d DType, bits uint64) bool {
	switch {
	case d == Bool:
		return bits <= 1
	case d == Float32:
		return bits>>32 == 0
	}
	return d.Kind() == KindFloat || d.IsInteger() && wrap(d, bits) == bits
}

// OpScalar is a run-time number.
var OpScalar = Register(&Op{
	Name: "scalar", Doc: "the program's run-time number of that index, converted to the attribute's dtype by the caller. Another number compiles nothing.",
	Family: Leaf, Fields: FieldIndex | FieldDType,
	Infer: func(n *Node) (Type, error) {
		if !AnyReal.Has(n.Attr.DType) {
			return Type{}, Errorf(ErrDType, "a run-time number cannot be %s", n.Attr.DType.Name())
		}
		if n.Attr.Index < 0 {
			return Type{}, Errorf(ErrIndex, "a run-time number has no index %d", n.Attr.Index)
		}
		return Dense(n.Attr.DType), nil
	},
	Inline: func(b *KernelBuilder, n *Node) *Expr { return b.ScalarArg(n) },
	Kernel: inlineKernel,
})

// ScalarNode returns the run-time number of that index. One index is one dtype.
func ScalarNode(index int, d DType) *Node {
	return Must(NewNode(OpScalar, &Attr{Index: index, DType: d}, nil))
}

// OpDimValue is an extent as a number.
var OpDimValue = Register(&Op{
	Name: "dimvalue", Doc: "the attribute's one extent converted to its dtype with one rounding: a mean's divisor.",
	Family: Leaf, Fields: FieldShape | FieldDType,
	Infer: func(n *Node) (Type, error) {
		if len(n.Attr.Shape) != 1 || n.Attr.Shape[0].IsUnknown() {
			return Type{}, Errorf(ErrShape, "dimvalue takes one extent that is known before the run, got %s", shapeText(n.Attr.Shape))
		}
		if !Reals.Has(n.Attr.DType) {
			return Type{}, Errorf(ErrDType, "an extent cannot be %s", n.Attr.DType.Name())
		}
		return Dense(n.Attr.DType), nil
	},
	Inline: func(b *KernelBuilder, n *Node) *Expr { return b.DimValue(n.Type.DType, n.Attr.Shape[0]) },
	Kernel: inlineKernel,
	Eval: func(n *Node, _ []*Tensor) ([]*Tensor, error) {
		v, ok := n.Attr.Shape[0].Const()
		if !ok {
			return nil, fmt.Errorf("ir: extent %s has no number", n.Attr.Shape[0])
		}
		d := n.Type.DType
		return []*Tensor{{DType: d, Shape: []int{}, Elems: []uint64{castBits(d, Int64, uint64(v))}}}, nil
	},
})

// DimValueNode returns extent v as a number of dtype d.
func DimValueNode(v Dim, d DType, site *Site) *Node {
	return Must(NewNode(OpDimValue, &Attr{Shape: []Dim{v}, DType: d}, site))
}

// inlineKernel stores a leaf's value: for a leaf that is itself a result.
func inlineKernel(b *KernelBuilder, n *Node) error {
	b.Add(Stmt{Sink: Store, Targets: []Access{b.Result(0)}, Args: []*Expr{n.Op.Inline(b, n)}})
	return nil
}

// Samples call constructors that name the ops, which an initialiser may not.
func init() {
	OpParam.Samples = func() []*Node { return []*Node{Param(0, Dense(Float64, N(2), N(3)), nil)} }
	OpConst.Samples = func() []*Node {
		return []*Node{ConstNode(Float64, Float(Float64, 1.5), nil), ConstNode(Int8, ^uint64(0), nil), ConstNode(Bool, 1, nil)}
	}
	OpScalar.Samples = func() []*Node { return []*Node{ScalarNode(0, Float64)} }
	OpDimValue.Samples = func() []*Node {
		return []*Node{DimValueNode(N(7), Float64, nil), DimValueNode(N(1<<24+1), Float32, nil), DimValueNode(N(3), Int8, nil)}
	}
}
