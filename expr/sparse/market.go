package sparse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/internal/whole"
	"github.com/numen-go/numen/ir"
	held "github.com/numen-go/numen/lower/sparse"
)

// LoadMatrixMarket returns the matrix in a Matrix Market file, in a layout of two levels:
// float64, or int64 of a file of integers; a pattern's elements are 1. Elements that come
// twice are added, as SciPy does. Of a file in array form what differs from 0 is stored.
// Complex matrices are refused. The format is math.nist.gov/MatrixMarket/formats.html.
func LoadMatrixMarket(l Layout, path string) (np.Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return failed("sparse.LoadMatrixMarket", err)
	}
	defer f.Close()
	d, err := readMarket(l, f)
	if err != nil {
		return failed("sparse.LoadMatrixMarket", fmt.Errorf("%s: %w", path, err))
	}
	return array(d), nil
}

// ReadMatrixMarket returns the matrix of a Matrix Market file that r holds.
func ReadMatrixMarket(l Layout, r io.Reader) (np.Array, error) {
	d, err := readMarket(l, r)
	if err != nil {
		return failed("sparse.ReadMatrixMarket", err)
	}
	return array(d), nil
}

// market is a Matrix Market file under way.
type market struct {
	in         *bufio.Scanner
	line       int
	coordinate bool
	field      string
	mirror     string // symmetric, skew-symmetric; "": general
	rows, cols int
	promised   int // entries, where the size line tells
	row, col   []int
	reals      []float64
	ints       []int64
}

func (m *market) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", m.line, fmt.Errorf(format, args...))
}

func readMarket(l Layout, r io.Reader) (*held.Data, error) {
	if len(l.levels) != 2 {
		return nil, fmt.Errorf("a matrix has two axes, the layout %s has %d", l, len(l.levels))
	}
	m := &market{in: bufio.NewScanner(r)}
	m.in.Buffer(make([]byte, 0, 1<<12), 1<<16)
	if err := m.header(); err != nil {
		return nil, err
	}
	if err := m.size(); err != nil {
		return nil, err
	}
	if err := m.entries(); err != nil {
		return nil, err
	}
	// What a header claims costs no memory before there are elements for it.
	first := [2]int{m.rows, m.cols}[axisOf(l, 0)]
	if l.levels[0] == ir.LevelDense && first > 1<<24+64*len(m.row) {
		return nil, fmt.Errorf("%d rows or columns for %d elements: read it in a layout that lists them, COO(2) or DCSR", first, len(m.row))
	}
	shape, coords := []int{m.rows, m.cols}, [][]int{m.row, m.col}
	if m.field == "integer" {
		return summed(l, shape, coords, m.ints)
	}
	return summed(l, shape, coords, m.reals)
}

func axisOf(l Layout, level int) int {
	if l.axes == nil {
		return level
	}
	return l.axes[level]
}

