package ir

import (
	"math"
	"slices"
)

// The dense examples as plain loops.
var denseCases = []kernelCase{
	{"axpbc", "M=5 N=1300", []float64{0.3}, func(c *kernelRun) {
		c.each2("o", func(i, j int) float64 {
			return c.f("a", i, j) + float64(float64(c.f("b", j)*c.f("c", i, 0))*0.3)
		})
	}},
	{"gemm_log", "K=1100 M=9", nil, func(c *kernelRun) {
		c.each2("y", c.gemmLog(1100))
	}},
	{"founding", "K=30 M=20 H=5", nil, func(c *kernelRun) {
		c.centered("z", 20, 20, c.gemmLog(30))
	}},
	{"center_rows", "M=1500 N=10 H=7", nil, func(c *kernelRun) {
		c.centered("z", 1500, 10, func(i, j int) float64 { return c.f("y", i, j) })
	}},
	{"softmax", "M=6 N=2100", nil, func(c *kernelRun) {
		c.each2("y", c.softmax("x", 2100))
	}},
	{"layernorm", "M=3 N=1100", []float64{1e-5}, func(c *kernelRun) {
		for i := range 3 {
			n := 1100
			mu := sumLanes(n, func(j int) float64 { return c.f("x", i, j) }) / float64(n)
			d := line(n, func(j int) float64 { return c.f("x", i, j) - mu })
			q := sumLanes(n, func(j int) float64 { return float64(d[j] * d[j]) })
			w := math.Sqrt(float64(q/float64(n)) + 1e-5)
			for j := range n {
				c.set("o", float64(float64(d[j]/w)*c.f("g", j))+c.f("b", j), i, j)
			}
		}
	}},
	{"argmax", "M=5 N=40", nil, func(c *kernelRun) {
		x := c.mem["x"].Elems
		for j := range x { // ties, NaN twice, nothing but -inf
			x[j] = math.Float64bits(math.Round(2 * math.Float64frombits(x[j])))
		}
		x[47], x[49] = math.Float64bits(math.NaN()), math.Float64bits(math.NaN())
		for j := range 40 {
			x[80+j] = math.Float64bits(math.Inf(-1))
		}
		for i := range 5 {
			best := 0
			for j := range 40 {
				if v, b := c.f("x", i, j), c.f("x", i, best); v > b || v != v && b == b {
					best = j
				}
			}
			c.set("p", float64(best), i)
		}
		if c.want["p"][1] != 7 || c.want["p"][2] != 0 {
			c.t.Fatal("the case is not what it should be")
		}
	}},
	{"var", "M=3 N=2100 ddof=1", nil, func(c *kernelRun) {
		for i := range 3 {
			n := 2100
			mu := sumLanes(n, func(j int) float64 { return c.f("x", i, j) }) / float64(n)
			q := sumLanes(n, func(j int) float64 { d := c.f("x", i, j) - mu; return float64(d * d) })
			c.set("v", q/float64(n-1), i)
		}
	}},
	{"cumsum", "M=3 N=2500", nil, func(c *kernelRun) {
		for i := range 3 {
			out, _ := scanOf(line(2500, func(j int) float64 { return c.f("x", i, j) }), math.Copysign(0, -1))
			c.row("o", i, out)
		}
	}},
	{"cumsum_piece", "M=2 N=1070", nil, func(c *kernelRun) {
		for i := range 2 {
			out, e := scanOf(line(1070, func(j int) float64 { return c.f("x", i, j) }), c.f("c", i))
			c.row("o", i, out)
			c.set("c", e, i)
		}
	}},
	{"cumsum_before", "M=2 N=1070", nil, func(c *kernelRun) {
		for i := range 2 {
			out, _ := scanOf(line(1070, func(j int) float64 { return c.f("x", i, j) }), math.Copysign(0, -1))
			c.row("o", i, append([]float64{0}, out[:1069]...))
		}
	}},
	{"cumsum_back", "M=2 N=1070", nil, func(c *kernelRun) {
		for i := range 2 {
			out, _ := scanOf(line(1070, func(j int) float64 { return c.f("x", i, 1069-j) }), math.Copysign(0, -1))
			slices.Reverse(out)
			c.row("o", i, out)
		}
	}},
	{"pad", "M=4 N=5 P=2 Q=3", []float64{9}, func(c *kernelRun) {
		c.each2("o", func(h, w int) float64 {
			if h < 2 || h >= 6 || w < 3 || w >= 8 {
				return 9
			}
			return c.f("x", h-2, w-3)
		})
	}},
	{"sumcat", "M=700 P=900 N=3", nil, func(c *kernelRun) {
		for j := range 3 {
			c.set("s", sumLanes(1600, func(i int) float64 {
				if i < 700 {
					return c.f("a", i, j)
				}
				return c.f("b", i-700, j)
			}), j)
		}
	}},
	{"slice_grad", "N=14 C=4 P=2 S=3", nil, func(c *kernelRun) {
		for i := range 14 {
			c.set("o", 0, i)
		}
		for k := range 4 {
			c.set("o", c.f("g", k), 2+3*k)
		}
	}},
	{"padconv", "N=9 P=2", []float64{5}, func(c *kernelRun) {
		padded := func(i int) float64 {
			return in(i-2, 9, func(i int) float64 { return c.f("x", i) }, 5)
		}
		for i := range 13 {
			c.set("o", chainOf(3, func(p int) float64 { return in(i+p-1, 13, padded, 0) }, func(p int) float64 { return c.f("w", p) }), i)
		}
	}},
	{"padvec", "N=9 P=2", []float64{5}, func(c *kernelRun) {
		for i := range 13 {
			c.set("o", in(i-2, 9, func(i int) float64 { return c.f("x", i) }, 5), i)
		}
	}},
	{"convvec", "N=9", nil, func(c *kernelRun) {
		for i := range 9 {
			c.set("o", chainOf(3, func(p int) float64 { return in(i+p-1, 9, func(i int) float64 { return c.f("x", i) }, 0) }, func(p int) float64 { return c.f("w", p) }), i)
		}
	}},
	{"rollflip", "N=10 S=3", nil, func(c *kernelRun) {
		for i := range 10 {
			c.set("o", c.f("x", (i+7)%10), i)
			c.set("f", c.f("x", 9-i), i)
		}
	}},
	{"ravel_exp_sum", "M=30 N=70", nil, func(c *kernelRun) {
		for e := range 2100 {
			c.set("o", exp(c.f("x", e/70, e%70)), e)
		}
		c.set("s", sumLanes(2100, func(e int) float64 { return c.wanted("o", e) }))
	}},
	{"take", "M=5 N=4 C=7", nil, func(c *kernelRun) {
		c.mem["p"].Elems[3] = 1<<64 - 2
		c.each2("o", func(i, j int) float64 { return c.f("x", (c.i("p", i)+5)%5, j) })
	}},
	{"scatadd", "M=5 N=4 C=9", nil, func(c *kernelRun) {
		c.mem["p"].Elems[3] = 1<<64 - 2
		for i := range 9 {
			for j := range 4 {
				p := (c.i("p", i) + 5) % 5
				c.set("t", c.wanted("t", p, j)+c.f("u", i, j), p, j)
			}
		}
	}},
	{"blur", "M=9 N=11", nil, func(c *kernelRun) {
		r := func(h, j int) float64 {
			return sumLanes(3, func(q int) float64 {
				if h < 0 || h >= 9 || j+q-1 < 0 || j+q-1 >= 11 {
					return 0
				}
				return c.f("x", h, j+q-1)
			})
		}
		c.each2("o", func(i, j int) float64 {
			return sumLanes(3, func(p int) float64 { return r(i+p-1, j) }) / 9
		})
	}},
	{"conv2d", "B=2 C=3 H=4 W=5 F=2", nil, func(c *kernelRun) {
		for o := range 2 * 2 * 4 * 5 {
			n, f, y, z := o/40, o/20%2, o/5%4, o%5
			c.set("o", chainOf(27, func(e int) float64 {
				h, w := y+e/3%3-1, z+e%3-1
				if h < 0 || h >= 4 || w < 0 || w >= 5 {
					return 0
				}
				return c.f("x", n, e/9, h, w)
			}, func(e int) float64 { return c.f("w", f, e/9, e/3%3, e%3) }), n, f, y, z)
		}
	}},
	{"uniform", "M=3 N=5", []float64{11, 42}, func(c *kernelRun) {
		c.each2("o", func(i, j int) float64 { return uniform(uint64(i*5+j), 11, 42) })
	}},
	{"normal", "N=7", []float64{1, 2}, func(c *kernelRun) {
		for i := range 7 {
			u, v := uniform(uint64(2*i), 1, 2), uniform(uint64(2*i+1), 1, 2)
			c.set("o", math.Sqrt(-2*call(OpLog, 1-u))*call(OpCos, 6.283185307179586*v), i)
		}
	}},
	{"gemm_gelu", "S=2 M=3 N=4 K=600", nil, func(c *kernelRun) {
		for e := range 24 {
			s, i, j := e/12, e/4%3, e%4
			v := chainOf(600, func(k int) float64 { return c.f("a", s, i, k) }, func(k int) float64 { return c.f("w", k, j) }) + c.f("b", j)
			cube := float64(float64(v*v) * v)
			th := call(OpTanh, 0.7978845608028654*(v+float64(0.044715*cube)))
			c.set("o", float64(0.5*v)*(1+th), s, i, j)
		}
	}},
	{"matvec", "M=9 K=1100", nil, func(c *kernelRun) {
		for i := range 9 {
			c.set("y", dotLanes(1100, func(k int) float64 { return c.f("a", i, k) }, func(k int) float64 { return c.f("x", k) }), i)
		}
	}},
	{"dot", "K=1100", nil, func(c *kernelRun) {
		var lane [2][16]float32
		for b := range lane {
			for l := range lane[b] {
				lane[b][l] = float32(math.Copysign(0, -1))
			}
		}
		for k := range 1100 {
			l := &lane[k/1024][k%16]
			*l = FMA32(float32(c.f("a", k)), float32(c.f("b", k)), *l)
		}
		for b := range lane {
			for h := 8; h > 0; h /= 2 {
				for l := range h {
					lane[b][l] += lane[b][l+h]
				}
			}
		}
		c.set("y", float64(lane[0][0]+lane[1][0]))
	}},
	{"rbf", "M=3 N=40 D=5", nil, func(c *kernelRun) {
		for i := range 3 {
			c.set("o", sumLanes(40, func(j int) float64 { return exp(-c.distance("x", i, "y", j, 5)) }), i)
		}
	}},
	{"kmeans", "N=60 C=4 D=3", nil, func(c *kernelRun) {
		for i := range 60 {
			best := 0
			for g := range 4 {
				if c.distance("x", i, "c", g, 3) < c.distance("x", i, "c", best, 3) {
					best = g
				}
			}
			c.set("lab", float64(best), i)
			c.want["cnt"][best]++
			for d := range 3 {
				c.set("sum_", c.wanted("sum_", best, d)+c.f("x", i, d), best, d)
			}
		}
	}},
	{"centres", "C=6 D=3", nil, func(c *kernelRun) {
		c.each2("o", func(g, d int) float64 {
			if c.i("cnt", g) == 0 {
				return c.f("c", g, d)
			}
			return c.f("sum_", g, d) / float64(c.i("cnt", g))
		})
	}},
	{"histogram", "N=200 C=7", []float64{-1, 1.5}, func(c *kernelRun) {
		c.mem["x"].Elems[3] = math.Float64bits(1.5)
		for i := range 200 {
			x := c.f("x", i)
			switch {
			case x == 1.5:
				c.want["h"][6]++
			case x >= -1 && x < 1.5:
				c.want["h"][int(math.Floor((x+1)/2.5*7))]++
			}
		}
	}},
	{"nz_count", "N=90", nil, func(c *kernelRun) {
		n := 0
		for i := range 90 {
			if c.f("x", i) != 0 {
				n++
			}
		}
		c.set("n", float64(n))
	}},
	{"nz_append", "N=90 C=90", nil, func(c *kernelRun) {
		n := 0
		for i := range 90 {
			if c.f("x", i) != 0 {
				c.set("p", float64(i), n)
				c.set("v", c.f("x", i), n)
				n++
			}
		}
		if n == 90 {
			c.t.Fatal("no zero in the case")
		}
	}},
	{"attention", "S=2 M=3 N=600 D=4 E=5", []float64{0.5}, func(c *kernelRun) {
		for e := range 30 {
			s, i, f := e/15, e/5%3, e%5
			a := line(600, func(j int) float64 {
				return float64(chainOf(4, func(d int) float64 { return c.f("q", s, i, d) }, func(d int) float64 { return c.f("k", s, j, d) }) * 0.5)
			})
			m := maxOf(600, func(j int) float64 { return a[j] })
			x := line(600, func(j int) float64 { return exp(a[j] - m) })
			z := sumLanes(600, func(j int) float64 { return x[j] })
			c.set("o", chainOf(600, func(j int) float64 { return x[j] / z }, func(j int) float64 { return c.f("v", s, j, f) }), s, i, f)
		}
	}},
	{"cgemm", "M=4 N=3 K=600", nil, func(c *kernelRun) {
		for e := range 12 {
			i, j := e/3, e%3
			var re, im [2]float64
			for b := range re {
				re[b], im[b] = math.Copysign(0, -1), math.Copysign(0, -1)
			}
			for k := range 600 {
				ar, ai, br, bi := c.f("a", i, k, 0), c.f("a", i, k, 1), c.f("b", k, j, 0), c.f("b", k, j, 1)
				b := k / 512
				re[b] = math.FMA(-ai, bi, math.FMA(ar, br, re[b]))
				im[b] = math.FMA(ai, br, math.FMA(ar, bi, im[b]))
			}
			c.set("o", re[0]+re[1], i, j, 0)
			c.set("o", im[0]+im[1], i, j, 1)
		}
	}},
	{"sum_piece", "M=2 K=3100 t=0 T=1", nil, func(c *kernelRun) {
		for i := range 2 {
			c.set("p", sumLanes(3100, func(k int) float64 { return c.f("x", i, k) }), i, 0)
		}
	}},
	{"sum_piece", "M=9 K=0 t=0 T=1", nil, func(c *kernelRun) {
		for i := range 9 {
			c.set("p", 0, i, 0)
		}
	}},
	{"sum_tree", "M=2 T=13", nil, func(c *kernelRun) {
		for i := range 2 {
			c.set("o", treeOf(line(13, func(t int) float64 { return c.f("p", i, t) })), i)
		}
	}},
	{"gemm_piece", "M=3 K=1300 N=2 t=0 T=1", nil, func(c *kernelRun) {
		for e := range 6 {
			c.set("p", chainOf(1300, func(k int) float64 { return c.f("a", e/2, k) }, func(k int) float64 { return c.f("b", k, e%2) }), e/2, e%2, 0)
		}
	}},
	{"xent_grad", "M=3 N=20", nil, func(c *kernelRun) {
		p := c.softmax("x", 20)
		c.each2("o", func(i, j int) float64 {
			h := 0.0
			if j == c.i("y", i) {
				h = 1
			}
			return (p(i, j) - h) * (c.f("g") / 3)
		})
	}},
	{"jstep", "N=40", nil, func(c *kernelRun) {
		for i := range 40 {
			t := dotLanes(40, func(k int) float64 { return c.f("r", i, k) }, func(k int) float64 { return c.f("x", k) })
			c.set("w", (c.f("b", i)-t)/c.f("d", i), i)
		}
		c.set("err", maxOf(40, func(i int) float64 { return math.Abs(c.wanted("w", i) - c.f("x", i)) }))
	}},
	{"cprod", "K=1", nil, func(c *kernelRun) { // started from 1+0i it would be NaN
		c.mem["a"].Elems[0], c.mem["a"].Elems[1] = math.Float64bits(2), math.Float64bits(math.Inf(1))
		c.set("o", 2, 0)
		c.set("o", math.Inf(1), 1)
	}},
	{"cprod", "K=18", nil, func(c *kernelRun) {
		mul := func(x, y [2]float64) [2]float64 {
			return [2]float64{float64(x[0]*y[0]) - float64(x[1]*y[1]), float64(x[0]*y[1]) + float64(x[1]*y[0])}
		}
		z := make([][2]float64, 18)
		for k := range z {
			z[k] = [2]float64{c.f("a", k, 0), c.f("a", k, 1)}
		}
		lane := append([][2]float64{mul(z[0], z[16]), mul(z[1], z[17])}, z[2:16]...)
		for h := 8; h > 0; h /= 2 {
			for l := range h {
				lane[l] = mul(lane[l], lane[l+h])
			}
		}
		c.set("o", lane[0][0], 0)
		c.set("o", lane[0][1], 1)
	}},
	{"cprod", "K=0", nil, func(c *kernelRun) {
		c.set("o", 1, 0)
		c.set("o", 0, 1)
	}},
	{"conj", "N=9", nil, func(c *kernelRun) {
		for i := range 9 {
			c.set("o", c.f("x", i, 0), i, 0)
			c.set("o", -c.f("x", i, 1), i, 1)
		}
	}},
	{"causal", "N=30", nil, func(c *kernelRun) {
		for i := range 30 {
			b := func(j int) float64 {
				if j >= i+1 {
					return -1e300
				}
				return c.f("a", i, j)
			}
			m := maxOf(30, b)
			c.set("z", sumLanes(30, func(j int) float64 { return exp(b(j) - m) }), i)
		}
	}},
}

