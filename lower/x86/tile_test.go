//go:build linux && amd64

package x86

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// matrix is an array of rank 2 inside a block of memory.
type matrix[T float32 | float64] struct {
	block         []T
	offset        int64
	m, n          int64
	stride, along int64
}

// gapOf returns how far elements lie apart: 1 where a class has the bit of their dimension.
func gapOf(r *rand.Rand, unit uint64, bit int) int64 {
	if unit>>bit&1 != 0 {
		return 1
	}
	return 1 + r.Int64N(3)
}

// newMatrix returns random values; elements are gap apart.
func newMatrix[T float32 | float64](r *rand.Rand, m, n, gap int64) *matrix[T] {
	a := &matrix[T]{m: m, n: n, along: gap, stride: n*gap + r.Int64N(4), offset: r.Int64N(9)}
	a.block = make([]T, a.offset+m*a.stride+20)
	for i := range a.block {
		a.block[i] = T(r.NormFloat64())
	}
	return a
}

func (a *matrix[T]) at(i, j int64) *T { return &a.block[a.offset+i*a.stride+j*a.along] }

func (a *matrix[T]) memory() loop.Memory {
	return loop.Memory{Base: unsafe.Pointer(unsafe.SliceData(a.block)), Offset: a.offset, Strides: []int64{a.stride, a.along}, Extents: []int64{a.m, a.n}}
}

// fma returns x*y + z with one rounding.
func fma[T float32 | float64](x, y, z T) T {
	switch x := any(x).(type) {
	case float64:
		return T(math.FMA(x, float64(y), float64(z)))
	case float32:
		return T(ir.FMA32(x, float32(y), float32(z)))
	}
	panic("no float")
}

const tileText = `loop f(M, N, K, in a D[_,_], in b D[_,_], in d D[_,_], out c D[_,_]):
  tile(fma, k < K, r < M, t < N, c[r, t]INIT, (a[r, k], b[k, t])LEFT)
`

// TestTile runs tiles of all small sizes, over arrays whose last dimension is known to be
// contiguous or is not, and looks at every element around the results too.
func TestTile(t *testing.T) {
	eachLevel(t, func(t *testing.T, level asm.Level) {
		t.Run("f64", func(t *testing.T) { tiles[float64](t, level, "f64", "") })
		t.Run("f32", func(t *testing.T) { tiles[float32](t, level, "f32", "_f32") })
	})
}

func tiles[T float32 | float64](t *testing.T, level asm.Level, dtype, suffix string) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, init := range []string{"", " = -0.0" + suffix, " = 1.5" + suffix} {
		for i, unit := range []uint64{0b10101010, 0b00101010, 0b10001010, 0, 0b10101010, 0b10001010, 0b00101010, 0} {
			left := []string{"", ", M, d[r, t]"}[i/4] // never where there are no rows, which makes no difference
			l, err := loop.Parse(strings.NewReplacer("D", dtype, "INIT", init, "LEFT", left).Replace(tileText))
			if err != nil {
				t.Fatal(err)
			}
			code, err := loop.CompileWith(l, New(level), loop.Class{Unit: unit})
			if err != nil {
				t.Fatal(err)
			}
			defer code.Close()
			gap := func(bit int) int64 { return gapOf(r, unit, bit) }
			for round := range 600 {
				m, n, k := r.Int64N(20), r.Int64N(60), r.Int64N(7)
				if round%50 == 0 {
					m, n, k = 30, 100, 40
				}
				a, b, c := newMatrix[T](r, m, k, gap(1)), newMatrix[T](r, k, n, gap(3)), newMatrix[T](r, m, n, gap(7))
				d := newMatrix[T](r, m, n, gap(5))
				want := slices.Clone(c.block)
				for i := range m {
					for j := range n {
						x := *c.at(i, j)
						switch init {
						case "":
						case " = 1.5" + suffix:
							x = 1.5
						default:
							x = T(math.Copysign(0, -1))
						}
						for s := range k {
							x = fma(*a.at(i, s), *b.at(s, j), x)
						}
						if left != "" {
							x = *d.at(i, j) + x
						}
						want[c.offset+i*c.stride+j*c.along] = x
					}
				}
				if err := code.Run(context.Background(), 1, []uint64{uint64(m), uint64(n), uint64(k)}, []loop.Memory{a.memory(), b.memory(), d.memory(), c.memory()}); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if math.Float64bits(float64(want[i])) != math.Float64bits(float64(c.block[i])) {
						t.Fatalf("%s unit %b: %dx%d of %d: element %d is %v, want %v", init, unit, m, n, k, i, c.block[i], want[i])
					}
				}
			}
		}
	}
}

// BenchmarkTile counts the products of a second on one thread, packed and in cache.
func BenchmarkTile(b *testing.B) {
	const text = `loop f(M, N, K, in a D[_,_], in b D[_,_], out c D[_,_]):
  tile(fma, k < K, r < M, t < N, c[r, t] = -0.0SUFFIX, (a[k, r], b[k, t]))
`
	for _, level := range levels {
		if Available(level) != nil {
			continue
		}
		b.Run(levelName(level)+"/f64", func(b *testing.B) {
			benchmarkTile[float64](b, level, strings.NewReplacer("D", "f64", "SUFFIX", "").Replace(text), ir.Float64)
		})
		b.Run(levelName(level)+"/f32", func(b *testing.B) {
			benchmarkTile[float32](b, level, strings.NewReplacer("D", "f32", "SUFFIX", "_f32").Replace(text), ir.Float32)
		})
	}
}

func benchmarkTile[T float32 | float64](b *testing.B, level asm.Level, text string, d ir.DType) {
	l, err := loop.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	code, err := loop.CompileWith(l, New(level), loop.Class{Unit: 0b101010})
	if err != nil {
		b.Fatal(err)
	}
	defer code.Close()
	s := shapes[level][d]
	m, n := int64(s.rows[0]), int64(s.vectors*int(s.w)/8/d.Size())
	for _, k := range []int64{32, 512} {
		b.Run(fmt.Sprint(m, "x", n, "x", k), func(b *testing.B) {
			r := rand.New(rand.NewPCG(2, 3))
			x, y, z := newMatrix[T](r, k, m, 1), newMatrix[T](r, k, n, 1), newMatrix[T](r, m, n, 1)
			arrays := []loop.Memory{x.memory(), y.memory(), z.memory()}
			for b.Loop() {
				if err := code.Run(context.Background(), 1, []uint64{uint64(m), uint64(n), uint64(k)}, arrays); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(2*m*n*k*int64(b.N))/float64(b.Elapsed().Nanoseconds()), "GF/s")
		})
	}
}