// next returns the fields of the next line that is no comment.
func (m *market) next() ([]string, error) {
	for m.in.Scan() {
		m.line++
		if text := m.in.Text(); !strings.HasPrefix(text, "%") && strings.TrimSpace(text) != "" {
			return strings.Fields(text), nil
		}
	}
	if err := m.in.Err(); errors.Is(err, bufio.ErrTooLong) {
		m.line++
		return nil, m.errorf("the line is longer than %d bytes", 1<<16)
	} else if err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

func (m *market) header() error {
	if !m.in.Scan() {
		if err := m.in.Err(); err != nil {
			return err
		}
		return errors.New("the file is empty")
	}
	m.line++
	f := strings.Fields(strings.ToLower(m.in.Text()))
	if len(f) != 5 || f[0] != "%%matrixmarket" || f[1] != "matrix" {
		return m.errorf("the file does not begin with %%%%MatrixMarket matrix and three words")
	}
	switch f[2] {
	case "coordinate":
		m.coordinate = true
	case "array":
	default:
		return m.errorf("%q is neither coordinate nor array", f[2])
	}
	switch m.field = f[3]; {
	case m.field == "complex":
		return m.errorf("there are no sparse arrays of complex numbers")
	case m.field != "real" && m.field != "double" && m.field != "integer" && (m.field != "pattern" || !m.coordinate):
		return m.errorf("elements that are %q are not known here", m.field)
	}
	switch f[4] {
	case "general":
	case "symmetric", "skew-symmetric":
		m.mirror = f[4]
		if m.field == "pattern" && m.mirror == "skew-symmetric" {
			return m.errorf("a pattern has no signs, it cannot be skew-symmetric")
		}
	default:
		return m.errorf("the symmetry %q is not known here", f[4])
	}
	return nil
}

func (m *market) size() error {
	f, err := m.next()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends before the line with the size")
	} else if err != nil {
		return err
	}
	want := 2
	if m.coordinate {
		want = 3
	}
	if len(f) != want {
		return m.errorf("%d numbers tell the size, want %d", len(f), want)
	}
	for i, to := range []*int{&m.rows, &m.cols, &m.promised}[:want] {
		if *to, err = strconv.Atoi(f[i]); err != nil || *to < 0 || *to > held.MaxExtent {
			return m.errorf("%q is no number from 0 to %d", f[i], int64(held.MaxExtent))
		}
	}
	if m.mirror != "" && m.rows != m.cols {
		return m.errorf("a %s matrix has as many rows as columns, this one %d and %d", m.mirror, m.rows, m.cols)
	}
	if !m.coordinate {
		m.promised = m.rows * m.cols
		switch m.mirror {
		case "symmetric":
			m.promised = m.rows * (m.rows + 1) / 2
		case "skew-symmetric":
			m.promised = m.rows * (m.rows - 1) / 2
		}
	}
	return nil
}

func (m *market) entries() error {
	i, j := m.first(0) // of array form: the next element
	for n := range m.promised {
		f, err := m.next()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("the file ends after %d of %d elements", n, m.promised)
		} else if err != nil {
			return err
		}
		if m.coordinate {
			err = m.coordinates(f)
		} else {
			err = m.element(f, i, j)
			if i++; i == m.rows {
				i, j = m.first(j + 1)
			}
		}
		if err != nil {
			return err
		}
	}
	if f, err := m.next(); err == nil {
		return m.errorf("%q comes after all of %d elements", strings.Join(f, " "), m.promised)
	} else if !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return nil
}

// first returns where a column of array form begins.
func (m *market) first(col int) (int, int) {
	switch m.mirror {
	case "symmetric":
		return col, col
	case "skew-symmetric":
		return col + 1, col
	}
	return 0, col
}

func (m *market) coordinates(f []string) error {
	want := 3
	if m.field == "pattern" {
		want = 2
	}
	if len(f) != want {
		return m.errorf("%d words, an element has %d", len(f), want)
	}
	var at [2]int
	for k, extent := range []int{m.rows, m.cols} {
		n, err := strconv.Atoi(f[k])
		if err != nil || n < 1 || n > extent {
			return m.errorf("%q is no position from 1 to %d", f[k], extent)
		}
		at[k] = n - 1
	}
	return m.element(f[2:], at[0], at[1])
}

// element adds an element, and the one on the other side of the diagonal.
func (m *market) element(f []string, i, j int) error {
	real, whole := 1.0, int64(0)
	if m.field != "pattern" {
		if len(f) != 1 {
			return m.errorf("%d words, an element is one", len(f))
		}
		var err error
		if m.field == "integer" {
			whole, err = strconv.ParseInt(f[0], 10, 64)
		} else if real, err = strconv.ParseFloat(f[0], 64); errors.Is(err, strconv.ErrRange) {
			err = nil // infinity, as everybody reads it
		}
		if err != nil {
			return m.errorf("%q is no %s number", f[0], m.field)
		}
		if zero := m.field == "integer" && whole == 0 || m.field != "integer" && real == 0; zero && !m.coordinate {
			return nil
		}
	}
	add := func(i, j int, real float64, whole int64) {
		m.row, m.col = append(m.row, i), append(m.col, j)
		if m.field == "integer" {
			m.ints = append(m.ints, whole)
		} else {
			m.reals = append(m.reals, real)
		}
	}
	switch {
	case m.mirror != "" && i < j:
		return m.errorf("element %d, %d is above the diagonal: a %s file has those below", i+1, j+1, m.mirror)
	case m.mirror == "skew-symmetric" && i == j:
		return m.errorf("element %d, %d is on the diagonal, which is 0 where a matrix is skew-symmetric", i+1, j+1)
	}
	add(i, j, real, whole)
	switch {
	case i == j:
	case m.mirror == "symmetric":
		add(j, i, real, whole)
	case m.mirror == "skew-symmetric":
		add(j, i, -real, -whole)
	}
	return nil
}

