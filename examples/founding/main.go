// Command founding runs the program that Numen began with,
//
//	y = x.T.dot(log(x) + 1); z = y - y.mean(axis=0); z[:5]
//
// on a terrain's heights, or on the matrix in a .npy file that is named. It shows how
// calls build a graph, that asking for a value compiles and runs it, and that files of
// NumPy go in as they are.
//
//	go run ./founding
//	go run ./founding x.npy
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/numen-go/numen/bench/data"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/npy"
)

// founding does no work: it describes five rows of a result, so only they are computed
// beyond what the columns' means need.
func founding(x np.Array) np.Array {
	y := np.Dot(x.T(), np.Add(np.Log(x), 1))
	z := np.Subtract(y, np.Mean(y, np.Axis(0)))
	return z.Slice(np.To(5))
}

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]...); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, files ...string) error {
	x, err := npy.Read(bytes.NewReader(data.ElevationNPY)) // heights in metres, int16
	if len(files) > 0 {
		x, err = npy.Load(files[0])
	}
	if err != nil {
		return err
	}
	v, err := founding(x).Eval(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, v)
	return err
}
