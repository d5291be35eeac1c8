package lowertest

import (
	_ "embed"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
)

//go:embed kernels.txt
var kernelsText string

// example is a kernel with numbers for its dims.
type example struct {
	kernel *ir.Kernel
	dims   []map[string]int64
}

// examples reads kernels.txt.
func examples() ([]example, error) {
	var out []example
	for _, text := range strings.Split(kernelsText, "\n\n") {
		head, body, _ := strings.Cut(strings.TrimSpace(text), "\n")
		list, ok := strings.CutPrefix(head, "dims ")
		if !ok {
			continue // a comment
		}
		k, err := ir.ParseKernel(body)
		if err != nil {
			return nil, err
		}
		if err := k.Verify(); err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		e := example{kernel: k}
		for _, one := range strings.Split(list, ";") {
			dims := map[string]int64{}
			for _, f := range strings.Fields(one) {
				name, number, _ := strings.Cut(f, "=")
				n, err := strconv.ParseInt(number, 10, 64)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", k.Name, err)
				}
				dims[name] = n
			}
			e.dims = append(e.dims, dims)
		}
		out = append(out, e)
	}
	return out, nil
}

// Example is a kernel that every target is held to, with numbers for its dims: several are
// several problems.
type Example struct {
	Kernel *ir.Kernel
	Dims   [][]int64
}

// Examples yields the kernels of the kit, for tests of what a target does beside it.
func Examples() iter.Seq[Example] {
	return func(yield func(Example) bool) {
		all, err := examples()
		if err != nil {
			panic(err) // they are part of the package
		}
		for _, e := range all {
			x := Example{Kernel: e.kernel}
			for _, dims := range e.dims {
				numbers := make([]int64, len(e.kernel.Dims))
				for i, d := range e.kernel.Dims {
					numbers[i] = dims[d]
				}
				x.Dims = append(x.Dims, numbers)
			}
			if !yield(x) {
				return
			}
		}
	}
}
