// Command kmeans finds the centres of clusters by Lloyd's algorithm. It shows a program
// that is compiled once and called in a Go loop, a tree of arrays as its state, random
// numbers as data, and updates by index arrays.
//
//	go run ./kmeans
package main

import (
	"context"
	"fmt"
	"log"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
)

// state is what a step hands to the next.
type state struct {
	Centres np.Array // clusters, axes
	Moved   np.Array // how far the centres went
}

// step returns one round: every point goes to its nearest centre, every centre to the
// mean of its points.
func step(x np.Array) func(state) state {
	return func(s state) state {
		diff := np.Subtract(x.ExpandDims(1), s.Centres) // points, clusters, axes
		label := np.ArgMin(np.Sum(np.Square(diff), np.Axis(-1)), 1)
		sum := np.ZerosLike(s.Centres).At(label).Add(x)
		count := np.Zeros(np.Shape{s.Centres.Dim(0)}).At(label).Add(1)
		next := np.Divide(sum, np.Maximum(count, 1).ExpandDims(1))
		return state{next, np.Max(np.Abs(np.Subtract(next, s.Centres)))}
	}
}

// cluster starts from the first k points and goes on until no centre moves by more than
// tolerance. It returns the centres and the number of rounds.
func cluster(ctx context.Context, x np.Array, k int, tolerance float64) (np.Array, int, error) {
	const most = 100
	lloyd := np.Compile(step(x))
	defer lloyd.Close()
	s := state{x.Slice(np.To(k)), np.Scalar(0.0)}
	for round := range most {
		var err error
		if s, err = lloyd.Call(ctx, s); err != nil {
			return np.Array{}, round, err
		}
		moved, err := np.Value[float64](ctx, s.Moved)
		if err != nil {
			return np.Array{}, round, err
		}
		if moved <= tolerance {
			return s.Centres, round + 1, nil
		}
	}
	return s.Centres, most, nil
}

// blobs returns n points around k random places: the same ones for the same seed, on
// every machine.
func blobs(ctx context.Context, seed uint64, n, k, axes int) (np.Array, error) {
	keys := random.New(seed).Split(3)
	places := np.Multiply(random.Normal(keys[0], np.Shape{k, axes}), 5)
	label := random.Integers(keys[1], 0, int64(k), np.Shape{n})
	noise := random.Normal(keys[2], np.Shape{n, axes})
	return np.Add(places.Take(label, 0), noise).Eval(ctx)
}

func main() {
	ctx := context.Background()
	x, err := blobs(ctx, 1, 10_000, 8, 4)
	if err != nil {
		log.Fatal(err)
	}
	centres, rounds, err := cluster(ctx, x, 8, 1e-9)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d rounds\n%v\n", rounds, centres)
}
