package ir

import "strconv"

// tanh in float32: a table of 16 intervals and a polynomial on each. Two intervals make an
// octave from 1/16 on, and the first goes from there to 0.

// tanh32Near[0] are points c inside the intervals at which tanh is a float32 but for
// 2^-13 of its last place, tanh32Near[1] is tanh(c), and the rest are coefficients of
// (tanh(c+t) - tanh(c))/t, to 2^-27 of tanh. On the first interval c is 0 and the
// coefficients are those of tanh(t)/t - 1. The last four bits of bits(x) >> 22 find the
// interval of x.
var tanh32Near = tanhTables(
	[]float64{
		0x1.3dccd4p1, 0x1.bd745ap1, 0x1.401728p2, 0x1.c2423ep2, 0x1.15424p3, 0, 0x1.3ed1aap-4, 0x1.be178ap-4,
		0x1.41cd28p-3, 0x1.bfd6b6p-3, 0x1.3edd3ep-2, 0x1.c16e58p-2, 0x1.401808p-1, 0x1.c10af4p-1, 0x1.410236p0,
		0x1.c1b5c8p0,
	},
	[]float64{
		0x1.f8e894p-1, 0x1.ff077ep-1, 0x1.fff422p-1, 0x1.ffffccp-1, 0x1.fffffep-1, 0, 0x1.3e2d3cp-4, 0x1.bc5628p-4,
		0x1.3f2dccp-3, 0x1.b8d5a4p-3, 0x1.34f156p-2, 0x1.a6a2bcp-2, 0x1.1c0522p-1, 0x1.68eccep-1, 0x1.b2e29p-1,
		0x1.e25fp-1,
	},
	[]float64{
		0x1.c2b662p-6, 0x1.f08b68p-9, 0x1.7bb80cp-13, 0x1.9ff682p-19, 0x1.fd1fa2p-24, 0, 0x1.fce918p-1,
		0x1.f9f98ap-1, 0x1.f39066p-1, 0x1.e84708p-1, 0x1.d1654cp-1, 0x1.a8c862p-1, 0x1.62724ep-1, 0x1.01929p-1,
		0x1.1d3b08p-2, 0x1.cc5884p-4,
	},
	[]float64{
		-0x1.bc77bp-6, -0x1.ef9b38p-9, -0x1.7bf006p-13, -0x1.a03faep-19, -0x1.fa43a8p-24, 0, -0x1.3c4166p-4,
		-0x1.b71b8cp-4, -0x1.376d32p-3, -0x1.a468bcp-3, -0x1.18d252p-2, -0x1.5ea422p-2, -0x1.893deap-2,
		-0x1.6b246p-2, -0x1.e48a82p-3, -0x1.b1b4bap-4,
	},
	[]float64{
		0x1.2012fcp-6, 0x1.4924dap-9, 0x1.fa88aap-14, 0x1.15c512p-19, 0x1.75b8ep-24, -0x1.555556p-2, -0x1.4d84f2p-2,
		-0x1.455f34p-2, -0x1.34b406p-2, -0x1.185a9p-2, -0x1.c30924p-3, -0x1.14eab4p-3, -0x1.22707p-6, 0x1.511eaap-4,
		0x1.bacfe6p-4, 0x1.fe50cep-5,
	},
	[]float64{
		-0x1.0ff7c6p-7, -0x1.467c48p-10, -0x1.f43efap-15, -0x1.123f7cp-20, -0x1.8f4b24p-25, 0, 0x1.8f03d4p-5,
		0x1.1ffcb4p-4, 0x1.9090eep-4, 0x1.045d26p-3, 0x1.436538p-3, 0x1.5b87c4p-3, 0x1.1a4e7ap-3, 0x1.ed344ep-5,
		-0x1.a8af0cp-7, -0x1.7f5754p-6,
	},
	[]float64{
		0x1.8092f2p-9, 0x1.0180c2p-11, 0x1.8fcea8p-16, 0x1.b18d76p-22, 0, 0x1.111112p-3, 0x1.4dd78ep0, 0,
		0x1.d609e2p-5, 0x1.2f262p-3, 0x1.55858ep-5, -0x1.f41b6ep-8, -0x1.c76b96p-5, -0x1.e12272p-5, -0x1.345216p-6,
		0x1.f01a6p-9,
	},
	[]float64{
		-0x1.723872p-11, -0x1.55940ap-13, -0x1.342206p-17, -0x1.522032p-23, 0, 0, 0, 0, 0, 0, -0x1.441a1ap-4, 0,
		-0x1.89b79ap-6, 0x1.9bebccp-7, 0x1.ead916p-7, 0x1.0379c2p-9,
	},
	[]float64{
		0x1.ef7258p-15, 0x1.5f2c1ep-15, 0x1.5f1ca4p-19, 0x1.9f10cep-25, 0, -0x1.ba1ba2p-5, 0, 0, 0, 0, 0, 0,
		0x1.6d87bap-5, 0, -0x1.328f32p-8, -0x1.07f832p-9,
	},
)

func tanhTables(rows ...[]float64) (all []*Table) {
	for i, row := range rows {
		all = append(all, floatTable("tanh "+strconv.Itoa(i), Float32, row...))
	}
	return all
}

func expandTanh32(f *formula, x *Expr) *Expr {
	const least = 0x1p-4                       // of the second interval
	a := f.Apply(OpMin, f.abs(x), f.num(9.25)) // beyond, tanh is 1 to the last bit; NaN passes
	at := f.Apply(OpMax, a, f.num(least*0.75)) // in the first interval
	i := f.shr(f.bits(at), f.int(22))
	near := make([]*Expr, len(tanh32Near))
	for k, t := range tanh32Near {
		near[k] = f.LookupTable(t, i)
	}
	t := f.sub(a, near[0]) // exact
	y := f.fma(t, f.poly(t, f.mul(t, t), near[2:]), f.sel(f.lt(a, f.num(least)), a, near[1]))
	return f.xorSign(y, f.sign(x))
}
