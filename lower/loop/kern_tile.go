package loop

import (
	"math"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// tileKerns has the contractions that have a kern, by combine and dtype of the state.
var tileKerns = map[combineKey]tileKern{
	{"fma", ir.Float64, 0}: tileFMA64,
	{"fma", ir.Float32, 0}: tileFMA32,
	{"fma", ir.Int8, 0}:    tileInt[int8],
	{"fma", ir.Int16, 0}:   tileInt[int16],
	{"fma", ir.Int32, 0}:   tileInt[int32],
	{"fma", ir.Int64, 0}:   tileInt[int64],
	{"fma", ir.Uint8, 0}:   tileInt[uint8],
	{"fma", ir.Uint16, 0}:  tileInt[uint16],
	{"fma", ir.Uint32, 0}:  tileInt[uint32],
	{"fma", ir.Uint64, 0}:  tileInt[uint64],
}

// tileShape returns the rows and columns that a contraction's kern takes at a time.
func tileShape(c *ir.Combine, d ir.DType) (rows, cols int) {
	if tileKerns[combineKey{c.Name, d, 0}] == nil {
		return 0, 0
	}
	return 8, 64
}

// element returns element i of memory.
func element[T any](p unsafe.Pointer, i int) T {
	return *(*T)(unsafe.Add(p, i*int(unsafe.Sizeof(*new(T)))))
}

// row returns n elements from element i of memory.
func row[T any](p unsafe.Pointer, i, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(p, i*int(unsafe.Sizeof(*new(T))))), n)
}

// tileFMA64 takes two rows and four steps at a time: the chains of different columns hide
// the latency of fma, and a result is loaded and stored once in four steps.
func tileFMA64(c, a, b unsafe.Pointer, kn, m, n, rowC, rowA, stepA, stepB int) {
	at := func(r, k int) float64 { return element[float64](a, r*rowA+k*stepA) }
	r := 0
	for ; r+2 <= m; r += 2 {
		c0, c1 := row[float64](c, r*rowC, n), row[float64](c, (r+1)*rowC, n)
		k := 0
		for ; k+4 <= kn; k += 4 {
			a00, a01, a02, a03 := at(r, k), at(r, k+1), at(r, k+2), at(r, k+3)
			a10, a11, a12, a13 := at(r+1, k), at(r+1, k+1), at(r+1, k+2), at(r+1, k+3)
			b0, b1, b2, b3 := row[float64](b, k*stepB, n), row[float64](b, (k+1)*stepB, n), row[float64](b, (k+2)*stepB, n), row[float64](b, (k+3)*stepB, n)
			c1, b0, b1, b2, b3 = c1[:len(c0)], b0[:len(c0)], b1[:len(c0)], b2[:len(c0)], b3[:len(c0)]
			for t := range c0 {
				w := b0[t]
				x, y := math.FMA(a00, w, c0[t]), math.FMA(a10, w, c1[t])
				w = b1[t]
				x, y = math.FMA(a01, w, x), math.FMA(a11, w, y)
				w = b2[t]
				x, y = math.FMA(a02, w, x), math.FMA(a12, w, y)
				w = b3[t]
				c0[t], c1[t] = math.FMA(a03, w, x), math.FMA(a13, w, y)
			}
		}
		for ; k < kn; k++ {
			a0, a1 := at(r, k), at(r+1, k)
			for t, w := range row[float64](b, k*stepB, n) {
				c0[t], c1[t] = math.FMA(a0, w, c0[t]), math.FMA(a1, w, c1[t])
			}
		}
	}
	if r < m {
		c0 := row[float64](c, r*rowC, n)
		for k := range kn {
			a0 := at(r, k)
			for t, w := range row[float64](b, k*stepB, n) {
				c0[t] = math.FMA(a0, w, c0[t])
			}
		}
	}
}

func tileFMA32(c, a, b unsafe.Pointer, kn, m, n, rowC, rowA, stepA, stepB int) {
	for r := range m {
		c0 := row[float32](c, r*rowC, n)
		for k := range kn {
			a0, b0 := element[float32](a, r*rowA+k*stepA), row[float32](b, k*stepB, n)
			p, b0 := float64(a0), b0[:len(c0)]
			for t, x := range c0 {
				s := float64(p*float64(b0[t])) + float64(x)
				if tied(s) {
					c0[t] = ir.FMA32(a0, b0[t], x)
				} else {
					c0[t] = float32(s)
				}
			}
		}
	}
}

// tileMerges has what merges a row of results with one that comes before, by dtype.
var tileMerges = map[ir.DType]func(c, left unsafe.Pointer, n int){
	ir.Float64: tileMerge[float64], ir.Float32: tileMerge[float32],
	ir.Int8: tileMerge[int8], ir.Int16: tileMerge[int16], ir.Int32: tileMerge[int32], ir.Int64: tileMerge[int64],
	ir.Uint8: tileMerge[uint8], ir.Uint16: tileMerge[uint16], ir.Uint32: tileMerge[uint32], ir.Uint64: tileMerge[uint64],
}

func tileMerge[T integer | float32 | float64](c, left unsafe.Pointer, n int) {
	to := row[T](c, 0, n)
	for t, x := range row[T](left, 0, n) {
		to[t] = x + to[t]
	}
}

func tileInt[T integer](c, a, b unsafe.Pointer, kn, m, n, rowC, rowA, stepA, stepB int) {
	for r := range m {
		c0 := row[T](c, r*rowC, n)
		for k := range kn {
			a0 := element[T](a, r*rowA+k*stepA)
			for t, w := range row[T](b, k*stepB, n) {
				c0[t] += a0 * w
			}
		}
	}
}
