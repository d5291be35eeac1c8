package ir

import (
	"strings"
	"testing"
)

// The cases of every op that its formula does not make obvious: signed zeros, NaN,
// infinities, wrapping, saturation, shifts and division by zero. "x y = r; ..." applies
// the op to elements of dtype in and expects r of dtype out.
var directed = []struct {
	op      *Op
	in, out DType
	cases   string
}{
	{OpAdd, Float64, Float64, "1 2 = 3; -0 0 = 0; -0 -0 = -0; inf -inf = nan; 5e-324 5e-324 = 1e-323; 0x1p53 1 = 0x1p53; 0x1p53 3 = 0x1.0000000000002p53; nan 1 = nan"},
	{OpAdd, Float32, Float32, "0x1p24 1 = 0x1p24; 0x1p24 3 = 16777220; 3e38 3e38 = inf; 1e-45 -1e-45 = 0"},
	{OpAdd, Int8, Int8, "127 1 = -128; -128 -1 = 127"},
	{OpAdd, Uint16, Uint16, "65535 2 = 1"},
	{OpAdd, Int64, Int64, "9223372036854775807 1 = -9223372036854775808"},
	{OpSub, Float64, Float64, "0 0 = 0; -0 0 = -0; -0 -0 = 0; inf inf = nan"},
	{OpSub, Uint8, Uint8, "0 1 = 255"},
	{OpSub, Int32, Int32, "-2147483648 1 = 2147483647"},
	{OpMul, Float64, Float64, "0 -1 = -0; 0 inf = nan; 0x1p-1074 0.5 = 0; 0x1.8p-1074 0.5 = 0x1p-1074; -0x1p-1074 0.25 = -0"},
	{OpMul, Float32, Float32, "0x1p-149 0.5 = 0; 0x1.8p-148 0.5 = 0x1p-148; 1e30 1e30 = inf"},
	{OpMul, Int16, Int16, "256 256 = 0; -32768 -1 = -32768; 300 300 = 24464"},
	{OpMul, Uint64, Uint64, "18446744073709551615 18446744073709551615 = 1"},
	{OpDiv, Float64, Float64, "1 0 = inf; 1 -0 = -inf; 0 0 = nan; inf inf = nan; -1 inf = -0; 1 3 = 0x1.5555555555555p-2"},
	{OpDiv, Float32, Float32, "1 3 = 0x1.555556p-2; 1 0x1p-149 = inf"},
	{OpFMA, Float64, Float64, "0x1.0000000000001p0 0x1.0000000000001p0 -1 = 0x1.00000000000008p-51; 0 inf 1 = nan; 0 0 -0 = 0; -0 0 -0 = -0"},
	{OpFMA, Float32, Float32, "0x1.0002p-24 0x1.fffcp-1 0x1.000002p0 = 0x1.000002p0"},
	{OpFMA, Int8, Int8, "100 2 1 = -55"},
	{OpNeg, Float64, Float64, "0 = -0; -0 = 0; inf = -inf; nan = nan"},
	{OpNeg, Int8, Int8, "-128 = -128; 5 = -5"},
	{OpNeg, Uint32, Uint32, "1 = 4294967295; 0 = 0"},
	{OpAbs, Float32, Float32, "-0 = 0; -inf = inf; -1e-45 = 1e-45"},
	{OpAbs, Int16, Int16, "-32768 = -32768; -7 = 7"},
	{OpAbs, Uint8, Uint8, "200 = 200"},
	{OpSign, Float64, Float64, "-0 = 0; 0 = 0; nan = nan; -inf = -1; 5e-324 = 1"},
	{OpSign, Int32, Int32, "-2147483648 = -1; 0 = 0; 9 = 1"},
	{OpSign, Uint64, Uint64, "18446744073709551615 = 1; 0 = 0"},
	{OpMin, Float64, Float64, "-0 0 = -0; 0 -0 = -0; nan 1 = nan; 1 nan = nan; nan -inf = nan; inf -inf = -inf"},
	{OpMin, Float32, Float32, "0 -0 = -0; 1 nan = nan; 2 1 = 1"},
	{OpMin, Int8, Int8, "-128 127 = -128"},
	{OpMin, Uint64, Uint64, "18446744073709551615 1 = 1"},
	{OpMin, Bool, Bool, "true false = false; true true = true"},
	{OpMax, Float64, Float64, "-0 0 = 0; 0 -0 = 0; nan 1 = nan; 1 nan = nan; inf nan = nan"},
	{OpMax, Int64, Int64, "-9223372036854775808 9223372036854775807 = 9223372036854775807"},
	{OpMax, Uint64, Uint64, "9223372036854775808 1 = 9223372036854775808"},
	{OpMax, Bool, Bool, "true false = true; false false = false"},
	{OpSqrt, Float64, Float64, "-0 = -0; -1 = nan; 2 = 0x1.6a09e667f3bcdp0; inf = inf; 5e-324 = 0x1p-537"},
	{OpSqrt, Float32, Float32, "2 = 0x1.6a09e6p0; -0 = -0; 3 = 0x1.bb67aep0"},
	{OpQuo, Int8, Int8, "7 2 = 3; -7 2 = -3; 7 -2 = -3; -128 -1 = -128; 5 0 = 0; -5 0 = 0"},
	{OpQuo, Int64, Int64, "-9223372036854775808 -1 = -9223372036854775808"},
	{OpQuo, Uint64, Uint64, "18446744073709551615 2 = 9223372036854775807; 1 0 = 0"},
	{OpFloorDivide, Int32, Int32, "7 2 = 3; -7 2 = -4; 7 -2 = -4; -7 -2 = 3; -2147483648 -1 = -2147483648; 5 0 = 0; -5 0 = 0; -6 2 = -3"},
	{OpFloorDivide, Uint8, Uint8, "255 2 = 127; 1 0 = 0"},
	{OpFloorDivide, Float64, Float64, "7 2 = 3; -7 2 = -4; 1 0 = inf; -1 0 = -inf; 0 0 = nan; inf 1 = nan; 1 inf = 0; -1 inf = -1; 1 -inf = -1; 0 5 = 0; -0 5 = -0; 0 -5 = -0; nan 1 = nan; 1 nan = nan; 1 0.1 = 9"},
	{OpRemainder, Int32, Int32, "7 2 = 1; -7 2 = 1; 7 -2 = -1; -7 -2 = -1; -2147483648 -1 = 0; 5 0 = 0; -5 0 = 0"},
	{OpRemainder, Float64, Float64, "7 2 = 1; -7 2 = 1; 7 -2 = -1; -1e-20 1 = 1; 1 0 = nan; inf 1 = nan; 1 inf = 1; -1 inf = inf; -4 2 = 0; 4 -2 = -0; nan 1 = nan; 1 nan = nan"},
	{OpFmod, Int8, Int8, "-7 2 = -1; 7 -2 = 1; -128 -1 = 0; 3 0 = 0"},
	{OpFmod, Float64, Float64, "-7 2 = -1; 7 -2 = 1; 7 2 = 1; -4 2 = -0; 1 0 = nan; inf 2 = nan; 2 inf = 2; -2 inf = -2; 1e308 5e-324 = 0; 0x1.fffffffffffffp1023 0x1.8p-1000 = 0x1p-1001"},
	{OpFmod, Float32, Float32, "0x1p127 0x1.8p-148 = 0x1p-149; 5.5 2 = 1.5"},
	{OpEq, Float64, Bool, "0 -0 = true; nan nan = false; 1 1 = true"},
	{OpNe, Float64, Bool, "0 -0 = false; nan nan = true"},
	{OpLt, Float64, Bool, "-0 0 = false; nan 1 = false; 1 nan = false; -inf inf = true"},
	{OpLe, Float32, Bool, "-0 0 = true; 0 -0 = true; nan nan = false"},
	{OpGt, Float64, Bool, "1 0 = true; nan 0 = false; 0 0 = false"},
	{OpGe, Float64, Bool, "0 -0 = true; nan nan = false; 0 1 = false"},
	{OpLt, Int8, Bool, "-1 1 = true; 127 -128 = false"},
	{OpLt, Uint8, Bool, "255 1 = false; 1 255 = true"},
	{OpGe, Uint64, Bool, "18446744073709551615 1 = true; 0 1 = false"},
	{OpGt, Int64, Bool, "-1 0 = false; 0 -1 = true"},
	{OpLt, Bool, Bool, "false true = true; true true = false"},
	{OpEq, Bool, Bool, "true true = true; false true = false"},
	{OpAnd, Int8, Int8, "-1 15 = 15; -128 -1 = -128"},
	{OpAnd, Bool, Bool, "true false = false; true true = true"},
	{OpOr, Int16, Int16, "-32768 1 = -32767"},
	{OpOr, Bool, Bool, "true false = true"},
	{OpXor, Uint32, Uint32, "4294967295 1 = 4294967294"},
	{OpXor, Bool, Bool, "true true = false; true false = true"},
	{OpNot, Bool, Bool, "true = false; false = true"},
	{OpNot, Uint8, Uint8, "1 = 254"},
	{OpNot, Int32, Int32, "0 = -1; 5 = -6"},
	{OpShl, Int8, Int8, "1 7 = -128; 1 8 = 0; 1 -1 = 0; -1 4 = -16"},
	{OpShl, Uint32, Uint32, "1 31 = 2147483648; 1 32 = 0; 1 4294967295 = 0"},
	{OpShl, Int64, Int64, "1 63 = -9223372036854775808; 1 64 = 0; 1 -9223372036854775808 = 0"},
	{OpShr, Int8, Int8, "-128 7 = -1; -128 8 = -1; 127 8 = 0; -1 -1 = -1; 1 -1 = 0; -7 1 = -4"},
	{OpShr, Uint8, Uint8, "255 1 = 127; 255 8 = 0"},
	{OpShr, Uint64, Uint64, "18446744073709551615 63 = 1; 18446744073709551615 64 = 0"},
	{OpRotl, Uint8, Uint8, "129 1 = 3; 129 8 = 129; 129 9 = 3; 129 0 = 129"},
	{OpRotl, Uint64, Uint64, "9223372036854775809 1 = 3; 1 63 = 9223372036854775808; 1 64 = 1"},
	{OpMulHi, Uint32, Uint32, "4294967295 4294967295 = 4294967294; 65536 65535 = 0"},
	{OpMulHi, Uint64, Uint64, "18446744073709551615 18446744073709551615 = 18446744073709551614"},
	{OpClz, Uint32, Uint32, "0 = 32; 1 = 31; 4294967295 = 0"},
	{OpClz, Uint64, Uint64, "0 = 64; 1 = 63"},
	{OpFloor, Float64, Float64, "-0 = -0; -0.5 = -1; 2.5 = 2; nan = nan; inf = inf; 0x1p60 = 0x1p60"},
	{OpCeil, Float32, Float32, "-0.5 = -0; 2.5 = 3; 0.1 = 1"},
	{OpTrunc, Float64, Float64, "-0.9 = -0; 1.9 = 1; -1.9 = -1"},
	{OpRound, Float64, Float64, "0.5 = 0; 1.5 = 2; 2.5 = 2; -0.5 = -0; -1.5 = -2; 0x1.fffffffffffffp-2 = 0; 4503599627370497.5 = 4503599627370498"},
	{OpRound, Float32, Float32, "2.5 = 2; 3.5 = 4; -0.2 = -0; 8388607.5 = 8388608"},
	{OpScale, Float64, Float64, "1 -1074 = 0x1p-1074; 1 -1075 = 0; 0x1.8p0 -1074 = 0x1p-1073; 0x1.4p0 -1074 = 0x1p-1074; 5e-324 2097 = 0x1p1023; 5e-324 2098 = inf; 0 5000 = 0; -0 -5000 = -0; inf -5000 = inf; nan 1 = nan; 3 inf = inf; 3 -inf = 0; 3 nan = nan; -3 1e300 = -inf; 0x1.fffffffffffffp1023 -2098 = 0x1p-1074"},
	{OpScale, Float32, Float32, "1 -149 = 0x1p-149; 1 -150 = 0; 0x1.8p0 -149 = 0x1p-148; 1e-45 276 = 0x1p127; 1e-45 277 = inf; 0x1.fffffep127 -277 = 0x1p-149"},
	{OpSignbit, Float64, Bool, "-0 = true; 0 = false; nan = false; bits(0xfff8000000000000) = false; -inf = true"},
	{OpSignbit, Float32, Bool, "-1 = true; bits(0xffc00000) = false"},
	{OpCopysign, Float64, Float64, "1 -0 = -1; -1 2 = 1; 3 bits(0xfff8000000000000) = 3; 0 -1 = -0; inf -1 = -inf"},
	{OpPow, Int8, Int8, "3 5 = -13; 0 0 = 1; 2 7 = -128; 2 8 = 0; 2 -1 = 0; 1 -5 = 1; -1 -5 = -1; -1 -4 = 1; 0 -1 = 0; -2 3 = -8"},
	{OpPow, Uint64, Uint64, "3 40 = 12157665459056928801; 10 20 = 7766279631452241920; 2 64 = 0; 0 18446744073709551615 = 0; 1 18446744073709551615 = 1"},
	{OpPow, Float64, Float64, "nan 0 = 1; 1 nan = 1; -1 inf = 1; -8 3 = -512; -8 0.5 = nan; 0 -1 = inf; -0 -1 = -inf; -0 -2 = inf; -0 3 = -0; -inf 0.5 = inf; -inf 3 = -inf; 2 -1074 = 5e-324"},
	{OpBitcast, Float64, Int64, "-0 = -9223372036854775808; 1 = 4607182418800017408; nan = 9221120237041090560; bits(0xfff8000000000001) = 9221120237041090560"},
	{OpBitcast, Float32, Uint32, "-0 = 2147483648; bits(0xffffffff) = 2143289344"},
	{OpBitcast, Float32, Int32, "-1 = -1082130432"},
	{OpBitcast, Int32, Float32, "-1082130432 = -1"},
	{OpBitcast, Uint64, Float64, "4607182418800017408 = 1"},
	{OpBitcast, Int8, Uint8, "-1 = 255"},
	{OpCast, Float64, Int8, "127.9 = 127; 128 = 127; -128.9 = -128; -129 = -128; nan = 0; inf = 127; -inf = -128; -0.9 = 0; -0 = 0"},
	{OpCast, Float64, Uint8, "255.9 = 255; 256 = 255; -0.9 = 0; -1 = 0; nan = 0"},
	{OpCast, Float64, Int64, "0x1p63 = 9223372036854775807; -0x1p63 = -9223372036854775808; 0x1.fffffffffffffp62 = 9223372036854774784; -inf = -9223372036854775808; nan = 0"},
	{OpCast, Float64, Uint64, "0x1p63 = 9223372036854775808; 0x1p64 = 18446744073709551615; 0x1.fffffffffffffp63 = 18446744073709549568; -5 = 0"},
	{OpCast, Float32, Int32, "0x1p31 = 2147483647; 0x1.fffffep30 = 2147483520; -0x1p31 = -2147483648; nan = 0"},
	{OpCast, Float32, Uint32, "0x1p32 = 4294967295; 0x1.fffffep31 = 4294967040"},
	{OpCast, Float64, Float32, "0x1.0000010p0 = 1; 0x1.000003p0 = 0x1.000004p0; 1e300 = inf; -1e-300 = -0; 0x1.fffffefp127 = 0x1.fffffep127; 0x1.ffffffp127 = inf; 0x1p-150 = 0; 0x1.8p-150 = 0x1p-149; nan = nan"},
	{OpCast, Float32, Float64, "0x1p-149 = 0x1p-149; -0 = -0; inf = inf"},
	{OpCast, Int64, Float64, "9007199254740993 = 9007199254740992; 9007199254740995 = 9007199254740996; -9223372036854775808 = -0x1p63"},
	{OpCast, Uint64, Float64, "18446744073709551615 = 0x1p64; 9223372036854776833 = 0x1.0000000000001p63"},
	{OpCast, Int64, Float32, "9007199791611905 = 0x1.000002p53; 16777217 = 16777216"},
	{OpCast, Uint64, Float32, "18446744073709551615 = 0x1p64; 9223372586610589697 = 0x1.000002p63"},
	{OpCast, Int64, Int8, "128 = -128; -129 = 127; 255 = -1"},
	{OpCast, Int8, Uint64, "-1 = 18446744073709551615"},
	{OpCast, Uint64, Int32, "4294967295 = -1; 2147483648 = -2147483648"},
	{OpCast, Uint8, Int8, "200 = -56"},
	{OpCast, Float64, Bool, "0 = false; -0 = false; nan = true; 0.1 = true; 5e-324 = true"},
	{OpCast, Int8, Bool, "-128 = true; 0 = false; 2 = true"},
	{OpCast, Bool, Float32, "true = 1; false = 0"},
	{OpCast, Bool, Int8, "true = 1"},
	{OpSelect, Int8, Int8, "true -5 7 = -5; false -5 7 = 7"},
	{OpSelect, Float64, Float64, "true nan 1 = nan; false nan 1 = 1"},
	{OpRare, Float64, Float64, "true nan 1 = 1; false nan 1 = nan"},
	{OpLowBits, Float64, Int64, "-3 = -3; 0x1p50 = 1125899906842624"},
	{OpLowBits, Float32, Int32, "-3 = -3; 0x1p30 = 1073741824"},
	{OpExponent, Int64, Float64, "-1 = -1; 4503599627370496 = 1; 4503599627370495 = 0"},
	{OpExponent, Int32, Float32, "-1 = -1; 8388608 = 1"},
	{OpScaleNormal, Float64, Float64, "1.5 10 = 1536; -1 -1022 = -0x1p-1022"},
	{OpScaleNormal, Float32, Float32, "1.5 -3 = 0.1875; 1 127 = 0x1p127"},
	{OpRawBits, Float32, Int32, "-0 = -2147483648; bits(0xffc00001) = -4194303"},
}