// SaveMatrixMarket evaluates a sparse matrix of fill 0 and writes what it stores to a
// Matrix Market file. The file appears under its name when it is complete.
func SaveMatrixMarket(ctx context.Context, path string, a np.Array, opts ...np.EvalOption) error {
	d, err := stored(ctx, a, opts)
	if err == nil {
		err = whole.Write(path, func(w io.Writer) error { return writeMarket(ctx, w, d) })
	}
	if err != nil {
		_, err = failed("sparse.SaveMatrixMarket", err)
	}
	return err
}

// WriteMatrixMarket evaluates a sparse matrix of fill 0 and writes it to w as a Matrix
// Market file.
func WriteMatrixMarket(ctx context.Context, w io.Writer, a np.Array, opts ...np.EvalOption) error {
	d, err := stored(ctx, a, opts)
	if err == nil {
		err = writeMarket(ctx, w, d)
	}
	if err != nil {
		_, err = failed("sparse.WriteMatrixMarket", err)
	}
	return err
}

// zeroMatrix reports an array that is no matrix of fill 0.
func zeroMatrix(d *held.Data, what string) error {
	if len(d.Extents) != 2 {
		return fmt.Errorf("%s holds matrices, the array has %d axes", what, len(d.Extents))
	}
	if d.Format.Fill != 0 {
		return fmt.Errorf("%s holds matrices whose other elements are 0, those of this array are %s", what, text(d.DType, d.Format.Fill))
	}
	return nil
}

// text returns an element as files have it.
func text(d ir.DType, bits uint64) string {
	v := math.Float64frombits(bits)
	switch {
	case d == ir.Float32: // readers take it for a float64
		v = float64(math.Float32frombits(uint32(bits)))
	case d.Kind() == ir.KindInt:
		return strconv.FormatInt(int64(bits), 10)
	case d != ir.Float64:
		return strconv.FormatUint(bits, 10)
	}
	switch {
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case v != v:
		return "nan"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func writeMarket(ctx context.Context, out io.Writer, d *held.Data) error {
	if err := zeroMatrix(d, "a Matrix Market file"); err != nil {
		return err
	}
	field := "integer"
	if d.DType.IsFloat() {
		field = "real"
	}
	w := bufio.NewWriter(out)
	coords, at := d.Entries()
	fmt.Fprintf(w, "%%%%MatrixMarket matrix coordinate %s general\n%d %d %d\n", field, d.Extents[0], d.Extents[1], len(at))
	for i, p := range at {
		if i%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintf(w, "%d %d %s\n", coords[0][i]+1, coords[1][i]+1, text(d.DType, d.Bits(p)))
	}
	return w.Flush()
}

// SumCOO is FromCOO for elements that may come several times: those at one place are
// added, in their order. Everything else is 0.
func SumCOO[T Number](l Layout, shape []int, coords [][]int, values []T) (np.Array, error) {
	d, err := summed(l, shape, coords, values)
	if err != nil {
		return failed("sparse.SumCOO", err)
	}
	return array(d), nil
}

// Number is what can be added.
type Number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

func summed[T Number](l Layout, shape []int, coords [][]int, values []T) (*held.Data, error) {
	d, err := fromCOO(l, shape, coords, values, 0)
	if _, twice := errors.AsType[*held.Duplicate](err); !twice {
		return d, err
	}
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	compare := func(i, j int) int {
		for _, c := range coords {
			if c[i] != c[j] {
				return c[i] - c[j]
			}
		}
		return 0
	}
	slices.SortStableFunc(order, compare)
	at, sums := make([][]int, len(coords)), []T(nil)
	for n, i := range order {
		if n > 0 && compare(order[n-1], i) == 0 {
			sums[len(sums)-1] += values[i]
			continue
		}
		for k, c := range coords {
			at[k] = append(at[k], c[i])
		}
		sums = append(sums, values[i])
	}
	return fromCOO(l, shape, at, sums, 0)
}
