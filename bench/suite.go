package main

import (
	"fmt"
	"regexp"
	"slices"

	np "github.com/numen-go/numen/expr"
)

// An entry of a suite is a problem with what its figures must be.
type entry struct {
	problem *problem
	single  bool     // everybody has one thread
	peers   []string // who of the Python peers takes part: compiling for all takes minutes
	bars    []bar
}

// suites are run by their names, in the place of a regular expression.
var suites = map[string]func() []entry{"cpu": cpuSuite}

// Peers by what they are good for.
var (
	everybody = []string{"numpy", "numexpr", "jax", "numba", "torch"}
	compilers = []string{"jax", "numba", "torch"}
)

// cpuSuite is what machine code on the CPU is held to.
func cpuSuite() []entry {
	s := suite{named: map[string]*problem{}}
	for _, p := range allProblems() {
		s.named[p.name] = p
	}
	dtypes := []np.DType{np.Float64, np.Float32}

	// Bandwidth.
	for _, what := range []string{"muladd", "linear", "poly"} {
		for _, d := range dtypes {
			at := func(bytes int) string { return "stream/" + what + "/" + d.String() + "/" + power(bytes/d.Size()) }
			s.add(at(128<<20), everybody, ofRoof(0.9))
			s.addSingle(at(128<<10), nil, asFast(0.8, "c"))
			s.addSingle(at(7680), nil, asFast(0.8, "c"))
		}
	}
	for _, what := range []string{"sum", "mean", "max"} {
		for _, over := range []string{"all", "rows", "columns"} {
			s.add("reduce/"+what+"/"+over+"/4096x4096", []string{"numpy", "jax"}, ofRoof(0.9))
		}
	}
	s.addSingle("reduce/sum/columns/256x256", []string{"numpy"}, ofRoof(0.8), asFast(0.8, "c"))

	// Functions.
	for _, name := range []string{"numexpr/logs/1e7", "numexpr/logs/float32/1e7", "finance/blackscholes/float32/1e7", "finance/blackscholes/float64/1e7"} {
		s.add(name, everybody, faster(3, "numpy", "numexpr"), faster(1.2, compilers...))
	}
	for _, f := range []struct {
		name       string
		f64, f32   float64 // ns an element, of the function notes at AVX-512
		numpy      float64 // how many times as fast as NumPy; 0: it has no vector code for it
		numpyFloat float64
	}{
		{"exp", 0.68, 0.26, 1, 1}, {"log", 0.96, 0.46, 1, 1}, {"sin", 1.16, 0.52, 1, 1}, {"cos", 1.14, 0.52, 1, 1},
		{"tanh", 1.78, 0.80, 1, 0.7}, {"erf", 2.03, 0.54, 0, 0}, {"pow", 2.76, 0.87, 1, 0.7},
		{"exp2", 0.59, 0.23, 1, 1}, {"expm1", 0.98, 0.42, 1, 1}, {"log2", 1.06, 0.49, 1, 1}, {"log1p", 1.56, 0.68, 1, 1},
	} {
		for _, d := range dtypes {
			ns, numpy := f.f64, f.numpy
			if d == np.Float32 {
				ns, numpy = f.f32, f.numpyFloat
			}
			bars := []bar{each(ns), asFast(1, "sleef")}
			if numpy > 0 {
				bars = append(bars, asFast(numpy, "numpy"))
			}
			s.addSingle("functions/"+f.name+"/"+d.String()+"/"+power(functionSize), []string{"numpy"}, bars...)
		}
	}
	s.addSingle("ocean/density/1048576", []string{"numpy", "jax"}, faster(1.2, "jax"))

	// Reductions along an axis, and what is computed from them.
	for _, name := range []string{
		"rows/softmax/float32/64x16x512x512", "rows/layernorm/float32/8192x1024", "rows/centre/float64/20000x200",
		"fusion/squares/last", "fusion/squares/first",
	} {
		s.add(name, []string{"numpy", "jax", "torch"}, faster(1.2, "jax", "torch"), faster(3, "numpy"))
	}
	s.add("fusion/sumcos/1e7", []string{"numpy", "jax", "numba"}, faster(2, "jax"))
	for _, name := range []string{"fusion/rbf/4096", "fusion/gravity/4096"} { // one number for each of the first points, not for each pair
		s.add(name, []string{"numpy", "jax", "numba"}, faster(2, "jax"), holds(4*4096*8))
	}

	// Products.
	for _, d := range dtypes {
		for _, n := range []int{1024, 2048} {
			name := "contract/gemm/" + d.String() + "/" + power(n)
			s.add(name, []string{"numpy"}, asFast(0.95, "numpy"), ofRoof(0.85))
			s.addSingle(name, []string{"numpy"}, asFast(0.95, "numpy"), ofRoof(0.85))
		}
		for _, n := range []int{8, 16, 32} {
			s.addSingle("contract/gemm/"+d.String()+"/"+power(n), []string{"numpy"}, asFast(1.5, "numpy"))
		}
		s.addSingle("contract/gemm/"+d.String()+"/64", []string{"numpy"}, ofRoof(0.8))
		for _, name := range []string{"skinny/" + d.String() + "/6x1024x1024", "skinny/" + d.String() + "/1024x1024x8", "batch/" + d.String() + "/1024x32x32"} {
			s.add("contract/"+name, []string{"numpy"}, faster(1.5, "numpy"))
		}
	}
	s.add("founding/random", []string{"numpy", "jax", "numba"}, faster(2, "numpy"))

	// What is around the arithmetic.
	s.add("overhead/10nodes/10", nil, coldUnder(300e3), under(1500), allocatesNothing())
	s.add("overhead/100nodes/1e3", nil, coldUnder(3e6))
	s.add("overhead/1000nodes/1e3", nil, coldUnder(30e6))
	s.add("overhead/newsize/1e3", nil, under(20e3))
	s.add("overhead/build", nil, under(700))

	// A process of Python for each number of threads is started once.
	slices.SortStableFunc(s.entries, func(a, b entry) int {
		switch {
		case a.single == b.single:
			return 0
		case a.single:
			return 1
		}
		return -1
	})
	return s.entries
}

// suite collects entries.
type suite struct {
	named   map[string]*problem
	entries []entry
}

func (s *suite) add(name string, peers []string, bars ...bar) {
	p := s.named[name]
	if p == nil {
		panic("there is no problem " + name)
	}
	s.entries = append(s.entries, entry{problem: p, peers: peers, bars: bars})
}

func (s *suite) addSingle(name string, peers []string, bars ...bar) {
	s.add(name, peers, bars...)
	s.entries[len(s.entries)-1].single = true
}

// suitePart returns the entries whose problems' names match a regular expression.
func suitePart(all []entry, expression string) ([]entry, error) {
	pattern, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	part := slices.DeleteFunc(all, func(e entry) bool { return !pattern.MatchString(e.problem.name) })
	if len(part) == 0 {
		return nil, fmt.Errorf("no problem of the suite matches %q: see -list", expression)
	}
	return part, nil
}
