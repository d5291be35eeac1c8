// Command standardise reads a CSV file with a header and writes it with every numeric
// column shifted to mean 0 and scaled to standard deviation 1; other columns stay as they
// are. It shows how Go slices become an array and come back, and reductions with options.
//
//	go run ./standardise < table.csv
//	go run ./standardise -example
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"strconv"

	np "github.com/numen-go/numen/expr"
)

// planets is a table of the planets, from NASA's Planetary Fact Sheet.
//
//go:embed planets.csv
var planets []byte

// standardise works on the columns of a matrix. A column of equal numbers has no spread
// to divide by and becomes zeros.
func standardise(x np.Array) np.Array {
	spread := x.Std(np.Axis(0), np.Correction(1))
	spread = np.Where(np.Equal(spread, 0), 1, spread)
	return x.Subtract(x.Mean(np.Axis(0))).Divide(spread)
}

func main() {
	example := flag.Bool("example", false, "use a table of the planets instead of standard input")
	flag.Parse()
	var in io.Reader = os.Stdin
	if *example {
		in = bytes.NewReader(planets)
	}
	if err := run(context.Background(), in, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	records, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return err
	}
	if len(records) < 2 {
		return errors.New("a header and at least one row are wanted")
	}
	rows := records[1:]
	columns := numeric(rows)
	x := make([][]float64, len(rows))
	for i, r := range rows {
		for _, j := range columns {
			v, err := strconv.ParseFloat(r[j], 64)
			if err != nil {
				return err
			}
			x[i] = append(x[i], v)
		}
	}
	z, err := np.Values[float64](ctx, standardise(np.FromRows(x)))
	if err != nil {
		return err
	}
	for i, r := range rows {
		for k, j := range columns {
			r[j] = strconv.FormatFloat(z[i*len(columns)+k], 'g', 6, 64)
		}
	}
	w := csv.NewWriter(out)
	return w.WriteAll(records)
}

// numeric returns the columns that hold a number in every row.
func numeric(rows [][]string) []int {
	var columns []int
	for j := range rows[0] {
		all := true
		for _, r := range rows {
			_, err := strconv.ParseFloat(r[j], 64)
			all = all && err == nil
		}
		if all {
			columns = append(columns, j)
		}
	}
	return columns
}
