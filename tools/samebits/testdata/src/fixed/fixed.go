// Package fixed shows what -fix makes of a finding.
package fixed

type metres float64

func direct(a, b, c float64) float64 {
	return a*b + c // want `product may be fused`
}

func generic[T float32 | metres](a, b, c T) T {
	return (a*b)/2 + c // want `product may be fused` `quotient may be fused`
}

func nested(a, b, c float32) float32 {
	return a * b * c // want `product may be fused` `product may be fused`
}
