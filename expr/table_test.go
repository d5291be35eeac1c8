package np_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// everyFunction has a value for each exported function of np; generic ones stand for
// all their instances. TestTable fails when one is missing.
var everyFunction = map[string]any{
	"Abs": np.Abs, "Add": np.Add, "AliasBytes": np.AliasBytes, "AliasSlice": np.AliasSlice[float64], "AliasValues": np.AliasValues[float64],
	"All": np.All, "Any": np.Any, "Arange": np.Arange, "ArgMax": np.ArgMax, "ArgMin": np.ArgMin, "AsType": np.AsType, "Axis": np.Axis,
	"BitwiseAnd": np.BitwiseAnd, "BitwiseInvert": np.BitwiseInvert, "BitwiseLeftShift": np.BitwiseLeftShift, "BitwiseOr": np.BitwiseOr,
	"BitwiseRightShift": np.BitwiseRightShift, "BitwiseXor": np.BitwiseXor, "BroadcastArrays": np.BroadcastArrays, "BroadcastTo": np.BroadcastTo,
	"Bytes": np.Bytes, "Call": np.Call, "Ceil": np.Ceil, "Clip": np.Clip, "Compile": np.Compile[np.Array, np.Array], "Concat": np.Concat,
	"CopySign": np.CopySign, "Correction": np.Correction, "Cos": np.Cos, "CountNonzero": np.CountNonzero, "CreationOf": np.CreationOf,
	"CumMax": np.CumMax, "CumMin": np.CumMin, "CumProd": np.CumProd, "CumSum": np.CumSum, "DTypeOf": np.DTypeOf[int8], "Diff": np.Diff,
	"Divide": np.Divide, "Dot": np.Dot, "Einsum": np.Einsum, "Equal": np.Equal, "Erf": np.Erf, "Eval": np.Eval[np.Array], "Exp": np.Exp,
	"Exp2": np.Exp2, "ExpandDims": np.ExpandDims, "Expm1": np.Expm1, "Eye": np.Eye, "FMA": np.FMA, "Fail": np.Fail, "Flip": np.Flip,
	"Floor": np.Floor, "FloorDivide": np.FloorDivide, "From": np.From, "FromNested": np.FromNested, "FromRows": np.FromRows[int],
	"FromSlice": np.FromSlice[bool], "Full": np.Full, "FullLike": np.FullLike, "Greater": np.Greater, "GreaterEqual": np.GreaterEqual,
	"Helper": np.Helper, "Initial": np.Initial, "InputSlot": np.InputSlot[float64], "IsFinite": np.IsFinite, "IsInf": np.IsInf, "IsNaN": np.IsNaN,
	"Chunking": np.Chunking, "ChunkingOf": np.ChunkingOf, "Leaf": np.Leaf, "Leaves": np.Leaves[[]np.Array], "Less": np.Less, "LessEqual": np.LessEqual, "Linspace": np.Linspace, "Log": np.Log,
	"Log10": np.Log10, "Log1p": np.Log1p, "Log2": np.Log2, "LogicalAnd": np.LogicalAnd, "LogicalNot": np.LogicalNot, "LogicalOr": np.LogicalOr,
	"LogicalXor": np.LogicalXor, "MatMul": np.MatMul, "MatrixTranspose": np.MatrixTranspose, "Max": np.Max, "Maximum": np.Maximum, "Mean": np.Mean,
	"Memory": np.Memory, "Min": np.Min, "Minimum": np.Minimum, "MoveAxis": np.MoveAxis, "Multiply": np.Multiply, "NodeOf": np.NodeOf, "Must": np.Must[int],
	"Negative": np.Negative, "NewEngine": np.NewEngine, "NotEqual": np.NotEqual, "Of": np.Of[float32], "On": np.On, "Ones": np.Ones,
	"OnesLike": np.OnesLike, "Outer": np.Outer, "OutputSlot": np.OutputSlot[float64], "Pad": np.Pad, "PermuteDims": np.PermuteDims, "Pow": np.Pow,
	"Prod": np.Prod, "RandomBits": np.RandomBits, "Range": np.Range, "Ravel": np.Ravel, "Reciprocal": np.Reciprocal, "ReductionOf": np.ReductionOf,
	"Remainder": np.Remainder, "Repeat": np.Repeat, "Reshape": np.Reshape, "Roll": np.Roll, "Round": np.Round, "Scalar": np.Scalar[uint16],
	"Sign": np.Sign, "SignBit": np.SignBit, "Sin": np.Sin, "SlidingWindow": np.SlidingWindow, "Spec": np.Spec, "Split": np.Split, "Sqrt": np.Sqrt,
	"Square": np.Square, "Squeeze": np.Squeeze, "Stack": np.Stack, "Std": np.Std, "Subtract": np.Subtract, "Sum": np.Sum, "SwapAxes": np.SwapAxes,
	"Take": np.Take, "TakeAlongAxis": np.TakeAlongAxis, "Tanh": np.Tanh, "TensorDot": np.TensorDot, "Threads": np.Threads, "Tile": np.Tile,
	"To": np.To, "TreeMap": np.TreeMap[np.Array], "TreeMap2": np.TreeMap2[np.Array], "Tri": np.Tri, "Tril": np.Tril, "Triu": np.Triu,
	"Trunc": np.Trunc, "Unstack": np.Unstack, "Use": np.Use, "Value": np.Value[float64], "Values": np.Values[float64], "ValuesInto": np.ValuesInto[float64],
	"Var": np.Var, "VecDot": np.VecDot, "Watch": np.Watch, "Where": np.Where, "Zeros": np.Zeros, "ZerosLike": np.ZerosLike,
}

