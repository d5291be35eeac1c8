package ir

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// literalText returns an element as text that reads back to the same bits: integers and
// shortest decimals, true, inf, nan. Bits that no such text has (a NaN with a payload, a
// value outside the dtype) are spelled bits(0x7ff0000000000001).
func literalText(d DType, bits uint64) string {
	text := ""
	switch {
	case d == Bool && bits <= 1:
		text = strconv.FormatBool(bits == 1)
	case d.Kind() == KindInt:
		text = strconv.FormatInt(int64(bits), 10)
	case d.Kind() == KindUint:
		text = strconv.FormatUint(bits, 10)
	case d == Float32:
		text = floatText(float64(math.Float32frombits(uint32(bits))), 32)
	case d == Float64:
		text = floatText(math.Float64frombits(bits), 64)
	}
	if b, err := parseLiteral(d, text); err != nil || b != bits {
		return fmt.Sprintf("bits(%#x)", bits)
	}
	return text
}

func floatText(v float64, size int) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	return strconv.FormatFloat(v, 'g', -1, size)
}

// parseLiteral returns the bits of an element written as literalText writes it; floats may
// have any spelling of Go, hexadecimal too.
func parseLiteral(d DType, text string) (uint64, error) {
	if inner, ok := strings.CutPrefix(text, "bits("); ok {
		return strconv.ParseUint(strings.TrimSuffix(inner, ")"), 0, 64)
	}
	switch {
	case d.IsFloat() && text == "nan":
		return canonicalNaN(d), nil
	case d == Bool && text == "true":
		return 1, nil
	case d == Bool && text == "false":
		return 0, nil
	case d.Kind() == KindInt:
		v, err := strconv.ParseInt(text, 10, 8*d.Size())
		return uint64(v), err
	case d.Kind() == KindUint:
		return strconv.ParseUint(text, 10, 8*d.Size())
	case d == Float32:
		v, err := strconv.ParseFloat(text, 32)
		return uint64(math.Float32bits(float32(v))), err
	case d == Float64:
		v, err := strconv.ParseFloat(text, 64)
		return math.Float64bits(v), err
	}
	return 0, fmt.Errorf("%q is not an element of %s", text, d)
}

// canonicalNaN returns the bits of the one NaN that literals are.
func canonicalNaN(d DType) uint64 {
	if d == Float32 {
		return 0x7fc00000
	}
	return 0x7ff8 << 48
}

// literal reads an element of dtype d.
func (s *scanner) literal(d DType) uint64 {
	start := s.tok.pos
	var end int
	switch {
	case s.is("bits"):
		s.next()
		s.expect("(")
		s.next()
		end = s.tok.end()
		s.expect(")")
	case s.is("-"):
		s.next()
		end = s.next().end()
	default:
		end = s.next().end()
	}
	if s.err != nil {
		return 0
	}
	bits, err := parseLiteral(d, s.src[start:end])
	if err != nil {
		s.failAt(start, "%q is not an element of %s", s.src[start:end], d)
	}
	return bits
}
