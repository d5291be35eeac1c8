package main

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	np "github.com/numen-go/numen/expr"
)

// A problem is one computation at one size. Whoever takes part in the comparison has a
// form of it: Numen a program, plain Go loops, Python an expression.
type problem struct {
	name  string // group/what/size
	title string // what is computed, for readers
	in    []input

	build   func(x []np.Array) np.Array    // the program
	plain   func(in []array, out array)    // plain Go loops on all cores
	gonum   func(in []array, out array)    // gonum's routines, nil where it has none
	python  string                         // statements over np and the inputs, the last an expression
	numexpr string                         // the same for numexpr; empty where it cannot say it
	numba   string                         // loops that write out, where Numba does not take python
	c       string                         // the loop of c/kernels.c; empty: there is none
	sleef   string                         // SLEEF's function, as c/kernels.c names it
	without string                         // the contender that would take seconds a call or minutes to compile, or that has no form of it
	work    func(shapes [][]int) (ops int) // arithmetic operations of a call; a function is one

	// exact is the result of one element's arguments; nil where errors are not measured.
	exact func(x, y *big.Float) *big.Float

	tolerance float64 // largest difference of two results allowed, over the largest element
	judged    bool    // is run by the evaluator however long that takes
	both      bool    // results reused and fresh are both of interest though small
	resized   bool    // one axis, of another size with every call: see cycle

	repeat func(x []np.Array) // what is timed instead of the program: building it
}

// groups lists the problems of every file, in the order in which they are listed and run.
var groups = []func() []*problem{
	foundingProblems, numexprProblems, oceanProblems, financeProblems, rowProblems,
	fusionProblems, contractProblems, overheadProblems,
	streamProblems, reduceProblems, functionProblems,
}

func allProblems() []*problem {
	var all []*problem
	for _, g := range groups {
		all = append(all, g()...)
	}
	return all
}

func (p *problem) group() string { return p.name[:strings.IndexByte(p.name, '/')] }

// compared reports whether contenders' results are the same thing, and there are any.
func (p *problem) compared() bool { return !p.resized && p.repeat == nil }

// result returns the type of the problem's result.
func (p *problem) result() (np.DType, []int, error) {
	specs := make([]np.Array, len(p.in))
	for i, in := range p.in {
		specs[i] = np.Spec(in.dtype, in.shape...)
	}
	y := p.build(specs)
	return y.DType(), y.Shape(), y.Err()
}

// cost is what a call must do at least, and the size of the memory that it works in.
type cost struct {
	in, out int // bytes that a call has to read and to write
	ops     int // arithmetic operations
}

func (c cost) bytes() int { return c.in + c.out }

func (p *problem) cost() (cost, error) {
	d, shape, err := p.result()
	if err != nil {
		return cost{}, err
	}
	c := cost{out: elements(shape) * d.Size()}
	shapes := make([][]int, len(p.in))
	for i, in := range p.in {
		c.in += elements(in.shape) * in.dtype.Size()
		shapes[i] = in.shape
	}
	if p.work != nil {
		c.ops = p.work(shapes)
	}
	return c, nil
}

// size describes the inputs: "3 x [10000000] float64".
func (p *problem) size() string {
	var parts []string
	for i := 0; i < len(p.in); {
		in, n := p.in[i], 1
		for i+n < len(p.in) && p.in[i+n].dtype == in.dtype && slices.Equal(p.in[i+n].shape, in.shape) {
			n++
		}
		text := dims(in.shape) + " " + in.dtype.String()
		if n > 1 {
			text = strconv.Itoa(n) + " times " + text
		}
		parts = append(parts, text)
		i += n
	}
	return strings.Join(parts, ", ")
}

// dims writes a shape: 20000x200.
func dims(shape []int) string {
	if len(shape) == 0 {
		return "one"
	}
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, "x")
}

func elements(shape []int) int {
	n := 1
	for _, e := range shape {
		n *= e
	}
	return n
}

// perElement is the work of k operations on every element of the first input.
func perElement(k int) func([][]int) int {
	return func(shapes [][]int) int { return k * elements(shapes[0]) }
}

// power names a size as 1e7 where it is one.
func power(n int) string {
	text := strconv.Itoa(n)
	if n >= 1000 && strings.Trim(text[1:], "0") == "" && text[0] == '1' {
		return fmt.Sprintf("1e%d", len(text)-1)
	}
	return text
}