// noError are the calls that take Arrays and say nothing about a bad one, because they
// only carry it along or describe it.
var noError = map[string]bool{
	"Leaves": true, "TreeMap": true, "TreeMap2": true, "Initial": true, "Compile": true, "Fail": true, "NodeOf": true,
	"Array.At": true, "Array.Close": true, "Array.Concrete": true, "Array.DType": true, "Array.Dim": true, "Array.Format": true,
	"Array.NDim": true, "Array.Shape": true, "Array.Size": true, "Array.String": true,
}

// TestTable calls every function and method of np with the zero Array, with an Array
// that carries an error and with nil where options stand: nothing panics, the zero
// Array is ErrNil, and the first error is the one that comes out.
func TestTable(t *testing.T) {
	for name := range functions(t) {
		if _, ok := everyFunction[name]; !ok {
			t.Errorf("%s is not in the table", name)
		}
	}
	calls := map[string]reflect.Value{}
	for name, f := range everyFunction {
		if name != "Must" && name != "Helper" { // one panics by design, the other marks its caller
			calls[name] = reflect.ValueOf(f)
		}
	}
	for _, v := range []any{np.Array{}, np.Place{}, np.Span{}, np.Float64, (*np.Engine)(nil), (*np.Program[np.Array, np.Array])(nil), (*np.Bound)(nil)} {
		typ := reflect.TypeOf(v)
		for m := range typ.Methods() {
			name, _, _ := strings.Cut(strings.TrimLeft(typ.String(), "*"), "[")
			calls[strings.TrimPrefix(name, "np.")+"."+m.Name] = m.Func
		}
	}
	bad := np.Add(np.Of(1.0, 2), np.Of(1.0, 2, 3))
	fine := np.FromSlice(counting(4), 2, 2)
	for name, f := range calls {
		for _, c := range []struct {
			what  string
			array np.Array
			class error
		}{{"zero", np.Array{}, np.ErrNil}, {"errored", bad, bad.Err()}, {"fine", fine, nil}} {
			args := arguments(f.Type(), c.array, 0)
			out, panicked := callAll(f, args)
			if panicked != nil {
				t.Errorf("%s(%s): panics: %v", name, c.what, panicked)
				continue
			}
			if c.class == nil || noError[name] || !takesArray(f.Type()) {
				continue
			}
			if err := errorIn(out); err == nil {
				t.Errorf("%s(%s): no error", name, c.what)
			} else if !errors.Is(err, c.class) {
				t.Errorf("%s(%s): the first error is lost: %v", name, c.what, err)
			}
		}
		for _, n := range []int{1, -1, 2, -7, math.MaxInt, math.MinInt, 1 << 31, 1 << 62} {
			if _, panicked := callAll(f, arguments(f.Type(), fine, n)); panicked != nil {
				t.Errorf("%s with the number %d: panics: %v", name, n, panicked)
			}
		}
	}
}

