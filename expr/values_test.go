package np_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

var ctx = context.Background()

// The inputs of testdata/values.py.
var (
	x   = np.FromSlice(counting(24), 2, 3, 4)
	m   = np.FromRows([][]float64{{1, -2, 3}, {4, 5, -6}})
	v   = np.Of(3.0, -1, 2, 0)
	i   = np.FromRows([][]int{{7, -3, 2}, {0, 5, -8}})
	u   = np.Of[uint8](1, 200, 3)
	b   = np.FromRows([][]bool{{true, false, true}, {false, false, true}})
	k   = np.Of(2, 0, -1)
	k2  = np.FromRows([][]int{{0, 1}, {1, 1}})
	all = np.Whole
)

// counting returns 0, 1, 2, ... n of them.
func counting(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}

func counted(shape ...int) np.Array {
	n := 1
	for _, e := range shape {
		n *= e
	}
	return np.FromSlice(counting(n), shape...)
}

// valueCases are the calls that testdata/values.py makes in NumPy, by name.
var valueCases = map[string]np.Array{
	"add":                np.Add(m, 1),
	"add broadcast":      np.Add(m, np.FromRows([][]float64{{10}, {20}})),
	"add mixed":          i.Add(u),
	"subtract":           np.Subtract(1, m),
	"multiply uint8":     u.Multiply(2),
	"divide int":         np.Divide(i, 2),
	"floor divide":       np.FloorDivide(i, 3),
	"floor divide float": np.FloorDivide(m, 2.5),
	"remainder":          np.Remainder(i, 3),
	"remainder negative": np.Remainder(i, -3),
	"pow":                np.Pow(i, 2),
	"pow float":          m.Pow(2),
	"maximum":            np.Maximum(m, 1),
	"minimum bool":       np.Minimum(b, true),
	"copysign":           np.CopySign(m, -1),
	"equal":              np.Equal(i, 5),
	"less":               np.Less(m, 1),
	"logical and":        np.LogicalAnd(np.Greater(m, 0), i),
	"logical or":         np.LogicalOr(b, i),
	"logical xor":        np.LogicalXor(b, 3),
	"logical not":        np.LogicalNot(i),
	"bitwise and":        np.BitwiseAnd(i, 6),
	"bitwise xor bool":   np.BitwiseXor(b, true),
	"invert":             np.BitwiseInvert(i),
	"invert bool":        np.BitwiseInvert(b),
	"left shift":         np.BitwiseLeftShift(i, 2),
	"right shift":        np.BitwiseRightShift(i, 1),
	"where":              np.Where(b, m, -1),
	"clip":               np.Clip(m, -1, 3),
	"clip low":           i.Clip(0, nil),
	"abs":                np.Abs(i),
	"sign":               np.Sign(m),
	"square":             np.Square(u),
	"reciprocal":         np.Reciprocal(np.Of(2.0, 4)),
	"floor":              np.Floor(m.Divide(2)),
	"ceil":               np.Ceil(m.Divide(2)),
	"trunc":              np.Trunc(m.Divide(2)),
	"round":              m.Divide(2).Round(),
	"sqrt int":           np.Sqrt(np.Of(4, 9)),
	"isnan":              np.IsNaN(np.Of(nan, 1, inf)),
	"isinf":              np.IsInf(np.Of(nan, 1, -inf)),
	"isfinite":           np.IsFinite(np.Of(nan, 1, -inf)),
	"isfinite int":       np.IsFinite(i),
	"signbit":            np.SignBit(np.Of(minusZero, 0, -3)),
	"astype":             m.Divide(2).AsType(np.Int32),
	"astype bool":        m.AsType(np.Bool),

	"sum":            x.Sum(),
	"sum int8":       np.Sum(np.Of[int8](100, 100)),
	"sum uint8":      np.Sum(u),
	"sum bool":       np.Sum(b),
	"sum axis":       np.Sum(x, np.Axis(1)),
	"sum axes":       np.Sum(x, np.Axis(0, -1)),
	"sum keepdims":   np.Sum(x, np.Axis(0, 2), np.KeepDims),
	"sum dtype":      np.Sum(u, np.Float32),
	"sum no axes":    np.Sum(x, np.Axis()),
	"sum initial":    np.Sum(x, np.Axis(0), np.Initial(100)),
	"sum empty":      np.Sum(np.Zeros(np.Shape{0, 3}), np.Axis(0)),
	"prod":           i.Prod(np.Axis(0)),
	"prod empty":     np.Prod(np.Zeros(np.Shape{0})),
	"max":            m.Max(),
	"max axis":       np.Max(i, np.Axis(0)),
	"max bool":       np.Max(b, np.Axis(1)),
	"max initial":    np.Max(np.Zeros(np.Shape{0, 2}), np.Axis(0), np.Initial(7)),
	"min initial":    m.Min(np.Axis(1), np.Initial(-3)),
	"any":            b.Any(np.Axis(0)),
	"all":            i.All(),
	"count nonzero":  np.CountNonzero(i, np.Axis(1)),
	"mean":           x.Mean(np.Axis(2)),
	"mean int":       np.Mean(i),
	"var":            x.Var(np.Axis(1)),
	"var correction": np.Var(np.Of(1.0, 3), np.Correction(1)),
	"std":            np.Of(1.0, 5).Std(),
	"argmin":         m.ArgMin(1),
	"argmax":         i.ArgMax(0),
	"argmax bool":    np.ArgMax(b, 1),
	"cumsum":         x.CumSum(1),
	"cumsum bool":    np.CumSum(b, 0),
	"cumprod":        np.CumProd(i, 1),
	"cummax":         np.CumMax(m, 1),
	"cummin":         np.CumMin(m, -1),

	"dot vectors":               np.Dot(v, v),
	"dot matrix vector":         x.Index(0).Dot(v),
	"dot matrices":              np.Dot(m, x.Index(0)),
	"dot nd":                    np.Dot(x, counted(4, 2)),
	"dot nd nd":                 np.Dot(x, counted(3, 4, 2)),
	"dot int":                   np.Dot(i, i.T()),
	"dot bool":                  np.Dot(b, b.T()),
	"matmul batch":              np.MatMul(x, counted(2, 4, 2)),
	"matmul broadcast":          counted(2, 1, 3, 4).MatMul(counted(3, 4, 2)),
	"matmul vector left":        np.MatMul(counted(3), x),
	"matmul vector right":       np.MatMul(x, v),
	"matmul one":                np.MatMul(np.Ones(np.Shape{1, 2, 3}), counted(4, 3, 2)),
	"vecdot":                    np.VecDot(x, v, -1),
	"vecdot axis":               np.VecDot(x, x.Slice(all, all, np.To(1)), 1),
	"outer":                     np.Outer(v, m),
	"tensordot":                 np.TensorDot(x, x, []int{1, 0}, []int{1, 0}),
	"tensordot none":            np.TensorDot(v, v, nil, nil),
	"einsum matmul":             np.Einsum("ij,jk->ik", m, x.Index(0)),
	"einsum implicit":           np.Einsum("ij,jk", m, x.Index(0)),
	"einsum implicit order":     np.Einsum("ba", m),
	"einsum transpose":          np.Einsum("ijk->kij", x),
	"einsum sum":                np.Einsum("ijk->j", x),
	"einsum all":                np.Einsum("ijk->", x),
	"einsum trace":              np.Einsum("ii", counted(3, 3)),
	"einsum diagonal":           np.Einsum("ii->i", counted(3, 3)),
	"einsum diagonal batch":     np.Einsum("iij->ij", counted(3, 3, 2)),
	"einsum hadamard":           np.Einsum("ij,ij->ij", m, m),
	"einsum ellipsis":           np.Einsum("...ij,...jk->...ik", x, counted(4, 2)),
	"einsum ellipsis implicit":  np.Einsum("...j,j", x, v),
	"einsum ellipsis middle":    np.Einsum("i...k->k...i", x),
	"einsum ellipsis broadcast": np.Einsum("i...,i...->...", counted(2, 3, 1), counted(2, 1, 4)),
	"einsum three":              np.Einsum("ij,jk,kl->il", m, counted(3, 2), m),
	"einsum outer":              np.Einsum("i,j->ij", v, v),
	"einsum spaces":             np.Einsum(" i j , j k -> k i ", m, x.Index(0)),
	"einsum one":                np.Einsum("ij,jk->ik", np.Ones(np.Shape{2, 1}), counted(3, 2)),
	"einsum capital":            np.Einsum("aB,Bc->ca", m, x.Index(0)),
	"einsum ellipsis sum":       np.Einsum("i...->...", x),

	"T":                    x.T(),
	"matrix transpose":     np.MatrixTranspose(x),
	"permute":              np.PermuteDims(x, 1, 2, 0),
	"moveaxis":             np.MoveAxis(x, 0, -1),
	"moveaxis back":        np.MoveAxis(x, 2, 0),
	"swapaxes":             x.SwapAxes(0, 2),
	"reshape":              np.Reshape(x, 4, -1),
	"reshape same":         x.Reshape(6, 4),
	"ravel":                x.T().Ravel(),
	"expand":               np.ExpandDims(v, 0),
	"expand last":          v.ExpandDims(-1),
	"squeeze":              np.Squeeze(np.Ones(np.Shape{1, 3, 1})),
	"squeeze axis":         np.Ones(np.Shape{1, 3, 1}).Squeeze(2),
	"broadcast to":         np.BroadcastTo(v, 2, 4),
	"flip":                 np.Flip(x, 0, 2),
	"flip all":             np.Flip(m),
	"roll":                 np.Roll(x, 1, 2),
	"roll back":            np.Roll(x, -4, 1),
	"concat":               np.Concat(0, m, i, m),
	"concat last":          np.Concat(-1, m, m),
	"stack":                np.Stack(1, v, v, v),
	"split":                np.Split(x, 2, 2)[1],
	"unstack":              np.Unstack(x, 1)[2],
	"tile":                 np.Tile(m, 2, 2),
	"tile more":            np.Tile(v, 2, 1, 2),
	"tile less":            np.Tile(x, 2),
	"repeat":               m.Repeat(2, 1),
	"diff":                 np.Diff(m, 1),
	"diff bool":            np.Diff(b, 0),
	"pad constant":         np.Pad(m, np.PadConstant, [2]int{1, 0}, [2]int{0, 2}),
	"pad edge":             np.Pad(m, np.PadEdge, [2]int{1, 2}, [2]int{2, 1}),
	"pad reflect":          np.Pad(m, np.PadReflect, [2]int{1, 1}, [2]int{2, 1}),
	"pad reflect far":      np.Pad(np.Arange(0, 4, 1), np.PadReflect, [2]int{9, 5}),
	"pad reflect one side": np.Pad(np.Arange(0, 3, 1), np.PadReflect, [2]int{11, 0}),
	"pad reflect single":   np.Pad(np.Of(5), np.PadReflect, [2]int{2, 3}),
	"pad wrap":             np.Pad(m, np.PadWrap, [2]int{1, 1}, [2]int{2, 1}),
	"pad wrap far":         np.Pad(np.Arange(0, 4, 1), np.PadWrap, [2]int{9, 14}),
	"window":               np.SlidingWindow(x, np.Shape{2, 3}, 1, 2),
	"window all":           np.SlidingWindow(m, np.Shape{2, 2}),
	"take":                 x.Take(k, 1),
	"take 2d":              np.Take(x, k2, 2),
	"take along axis":      np.TakeAlongAxis(m, np.FromRows([][]int{{1, 0, 2}, {2, 0, 1}}), 1),
	"take along broadcast": np.TakeAlongAxis(m, np.FromRows([][]int{{2}, {0}}), 1),
	"tri":                  np.Tri(3, 4, 1),
	"tril":                 np.Tril(x, -1),
	"triu":                 np.Triu(i, 1),

	"eye":           np.Eye(3),
	"zeros":         np.Zeros(np.Shape{2, 3}, np.Int16),
	"ones bool":     np.Ones(np.Shape{2}, np.Bool),
	"full":          np.Full(np.Shape{2, 2}, 7),
	"full float32":  np.Full(np.Shape{3}, 0.1, np.Float32),
	"zeros like":    np.ZerosLike(i),
	"full like":     np.FullLike(m, 3),
	"arange":        np.Arange(2, 11, 3),
	"arange down":   np.Arange(5, -5, -2),
	"arange float":  np.Arange(0.0, 1, 0.25),
	"arange empty":  np.Arange(3, 1, 1),
	"linspace":      np.Linspace(0, 1, 5),
	"linspace down": np.Linspace(3, -3, 4),
	"linspace one":  np.Linspace(2, 9, 1),

	"index":                         x.Index(1),
	"index negative":                x.Index(-1, 2),
	"slice to":                      x.Slice(np.To(1)),
	"slice from":                    x.Slice(all, np.From(1)),
	"slice range step":              x.Slice(np.Ellipsis, np.Range(1, 4).Step(2)),
	"slice backwards":               x.Slice(all.Step(-1), all.Step(-2), all.Step(-1)),
	"slice beyond":                  x.Slice(all, np.Range(-100, 100), np.Range(3, 1)),
	"slice negative ends":           x.Slice(all, all, np.Range(-3, -1)),
	"slice negative step ends":      x.Slice(all, all, np.Range(3, 0).Step(-2)),
	"newaxis":                       x.Slice(all, np.NewAxis, np.At(1), np.Ellipsis, np.NewAxis),
	"ellipsis":                      x.Slice(np.Ellipsis, np.At(0)),
	"index array":                   m.Slice(k2),
	"index array middle":            x.Slice(all, k),
	"index array last":              x.Slice(np.Ellipsis, k),
	"index arrays two":              x.Slice(k2, k2),
	"index arrays apart":            x.Slice(k2, all, k2),
	"index arrays with int":         x.Slice(np.At(1), all, k),
	"index int beside array":        x.Slice(all, np.At(1), k),
	"index int before array":        x.Slice(np.At(1), k),
	"index int apart":               x.Slice(k2, all, np.At(1)),
	"index array newaxis":           x.Slice(np.NewAxis, all, k),
	"index array new between":       x.Slice(k2, np.NewAxis, k2),
	"index arrays ellipsis":         x.Slice(k2, np.Ellipsis, k2),
	"index arrays ellipsis nothing": x.Slice(k2, np.Ellipsis, k2, np.At(0)),
	"index array slice":             x.Slice(np.From(1), k, all.Step(2)),
	"index array broadcast":         x.Slice(all, np.FromRows([][]int{{0}, {2}}), np.Of(1, 3)),
	"index array scalar":            x.Slice(all, np.Scalar(2)),
	"index bytes":                   m.Slice(all, np.Of[uint8](0, 2)),

	"set slice":          x.At(all, np.From(1), all.Step(2)).Set(-1),
	"set array":          x.At(np.At(0)).Set(m.Index(0, 0).Multiply(np.Ones(np.Shape{3, 4}))),
	"set int":            m.At(np.At(1), np.At(2)).Set(9),
	"set backwards":      m.At(all, all.Step(-1)).Set([]float64{1, 2, 3}),
	"set backwards step": counted(7).At(np.From(5).Step(-2)).Set([]float64{1, 2, 3}),
	"set new axis":       m.At(all, np.NewAxis, np.To(2)).Set([][][]float64{{{1, 2}}, {{3, 4}}}),
	"set empty":          m.At(all, np.Range(2, 1)).Set(9),
	"set all":            m.At(np.Ellipsis).Set(2),
	"set index":          m.At(all, k).Set([]float64{10, 20, 30}),
	"set index repeated": np.Zeros(np.Shape{3}).At(np.Of(1, 1, 0)).Set([]float64{5, 6, 7}),
	"set index slice":    x.At(np.From(1), k, all.Step(2)).Set([][]float64{{1}, {2}, {3}}),
	"set index apart":    x.At(k2, all, k2).Set(counting(3)),
	"set index int":      x.At(np.At(1), k).Set(5),
	"add slice":          i.At(all, np.At(1)).Add(100),
	"add index":          np.Zeros(np.Shape{3}).At(np.Of(1, 1, 0, 1)).Add([]float64{1, 2, 3, 4}),
	"add index rows":     np.Zeros(np.Shape{3, 2}).At(np.Of(2, 2, 0)).Add(counted(3, 2)),
	"multiply index":     np.Ones(np.Shape{3}).At(np.Of(1, 1)).Multiply([]float64{2, 3}),
	"max index":          np.Zeros(np.Shape{2}).At(np.Of(0, 0, 1)).Max([]float64{5, 3, -1}),
	"min slice":          m.At(np.At(0)).Min(0),
	"set mask":           m.At(b).Set(0),
	"set mask rows":      m.At(np.Of(true, false)).Set([]float64{7, 8, 9}),
	"set mask columns":   m.At(all, np.Of(true, false, true)).Set(-1),
	"add mask":           i.At(b).Add(1),
}

