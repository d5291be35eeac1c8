package ptx

import (
	"fmt"
	"math"
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// row is a scalar op by the dtype of its last operand.
type row struct {
	op *ir.Op
	d  ir.DType
}

// write writes a scalar op of operands in registers.
type write func(e *emitter, v *loop.Val, x []string) string

// rows are the scalar ops that devices run as they are; others are made of these.
var rows = map[row]write{}

// Keep reports whether a scalar op whose last operand is a d is written as it is.
func Keep(op *ir.Op, d ir.DType) bool {
	return op == ir.OpRare || op == ir.OpLookup && d.IsInteger() || rows[row{op, d}] != nil
}

// Caps says what kernels have PTX.
func Caps() *ir.Caps { return caps() }

var caps = sync.OnceValue(func() *ir.Caps {
	c := *loop.Caps() // what runs portably comes down to the rows
	return &c
})

func init() {
	for d := ir.Int8; d <= ir.Float64; d++ {
		numberRows(d)
		if d.IsFloat() {
			floatRows(d)
		} else {
			intRows(d)
		}
	}
	boolRows()
	convertRows()
}

// typ is the type of arithmetic on a dtype.
func typ(d ir.DType) string {
	switch class(d) {
	case 'p':
		return "pred"
	case 'f':
		return "f32"
	case 'd':
		return "f64"
	case 'q':
		return map[ir.Kind]string{ir.KindInt: "s64", ir.KindUint: "u64"}[d.Kind()]
	}
	return map[ir.Kind]string{ir.KindInt: "s32", ir.KindUint: "u32"}[d.Kind()]
}

// bits is the type of a dtype's bits.
func bits(d ir.DType) string {
	if d.Size() == 8 {
		return "b64"
	}
	return "b32"
}

// wrapped extends an integer's low bits to its register.
func (e *emitter) wrapped(d ir.DType, r string) string {
	switch d {
	case ir.Int8, ir.Int16:
		return e.one(d, fmt.Sprintf("cvt.s32.s%d", 8*d.Size()), r)
	case ir.Uint8, ir.Uint16:
		return e.one(d, "and.b32", r, fmt.Sprint(1<<(8*d.Size())-1))
	}
	return r
}

// simple is an op that is one instruction.
func simple(op string) write {
	return func(e *emitter, v *loop.Val, x []string) string { return e.wrapped(v.DType, e.one(v.DType, op, x...)) }
}

func numberRows(d ir.DType) {
	t := typ(d)
	if d.IsFloat() {
		t = "rn." + t
	}
	rows[row{ir.OpAdd, d}] = simple("add." + t)
	rows[row{ir.OpSub, d}] = simple("sub." + t)
	if d.IsFloat() {
		rows[row{ir.OpMul, d}] = simple("mul." + t)
		rows[row{ir.OpFMA, d}] = simple("fma." + t)
	} else {
		rows[row{ir.OpMul, d}] = simple("mul.lo." + t)
		rows[row{ir.OpFMA, d}] = simple("mad.lo." + t)
	}
	t = typ(d)
	rows[row{ir.OpEq, d}] = simple("setp.eq." + t)
	rows[row{ir.OpLt, d}] = simple("setp.lt." + t)
	rows[row{ir.OpLe, d}] = simple("setp.le." + t)
	rows[row{ir.OpNe, d}] = simple("setp.ne." + t)
	if d.IsFloat() { // true of a NaN
		rows[row{ir.OpNe, d}] = simple("setp.neu." + t)
	}
	rows[row{ir.OpSelect, d}] = func(e *emitter, v *loop.Val, x []string) string {
		return e.one(d, "selp."+map[byte]string{'r': "b32", 'q': "b64", 'f': "f32", 'd': "f64"}[class(d)], x[1], x[2], x[0])
	}
}

func intRows(d ir.DType) {
	t, b := typ(d), bits(d)
	rows[row{ir.OpMin, d}] = simple("min." + t)
	rows[row{ir.OpMax, d}] = simple("max." + t)
	rows[row{ir.OpAnd, d}] = simple("and." + b)
	rows[row{ir.OpOr, d}] = simple("or." + b)
	rows[row{ir.OpXor, d}] = simple("xor." + b)
	rows[row{ir.OpNot, d}] = simple("not." + b)
	rows[row{ir.OpNeg, d}] = func(e *emitter, v *loop.Val, x []string) string {
		return e.wrapped(d, e.one(d, "sub."+t, "0", x[0]))
	}
	rows[row{ir.OpAbs, d}] = simple("abs." + t)
	if d.Kind() == ir.KindUint {
		rows[row{ir.OpAbs, d}] = func(e *emitter, v *loop.Val, x []string) string { return x[0] }
	}
	rows[row{ir.OpShl, d}] = shift("shl." + b)
	rows[row{ir.OpShr, d}] = shift("shr." + t)
	rows[row{ir.OpQuo, d}] = quotient
	switch d {
	case ir.Uint32, ir.Uint64:
		rows[row{ir.OpMulHi, d}] = simple("mul.hi." + t)
		rows[row{ir.OpClz, d}] = func(e *emitter, v *loop.Val, x []string) string {
			n := e.one(ir.Uint32, "clz."+b, x[0])
			if d == ir.Uint64 {
				return e.one(d, "cvt.u64.u32", n)
			}
			return n
		}
	}
}

// shift shifts by an integer of the same dtype; by what is too large or negative, as by
// the width.
func shift(op string) write {
	return func(e *emitter, v *loop.Val, x []string) string {
		n := x[1]
		if k, literal := v.Args[1].Number(); literal && k >= 0 && k < int64(8*v.DType.Size()) {
			n = fmt.Sprint(k)
		} else if class(v.DType) == 'q' {
			n = e.one(ir.Uint32, "cvt.u32.u64", e.one(ir.Uint64, "min.u64", n, "64"))
		}
		return e.wrapped(v.DType, e.one(v.DType, op, x[0], n))
	}
}

// quotient divides integers; by 0 it is 0, and the least integer by -1 is itself.
func quotient(e *emitter, v *loop.Val, x []string) string {
	d, t := v.DType, typ(v.DType)
	zero := e.one(ir.Bool, "setp.eq."+t, x[1], "0")
	by := e.one(d, "selp."+bits(d), "1", x[1], zero)
	if d.Kind() == ir.KindUint {
		return e.one(d, "selp."+bits(d), "0", e.one(d, "div."+t, x[0], by), zero)
	}
	minus := e.one(ir.Bool, "setp.eq."+t, x[1], "-1")
	by = e.one(d, "selp."+bits(d), "1", by, minus)
	q := e.one(d, "div."+t, x[0], by)
	q = e.one(d, "selp."+bits(d), e.one(d, "sub."+t, "0", x[0]), q, minus)
	return e.wrapped(d, e.one(d, "selp."+bits(d), "0", q, zero))
}

func boolRows() {
	b := ir.Bool
	for op, name := range map[*ir.Op]string{ir.OpAnd: "and", ir.OpOr: "or", ir.OpXor: "xor", ir.OpMin: "and", ir.OpMax: "or", ir.OpNe: "xor", ir.OpNot: "not"} {
		rows[row{op, b}] = simple(name + ".pred")
	}
	not := func(e *emitter, x string) string { return e.one(b, "not.pred", x) }
	rows[row{ir.OpEq, b}] = func(e *emitter, v *loop.Val, x []string) string { return not(e, e.one(b, "xor.pred", x...)) }
	rows[row{ir.OpLt, b}] = func(e *emitter, v *loop.Val, x []string) string { return e.one(b, "and.pred", not(e, x[0]), x[1]) }
	rows[row{ir.OpLe, b}] = func(e *emitter, v *loop.Val, x []string) string { return e.one(b, "or.pred", not(e, x[0]), x[1]) }
	rows[row{ir.OpSelect, b}] = func(e *emitter, v *loop.Val, x []string) string {
		yes := e.one(b, "and.pred", x[0], x[1])
		no := e.one(b, "and.pred", not(e, x[0]), x[2])
		return e.one(b, "or.pred", yes, no)
	}
}

func floatRows(d ir.DType) {
	t := typ(d)
	rows[row{ir.OpDiv, d}] = simple("div.rn." + t)
	rows[row{ir.OpSqrt, d}] = simple("sqrt.rn." + t)
	for op, mode := range map[*ir.Op]string{ir.OpFloor: "rmi", ir.OpCeil: "rpi", ir.OpTrunc: "rzi", ir.OpRound: "rni"} {
		rows[row{op, d}] = simple(fmt.Sprintf("cvt.%s.%s.%s", mode, t, t))
	}
	// The sign of a NaN, too, is a bit like others.
	sign := uint64(1) << (8*d.Size() - 1)
	rows[row{ir.OpNeg, d}] = onBits("xor", sign)
	rows[row{ir.OpAbs, d}] = onBits("and", sign-1)
	rows[row{ir.OpMin, d}] = extreme("lt", "or")
	rows[row{ir.OpMax, d}] = extreme("gt", "and")
	rows[row{ir.OpScaleNormal, d}] = scaleNormal
}

// intOf is the integer dtype of a float's size.
func intOf(d ir.DType) ir.DType {
	if d.Size() == 4 {
		return ir.Int32
	}
	return ir.Int64
}

// toBits and fromBits move bits between registers of floats and integers.
func (e *emitter) toBits(d ir.DType, x string) string { return e.one(intOf(d), "mov."+bits(d), x) }
func (e *emitter) fromBits(d ir.DType, x string) string {
	return e.one(d, "mov."+bits(d), x)
}

func onBits(op string, mask uint64) write {
	return func(e *emitter, v *loop.Val, x []string) string {
		d := v.DType
		return e.fromBits(d, e.one(intOf(d), op+"."+bits(d), e.toBits(d, x[0]), fmt.Sprintf("0x%x", mask)))
	}
}

// extreme is minimum or maximum: NaN when an operand is, and -0 is less than +0.
func extreme(less, zeros string) write {
	return func(e *emitter, v *loop.Val, x []string) string {
		d, t := v.DType, typ(v.DType)
		r := e.fromBits(d, e.one(intOf(d), zeros+"."+bits(d), e.toBits(d, x[0]), e.toBits(d, x[1])))
		r = e.one(d, "selp."+t, x[0], r, e.one(ir.Bool, "setp."+less+"."+t, x[0], x[1]))
		r = e.one(d, "selp."+t, x[1], r, e.one(ir.Bool, "setp."+less+"."+t, x[1], x[0]))
		return e.one(d, "selp."+t, e.one(d, "add.rn."+t, x[0], x[1]), r, e.one(ir.Bool, "setp.nan."+t, x[0], x[1]))
	}
}

// scaleNormal adds an integer, a float, to the exponent.
func scaleNormal(e *emitter, v *loop.Val, x []string) string {
	d := v.DType
	i := intOf(d)
	shift := map[ir.DType]string{ir.Float32: "23", ir.Float64: "52"}[d]
	n := e.one(i, fmt.Sprintf("cvt.rni.%s.%s", typ(i), typ(d)), x[1])
	n = e.one(i, "shl."+bits(d), n, shift)
	return e.fromBits(d, e.one(i, "add."+typ(i), e.toBits(d, x[0]), n))
}

func convertRows() {
	for d := ir.Bool; d <= ir.Float64; d++ {
		rows[row{ir.OpCast, d}] = cast
		if d != ir.Bool {
			rows[row{ir.OpRawBits, d}] = rawBits
		}
	}
	for _, d := range []ir.DType{ir.Float32, ir.Float64} {
		i := intOf(d)
		rows[row{ir.OpLowBits, d}] = simple(fmt.Sprintf("cvt.rni.%s.%s", typ(i), typ(d)))
		shift := map[ir.DType]string{ir.Float32: "23", ir.Float64: "52"}[d]
		rows[row{ir.OpExponent, i}] = func(e *emitter, v *loop.Val, x []string) string {
			return e.one(d, fmt.Sprintf("cvt.rn.%s.%s", typ(d), typ(i)), e.one(i, "shr."+typ(i), x[0], shift))
		}
	}
}

func rawBits(e *emitter, v *loop.Val, x []string) string {
	from, to := v.Args[0].DType, v.DType
	if class(from) == class(to) {
		if from.Size() >= 4 {
			return x[0]
		}
		return e.wrapped(to, x[0])
	}
	return e.one(to, "mov."+bits(to), x[0])
}

// cast converts between dtypes: see ir.OpCast.
func cast(e *emitter, v *loop.Val, x []string) string {
	from, to, r := v.Args[0].DType, v.DType, x[0]
	switch {
	case from == to:
		return r
	case to == ir.Bool && from.IsFloat():
		return e.one(to, "setp.neu."+typ(from), r, literal(from, 0))
	case to == ir.Bool:
		return e.one(to, "setp.ne."+typ(from), r, "0")
	case from == ir.Bool:
		one := literal(to, 1)
		if to.IsFloat() {
			one = literal(to, ir.Float(to, 1))
		}
		t := typ(to)
		if !to.IsFloat() {
			t = bits(to)
		}
		return e.one(to, "selp."+t, one, literal(to, 0), r)
	case from == ir.Float32 && to == ir.Float64:
		return e.one(to, "cvt.f64.f32", r)
	case to.IsFloat():
		return e.one(to, fmt.Sprintf("cvt.rn.%s.%s", typ(to), typ(from)), r)
	case from.IsFloat():
		return toInt(e, to, from, r)
	case class(from) == 'q' && class(to) == 'r':
		return e.wrapped(to, e.one(ir.Uint32, "cvt.u32.u64", r))
	case class(from) == 'r' && class(to) == 'q':
		return e.one(to, map[ir.Kind]string{ir.KindInt: "cvt.s64.s32", ir.KindUint: "cvt.u64.u32"}[from.Kind()], r)
	}
	return e.wrapped(to, r)
}

// toInt cuts off the fraction and saturates; NaN is 0.
func toInt(e *emitter, to, from ir.DType, r string) string {
	n := e.one(to, fmt.Sprintf("cvt.rzi.%s.%s", typ(to), typ(from)), r)
	if to.Size() < 4 {
		least, most := int64(0), int64(math.MaxUint16)>>(16-8*to.Size())
		if to.Kind() == ir.KindInt {
			most >>= 1
			least = -most - 1
			n = e.one(to, "max."+typ(to), n, fmt.Sprint(least))
		}
		n = e.one(to, "min."+typ(to), n, fmt.Sprint(most))
	}
	return e.one(to, "selp."+bits(to), "0", n, e.one(ir.Bool, "setp.nan."+typ(from), r, r))
}
