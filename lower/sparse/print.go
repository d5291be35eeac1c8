package sparse

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
)

// printed is how many elements String shows.
const printed = 10

// String says how the array is stored and shows the first elements. Nothing is made dense.
func (d *Data) String() string {
	if d.Vals == nil {
		return "sparse, nothing was written yet"
	}
	name := (&ir.Format{Levels: d.Format.Levels, Axes: d.Format.Axes}).String()
	extents := make([]string, len(d.Extents))
	for i, n := range d.Extents {
		extents[i] = strconv.FormatInt(n, 10)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d of %s stored, fill %s", name, d.Stored(), strings.Join(extents, "x"), text(d.DType, d.Format.Fill))
	shown := 0
	d.each(func(at []int32, pos int64) bool {
		if shown == printed {
			fmt.Fprintf(&b, "\n ... %d more", d.Stored()-printed)
			return false
		}
		words := make([]string, len(at))
		for i, x := range at {
			words[i] = strconv.Itoa(int(x))
		}
		fmt.Fprintf(&b, "\n (%s) %s", strings.Join(words, ", "), text(d.DType, d.Bits(pos)))
		shown++
		return true
	})
	return b.String()
}

// each calls f with the coordinates by axis and the position of every element, in storage
// order, until it returns false.
func (d *Data) each(f func(at []int32, pos int64) bool) {
	at := make([]int32, len(d.Extents))
	var walk func(l int, p int64) bool
	walk = func(l int, p int64) bool {
		if l == len(d.Format.Levels) {
			return f(at, p)
		}
		x := &at[axis(d.Format, l)]
		switch d.Format.Levels[l] {
		case ir.LevelDense:
			n := d.Extents[axis(d.Format, l)]
			for i := range n {
				if *x = int32(i); !walk(l+1, p*n+i) {
					return false
				}
			}
			return true
		case ir.LevelSingleton:
			*x = d.Crd[l][p]
			return walk(l+1, p)
		}
		for q := d.Pos[l][p]; q < d.Pos[l][p+1]; q++ {
			if *x = d.Crd[l][q]; !walk(l+1, q) {
				return false
			}
		}
		return true
	}
	walk(0, 0)
}

// text returns an element as a number to read.
func text(d ir.DType, bits uint64) string {
	switch {
	case d == ir.Float64:
		return strconv.FormatFloat(math.Float64frombits(bits), 'g', -1, 64)
	case d == ir.Float32:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(bits))), 'g', -1, 32)
	case d == ir.Bool:
		return strconv.FormatBool(bits != 0)
	case d.Kind() == ir.KindInt:
		return strconv.FormatInt(int64(bits), 10)
	}
	return strconv.FormatUint(bits, 10)
}
