package ir

import (
	"fmt"
	"maps"
)

// Env is what a reference run gets beside arrays.
type Env struct {
	Symbols map[string]int64 // beyond those that parameters' shapes tell
	Scalars []uint64         // run-time numbers by index, as Scalar describes elements
	Check   func() error     // asked between steps, an error ends the run; nil: never
}

func (e *Env) check() error {
	if e.Check == nil {
		return nil
	}
	return e.Check()
}

// bindShapes returns the symbols with what the parameters' shapes tell of more, or how the
// shapes and the types do not agree.
func bindShapes(symbols map[string]int64, types []Type, params []*Tensor) (map[string]int64, error) {
	if len(params) != len(types) {
		return nil, fmt.Errorf("ir: %d arrays for %d parameters", len(params), len(types))
	}
	out := maps.Clone(symbols)
	if out == nil {
		out = map[string]int64{}
	}
	for i, t := range types {
		x := params[i]
		if x.DType != t.DType || len(x.Shape) != t.Rank() {
			return nil, fmt.Errorf("ir: parameter %d is %s, got %s of %d axes", i, t, x.DType, len(x.Shape))
		}
		if n := x.Size() * components(x.DType); len(x.Elems) != n {
			return nil, fmt.Errorf("ir: parameter %d has %d elements of %d", i, len(x.Elems), n)
		}
		for a, d := range t.Shape {
			if name, ok := d.symbol(); ok {
				if _, known := out[name]; !known {
					out[name] = int64(x.Shape[a])
				}
			}
		}
	}
	for i, t := range types {
		for a, d := range t.Shape {
			if d.IsUnknown() {
				continue
			}
			n, err := d.Eval(lookupIn(out))
			if err != nil {
				return nil, fmt.Errorf("ir: parameter %d, axis %d: %w", i, a, err)
			}
			if n != int64(params[i].Shape[a]) {
				return nil, Errorf(ErrShape, "ir: parameter %d is %s with %s = %d, got extent %d on axis %d", i, t, d, n, params[i].Shape[a], a)
			}
		}
	}
	return out, nil
}

// components returns how many numbers an element is.
func components(d DType) int {
	if d.Kind() == KindComplex {
		return 2
	}
	return 1
}

// symbol returns d's name when d is a symbol alone.
func (d Dim) symbol() (string, bool) {
	if t := d.terms(); d.p != nil && len(t) == 1 && t[0].coef == 1 && len(t[0].syms) == 1 {
		return t[0].syms[0], true
	}
	return "", false
}

func lookupIn(symbols map[string]int64) func(string) (int64, bool) {
	return func(name string) (int64, bool) {
		n, ok := symbols[name]
		return n, ok
	}
}
