package shard

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
)

// element returns the bytes of a fill value: a truth value, a number, one by name (NaN) or
// by its bits in hexadecimal, two of those for a complex number.
func element(d ir.DType, fill any) ([]byte, error) {
	size := d.Size()
	parts, part := []any{fill}, d
	if d.Kind() == ir.KindComplex {
		size /= 2
		part = map[int]ir.DType{4: ir.Float32, 8: ir.Float64}[size]
		list, ok := fill.([]any)
		if !ok {
			list = []any{fill, json.Number("0")}
		}
		if parts = list; len(parts) != 2 {
			return nil, fmt.Errorf("fill value %v of complex numbers", fill)
		}
	}
	var out []byte
	for _, x := range parts {
		bits, ok := bitsOf(part, x)
		if !ok {
			return nil, fmt.Errorf("fill value %v of %s", fill, d.Name())
		}
		var word [8]byte
		switch size {
		case 1:
			word[0] = byte(bits)
		case 2:
			binary.NativeEndian.PutUint16(word[:], uint16(bits))
		case 4:
			binary.NativeEndian.PutUint32(word[:], uint32(bits))
		default:
			binary.NativeEndian.PutUint64(word[:], bits)
		}
		out = append(out, word[:size]...)
	}
	return out, nil
}

// bitsOf returns the bits of one real value.
func bitsOf(d ir.DType, x any) (uint64, bool) {
	switch v := x.(type) {
	case bool:
		if v {
			return 1, d.Kind() == ir.KindBool
		}
		return 0, d.Kind() == ir.KindBool
	case json.Number:
		return numberBits(d, v.String())
	case string:
		if d.Kind() != ir.KindFloat {
			return 0, false
		}
		if hex, ok := strings.CutPrefix(v, "0x"); ok {
			bits, err := strconv.ParseUint(hex, 16, 64)
			return bits, err == nil && len(hex) == 2*d.Size()
		}
		f, known := map[string]float64{"NaN": math.Float64frombits(0x7ff8 << 48), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[v]
		if !known {
			return 0, false
		}
		return ir.Float(d, f), true
	}
	return 0, false
}

// numberBits returns the bits of a number that d can hold.
func numberBits(d ir.DType, text string) (uint64, bool) {
	switch d.Kind() {
	case ir.KindFloat:
		f, err := strconv.ParseFloat(text, 64)
		return ir.Float(d, f), err == nil
	case ir.KindBool: // as version 2 may write it
		return map[string]uint64{"1": 1}[text], text == "0" || text == "1"
	}
	whole := text
	if f, err := strconv.ParseFloat(text, 64); err == nil && strings.ContainsAny(text, ".eE") && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		whole = strconv.FormatInt(int64(f), 10)
	}
	if d.Kind() == ir.KindUint {
		n, err := strconv.ParseUint(whole, 10, 8*d.Size())
		return n, err == nil
	}
	n, err := strconv.ParseInt(whole, 10, 8*d.Size())
	return uint64(n), err == nil
}
