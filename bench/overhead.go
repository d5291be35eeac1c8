package main

import (
	"math"
	"strconv"
	"strings"

	np "github.com/numen-go/numen/expr"
)

// overheadProblems are so small that what is around the arithmetic is all there is.
// Reused results are np.Bound.Run; fresh ones build the graph and evaluate it, compiled
// before; the cold column is the first time, compilation included.
func overheadProblems() []*problem {
	var all []*problem
	for _, c := range []struct{ rounds, n int }{{1, 10}, {2, 10}, {20, 1000}, {200, 1000}} {
		p := chainProblem(c.rounds, c.n)
		p.name = "overhead/" + strconv.Itoa(c.rounds*len(round)) + "nodes/" + power(c.n)
		p.both = true
		all = append(all, p)
	}
	sized := chainProblem(2, 1000)
	sized.name, sized.resized = "overhead/newsize/1e3", true
	sized.title += ", every call of another size"

	build := chainProblem(1, 10)
	build.name, build.title = "overhead/build", "building: one public call, np.Add(a, b)"
	build.repeat = func(x []np.Array) { np.Add(x[0], x[1]) }
	build.plain, build.python, build.numexpr, build.work = nil, "", "", nil
	return append(all, sized, build)
}

// round is what a chain of nodes repeats; all five need the one before.
var round = []struct {
	python, numexpr string
	build           func(v, a, b np.Array) np.Array
}{
	{"v * b", "(%v * b)", func(v, _, b np.Array) np.Array { return np.Multiply(v, b) }},
	{"v + a", "(%v + a)", func(v, a, _ np.Array) np.Array { return np.Add(v, a) }},
	{"np.sqrt(v)", "sqrt(%v)", func(v, _, _ np.Array) np.Array { return np.Sqrt(v) }},
	{"v - b", "(%v - b)", func(v, _, b np.Array) np.Array { return np.Subtract(v, b) }},
	{"v / a", "(%v / a)", func(v, a, _ np.Array) np.Array { return np.Divide(v, a) }},
}

// chainProblem is a program of so many rounds on n elements.
func chainProblem(rounds, n int) *problem {
	lines, nested := []string{"v = a"}, "a"
	for range rounds {
		for _, l := range round {
			lines = append(lines, "v = "+l.python)
			nested = strings.ReplaceAll(l.numexpr, "%v", nested)
		}
	}
	without := ""
	if rounds > 10 {
		nested = "" // numexpr's parser does not go that deep
		without = "numba"
	}
	in := uniform("ab", np.Float64, 1, 2, n)
	in[1].lo, in[1].hi = 0.1, 0.9
	return &problem{
		title: strconv.Itoa(rounds*len(round)) + " elementwise nodes",
		in:    in,
		build: func(x []np.Array) np.Array {
			v := x[0]
			for range rounds {
				for _, l := range round {
					v = l.build(v, x[0], x[1])
				}
			}
			return v
		},
		plain: loop(func(a, b, _, out []float64) {
			for i := range out {
				v := a[i]
				for range rounds {
					v = (math.Sqrt(v*b[i]+a[i]) - b[i]) / a[i]
				}
				out[i] = v
			}
		}),
		python: strings.Join(append(lines, "v"), "\n"), numexpr: nested, without: without,
		work: perElement(rounds * len(round)), tolerance: 1e-12,
	}
}
