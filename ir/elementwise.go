package ir

import "sync"

// inferElementwise is the type rule of every elementwise op: NumPy's broadcasting over
// operands whose dtypes the op's Scalar allows. Mixed dtypes are the caller's to cast.
func inferElementwise(n *Node) (Type, error) {
	s := n.Op.Scalar
	e := typedExprs.Get().(*typedExpr)
	defer typedExprs.Put(e)
	e.Expr = Expr{Kind: Apply, Op: n.Op, Args: e.args[:0]}
	if n.Attr != nil {
		e.DType = n.Attr.DType
	}
	var shape []Dim
	for i, a := range n.Args {
		if !s.In[i].Has(a.Type.DType) {
			return Type{}, Errorf(ErrDType, "%s does not take %s as operand %d", n.Op, a.Type.DType.Name(), i+1)
		}
		if s.Same && a.Type.DType != n.Args[0].Type.DType {
			return Type{}, Errorf(ErrDType, "%s takes operands of one dtype, got %s and %s", n.Op, n.Args[0].Type.DType.Name(), a.Type.DType.Name())
		}
		e.Args = append(e.Args, &ofDType[a.Type.DType])
		var err error
		if shape, err = Broadcast(shape, a.Type.Shape); err != nil {
			return Type{}, err
		}
	}
	return Dense(s.Result(&e.Expr), shape...), nil
}

// typedExpr is what Scalar.Result looks at, with room for operands.
type typedExpr struct {
	Expr
	args [3]*Expr
}

// typedExprs are used again, for building graphs is mostly inference.
var typedExprs = sync.Pool{New: func() any { return new(typedExpr) }}

// ofDType are expressions of which nothing but the dtype is known.
var ofDType = func() (all [numDTypes]Expr) {
	for d := range all {
		all[d].DType = DType(d)
	}
	return all
}()

// Broadcast returns the shape of two shapes together: aligned at the right, extents 1
// stretch. Unknown meets anything; the run checks.
func Broadcast(a, b []Dim) ([]Dim, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	off := len(a) - len(b)
	var out []Dim // nil: a as it is
	for i, d := range b {
		c := a[off+i]
		var r Dim
		switch {
		case c == d || d.Is(1):
			continue
		case c.Is(1):
			r = d
		case c.IsUnknown():
			r = d
		case d.IsUnknown():
			continue
		default:
			return nil, Errorf(ErrShape, "shapes do not broadcast: axis %d has %s and %s", i-len(b), c, d)
		}
		if out == nil {
			out = append([]Dim(nil), a...)
		}
		out[off+i] = r
	}
	if out == nil {
		out = a
	}
	return out, nil
}
