// Package programs holds small whole programs written against package np alone, with data
// to run them on. They are what every kind of array is held to: a program knows no target,
// and a target no program.
package programs

import (
	"context"
	"fmt"
	"math/rand/v2"

	np "github.com/numen-go/numen/expr"
)

// Program is a computation and what it is computed on.
type Program struct {
	Name  string
	Doc   string // the formula
	In    []Input
	Build func(x []np.Array) []np.Array
}

// Input says what an operand of a program holds.
type Input struct {
	DType np.DType
	Shape np.Shape
	Draw  func(r *rand.Rand) float64 // an element that differs from Fill
	Fill  float64                    // what the others are
	Share float64                    // how many differ, 0 to 1
}

// Arrays returns the operands of p, dense and on the host: the same ones at every call.
func (p *Program) Arrays(ctx context.Context) ([]np.Array, error) {
	out := make([]np.Array, len(p.In))
	for i, in := range p.In {
		r := rand.New(rand.NewPCG(uint64(i), uint64(len(p.Name))))
		n := 1
		for _, e := range in.Shape {
			n *= e
		}
		v := make([]float64, n)
		for k := range v {
			if v[k] = in.Fill; r.Float64() < in.Share {
				v[k] = in.Draw(r)
			}
		}
		var err error
		if out[i], err = np.AsType(np.FromSlice(v, in.Shape...), in.DType).Eval(ctx); err != nil {
			return nil, fmt.Errorf("program %s, operand %d: %w", p.Name, i, err)
		}
	}
	return out, nil
}

// normal is an operand of normal numbers, of which a third is not zero.
func normal(shape ...int) Input {
	return Input{np.Float64, shape, (*rand.Rand).NormFloat64, 0, 0.35}
}

// positive is an operand of numbers above zero, of which a third is not one.
func positive(shape ...int) Input {
	return Input{np.Float64, shape, func(r *rand.Rand) float64 { return 0.1 + 3*r.Float64() }, 1, 0.35}
}

// full is an operand without a value that stands out.
func full(shape ...int) Input {
	return Input{np.Float64, shape, (*rand.Rand).NormFloat64, 0, 1}
}

// whole is an operand of integers from 0 to below n.
func whole(d np.DType, n int, shape ...int) Input {
	return Input{d, shape, func(r *rand.Rand) float64 { return float64(r.IntN(n)) }, 0, 0.6}
}

// of returns in with elements of another dtype.
func (in Input) of(d np.DType) Input {
	in.DType = d
	return in
}

// one returns the build function of a program with one result.
func one(f func(x []np.Array) np.Array) func(x []np.Array) []np.Array {
	return func(x []np.Array) []np.Array { return []np.Array{f(x)} }
}

// All returns the programs, each with a name of its own.
func All() []Program {
	var all []Program
	for _, group := range [][]Program{elementwise, reductions, contractions, movements, models} {
		all = append(all, group...)
	}
	return all
}
