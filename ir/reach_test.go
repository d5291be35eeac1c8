package ir

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestReachIsWhatARunTouches(t *testing.T) {
	for _, c := range []struct {
		kernel string
		dims   []int64
		lo, hi []int64
		want   []Box
	}{
		{"kernel k; dim M N; in x f64[M,N], c f64[N]; out y f64[N,M]; axis i<M, j<N;  y[j,i] = x[i,j] + c[j]",
			[]int64{10, 8}, []int64{2, 3}, []int64{5, 8}, []Box{{[]int64{2, 3}, []int64{5, 8}}, {[]int64{3}, []int64{8}}, {[]int64{3, 2}, []int64{8, 5}}}},
		{"kernel k; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = pad(x[i-1], 0.0) + pad(x[i+1], 0.0)",
			[]int64{10}, []int64{0}, []int64{4}, []Box{{[]int64{0}, []int64{5}}, {[]int64{0}, []int64{4}}}},
		{"kernel k; dim M P; in a f64[M], b f64[P]; out o f64[M+P]; axis i<M+P;  o[i] = pad(a[i], b[i-M])",
			[]int64{10, 20}, []int64{12}, []int64{15}, []Box{{[]int64{0}, []int64{0}}, {[]int64{2}, []int64{5}}, {[]int64{12}, []int64{15}}}},
		{"kernel k; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = x[N-1-i]",
			[]int64{10}, []int64{2}, []int64{5}, []Box{{[]int64{5}, []int64{8}}, {[]int64{2}, []int64{5}}}},
		{"kernel k; dim N C P S; in g f64[C]; out o f64[N]; axis i<N;  o[i] = pad(g[exact(i-P,S)], 0.0)",
			[]int64{50, 17, 1, 3}, []int64{5}, []int64{9}, []Box{{[]int64{2}, []int64{3}}, {[]int64{5}, []int64{9}}}},
		{"kernel k; dim M N C; in x f64[M,N], p i64[C]; out o f64[C,N]; axis i<C, j<N;  o[i,j] = x[chk(p[i],M),j]",
			[]int64{10, 8, 6}, []int64{1, 2}, []int64{3, 4}, []Box{{[]int64{0, 2}, []int64{10, 4}}, {[]int64{1}, []int64{3}}, {[]int64{1, 2}, []int64{3, 4}}}},
	} {
		k, err := ParseKernel(c.kernel)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReach(k)
		for i, want := range c.want {
			var got Box
			if err := r.Of(i, c.dims, c.lo, c.hi, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s\noperand %d: %v, want %v", c.kernel, i, got, want)
			}
		}
	}
}

func TestFloorDiv(t *testing.T) {
	for range 1000 {
		a, b := rand.Int64N(100)-50, rand.Int64N(9)+1
		if q := floorDiv(a, b); q*b > a || (q+1)*b <= a {
			t.Errorf("%d / %d: %d", a, b, q)
		}
	}
}