func TestDirectedCases(t *testing.T) {
	tested := map[*Op]bool{}
	for _, c := range directed {
		tested[c.op] = true
		for _, line := range strings.Split(c.cases, "; ") {
			call, want, _ := strings.Cut(line, " = ")
			var args []DType
			var x []uint64
			for i, text := range strings.Fields(call) {
				d := c.in
				if !c.op.Scalar.In[i].Has(d) {
					d = Bool // a condition
				}
				v, err := parseLiteral(d, text)
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				args, x = append(args, d), append(x, v)
			}
			r, err := parseLiteral(c.out, want)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if got := EvalOp(c.op, c.out, args, x); !sameElement(c.out, got, r) {
				t.Errorf("%s of %s: %s is %s, want %s", c.op, c.in, call, literalText(c.out, got), want)
			}
		}
	}
	for _, op := range Ops() {
		// Functions and random bits have tests of their own, lookup has a table.
		if op.Scalar != nil && !tested[op] && op != OpLookup && op != OpPhilox32 && op != OpPhilox64 && !isFunction(op) {
			t.Errorf("%s has no directed case", op)
		}
	}
}

func isFunction(op *Op) bool {
	for _, f := range functions {
		if f.op == op {
			return true
		}
	}
	return false
}

// sameElement compares bits, but for NaN, whose bits are nobody's business.
func sameElement(d DType, x, y uint64) bool {
	return x == y || nanElement(d, x) && nanElement(d, y)
}

func nanElement(d DType, x uint64) bool {
	switch d {
	case Float64:
		return asF64(x) != asF64(x)
	case Float32:
		return asF32(x) != asF32(x)
	}
	return false
}
