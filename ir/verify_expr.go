package ir

import (
	"errors"
	"fmt"
)

// checkApply reports why an Apply is not a call of its op.
func (e *Expr) checkApply() error {
	op := e.Op
	if op == nil || op.Scalar == nil {
		return fmt.Errorf("%v is not a scalar op", op)
	}
	if len(e.Args) < op.MinArg || len(e.Args) > op.MaxArg {
		return fmt.Errorf("%s takes %d operands, got %d", op, op.MinArg, len(e.Args))
	}
	for i, a := range e.Args {
		if !op.Scalar.In[i].Has(a.DType) {
			return fmt.Errorf("%s does not take %s as operand %d", op, a.DType, i+1)
		}
	}
	for lo, hi := operandGroup(op); lo < hi; lo++ {
		if e.Args[lo].DType != e.Args[hi-1].DType {
			return fmt.Errorf("%s takes operands of one dtype, got %s and %s", op, e.Args[lo].DType, e.Args[hi-1].DType)
		}
	}
	if op == OpLookup {
		if e.Table == nil || len(e.Table.Entries) != 16 {
			return fmt.Errorf("lookup reads a table of 16 entries")
		}
	}
	if op.Fields&FieldDType != 0 && !AnyReal.Has(e.DType) {
		return fmt.Errorf("%s to %s", op, e.DType)
	}
	if (op == OpBitcast || op == OpRawBits) && e.DType.Size() != e.Args[0].DType.Size() {
		return fmt.Errorf("%s of %s to %s, which has another size", op, e.Args[0].DType, e.DType)
	}
	if d := op.Scalar.Result(e); d != e.DType {
		return fmt.Errorf("%s gives %s here, not %s", op, d, e.DType)
	}
	return nil
}

// verifyExpr checks one value whose operands are checked.
func (v *kernelVerifier) verifyExpr(e *Expr) error {
	switch e.Kind {
	case Apply:
		return e.checkApply()
	case Const:
		if !AnyReal.Has(e.DType) {
			return fmt.Errorf("a literal of %s", e.DType)
		}
		if width(e.DType) < 64 && e.DType.Kind() != KindInt && e.Bits>>width(e.DType) != 0 || e.DType == Bool && e.Bits > 1 || e.DType.IsInteger() && wrap(e.DType, e.Bits) != e.Bits {
			return fmt.Errorf("%#x is not an element of %s", e.Bits, e.DType)
		}
	case Load, Stored:
		if err := v.verifyAccess(e.Access); err != nil {
			return err
		}
		o := v.k.Operands[e.Access.Operand]
		if e.DType != o.DType {
			return fmt.Errorf("an element of %s is %s, not %s", o.Name, o.DType, e.DType)
		}
		if e.Kind == Stored && !o.Format.sparse() {
			return fmt.Errorf("stored(%s): the operand stores every position", o.Name)
		}
	case AxisPos:
		if e.N < 0 || e.N >= len(v.k.Axes) {
			return fmt.Errorf("axis %d of %d", e.N, len(v.k.Axes))
		}
		if !Reals.Has(e.DType) {
			return fmt.Errorf("a position as %s", e.DType)
		}
	case DimValue:
		if !Reals.Has(e.DType) {
			return fmt.Errorf("%s as %s", e.Dim, e.DType)
		}
	case ScalarIn:
		if e.N < 0 || e.N >= len(v.k.Scalars) {
			return fmt.Errorf("scalar %d of %d", e.N, len(v.k.Scalars))
		}
		if s := v.k.Scalars[e.N]; s.DType != e.DType {
			return fmt.Errorf("%s is %s, not %s", s.Name, s.DType, e.DType)
		}
	case Pick:
		if len(e.Args) != 2 || len(e.Ranges) == 0 || e.Args[0].DType != e.DType || e.Args[1].DType != e.DType {
			return errors.New("pick needs a condition and two values of its dtype")
		}
		for _, r := range e.Ranges {
			if r.At.Value != nil {
				return errors.New("a condition of pick is on a position that is a value")
			}
			if err := v.verifyIndex(&r.At); err != nil {
				return err
			}
		}
	case Checked:
		if len(e.Args) != 1 || e.Args[0].DType != Int64 || e.DType != Int64 {
			return errors.New("chk is of an i64 and gives one")
		}
		if e.N < 0 || e.N >= len(v.k.Faults) {
			return fmt.Errorf("fault %d of %d", e.N, len(v.k.Faults))
		}
		v.usedFaults[e.N] = true
	default:
		return errors.New("a value that is of combines only")
	}
	return nil
}

// sparse reports whether some positions may not be stored.
func (f *Format) sparse() bool { return f != nil && f.Levels != nil }

func (v *kernelVerifier) verifyAccess(a *Access) error {
	if a == nil || a.Operand < 0 || a.Operand >= len(v.k.Operands) {
		return fmt.Errorf("no such operand")
	}
	o := v.k.Operands[a.Operand]
	if len(a.Index) != len(o.Shape) {
		return fmt.Errorf("%s has %d axes, got %d indices", o.Name, len(o.Shape), len(a.Index))
	}
	return v.verifyIndices(a)
}

func (v *kernelVerifier) verifyIndices(a *Access) error {
	for i := range a.Index {
		if err := v.verifyIndex(&a.Index[i]); err != nil {
			return fmt.Errorf("index %d of %s: %w", i, v.k.Operands[a.Operand].Name, err)
		}
	}
	return nil
}

func (v *kernelVerifier) verifyIndex(x *Index) error {
	if x.Value != nil {
		if x.Value.DType != Int64 {
			return fmt.Errorf("a position of %s, not i64", x.Value.DType)
		}
		if len(x.Terms) != 0 || x.Const != (Dim{}) || x.Div != (Dim{}) {
			return errors.New("both a value and affine")
		}
		return nil
	}
	last := -1
	for _, t := range x.Terms {
		if t.Axis <= last || t.Axis >= len(v.k.Axes) {
			return errors.New("axes are not ascending axes of the kernel")
		}
		if t.Coef.Is(0) {
			return errors.New("an axis times 0")
		}
		last = t.Axis
	}
	if d, ok := x.Div.Const(); ok && d < 0 {
		return fmt.Errorf("exact division by %d", d)
	}
	return nil
}
