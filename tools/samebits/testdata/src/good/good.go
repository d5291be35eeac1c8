// Package good holds code that gives the same bits on every machine.
package good

import "math"

type real interface{ ~float32 | ~float64 }

type integer interface{ ~int | ~int64 }

type metres float64

const scale = 2.5 * 3.5

func converted(a, b, c float64) float64 { return float64(a*b) + c }

func parenthesized(a, b, c float64) float64 { return float64((a * b)) - c }

func chained(a, b, c, d float64) float64 { return float64(float64(a*b)*c) + d }

func named(a, b, c metres) metres { return metres(a*b) + c }

func widened(a, b float32, c float64) float64 { return float64(a*b) + c }

func truncated(a, b float64) int { return int(a*b) + 1 }

func generic[T real](a, b, c T) T { return T(a*b) + c }

func genericInteger[T integer](a, b, c T) T { return a*b/c + c }

func integers(a, b, c int) int {
	a *= b
	return a*b/c + c
}

func constants(x float64) float64 { return x + scale*2 + 1.0/3 }

func asked(a, b, c float64) float64 { return math.Sqrt(math.FMA(a, b, c)) }

func pointers(p *float64) float64 { return *p + 1 }

func halved(a, b float64) float64 { return float64(a/2) + b }

func parts(ar, ai, br, bi float64) (re, im float64) {
	return float64(ar*br) - float64(ai*bi), float64(ar*bi) + float64(ai*br)
}
