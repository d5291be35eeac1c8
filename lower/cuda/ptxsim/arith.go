package ptxsim

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/numen-go/numen/ir"
)

func f32(x uint64) float32 { return math.Float32frombits(uint32(x)) }
func f64(x uint64) float64 { return math.Float64frombits(x) }
func b32(v float32) uint64 { return uint64(math.Float32bits(v)) }
func b64(v float64) uint64 { return math.Float64bits(v) }

func truth(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// floating are the float instructions that round to nearest, by name.
var floating = map[string]struct {
	f32 func(x, y float32) float32
	f64 func(x, y float64) float64
}{
	"add": {func(x, y float32) float32 { return x + y }, func(x, y float64) float64 { return x + y }},
	"sub": {func(x, y float32) float32 { return x - y }, func(x, y float64) float64 { return x - y }},
	"mul": {func(x, y float32) float32 { return float32(x * y) }, func(x, y float64) float64 { return float64(x * y) }},
	"div": {func(x, y float32) float32 { return float32(x / y) }, func(x, y float64) float64 { return float64(x / y) }},
}

func (d *decoder) arithmetic() (func(t *thread), error) {
	t, err := d.last()
	if err != nil {
		return nil, err
	}
	name := strings.Join(d.mods[:len(d.mods)-1], ".")
	op, rn := strings.CutSuffix(name, ".rn")
	switch {
	case t.kind == 'f' && rn:
		return d.float(op, t)
	case t.kind == 'f':
		return nil, fmt.Errorf("float instructions say .rn")
	case name == "and" || name == "or" || name == "xor" || name == "not":
		return d.logic(name, t)
	case name == "shl" && t.kind == 'b' && t.size >= 4:
		return d.binary(t, t, typ{'u', 4}, func(x, y uint64) uint64 { return trim(x<<y, t.size) })
	case name == "shr" && t.size >= 4:
		return d.binary(t, t, typ{'u', 4}, func(x, y uint64) uint64 {
			if t.kind == 's' {
				return trim(uint64(signed(x, t.size)>>y), t.size)
			}
			return x >> y
		})
	case name == "clz" && t.kind == 'b' && t.size >= 4:
		return d.unary(typ{'u', 4}, t, func(x uint64) uint64 { return uint64(bits.LeadingZeros64(x) - 64 + 8*t.size) })
	}
	return d.integer(name, t)
}

func (d *decoder) float(op string, t typ) (func(t *thread), error) {
	if f, ok := floating[op]; ok {
		if t.size == 4 {
			return d.binary(t, t, t, func(x, y uint64) uint64 { return b32(f.f32(f32(x), f32(y))) })
		}
		return d.binary(t, t, t, func(x, y uint64) uint64 { return b64(f.f64(f64(x), f64(y))) })
	}
	switch op {
	case "fma":
		if t.size == 4 {
			return d.ternary(t, [3]typ{t, t, t}, func(x, y, z uint64) uint64 { return b32(ir.FMA32(f32(x), f32(y), f32(z))) })
		}
		return d.ternary(t, [3]typ{t, t, t}, func(x, y, z uint64) uint64 { return b64(math.FMA(f64(x), f64(y), f64(z))) })
	case "sqrt":
		if t.size == 4 {
			return d.unary(t, t, func(x uint64) uint64 { return b32(float32(math.Sqrt(float64(f32(x))))) })
		}
		return d.unary(t, t, func(x uint64) uint64 { return b64(math.Sqrt(f64(x))) })
	}
	return nil, fmt.Errorf("unknown instruction")
}

func (d *decoder) logic(name string, t typ) (func(t *thread), error) {
	if t.kind != 'p' && (t.kind != 'b' || t.size < 4) {
		return nil, fmt.Errorf("%s of what type", name)
	}
	if name == "not" {
		ones := trim(math.MaxUint64, t.size)
		if t.kind == 'p' {
			ones = 1
		}
		return d.unary(t, t, func(x uint64) uint64 { return x ^ ones })
	}
	f := map[string]func(x, y uint64) uint64{
		"and": func(x, y uint64) uint64 { return x & y },
		"or":  func(x, y uint64) uint64 { return x | y },
		"xor": func(x, y uint64) uint64 { return x ^ y },
	}[name]
	return d.binary(t, t, t, f)
}

func (d *decoder) integer(name string, t typ) (func(t *thread), error) {
	if t.kind != 's' && t.kind != 'u' || t.size < 4 {
		return nil, fmt.Errorf("unknown instruction")
	}
	less := func(x, y uint64) bool { return x < y }
	if t.kind == 's' {
		less = func(x, y uint64) bool { return signed(x, t.size) < signed(y, t.size) }
	}
	switch name {
	case "add":
		return d.binary(t, t, t, func(x, y uint64) uint64 { return trim(x+y, t.size) })
	case "sub":
		return d.binary(t, t, t, func(x, y uint64) uint64 { return trim(x-y, t.size) })
	case "mul.lo":
		return d.binary(t, t, t, func(x, y uint64) uint64 { return trim(x*y, t.size) })
	case "mad.lo":
		return d.ternary(t, [3]typ{t, t, t}, func(x, y, z uint64) uint64 { return trim(x*y+z, t.size) })
	case "mul.hi":
		if t.kind != 'u' {
			break
		}
		return d.binary(t, t, t, func(x, y uint64) uint64 {
			if t.size == 4 {
				return x * y >> 32
			}
			hi, _ := bits.Mul64(x, y)
			return hi
		})
	case "min":
		return d.binary(t, t, t, func(x, y uint64) uint64 {
			if less(y, x) {
				return y
			}
			return x
		})
	case "max":
		return d.binary(t, t, t, func(x, y uint64) uint64 {
			if less(x, y) {
				return y
			}
			return x
		})
	case "abs":
		if t.kind != 's' {
			break
		}
		return d.unary(t, t, func(x uint64) uint64 {
			if signed(x, t.size) < 0 {
				return trim(-x, t.size)
			}
			return x
		})
	case "div", "rem":
		return d.binary(t, t, t, func(x, y uint64) uint64 { return divide(name, t, x, y) })
	}
	return nil, fmt.Errorf("unknown instruction")
}

// divide is div or rem. By 0, and where the quotient has no place, devices make garbage.
func divide(name string, t typ, x, y uint64) uint64 {
	if y == 0 || t.kind == 's' && signed(y, t.size) == -1 && signed(x, t.size) == math.MinInt64>>(64-8*t.size) {
		return trim(garbage, t.size)
	}
	if t.kind == 's' {
		a, b := signed(x, t.size), signed(y, t.size)
		if name == "div" {
			return trim(uint64(a/b), t.size)
		}
		return trim(uint64(a%b), t.size)
	}
	if name == "div" {
		return x / y
	}
	return x % y
}

func (d *decoder) setp() (func(t *thread), error) {
	t, err := d.last()
	if err != nil || len(d.mods) != 3 || t.kind == 'p' || t.size < 4 {
		return nil, fmt.Errorf("unknown form")
	}
	f := comparison(d.mods[1], t)
	if f == nil {
		return nil, fmt.Errorf("no comparison %s of .%c%d", d.mods[1], t.kind, 8*t.size)
	}
	return d.binary(typ{'p', 1}, t, t, func(x, y uint64) uint64 { return truth(f(x, y)) })
}

func comparison(name string, t typ) func(x, y uint64) bool {
	if t.kind == 'f' {
		of := func(f func(x, y float64) bool) func(x, y uint64) bool {
			if t.size == 4 {
				return func(x, y uint64) bool { return f(float64(f32(x)), float64(f32(y))) }
			}
			return func(x, y uint64) bool { return f(f64(x), f64(y)) }
		}
		switch name {
		case "eq":
			return of(func(x, y float64) bool { return x == y })
		case "neu":
			return of(func(x, y float64) bool { return x != y })
		case "lt":
			return of(func(x, y float64) bool { return x < y })
		case "le":
			return of(func(x, y float64) bool { return x <= y })
		case "gt":
			return of(func(x, y float64) bool { return x > y })
		case "ge":
			return of(func(x, y float64) bool { return x >= y })
		case "nan":
			return of(func(x, y float64) bool { return x != x || y != y })
		}
		return nil
	}
	switch name {
	case "eq":
		return func(x, y uint64) bool { return x == y }
	case "ne":
		return func(x, y uint64) bool { return x != y }
	}
	if t.kind == 'b' {
		return nil
	}
	order := func(x, y uint64) int {
		a, b := signed(x, t.size), signed(y, t.size)
		if t.kind == 'u' {
			a, b = int64(x^1<<63), int64(y^1<<63)
		}
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}
	switch name {
	case "lt":
		return func(x, y uint64) bool { return order(x, y) < 0 }
	case "le":
		return func(x, y uint64) bool { return order(x, y) <= 0 }
	case "gt":
		return func(x, y uint64) bool { return order(x, y) > 0 }
	case "ge":
		return func(x, y uint64) bool { return order(x, y) >= 0 }
	}
	return nil
}

func (d *decoder) selp() (func(t *thread), error) {
	t, err := d.last()
	if err != nil || len(d.mods) != 2 || t.kind == 'p' || t.size < 4 {
		return nil, fmt.Errorf("unknown form")
	}
	return d.ternary(t, [3]typ{t, t, {'p', 1}}, func(x, y, p uint64) uint64 {
		if p != 0 {
			return x
		}
		return y
	})
}

// cvt converts between numbers.
func (d *decoder) cvt() (func(t *thread), error) {
	if len(d.mods) < 3 {
		return nil, fmt.Errorf("unknown form")
	}
	from, err := d.last()
	if err != nil {
		return nil, err
	}
	to, err := typeOf(d.mods[len(d.mods)-2])
	if err != nil {
		return nil, err
	}
	mode := strings.Join(d.mods[1:len(d.mods)-2], ".")
	if err := d.want(2); err != nil {
		return nil, err
	}
	r, err := d.dest(0, to, true)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(d.args[1], "%") {
		return nil, fmt.Errorf("a conversion of a literal")
	}
	a, err := d.source(1, from, true)
	if err != nil {
		return nil, err
	}
	f := conversion(to, from, mode)
	if f == nil {
		return nil, fmt.Errorf("no such conversion")
	}
	wide := d.e.types[r].size
	return func(t *thread) {
		v := f(t.r[a])
		if to.kind == 's' {
			v = trim(uint64(signed(v, to.size)), wide)
		}
		t.r[r] = v
	}, nil
}

var roundings = map[string]func(float64) float64{"rni": math.RoundToEven, "rzi": math.Trunc, "rmi": math.Floor, "rpi": math.Ceil}

func conversion(to, from typ, mode string) func(x uint64) uint64 {
	float := func(x uint64) float64 {
		if from.size == 4 {
			return float64(f32(x))
		}
		return f64(x)
	}
	switch {
	case to.kind == 'b' || from.kind == 'b' || to.kind == 'p' || from.kind == 'p':
		return nil
	case from.kind != 'f' && to.kind != 'f':
		if mode != "" {
			return nil
		}
		if from.kind == 's' {
			return func(x uint64) uint64 { return trim(uint64(signed(x, from.size)), to.size) }
		}
		return func(x uint64) uint64 { return trim(trim(x, from.size), to.size) }
	case from.kind == 'f' && to.kind == 'f':
		if round := roundings[mode]; round != nil && to == from {
			if to.size == 4 {
				return func(x uint64) uint64 { return b32(float32(round(float(x)))) }
			}
			return func(x uint64) uint64 { return b64(round(float(x))) }
		}
		if mode == "rn" && to.size < from.size {
			return func(x uint64) uint64 { return b32(float32(f64(x))) }
		}
		if mode == "" && to.size > from.size {
			return func(x uint64) uint64 { return b64(float64(f32(x))) }
		}
		return nil
	case to.kind == 'f':
		if mode != "rn" || from.size < 4 {
			return nil
		}
		return func(x uint64) uint64 {
			switch {
			case from.kind == 's' && to.size == 4:
				return b32(float32(signed(x, from.size)))
			case from.kind == 's':
				return b64(float64(signed(x, from.size)))
			case to.size == 4:
				return b32(float32(x))
			}
			return b64(float64(x))
		}
	}
	round := roundings[mode]
	if round == nil || to.size < 4 {
		return nil
	}
	return func(x uint64) uint64 { return saturate(to, round(float(x))) }
}

// saturate makes an integer of an integral float. Of a NaN devices make 0 or the ends of
// the range, by their types: garbage here.
func saturate(to typ, v float64) uint64 {
	limit := math.Ldexp(1, 8*to.size)
	if v != v {
		return trim(garbage, to.size)
	}
	if to.kind == 'u' {
		switch {
		case v <= 0:
			return 0
		case v >= limit:
			return trim(math.MaxUint64, to.size)
		}
		return uint64(v)
	}
	half := float64(limit / 2)
	switch {
	case v < -half:
		return 1 << (8*to.size - 1)
	case v >= half:
		return 1<<(8*to.size-1) - 1
	}
	return trim(uint64(int64(v)), to.size)
}
