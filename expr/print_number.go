package np

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// elementsAt is some elements of an array in memory.
type elementsAt struct {
	a       *lower.Array
	offsets []int64
}

// printPrecision is the most digits after the point of a printed float.
const printPrecision = 8

// numberFormat returns what writes an element: in the format that write gives, aligned,
// or as NumPy writes it beside the others at hand.
func numberFormat(at *elementsAt, scalar bool, write func(v any) string) func(offset int64) string {
	if write != nil {
		return aligned(at, write)
	}
	switch d := at.a.DType; d.Kind() {
	case ir.KindBool:
		return func(offset int64) string {
			switch v := element(at.a, offset).(bool); {
			case !v:
				return "False"
			case scalar:
				return "True"
			}
			return " True"
		}
	case ir.KindFloat:
		real := realFormat(at, scalar, func(v any) float64 { return asFloat(v) }, "")
		return func(offset int64) string { return real(asFloat(element(at.a, offset))) }
	case ir.KindComplex:
		re := func(v any) float64 { return real(asComplex(v)) }
		im := func(v any) float64 { return imag(asComplex(v)) }
		x, y := realFormat(at, scalar, re, ""), realFormat(at, scalar, im, "+")
		return func(offset int64) string {
			v := element(at.a, offset)
			if scalar {
				return "(" + strings.TrimSuffix(x(re(v)), ".0") + strings.TrimSuffix(y(im(v)), ".0") + "j)"
			}
			text := y(im(v))
			digits := strings.TrimRight(text, " ")
			return x(re(v)) + digits + "j" + text[len(digits):]
		}
	}
	return aligned(at, func(v any) string { return fmt.Sprint(v) })
}

// aligned writes elements at the right of a column that all of them fit.
func aligned(at *elementsAt, write func(v any) string) func(offset int64) string {
	width := 0
	for _, o := range at.offsets {
		width = max(width, len(write(element(at.a, o))))
	}
	return func(offset int64) string {
		text := write(element(at.a, offset))
		return strings.Repeat(" ", width-len(text)) + text
	}
}

// floats is the format of a column of floats: scientific where the sizes differ too
// much, with as many digits as the longest needs, the points below each other.
type floats struct {
	bits        int // 32 or 64: which numbers count as equal
	sign        string
	scientific  bool
	left, right int // characters before and after the point
	exponent    int // digits
}

// realFormat finds the format for the parts of elements that part takes.
func realFormat(at *elementsAt, scalar bool, part func(v any) float64, sign string) func(x float64) string {
	f := &floats{bits: 64, sign: sign}
	if d := at.a.DType; d == ir.Float32 || d == ir.Complex64 {
		f.bits = 32
	}
	if scalar {
		return f.alone
	}
	var finite []float64
	least, most, negativeInf := math.Inf(1), 0.0, false
	for _, o := range at.offsets {
		x := part(element(at.a, o))
		negativeInf = negativeInf || math.IsInf(x, -1)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			continue
		}
		finite = append(finite, x)
		if x != 0 {
			least, most = min(least, math.Abs(x)), max(most, math.Abs(x))
		}
	}
	tooLarge, tooSmall, ratio := 1e8, 1e-4, most/least
	if f.bits == 32 {
		tooLarge, tooSmall, ratio = 1e6, float64(float32(tooSmall)), float64(float32(most)/float32(least))
	}
	f.scientific = most > 0 && (most >= tooLarge || least < tooSmall || ratio > 1000)
	for _, x := range finite {
		left, right, exponent := f.parts(x)
		f.left, f.right, f.exponent = max(f.left, len(left)), max(f.right, len(right)), max(f.exponent, len(exponent)-1)
	}
	if len(finite) < len(at.offsets) {
		inf := len("inf")
		if negativeInf || sign != "" {
			inf++
		}
		f.left = max(f.left, len("nan")-f.after(), inf-f.after())
	}
	return f.write
}

// after returns the characters from the point on.
func (f *floats) after() int {
	if f.scientific {
		return 1 + f.right + 2 + f.exponent
	}
	return 1 + f.right
}

