// Package sample has every way in which a product meets a sum. A comment names
// the targets on which the compiler fuses the line.
package sample

import "math"

func Direct(a, b, c float64) float64 { return a*b + c } // fused: arm64 amd64

func AcrossStatements(a, b, c float32) float32 {
	p := a * b
	return p + c // fused: arm64 amd64
}

func Subtracted(a, b, c float64) float64 { return c - a*b } // fused: arm64

func Inlined(a, b, c float64) float64 { return product(a, b) + c } // fused: arm64 amd64

func product(a, b float64) float64 { return a * b }

func Halved(a, b float64) float64 { return a/2 + b } // fused: arm64 amd64

func Complex(a, b complex128) complex128 { return complex128(a * b) } // fused: arm64 amd64

func Converted(a, b, c float64) float64 { return float64(a*b) + c }

func generic[T float32 | float64](a, b, c T) T { return T(a*b) + c }

var Generic32, Generic64 = generic[float32], generic[float64]

func Asked(a, b, c float64) float64 { return math.FMA(a, b, c) }

func AskedInHelper(a, b, c float64) float64 { return fma(a, b, c) }

func fma(a, b, c float64) float64 {
	return math.FMA(
		a,
		b,
		c,
	)
}