// each2 sets a result of two axes.
func (c *kernelRun) each2(name string, f func(i, j int) float64) {
	for i := range int(c.ext[name][0]) {
		for j := range int(c.ext[name][1]) {
			c.set(name, f(i, j), i, j)
		}
	}
}

func (c *kernelRun) row(name string, i int, x []float64) {
	for j, v := range x {
		c.set(name, v, i, j)
	}
}

func (c *kernelRun) gemmLog(n int) func(i, j int) float64 {
	for j, bits := range c.mem["x"].Elems {
		c.mem["x"].Elems[j] = math.Float64bits(math.Abs(math.Float64frombits(bits)) + 0.1)
	}
	return func(i, j int) float64 {
		return chainOf(n, func(k int) float64 { return c.f("x", k, i) }, func(k int) float64 { return call(OpLog, c.f("x", k, j)) + 1 })
	}
}

// centered sets y - mean of y's columns, on the first rows.
func (c *kernelRun) centered(name string, m, n int, y func(i, j int) float64) {
	for j := range n {
		col := line(m, func(i int) float64 { return y(i, j) })
		mu := sumLanes(m, func(i int) float64 { return col[i] }) / float64(m)
		for r := range int(c.ext[name][0]) {
			c.set(name, col[r]-mu, r, j)
		}
	}
}