// parts returns the digits before and after the point, and the exponent with its sign:
// the shortest that tell x from its neighbours, rounded where these are too many.
func (f *floats) parts(x float64) (left, right, exponent string) {
	verb := byte('f')
	if f.scientific {
		verb = 'e'
	}
	text := strconv.FormatFloat(x, verb, -1, f.bits)
	if _, frac, _ := strings.Cut(mantissa(text), "."); len(frac) > printPrecision {
		text = strconv.FormatFloat(x, verb, printPrecision, f.bits)
	}
	digits := mantissa(text)
	if f.scientific {
		exponent = text[len(digits)+1:]
	}
	left, right, _ = strings.Cut(digits, ".")
	right = strings.TrimRight(right, "0")
	if f.sign != "" && !math.Signbit(x) {
		left = f.sign + left
	}
	return left, right, exponent
}

// mantissa returns a formatted float without its exponent.
func mantissa(text string) string {
	m, _, _ := strings.Cut(text, "e")
	return m
}

// write writes one number of the column.
func (f *floats) write(x float64) string {
	if text, ok := f.nonFinite(x); ok {
		return strings.Repeat(" ", max(0, f.left+f.after()-len(text))) + text
	}
	left, right, exponent := f.parts(x)
	pad := strings.Repeat(" ", f.left-len(left))
	if !f.scientific {
		return pad + left + "." + right + strings.Repeat(" ", f.right-len(right))
	}
	digits := mantissa(strconv.FormatFloat(x, 'e', f.right, f.bits)) // all numbers show as many
	if f.right == 0 {
		digits += "."
	}
	if len(left) > 0 && left[0] == '+' {
		digits = "+" + digits
	}
	return pad + digits + "e" + exponent[:1] + strings.Repeat("0", f.exponent+1-len(exponent)) + exponent[1:]
}

func (f *floats) nonFinite(x float64) (string, bool) {
	switch {
	case math.IsNaN(x):
		return f.sign + "nan", true
	case math.IsInf(x, 1):
		return f.sign + "inf", true
	case math.IsInf(x, -1):
		return "-inf", true
	}
	return "", false
}

// alone writes a number that stands by itself, with all its digits.
func (f *floats) alone(x float64) string {
	text, special := f.nonFinite(x)
	if special {
		return text
	}
	a, tooLarge := math.Abs(x), 1e16
	if f.bits == 32 {
		tooLarge = 1e6
	}
	if x == 0 || a >= 1e-4 && a < tooLarge {
		text = strconv.FormatFloat(x, 'f', -1, f.bits)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
	} else {
		text = strconv.FormatFloat(x, 'e', -1, f.bits)
	}
	if f.sign != "" && !math.Signbit(x) {
		text = f.sign + text
	}
	return text
}

// element returns the element at an offset as a Go value of its type.
func element(a *lower.Array, offset int64) any {
	h := a.Buf.(*lower.Host)
	switch a.DType {
	case ir.Bool:
		return lower.Slice[bool](h)[offset]
	case ir.Int8:
		return lower.Slice[int8](h)[offset]
	case ir.Int16:
		return lower.Slice[int16](h)[offset]
	case ir.Int32:
		return lower.Slice[int32](h)[offset]
	case ir.Int64:
		return lower.Slice[int64](h)[offset]
	case ir.Uint8:
		return lower.Slice[uint8](h)[offset]
	case ir.Uint16:
		return lower.Slice[uint16](h)[offset]
	case ir.Uint32:
		return lower.Slice[uint32](h)[offset]
	case ir.Uint64:
		return lower.Slice[uint64](h)[offset]
	case ir.Float32:
		return lower.Slice[float32](h)[offset]
	case ir.Float64:
		return lower.Slice[float64](h)[offset]
	case ir.Complex64:
		return lower.Slice[complex64](h)[offset]
	}
	return lower.Slice[complex128](h)[offset]
}

func asFloat(v any) float64 {
	if f, ok := v.(float32); ok {
		return float64(f)
	}
	return v.(float64)
}

func asComplex(v any) complex128 {
	if z, ok := v.(complex64); ok {
		return complex128(z)
	}
	return v.(complex128)
}