// TestValuesLikeNumPy compares every call with what NumPy makes of it: see values.py.
func TestValuesLikeNumPy(t *testing.T) {
	data, err := os.ReadFile("testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		seen[f[0]] = true
		a, ok := valueCases[f[0]]
		if !ok {
			t.Errorf("%s: no such case here", f[0])
			continue
		}
		w, err := a.Eval(ctx)
		if err != nil {
			t.Errorf("%s: %v", f[0], err)
			continue
		}
		shape := cmp.Or(strings.ReplaceAll(strings.Trim(fmt.Sprint([]int(w.Shape())), "[]"), " ", ","), "-")
		if w.DType().String() != f[1] || shape != f[2] {
			t.Errorf("%s: %s %s, NumPy has %s %s", f[0], w.DType(), shape, f[1], f[2])
			continue
		}
		for p, want := range f[3:] {
			if got := elementText(t, w, p); got != want && got != strings.TrimSuffix(want, ".0") && !sameFloat(got, want) {
				t.Errorf("%s: element %d is %s, NumPy has %s", f[0], p, got, want)
				break
			}
		}
	}
	for name := range valueCases {
		if !seen[name] {
			t.Errorf("%s: not in values.txt", name)
		}
	}
}

func sameFloat(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && (x == y || x != x && y != y)
}