func (c *kernelRun) softmax(name string, n int) func(i, j int) float64 {
	rows := map[int][]float64{}
	return func(i, j int) float64 {
		if rows[i] == nil {
			m := maxOf(n, func(j int) float64 { return c.f(name, i, j) })
			e := line(n, func(j int) float64 { return exp(c.f(name, i, j) - m) })
			s := sumLanes(n, func(j int) float64 { return e[j] })
			rows[i] = line(n, func(j int) float64 { return e[j] / s })
		}
		return rows[i][j]
	}
}

// distance returns the square of the distance of two rows.
func (c *kernelRun) distance(x string, i int, y string, j, n int) float64 {
	return sumLanes(n, func(d int) float64 {
		t := c.f(x, i, d) - c.f(y, j, d)
		return float64(t * t)
	})
}

func uniform(e, k0, k1 uint64) float64 {
	bits := EvalOp(OpPhilox64, Uint64, []DType{Uint64, Uint64, Uint64}, []uint64{e, k0, k1})
	return float64(bits>>11) * 0x1p-53
}

// The sparse examples.
var sparseCases = []kernelCase{
	{"spmv", "M=9 K=30", nil, func(c *kernelRun) { c.spmv(9, 30) }},
	{"spmv", "M=2 K=3000", nil, func(c *kernelRun) { // rows of more than 512 entries
		for j := range 3000 {
			c.mem["A"].Stored[j] = true
		}
		c.spmv(2, 3000)
	}},
	{"spmv", "M=2 K=0", nil, func(c *kernelRun) { c.spmv(2, 0) }},
	{"spmm", "M=9 K=30 N=4", nil, func(c *kernelRun) {
		c.each2("Y", func(i, j int) float64 {
			v, _ := storedOf(30, func(k int) bool { return c.stored("A", i, k) }, func(k int) float64 { return c.f("A", i, k) }, func(k int) float64 { return c.f("X", k, j) })
			return v
		})
	}},
	{"sddmm", "M=5 N=7 K=4", nil, func(c *kernelRun) {
		c.mem["P"].Elems[0] = math.Float64bits(math.NaN()) // annihilated where S stores nothing
		c.each2("o", func(i, j int) float64 {
			if !c.stored("S", i, j) {
				return 0
			}
			return c.f("S", i, j) * chainOf(4, func(k int) float64 { return c.f("P", i, k) }, func(k int) float64 { return c.f("Q", k, j) })
		})
		c.pattern("o", func(i, j int) bool { return c.stored("S", i, j) })
	}},
	{"spadd", "M=9 N=30", nil, func(c *kernelRun) {
		c.each2("o", func(i, j int) float64 { return c.f("a", i, j) + c.f("b", i, j) })
		c.pattern("o", func(i, j int) bool { return c.stored("a", i, j) || c.stored("b", i, j) })
	}},
	{"spmul", "M=9 N=30", nil, func(c *kernelRun) {
		for j, s := range c.mem["a"].Stored { // structural zeros annihilate infinities
			if !s && c.mem["b"].Stored[j] {
				c.mem["b"].Elems[j] = math.Float64bits(math.Inf(1))
			}
		}
		both := func(i, j int) bool { return c.stored("a", i, j) && c.stored("b", i, j) }
		c.each2("o", func(i, j int) float64 {
			if !both(i, j) {
				return 0
			}
			return c.f("a", i, j) * c.f("b", i, j)
		})
		c.pattern("o", both)
	}},
	{"mttkrp", "I=4 J=5 K=6 N=3", nil, func(c *kernelRun) {
		for k := range 6 { // a fibre without entries
			c.mem["A"].Elems[c.at("A", []int{1, 2, k})], c.mem["A"].Stored[c.at("A", []int{1, 2, k})] = 0, false
		}
		c.each2("Y", func(i, r int) float64 {
			t := make([]float64, 5)
			any := make([]bool, 5)
			for j := range t {
				t[j], any[j] = storedOf(6, func(k int) bool { return c.stored("A", i, j, k) }, func(k int) float64 { return c.f("A", i, j, k) }, func(k int) float64 { return c.f("Q", k, r) })
			}
			v, _ := storedOf(5, func(j int) bool { return any[j] }, func(j int) float64 { return t[j] }, func(j int) float64 { return c.f("P", j, r) })
			return v
		})
	}},
	{"spgemm", "M=9 K=30 N=8", nil, func(c *kernelRun) {
		any := map[[2]int]bool{}
		for k := range 30 { // dense row and column of -0 times 1: no position is implicit
			c.mem["A"].Elems[c.at("A", []int{4, k})], c.mem["A"].Stored[c.at("A", []int{4, k})] = 1<<63, true
			c.mem["P"].Elems[c.at("P", []int{k, 5})], c.mem["P"].Stored[c.at("P", []int{k, 5})] = math.Float64bits(1), true
		}
		c.each2("o", func(i, j int) float64 {
			acc, n := math.Copysign(0, -1), 0
			for k := range 30 {
				if c.stored("A", i, k) && c.stored("P", k, j) {
					acc = math.FMA(c.f("A", i, k), c.f("P", k, j), acc)
					n++
				}
			}
			any[[2]int{i, j}] = n > 0
			if n < 30 {
				acc += 0.0
			}
			return acc
		})
		if !math.Signbit(c.wanted("o", 4, 5)) {
			c.t.Fatal("the sign of a full fibre's zero is lost")
		}
		c.pattern("o", func(i, j int) bool { return any[[2]int{i, j}] })
	}},
}

func (c *kernelRun) spmv(m, n int) {
	for i := range m {
		v, _ := storedOf(n, func(k int) bool { return c.stored("A", i, k) }, func(k int) float64 { return c.f("A", i, k) }, func(k int) float64 { return c.f("x", k) })
		c.set("y", v, i)
	}
}

// pattern says which elements of a result must be stored, when the kernel has run.
func (c *kernelRun) pattern(name string, stored func(i, j int) bool) {
	t := c.t
	t.Cleanup(func() {
		for i := range int(c.ext[name][0]) {
			for j := range int(c.ext[name][1]) {
				if c.stored(name, i, j) != stored(i, j) {
					t.Errorf("%s stores %d,%d: %v", name, i, j, !stored(i, j))
				}
			}
		}
	})
}
