package loop

import (
	"math"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// combineKey names a combine with states of a dtype over a number of lanes.
type combineKey struct {
	combine string
	dtype   ir.DType
	lanes   int
}

// lanesKern is Lanes for up to two states and elements: lane (at+i) mod lanes of acc (and
// of pos) takes a step with a[i] (and b[i]).
type lanesKern func(acc, pos, a, b unsafe.Pointer, n, at int)

// foldKern is Fold for up to two states.
type foldKern func(acc, pos unsafe.Pointer)

// prefixKern is Prefix for one state: out, with a step in elements, gets what was in acc
// before each of the values.
type prefixKern func(acc, out unsafe.Pointer, step int, vals unsafe.Pointer, n int)

// scatterKern is Scatter for one state and one element; addresses below 0 drop.
type scatterKern func(base, addrs, vals unsafe.Pointer, n int)

var (
	lanesKerns   = map[combineKey]lanesKern{}
	foldKerns    = map[combineKey]foldKern{}
	prefixKerns  = map[combineKey]prefixKern{}
	scatterKerns = map[combineKey]scatterKern{}
)

func init() {
	combines[int8](ir.Int8)
	combines[int16](ir.Int16)
	combines[int32](ir.Int32)
	combines[int64](ir.Int64)
	combines[uint8](ir.Uint8)
	combines[uint16](ir.Uint16)
	combines[uint32](ir.Uint32)
	combines[uint64](ir.Uint64)
	combines[float32](ir.Float32)
	combines[float64](ir.Float64)
	for _, d := range []ir.DType{ir.Bool, ir.Uint8} {
		lanesKerns[combineKey{"any", d, ir.LaneCount}], foldKerns[combineKey{"any", d, ir.LaneCount}] = lanesAny, foldAny
		lanesKerns[combineKey{"all", d, ir.LaneCount}], foldKerns[combineKey{"all", d, ir.LaneCount}] = lanesAll, foldAll
	}
	lanesKerns[combineKey{"fma", ir.Float64, ir.LaneCount}] = lanesFMA64
	lanesKerns[combineKey{"fma", ir.Float64, 1}] = chainFMA64
	lanesKerns[combineKey{"fma", ir.Float32, ir.LaneCount}] = lanesFMA32
	lanesKerns[combineKey{"fma", ir.Float32, 1}] = chainFMA32
}

func combines[T number](d ir.DType) {
	lanesKerns[combineKey{"sum", d, ir.LaneCount}] = lanesSum[T]
	lanesKerns[combineKey{"min", d, ir.LaneCount}] = lanesMin[T]
	lanesKerns[combineKey{"max", d, ir.LaneCount}] = lanesMax[T]
	lanesKerns[combineKey{"prod", d, ir.LaneCount}] = lanesProd[T]
	foldKerns[combineKey{"sum", d, ir.LaneCount}] = foldSum[T]
	foldKerns[combineKey{"fma", d, ir.LaneCount}] = foldSum[T]
	foldKerns[combineKey{"min", d, ir.LaneCount}] = foldMin[T]
	foldKerns[combineKey{"max", d, ir.LaneCount}] = foldMax[T]
	lanesKerns[combineKey{"argmin", d, ir.LaneCount}] = lanesArgMin[T]
	lanesKerns[combineKey{"argmax", d, ir.LaneCount}] = lanesArgMax[T]
	foldKerns[combineKey{"argmin", d, ir.LaneCount}] = foldArgMin[T]
	foldKerns[combineKey{"argmax", d, ir.LaneCount}] = foldArgMax[T]
	prefixKerns[combineKey{"sum", d, 1}] = prefixSum[T]
	scatterKerns[combineKey{"sum", d, 1}] = scatterSum[T]
	scatterKerns[combineKey{"set", d, 1}] = scatterSet[T]
}

// rounds calls the two halves of a lane kern: the head and the tail, where positions do
// not fill all lanes, one by one, and what is between in rounds of 16.
func rounds(n, at int, single func(i, lane int), whole func(from, to int)) {
	i := 0
	for ; i < n && (at+i)%ir.LaneCount != 0; i++ {
		single(i, (at+i)%ir.LaneCount)
	}
	if to := i + (n-i)/ir.LaneCount*ir.LaneCount; to > i {
		whole(i, to)
		i = to
	}
	for ; i < n; i++ {
		single(i, (at+i)%ir.LaneCount)
	}
}

// lanesSum adds. Eight lanes at a time stay in registers.
func lanesSum[T number](acc, _, a, _ unsafe.Pointer, n, at int) {
	s, x := (*[ir.LaneCount]T)(acc), vec[T](a, n)
	rounds(n, at, func(i, lane int) { s[lane] += x[i] }, func(from, to int) {
		for h := 0; h < ir.LaneCount; h += 8 {
			s0, s1, s2, s3, s4, s5, s6, s7 := s[h], s[h+1], s[h+2], s[h+3], s[h+4], s[h+5], s[h+6], s[h+7]
			for i := from + h; i < to; i += ir.LaneCount {
				v := x[i : i+8 : i+8]
				s0 += v[0]
				s1 += v[1]
				s2 += v[2]
				s3 += v[3]
				s4 += v[4]
				s5 += v[5]
				s6 += v[6]
				s7 += v[7]
			}
			s[h], s[h+1], s[h+2], s[h+3], s[h+4], s[h+5], s[h+6], s[h+7] = s0, s1, s2, s3, s4, s5, s6, s7
		}
	})
}

func lanesProd[T number](acc, _, a, _ unsafe.Pointer, n, at int) {
	s, x := (*[ir.LaneCount]T)(acc), vec[T](a, n)
	for i, v := range x {
		lane := (at + i) % ir.LaneCount
		s[lane] = T(s[lane] * v)
	}
}

func lanesMin[T number](acc, _, a, _ unsafe.Pointer, n, at int) {
	s, x := (*[ir.LaneCount]T)(acc), vec[T](a, n)
	rounds(n, at, func(i, lane int) { s[lane] = min(s[lane], x[i]) }, func(from, to int) {
		for h := 0; h < ir.LaneCount; h += 4 {
			s0, s1, s2, s3 := s[h], s[h+1], s[h+2], s[h+3]
			for i := from + h; i < to; i += ir.LaneCount {
				v := x[i : i+4 : i+4]
				s0, s1, s2, s3 = min(s0, v[0]), min(s1, v[1]), min(s2, v[2]), min(s3, v[3])
			}
			s[h], s[h+1], s[h+2], s[h+3] = s0, s1, s2, s3
		}
	})
}

func lanesMax[T number](acc, _, a, _ unsafe.Pointer, n, at int) {
	s, x := (*[ir.LaneCount]T)(acc), vec[T](a, n)
	rounds(n, at, func(i, lane int) { s[lane] = max(s[lane], x[i]) }, func(from, to int) {
		for h := 0; h < ir.LaneCount; h += 4 {
			s0, s1, s2, s3 := s[h], s[h+1], s[h+2], s[h+3]
			for i := from + h; i < to; i += ir.LaneCount {
				v := x[i : i+4 : i+4]
				s0, s1, s2, s3 = max(s0, v[0]), max(s1, v[1]), max(s2, v[2]), max(s3, v[3])
			}
			s[h], s[h+1], s[h+2], s[h+3] = s0, s1, s2, s3
		}
	})
}

func lanesAny(acc, _, a, _ unsafe.Pointer, n, at int) {
	s, x := (*[ir.LaneCount]uint8)(acc), vec[uint8](a, n)
	for i, v := range x {
		s[(at+i)%ir.LaneCount] |= v
	}
}

func lanesAll(acc, _, a, _ unsafe.Pointer, n, at int) {
	s, x := (*[ir.LaneCount]uint8)(acc), vec[uint8](a, n)
	for i, v := range x {
		s[(at+i)%ir.LaneCount] &= v
	}
}

func lanesFMA64(acc, _, a, b unsafe.Pointer, n, at int) {
	s, x, y := (*[ir.LaneCount]float64)(acc), vec[float64](a, n), vec[float64](b, n)
	rounds(n, at, func(i, lane int) { s[lane] = math.FMA(x[i], y[i], s[lane]) }, func(from, to int) {
		for h := 0; h < ir.LaneCount; h += 8 {
			s0, s1, s2, s3, s4, s5, s6, s7 := s[h], s[h+1], s[h+2], s[h+3], s[h+4], s[h+5], s[h+6], s[h+7]
			for i := from + h; i < to; i += ir.LaneCount {
				v, w := x[i:i+8:i+8], y[i:i+8:i+8]
				s0 = math.FMA(v[0], w[0], s0)
				s1 = math.FMA(v[1], w[1], s1)
				s2 = math.FMA(v[2], w[2], s2)
				s3 = math.FMA(v[3], w[3], s3)
				s4 = math.FMA(v[4], w[4], s4)
				s5 = math.FMA(v[5], w[5], s5)
				s6 = math.FMA(v[6], w[6], s6)
				s7 = math.FMA(v[7], w[7], s7)
			}
			s[h], s[h+1], s[h+2], s[h+3], s[h+4], s[h+5], s[h+6], s[h+7] = s0, s1, s2, s3, s4, s5, s6, s7
		}
	})
}

func lanesFMA32(acc, _, a, b unsafe.Pointer, n, at int) {
	s, x, y := (*[ir.LaneCount]float32)(acc), vec[float32](a, n), vec[float32](b, n)
	for i := range x {
		lane := (at + i) % ir.LaneCount
		v := float64(float64(x[i])*float64(y[i])) + float64(s[lane])
		if tied(v) {
			s[lane] = ir.FMA32(x[i], y[i], s[lane])
		} else {
			s[lane] = float32(v)
		}
	}
}

func chainFMA64(acc, _, a, b unsafe.Pointer, n, _ int) {
	s, x, y := (*float64)(acc), vec[float64](a, n), vec[float64](b, n)
	v := *s
	for i := range x {
		v = math.FMA(x[i], y[i], v)
	}
	*s = v
}

func chainFMA32(acc, _, a, b unsafe.Pointer, n, _ int) {
	s, x, y := (*float32)(acc), vec[float32](a, n), vec[float32](b, n)
	v := *s
	for i := range x {
		v = ir.FMA32(x[i], y[i], v)
	}
	*s = v
}

func foldSum[T number](acc, _ unsafe.Pointer) {
	s := (*[ir.LaneCount]T)(acc)
	for h := ir.LaneCount / 2; h > 0; h /= 2 {
		for l := range h {
			s[l] += s[l+h]
		}
	}
}

func foldMin[T number](acc, _ unsafe.Pointer) {
	s := (*[ir.LaneCount]T)(acc)
	for h := ir.LaneCount / 2; h > 0; h /= 2 {
		for l := range h {
			s[l] = min(s[l], s[l+h])
		}
	}
}

func foldMax[T number](acc, _ unsafe.Pointer) {
	s := (*[ir.LaneCount]T)(acc)
	for h := ir.LaneCount / 2; h > 0; h /= 2 {
		for l := range h {
			s[l] = max(s[l], s[l+h])
		}
	}
}

func foldAny(acc, _ unsafe.Pointer) {
	s := (*[ir.LaneCount]uint8)(acc)
	for _, v := range s[1:] {
		s[0] |= v
	}
}

func foldAll(acc, _ unsafe.Pointer) {
	s := (*[ir.LaneCount]uint8)(acc)
	for _, v := range s[1:] {
		s[0] &= v
	}
}

func prefixSum[T number](acc, out unsafe.Pointer, step int, vals unsafe.Pointer, n int) {
	s := (*T)(acc)
	v := *s
	for i, x := range vec[T](vals, n) {
		*(*T)(unsafe.Add(out, i*step*int(unsafe.Sizeof(v)))) = v
		v += x
	}
	*s = v
}

func scatterSum[T number](base, addrs, vals unsafe.Pointer, n int) {
	at, x := vec[int64](addrs, n), vec[T](vals, n)
	for i, p := range at {
		if p >= 0 {
			e := (*T)(unsafe.Add(base, p*int64(unsafe.Sizeof(T(0)))))
			*e += x[i]
		}
	}
}

func scatterSet[T number](base, addrs, vals unsafe.Pointer, n int) {
	at, x := vec[int64](addrs, n), vec[T](vals, n)
	for i, p := range at {
		if p >= 0 {
			*(*T)(unsafe.Add(base, p*int64(unsafe.Sizeof(T(0))))) = x[i]
		}
	}
}
