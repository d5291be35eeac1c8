package ir

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Type is what is known of an array before it has values: element type, extents and
// what kind of array it is. Dispatch is on types, so format propagation is a rule
// like shape inference.
type Type struct {
	DType  DType
	Shape  []Dim
	Format *Format // nil: dense, on the host
	Tuple  []Type  // the types of an op with several results; then the rest is zero
}

// Dense returns the type of a dense array.
func Dense(d DType, shape ...Dim) Type { return Type{DType: d, Shape: shape} }

// Rank returns the number of axes.
func (t Type) Rank() int { return len(t.Shape) }

// Equal reports whether two types are the same.
func (t Type) Equal(u Type) bool {
	return t.DType == u.DType && slices.Equal(t.Shape, u.Shape) && t.Format.Equal(u.Format) && slices.EqualFunc(t.Tuple, u.Tuple, Type.Equal)
}

// String returns the text form: f64[M,3], f64[M,N] csr, (f64[], i64[]).
func (t Type) String() string {
	if t.Tuple != nil {
		parts := make([]string, len(t.Tuple))
		for i, u := range t.Tuple {
			parts[i] = u.String()
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	s := t.DType.String() + shapeText(t.Shape)
	if t.Format != nil {
		s += " " + t.Format.String()
	}
	return s
}

func shapeText(shape []Dim) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = d.String()
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// Elements returns the number of elements of a shape of numbers, and an error when a
// dimension is no number, is negative, or the product overflows. An axis of extent 0
// makes a shape empty, however large the others are.
func Elements(shape []Dim) (int64, error) {
	n, fits, empty := int64(1), true, false
	for _, d := range shape {
		c, ok := d.Const()
		if !ok || c < 0 {
			return 0, fmt.Errorf("ir: extent %s is not a size", d)
		}
		empty = empty || c == 0
		if fits {
			n, fits = MulOK(n, c)
		}
	}
	switch {
	case empty:
		return 0, nil
	case !fits || n > math.MaxInt64/16:
		return 0, fmt.Errorf("ir: shape %s has more elements than can be addressed", shapeText(shape))
	}
	return n, nil
}

// Format says what kind of array a value is when it is not dense on the host: one
// level per axis (so CSR, CSC, COO, CSF are spellings), the value of what is not
// stored, a chunk grid, a device.
type Format struct {
	Levels []Level // outermost first; nil: dense
	Axes   []int   // the axis that each level stores; nil: in order
	Fill   uint64  // bits of the elements that are not stored
	Chunks []Dim   // extents of a chunk per axis; nil: in one piece
	Device string  // the target that holds the array; "": the host
}

// Level is how one axis of a sparse array is stored.
type Level uint8

// The kinds of level.
const (
	LevelDense      Level = iota // every position
	LevelCompressed              // positions of a fibre in order: a pointer and a coordinate array
	LevelSingleton               // one position per parent: a coordinate array (COO's inner axes)
	LevelBitmap                  // a bit per position
	numLevels
)

var levelNames = [numLevels]string{"dense", "compressed", "singleton", "bitmap"}

// String returns the level's name.
func (l Level) String() string { return levelNames[min(l, numLevels-1)] }

// formatSpellings are the usual names of common level lists.
var formatSpellings = []struct {
	name   string
	levels []Level
	axes   []int
}{
	{"csr", []Level{LevelDense, LevelCompressed}, nil},
	{"csc", []Level{LevelDense, LevelCompressed}, []int{1, 0}},
	{"coo", []Level{LevelCompressed, LevelSingleton}, nil},
	{"csf", []Level{LevelCompressed, LevelCompressed, LevelCompressed}, nil},
	{"sparsevec", []Level{LevelCompressed}, nil},
}

// Levelled returns what a kernel sees of a format: how elements are stored and what is
// not, nil when all are. Where an array lives and how it is cut is its holder's.
func (f *Format) Levelled() *Format {
	if !f.sparse() {
		return nil
	}
	return &Format{Levels: f.Levels, Axes: f.Axes, Fill: f.Fill}
}

// Equal reports whether two formats are the same; nil is dense.
func (f *Format) Equal(g *Format) bool {
	if f == nil || g == nil {
		return f == g
	}
	return slices.Equal(f.Levels, g.Levels) && slices.Equal(f.Axes, g.Axes) && f.Fill == g.Fill && slices.Equal(f.Chunks, g.Chunks) && f.Device == g.Device
}

// String returns the text form without spaces, such as csr, csr/fill=0x1,
// levels(dense,bitmap), levels(dense,compressed)axes(1,0), chunks[64,64], @gpu0.
// Parts are joined by slashes.
func (f *Format) String() string {
	if f == nil {
		return "dense"
	}
	var parts []string
	if f.Levels != nil {
		name := ""
		for _, s := range formatSpellings {
			if slices.Equal(s.levels, f.Levels) && slices.Equal(s.axes, f.Axes) {
				name = s.name
			}
		}
		if name == "" {
			ls := make([]string, len(f.Levels))
			for i, l := range f.Levels {
				ls[i] = l.String()
			}
			name = "levels(" + strings.Join(ls, ",") + ")"
			if f.Axes != nil {
				name += "axes(" + joinInts(f.Axes) + ")"
			}
		}
		parts = append(parts, name)
		if f.Fill != 0 {
			parts = append(parts, fmt.Sprintf("fill=%#x", f.Fill))
		}
	}
	if f.Chunks != nil {
		parts = append(parts, "chunks"+shapeText(f.Chunks))
	}
	if f.Device != "" {
		parts = append(parts, "@"+f.Device)
	}
	return strings.Join(parts, "/")
}

func joinInts(xs []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(xs), " ", ","), "[]")
}
