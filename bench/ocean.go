package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	np "github.com/numen-go/numen/expr"
)

// seawater holds the coefficients v01 to v48 of the density of seawater as a function of
// Absolute Salinity (g/kg), Conservative Temperature (deg C) and sea pressure (dbar): the
// 48-term rational function of TEOS-10 (IOC, SCOR and IAPSO, 2010: The international
// thermodynamic equation of seawater, appendices A.30 and K; gsw_rho of the GSW Toolbox
// 3.01, whose published values a test repeats).
var seawater = [49]float64{
	1: 9.998420897506056e+2, 2.839940833161907e0, -3.147759265588511e-2, 1.181805545074306e-3,
	-6.698001071123802e0, -2.986498947203215e-2, 2.327859407479162e-4, -3.988822378968490e-2,
	5.095422573880500e-4, -1.426984671633621e-5, 1.645039373682922e-7, -2.233269627352527e-2,
	-3.436090079851880e-4, 3.726050720345733e-6, -1.806789763745328e-4, 6.876837219536232e-7,
	-3.087032500374211e-7, -1.988366587925593e-8, -1.061519070296458e-11, 1.550932729220080e-10,
	1.0, 2.775927747785646e-3, -2.349607444135925e-5, 1.119513357486743e-6,
	6.743689325042773e-10, -7.521448093615448e-3, -2.764306979894411e-5, 1.262937315098546e-7,
	9.527875081696435e-10, -1.811147201949891e-11, -3.303308871386421e-5, 3.801564588876298e-7,
	-7.672876869259043e-9, -4.634182341116144e-11, 2.681097235569143e-12, 5.419326551148740e-6,
	-2.742185394906099e-5, -3.212746477974189e-7, 3.191413910561627e-9, -1.931012931541776e-12,
	-1.105097577149576e-7, 6.211426728363857e-10, -1.119011592875110e-10, -1.941660213148725e-11,
	-1.864826425365600e-14, 1.119522344879478e-14, -1.200507748551599e-15, 6.057902487546866e-17,
}

// density is the function in Python, with names for the coefficients; sqrt is NumPy's or
// numexpr's.
const density = "(v01 + t*(v02 + t*(v03 + v04*t)) + s*(v05 + t*(v06 + v07*t) + sqrt(s)*(v08 + t*(v09 + t*(v10 + v11*t))))" +
	" + p*(v12 + t*(v13 + v14*t) + s*(v15 + v16*t) + p*(v17 + t*(v18 + v19*t) + v20*s)))" +
	" / (v21 + t*(v22 + t*(v23 + t*(v24 + v25*t))) + s*(v26 + t*(v27 + t*(v28 + t*(v29 + v30*t))) + v36*s" +
	" + sqrt(s)*(v31 + t*(v32 + t*(v33 + t*(v34 + v35*t)))))" +
	" + p*(v37 + t*(v38 + t*(v39 + v40*t)) + s*(v41 + v42*t) + p*(v43 + t*(v44 + v45*t + v46*s) + p*(v47 + v48*t))))"

// oceanProblems compute the density of sea water: over a hundred operations an element,
// the kind of expression that climate models are made of.
func oceanProblems() []*problem {
	numbers := density
	for i, v := range seawater {
		numbers = strings.ReplaceAll(numbers, fmt.Sprintf("v%02d", i), strconv.FormatFloat(v, 'g', -1, 64))
	}
	ops := 0
	for _, op := range []string{"*", " + ", "/", "sqrt"} {
		ops += strings.Count(density, op)
	}
	var all []*problem
	for _, n := range []int{4096, 65536, 1 << 20, 1 << 22} {
		in := uniform("stp", np.Float64, 30, 40, n)
		in[1].lo, in[1].hi = 1, 25
		in[2].lo, in[2].hi = 1, 1000
		all = append(all, &problem{
			name: "ocean/density/" + power(n), title: "density of sea water (TEOS-10, 48 terms)",
			in:     in,
			build:  func(x []np.Array) np.Array { return densityOf(x[0], x[1], x[2]) },
			plain:  loop(densityLoop),
			python: strings.ReplaceAll(numbers, "sqrt", "np.sqrt"), numexpr: numbers,
			work: perElement(ops), tolerance: 1e-13,
		})
	}
	return all
}

// horner returns the polynomial c[0] + x*(c[1] + x*(c[2] ...)).
func horner(x np.Array, c ...float64) np.Array {
	y := np.Multiply(c[len(c)-1], x)
	for i := len(c) - 2; i > 0; i-- {
		y = np.Multiply(x, np.Add(c[i], y))
	}
	return np.Add(c[0], y)
}

func densityOf(s, t, p np.Array) np.Array {
	v, root := &seawater, np.Sqrt(s)
	sum := func(terms ...np.Array) np.Array {
		y := terms[0]
		for _, term := range terms[1:] {
			y = np.Add(y, term)
		}
		return y
	}
	above := sum(horner(t, v[1:5]...),
		np.Multiply(s, sum(horner(t, v[5:8]...), np.Multiply(root, horner(t, v[8:12]...)))),
		np.Multiply(p, sum(horner(t, v[12:15]...), np.Multiply(s, horner(t, v[15:17]...)),
			np.Multiply(p, sum(horner(t, v[17:20]...), np.Multiply(v[20], s))))))
	cubic := np.Multiply(p, horner(t, v[47:49]...))
	below := sum(horner(t, v[21:26]...),
		np.Multiply(s, sum(horner(t, v[26:31]...), np.Multiply(v[36], s), np.Multiply(root, horner(t, v[31:36]...)))),
		np.Multiply(p, sum(horner(t, v[37:41]...), np.Multiply(s, horner(t, v[41:43]...)),
			np.Multiply(p, sum(np.Add(v[43], np.Multiply(t, np.Add(np.Add(v[44], np.Multiply(v[45], t)), np.Multiply(v[46], s)))), cubic)))))
	return np.Divide(above, below)
}

func densityLoop(salinity, temperature, pressure, out []float64) {
	v := &seawater
	for i, s := range salinity {
		t, p, root := temperature[i], pressure[i], math.Sqrt(s)
		above := v[1] + t*(v[2]+t*(v[3]+v[4]*t)) + s*(v[5]+t*(v[6]+v[7]*t)+root*(v[8]+t*(v[9]+t*(v[10]+v[11]*t)))) +
			p*(v[12]+t*(v[13]+v[14]*t)+s*(v[15]+v[16]*t)+p*(v[17]+t*(v[18]+v[19]*t)+v[20]*s))
		below := v[21] + t*(v[22]+t*(v[23]+t*(v[24]+v[25]*t))) +
			s*(v[26]+t*(v[27]+t*(v[28]+t*(v[29]+v[30]*t)))+v[36]*s+root*(v[31]+t*(v[32]+t*(v[33]+t*(v[34]+v[35]*t))))) +
			p*(v[37]+t*(v[38]+t*(v[39]+v[40]*t))+s*(v[41]+v[42]*t)+p*(v[43]+t*(v[44]+v[45]*t+v[46]*s)+p*(v[47]+v[48]*t)))
		out[i] = above / below
	}
}
