// Package bad holds code that gives other bits on other machines.
package bad

import (
	"math"
	"math/cmplx"
)

type real interface{ ~float32 | ~float64 }

type number interface {
	~int | real
}

type anyNumber interface {
	number | ~complex128
}

type metres float64

func direct(a, b, c float64) float64 {
	return a*b + c // want `floating-point product may be fused: write float64\(x\*y\)`
}

func acrossStatements(a, b, c float32) float32 {
	p := a * b // want `write float32\(x\*y\)`
	return c - p
}

func returned(a, b float64) float64 {
	return a * b // want `product may be fused`
}

func negated(a, b, c float64) float64 {
	return float64(-(a * b)) + c // want `product may be fused`
}

func sumConverted(a, b, c float64) float64 {
	return float64(a*b + c) // want `product may be fused`
}

func boxed(a, b, c float64) float64 {
	return any(a*b).(float64) + c // want `product may be fused`
}

func nested(a, b, c float64) float64 {
	return float64(a * b * c) // want `product may be fused`
}

func named(a, b, c metres) metres {
	return a*b + c // want `write metres\(x\*y\)`
}

func generic[T real](a, b, c T) T {
	return a*b + c // want `write T\(x\*y\)`
}

func genericNumber[T number](a, b, c T) T {
	return a*b + c // want `write T\(x\*y\)`
}

func genericComplex[T anyNumber](a, b, c T) T {
	return T(a*b) + c // want `complex product is fused inside`
}

func compound(a, b float64) float64 {
	a *= b // want `write x = float64\(x\*y\)`
	return a + 1
}

func halved(a, b float64) float64 {
	return a/2 + b // want `floating-point quotient may be fused: write float64\(x/y\)`
}

func halvedInPlace(a, b float64) float64 {
	a /= 2 // want `write x = float64\(x/y\)`
	return a + b
}

func divided(a, b float64) float64 {
	return a / b // want `quotient may be fused`
}

func complexProduct(a, b complex128) complex128 {
	return complex128(a * b) // want `complex product is fused inside`
}

func complexQuotient(a, b complex64) complex64 {
	a /= b // want `complex quotient is fused inside`
	return a
}

func library(x float64, z complex128) (float64, complex128) {
	f := math.Log                        // want `math.Log gives other bits on other machines`
	return f(math.Exp(x)), cmplx.Sqrt(z) // want `math.Exp gives other bits` `cmplx.Sqrt gives other bits`
}