var (
	arrayType   = reflect.TypeFor[np.Array]()
	operandType = reflect.TypeFor[np.Operand]()
)

// arguments returns a value for every parameter: a where Arrays go, n where integers go,
// something small and plain elsewhere. Variadic parameters get two, options nil.
func arguments(f reflect.Type, a np.Array, n int) []reflect.Value {
	var args []reflect.Value
	for i := range f.NumIn() {
		in := f.In(i)
		if f.IsVariadic() && i == f.NumIn()-1 {
			args = append(args, argument(in.Elem(), a, n), argument(in.Elem(), a, n))
			continue
		}
		args = append(args, argument(in, a, n))
	}
	return args
}

func argument(t reflect.Type, a np.Array, n int) reflect.Value {
	switch t {
	case arrayType, operandType:
		return reflect.ValueOf(a)
	case reflect.TypeFor[[]np.Array]():
		return reflect.ValueOf([]np.Array{a, a})
	case reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[np.At]():
		return reflect.ValueOf(n).Convert(t)
	case reflect.TypeFor[np.Shape](), reflect.TypeFor[[]int]():
		return reflect.ValueOf([]int{n, n}).Convert(t)
	case reflect.TypeFor[[2]int]():
		return reflect.ValueOf([2]int{n, n})
	case reflect.TypeFor[context.Context]():
		return reflect.ValueOf(ctx)
	case reflect.TypeFor[np.Index]():
		return reflect.ValueOf(np.Range(n, -n).Step(n))
	case reflect.TypeFor[np.Place]():
		return reflect.ValueOf(a.At(np.At(0), np.From(n)))
	case reflect.TypeFor[*np.Program[np.Array, np.Array]]():
		return reflect.ValueOf(np.Compile(np.Negative))
	case reflect.TypeFor[fmt.State]():
		return reflect.ValueOf(discard{})
	case reflect.TypeFor[string]():
		return reflect.ValueOf("ij,jk") // the one string that is looked into is Einsum's
	case reflect.TypeFor[np.DType]():
		return reflect.ValueOf(np.Float64)
	case reflect.TypeFor[func(np.Array) np.Array]():
		return reflect.ValueOf(np.Negative)
	case reflect.TypeFor[func(x, y np.Array) np.Array]():
		return reflect.ValueOf(func(x, y np.Array) np.Array { return np.Add(x, y) })
	}
	return reflect.Zero(t)
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Width() (int, bool)          { return 0, false }
func (discard) Precision() (int, bool)      { return 0, false }
func (discard) Flag(int) bool               { return true }

func takesArray(f reflect.Type) bool {
	for i := range f.NumIn() {
		switch in := f.In(i); in {
		case arrayType, operandType, reflect.TypeFor[[]np.Array](), reflect.TypeFor[np.Place]():
			return true
		}
	}
	return false
}

func callAll(f reflect.Value, args []reflect.Value) (out []reflect.Value, panicked any) {
	defer func() { panicked = recover() }()
	return f.Call(args), nil
}

// errorIn returns the error among results: an Array's, or a last result's.
func errorIn(out []reflect.Value) error {
	for _, v := range out {
		switch v := v.Interface().(type) {
		case np.Array:
			if v.Err() != nil {
				return v.Err()
			}
		case []np.Array:
			for _, a := range v {
				if a.Err() != nil {
					return a.Err()
				}
			}
		case error:
			return v
		}
	}
	return nil
}
