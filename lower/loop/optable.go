package loop

import (
	"iter"
	"math"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// form says which operands of a kern are one element, as a set of bits.
type form uint8

const (
	vvv form = 0
	sv  form = 1
	vs  form = 2
	vsv form = 2 // of three operands
	vvs form = 4
	vss form = 6
)

// kerns are the forms of one op on one dtype. An operand that is one element where no
// form takes it so is spread over a strip first.
type kerns map[form]kern

type opKey struct {
	op       *ir.Op
	out, arg ir.DType // of the result and of the last operand
}

// opTable is what the portable executor runs: scalar ops by dtypes. What a target can do
// is derived from it.
var opTable = map[opKey]kerns{}

func init() {
	numbers[int8](ir.Int8)
	numbers[int16](ir.Int16)
	numbers[int32](ir.Int32)
	numbers[int64](ir.Int64)
	numbers[uint8](ir.Uint8)
	numbers[uint16](ir.Uint16)
	numbers[uint32](ir.Uint32)
	numbers[uint64](ir.Uint64)
	numbers[float32](ir.Float32)
	numbers[float64](ir.Float64)
	integers[int8, uint8](ir.Int8)
	integers[int16, uint16](ir.Int16)
	integers[int32, uint32](ir.Int32)
	integers[int64, uint64](ir.Int64)
	integers[uint8, uint8](ir.Uint8)
	integers[uint16, uint16](ir.Uint16)
	integers[uint32, uint32](ir.Uint32)
	integers[uint64, uint64](ir.Uint64)
	floats[float32](ir.Float32)
	floats[float64](ir.Float64)
	bools()
	special()
	for d := ir.Bool; d <= ir.Float64; d++ {
		sel := kerns{}
		switch d.Size() {
		case 1:
			sel = selects[uint8]()
		case 2:
			sel = selects[uint16]()
		case 4:
			sel = selects[uint32]()
		case 8:
			sel = selects[uint64]()
		}
		set(ir.OpSelect, d, d, sel)
	}
	casts()
}

// scanSteps are the kerns of a step of a scan, by merge.
var scanSteps = map[opKey]kern{}

// mulAdds are the kerns of a product and a sum, by dtype: two roundings in one pass.
var mulAdds = map[ir.DType]kerns{}

func set(op *ir.Op, out, arg ir.DType, k kerns) { opTable[opKey{op, out, arg}] = k }

func numbers[T number](d ir.DType) {
	scanSteps[opKey{ir.OpAdd, d, d}] = scanSum[T]
	mulAdds[d] = kerns{vvv: mulAdd[T], vvs: mulAddVVS[T], vsv: mulAddVSV[T], vss: mulAddVSS[T]}
	set(ir.OpAdd, d, d, kerns{vvv: addVV[T], vs: addVS[T]})
	set(ir.OpSub, d, d, kerns{vvv: subVV[T], vs: subVS[T], sv: subSV[T]})
	set(ir.OpMul, d, d, kerns{vvv: mulVV[T], vs: mulVS[T]})
	set(ir.OpMin, d, d, kerns{vvv: minVV[T], vs: minVS[T]})
	set(ir.OpMax, d, d, kerns{vvv: maxVV[T], vs: maxVS[T]})
	set(ir.OpNeg, d, d, kerns{vvv: negV[T]})
	set(ir.OpEq, ir.Bool, d, kerns{vvv: eqVV[T], vs: eqVS[T]})
	set(ir.OpNe, ir.Bool, d, kerns{vvv: neVV[T], vs: neVS[T]})
	set(ir.OpLt, ir.Bool, d, kerns{vvv: ltVV[T], vs: ltVS[T], sv: ltSV[T]})
	set(ir.OpLe, ir.Bool, d, kerns{vvv: leVV[T], vs: leVS[T], sv: leSV[T]})
}

func integers[T integer, U unsigned](d ir.DType) {
	set(ir.OpAnd, d, d, kerns{vvv: andVV[U], vs: andVS[U]})
	set(ir.OpOr, d, d, kerns{vvv: orVV[U], vs: orVS[U]})
	set(ir.OpXor, d, d, kerns{vvv: xorVV[U], vs: xorVS[U]})
	set(ir.OpNot, d, d, kerns{vvv: notV[U]})
	set(ir.OpShl, d, d, kerns{vvv: shlVV[T], vs: shlVS[T]})
	set(ir.OpShr, d, d, kerns{vvv: shrVV[T], vs: shrVS[T]})
	set(ir.OpQuo, d, d, kerns{vvv: quoVV[T]})
	set(ir.OpFMA, d, d, kerns{vvv: fmaInt[T], vsv: fmaIntVSV[T]})
	set(ir.OpLookup, ir.Uint64, d, kerns{vvv: lookup[uint64, U]})
	set(ir.OpLookup, ir.Int64, d, kerns{vvv: lookup[uint64, U]})
	set(ir.OpLookup, ir.Float64, d, kerns{vvv: lookup[uint64, U]})
	set(ir.OpLookup, ir.Uint32, d, kerns{vvv: lookup[uint32, U]})
	set(ir.OpLookup, ir.Int32, d, kerns{vvv: lookup[uint32, U]})
	set(ir.OpLookup, ir.Float32, d, kerns{vvv: lookup[uint32, U]})
	if d.Kind() == ir.KindUint {
		set(ir.OpAbs, d, d, kerns{vvv: copyV[T]})
	}
}

func floats[T float](d ir.DType) {
	set(ir.OpDiv, d, d, kerns{vvv: divVV[T], vs: divVS[T], sv: divSV[T]})
	set(ir.OpSqrt, d, d, kerns{vvv: sqrtV[T]})
	set(ir.OpFloor, d, d, kerns{vvv: roundings[T](math.Floor)})
	set(ir.OpCeil, d, d, kerns{vvv: roundings[T](math.Ceil)})
	set(ir.OpTrunc, d, d, kerns{vvv: roundings[T](math.Trunc)})
	set(ir.OpRound, d, d, kerns{vvv: roundings[T](math.RoundToEven)})
}

func bools() {
	b := ir.Bool
	set(ir.OpAnd, b, b, kerns{vvv: andVV[uint8], vs: andVS[uint8]})
	set(ir.OpOr, b, b, kerns{vvv: orVV[uint8], vs: orVS[uint8]})
	set(ir.OpXor, b, b, kerns{vvv: xorVV[uint8], vs: xorVS[uint8]})
	set(ir.OpNot, b, b, kerns{vvv: notBool})
	set(ir.OpMin, b, b, kerns{vvv: andVV[uint8], vs: andVS[uint8]})
	set(ir.OpMax, b, b, kerns{vvv: orVV[uint8], vs: orVS[uint8]})
	set(ir.OpEq, b, b, kerns{vvv: eqVV[uint8], vs: eqVS[uint8]})
	set(ir.OpNe, b, b, kerns{vvv: neVV[uint8], vs: neVS[uint8]})
	set(ir.OpLt, b, b, kerns{vvv: ltVV[uint8], vs: ltVS[uint8], sv: ltSV[uint8]})
	set(ir.OpLe, b, b, kerns{vvv: leVV[uint8], vs: leVS[uint8], sv: leSV[uint8]})
}

func special() {
	set(ir.OpAbs, ir.Int8, ir.Int8, kerns{vvv: absInt[int8]})
	set(ir.OpAbs, ir.Int16, ir.Int16, kerns{vvv: absInt[int16]})
	set(ir.OpAbs, ir.Int32, ir.Int32, kerns{vvv: absInt[int32]})
	set(ir.OpAbs, ir.Int64, ir.Int64, kerns{vvv: absInt[int64]})
	set(ir.OpAbs, ir.Float32, ir.Float32, kerns{vvv: abs32})
	set(ir.OpAbs, ir.Float64, ir.Float64, kerns{vvv: abs64})
	set(ir.OpRound, ir.Float64, ir.Float64, kerns{vvv: round64})
	set(ir.OpRound, ir.Float32, ir.Float32, kerns{vvv: round32})
	set(ir.OpFMA, ir.Float64, ir.Float64, kerns{vvv: fma64, vvs: fma64VVS, vsv: fma64VSV, vss: fma64VSS})
	set(ir.OpFMA, ir.Float32, ir.Float32, kerns{vvv: fma32, vvs: fma32VVS, vsv: fma32VSV, vss: fma32VSS})
	set(ir.OpMulHi, ir.Uint32, ir.Uint32, kerns{vvv: mulHi32})
	set(ir.OpMulHi, ir.Uint64, ir.Uint64, kerns{vvv: mulHi64})
	set(ir.OpClz, ir.Uint32, ir.Uint32, kerns{vvv: clz32})
	set(ir.OpClz, ir.Uint64, ir.Uint64, kerns{vvv: clz64})
	set(ir.OpExponent, ir.Float64, ir.Int64, kerns{vvv: exponent64})
	set(ir.OpExponent, ir.Float32, ir.Int32, kerns{vvv: exponent32})
	set(ir.OpScaleNormal, ir.Float64, ir.Float64, kerns{vvv: scaleNormal64})
	set(ir.OpScaleNormal, ir.Float32, ir.Float32, kerns{vvv: scaleNormal32})
	set(ir.OpLowBits, ir.Int64, ir.Float64, kerns{vvv: convert[float64, int64]})
	set(ir.OpLowBits, ir.Int32, ir.Float32, kerns{vvv: convert[float32, int32]})
}

func selects[T unsigned]() kerns { return kerns{vvv: selVVV[T], vvs: selVVS[T], vsv: selVSV[T]} }

func casts() {
	castsFromInt[int8](ir.Int8)
	castsFromInt[int16](ir.Int16)
	castsFromInt[int32](ir.Int32)
	castsFromInt[int64](ir.Int64)
	castsFromInt[uint8](ir.Uint8)
	castsFromInt[uint16](ir.Uint16)
	castsFromInt[uint32](ir.Uint32)
	castsFromInt[uint64](ir.Uint64)
	castsFromInt[uint8](ir.Bool)
	castsFromFloat[float32](ir.Float32)
	castsFromFloat[float64](ir.Float64)
	for d := ir.Bool; d <= ir.Float64; d++ {
		for e := ir.Int8; e <= ir.Float64; e++ {
			if d.Size() == e.Size() && d != ir.Bool {
				set(ir.OpRawBits, e, d, kerns{vvv: copyOf(d.Size())})
			}
		}
	}
}

func castsFromInt[F integer](from ir.DType) {
	castTo := func(to ir.DType, k kern) { set(ir.OpCast, to, from, kerns{vvv: k}) }
	castTo(ir.Bool, toBool[F])
	castTo(ir.Int8, convert[F, int8])
	castTo(ir.Int16, convert[F, int16])
	castTo(ir.Int32, convert[F, int32])
	castTo(ir.Int64, convert[F, int64])
	castTo(ir.Uint8, convert[F, uint8])
	castTo(ir.Uint16, convert[F, uint16])
	castTo(ir.Uint32, convert[F, uint32])
	castTo(ir.Uint64, convert[F, uint64])
	castTo(ir.Float32, convert[F, float32])
	castTo(ir.Float64, convert[F, float64])
}

func castsFromFloat[F float](from ir.DType) {
	castTo := func(to ir.DType, k kern) { set(ir.OpCast, to, from, kerns{vvv: k}) }
	castTo(ir.Bool, toBool[F])
	castTo(ir.Int8, floatToSigned[F, int8])
	castTo(ir.Int16, floatToSigned[F, int16])
	castTo(ir.Int32, floatToSigned[F, int32])
	castTo(ir.Int64, floatToSigned[F, int64])
	castTo(ir.Uint8, floatToUnsigned[F, uint8])
	castTo(ir.Uint16, floatToUnsigned[F, uint16])
	castTo(ir.Uint32, floatToUnsigned[F, uint32])
	castTo(ir.Uint64, floatToUnsigned[F, uint64])
	castTo(ir.Float32, convert[F, float32])
	castTo(ir.Float64, convert[F, float64])
}

// copyOf and fillOf return the movement of elements of a size.
func copyOf(size int) kern {
	return [...]kern{1: copyV[uint8], 2: copyV[uint16], 4: copyV[uint32], 8: copyV[uint64]}[size]
}

func fillOf(size int) kern {
	return [...]kern{1: fillV[uint8], 2: fillV[uint16], 4: fillV[uint32], 8: fillV[uint64]}[size]
}

// commutes lists the ops whose operands trade places for a missing variant.
var commutes = map[*ir.Op]bool{
	ir.OpAdd: true, ir.OpMul: true, ir.OpMin: true, ir.OpMax: true, ir.OpAnd: true, ir.OpOr: true, ir.OpXor: true,
	ir.OpEq: true, ir.OpNe: true, ir.OpFMA: true, // the factors
}

// Runs reports whether the portable executor runs a scalar op as it is; d is the dtype
// of the last operand.
func Runs(op *ir.Op, d ir.DType) bool {
	for out := ir.Bool; out <= ir.Float64; out++ {
		if opTable[opKey{op, out, d}] != nil {
			return true
		}
	}
	return op == ir.OpRare
}

// A Row is a scalar op by the dtype of its last operand.
type Row struct {
	Op    *ir.Op
	DType ir.DType
}

// Rows yields what the portable executor runs as it is, with the dtype of the result.
func Rows() iter.Seq2[Row, ir.DType] {
	return func(yield func(Row, ir.DType) bool) {
		for k := range opTable {
			if !yield(Row{k.op, k.arg}, k.out) {
				return
			}
		}
	}
}

// cost estimates the nanoseconds an op takes an element.
func cost(op *ir.Op, d ir.DType) float64 {
	switch {
	case op == ir.OpDiv || op == ir.OpSqrt || op == ir.OpQuo:
		return 1.5
	case op == ir.OpFMA && d == ir.Float32:
		return 1.5
	}
	return 0.5
}

var _ = unsafe.Sizeof(0)
