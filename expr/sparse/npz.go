package sparse

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/internal/whole"
	"github.com/numen-go/numen/expr/npy"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	held "github.com/numen-go/numen/lower/sparse"
)

// LoadNPZ returns the matrix in a .npz file that SciPy's save_npz wrote: in CSR, CSC or
// COO(2) as it was saved. Matrices of blocks or diagonals are refused, so are elements that
// come twice: call sum_duplicates before saving.
func LoadNPZ(path string) (np.Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return failed("sparse.LoadNPZ", err)
	}
	defer f.Close()
	info, err := f.Stat()
	var d *held.Data
	if err == nil {
		d, err = readNPZ(f, info.Size())
	}
	if err != nil {
		return failed("sparse.LoadNPZ", fmt.Errorf("%s: %w", path, err))
	}
	return array(d), nil
}

// npz is an archive of arrays by name.
type npz struct{ zip *zip.Reader }

func readNPZ(r io.ReaderAt, size int64) (*held.Data, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	z := &npz{archive}
	format, err := z.format()
	if err != nil {
		return nil, err
	}
	if format != "csr" && format != "csc" && format != "coo" {
		return nil, fmt.Errorf("the matrix is saved as %q: there are levels for csr, csc and coo", format)
	}
	shape, err := z.numbers("shape")
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 {
		return nil, fmt.Errorf("the matrix has %d axes, want 2", len(shape))
	}
	for i, n := range shape {
		if n < 0 || n > held.MaxExtent {
			return nil, fmt.Errorf("axis %d has %d positions, at most %d have coordinates", i, n, int64(held.MaxExtent))
		}
	}
	dtype, values, n, err := z.data()
	if err != nil {
		return nil, err
	}
	l, coords := COO(2), [2][]int64{}
	switch format {
	case "coo":
		for i, name := range []string{"row", "col"} {
			if coords[i], err = z.numbers(name); err != nil {
				return nil, err
			}
		}
	default:
		l = CSR
		outer := 0
		if format == "csc" {
			l, outer = CSC, 1
		}
		if coords[1-outer], err = z.numbers("indices"); err != nil {
			return nil, err
		}
		if coords[outer], err = z.starts(shape[outer], n); err != nil {
			return nil, err
		}
	}
	narrow := make([][]int32, 2)
	for a, c := range coords {
		if len(c) != n {
			return nil, fmt.Errorf("%d coordinates of axis %d for %d elements", len(c), a, n)
		}
		narrow[a] = make([]int32, n)
		for i, x := range c {
			if x < 0 || x >= shape[a] {
				return nil, fmt.Errorf("element %d is at %d of axis %d, which has %d positions", i, x, a, shape[a])
			}
			narrow[a][i] = int32(x)
		}
	}
	d, err := held.Build(dtype, l.format(0), shape, narrow, values, nil)
	if twice, ok := errors.AsType[*held.Duplicate](err); ok {
		return nil, fmt.Errorf("%w: call sum_duplicates before saving", twice)
	}
	return d, err
}

// open returns a member's array file.
func (z *npz) open(name string) (io.ReadCloser, error) {
	for _, f := range z.zip.File {
		if f.Name == name+".npy" {
			return f.Open()
		}
	}
	return nil, fmt.Errorf("the file has no %s.npy: save_npz did not write it", name)
}

// array returns a member.
func (z *npz) array(name string) (np.Array, error) {
	r, err := z.open(name)
	if err != nil {
		return np.Array{}, err
	}
	defer r.Close()
	a, err := npy.Read(bufio.NewReader(r))
	if err == nil {
		a, err = a.Eval(context.Background())
	}
	if err != nil {
		return a, fmt.Errorf("%s.npy: %w", name, cause(err))
	}
	if a.NDim() != 1 {
		return a, fmt.Errorf("%s.npy has %d axes, want 1", name, a.NDim())
	}
	return a, nil
}

// cause returns what is wrong, without the call that found it.
func cause(err error) error {
	if own, ok := errors.AsType[*np.Error](err); ok {
		if inner := errors.Unwrap(own); inner != nil {
			return inner
		}
	}
	return err
}

// format returns the word that says how a matrix is saved: bytes, which no array of
// numbers has.
func (z *npz) format() (string, error) {
	r, err := z.open("format")
	if err != nil {
		return "", err
	}
	defer r.Close()
	const most = 1 << 10
	b, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return "", fmt.Errorf("format.npy: %w", err)
	}
	if len(b) < 10 || string(b[:6]) != "\x93NUMPY" || b[6] != 1 {
		return "", errors.New("format.npy is no array file of version 1")
	}
	end := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	if end > len(b) || !bytes.Contains(b[10:end], []byte("'|S")) {
		return "", errors.New("format.npy holds no word")
	}
	return string(bytes.TrimRight(b[end:], "\x00")), nil
}

// numbers returns a member of integers.
func (z *npz) numbers(name string) ([]int64, error) {
	a, err := z.array(name)
	if err != nil {
		return nil, err
	}
	b, err := np.Bytes(a)
	if err != nil {
		return nil, err
	}
	out := make([]int64, a.Size())
	switch d := a.DType(); d {
	case np.Int32:
		for i := range out {
			out[i] = int64(int32(binary.NativeEndian.Uint32(b[4*i:])))
		}
	case np.Int64:
		for i := range out {
			out[i] = int64(binary.NativeEndian.Uint64(b[8*i:]))
		}
	default:
		return nil, fmt.Errorf("%s.npy holds %s, want int32 or int64", name, d)
	}
	return out, nil
}

// data returns the elements.
func (z *npz) data() (ir.DType, *lower.Host, int, error) {
	a, err := z.array("data")
	if err != nil {
		return 0, nil, 0, err
	}
	d := ir.DType(a.DType())
	if !ir.AnyReal.Has(d) {
		return 0, nil, 0, fmt.Errorf("there are no sparse arrays of %s", d.Name())
	}
	b, err := np.Bytes(a)
	if err != nil {
		return 0, nil, 0, err
	}
	words := make([]uint64, (len(b)+7)/8)
	copy(lower.HostOf(words).Bytes(), b)
	return d, lower.NewHost(lower.HostOf(words).Bytes()[:len(b)]), a.Size(), nil
}

// starts returns the row of every element, from where rows start.
func (z *npz) starts(rows int64, n int) ([]int64, error) {
	pos, err := z.numbers("indptr")
	if err != nil {
		return nil, err
	}
	if int64(len(pos)) != rows+1 || pos[0] != 0 || pos[rows] != int64(n) {
		return nil, fmt.Errorf("%d starts, from %d to %d, for %d rows or columns and %d elements", len(pos), pos[:min(1, len(pos))], pos[max(0, len(pos)-1):], rows, n)
	}
	out := make([]int64, 0, n)
	for i := range rows {
		if pos[i] > pos[i+1] || pos[i+1] > int64(n) {
			return nil, fmt.Errorf("row or column %d is from %d to %d of %d elements", i, pos[i], pos[i+1], n)
		}
		for range pos[i+1] - pos[i] {
			out = append(out, i)
		}
	}
	return out, nil
}

// SaveNPZ evaluates a sparse matrix of fill 0 and writes it to a .npz file, as SciPy's
// load_npz reads it: CSR and CSC as they are, other layouts as coordinates. The file
// appears under its name when it is complete.
func SaveNPZ(ctx context.Context, path string, a np.Array, opts ...np.EvalOption) error {
	d, err := stored(ctx, a, opts)
	if err == nil {
		err = whole.Write(path, func(w io.Writer) error { return writeNPZ(ctx, w, d) })
	}
	if err != nil {
		_, err = failed("sparse.SaveNPZ", err)
	}
	return err
}

func writeNPZ(ctx context.Context, out io.Writer, d *held.Data) error {
	if err := zeroMatrix(d, "a .npz file of SciPy's"); err != nil {
		return err
	}
	z := zip.NewWriter(out)
	member := func(name string, a np.Array) error {
		w, err := z.Create(name + ".npy")
		if err == nil {
			err = npy.Write(ctx, w, a)
		}
		return err
	}
	format, arrays := "coo", map[string]np.Array{}
	values := d.Vals
	switch {
	case d.Format.Equal(CSR.format(0)):
		format = "csr"
	case d.Format.Equal(CSC.format(0)):
		format = "csc"
	}
	if format == "coo" {
		coords, _ := d.Entries() // every element is stored, in order, unless the last level is dense
		if d.Format.Levels[len(d.Format.Levels)-1] == ir.LevelDense || int64(len(coords[0])) != d.Stored() {
			return fmt.Errorf("SciPy has no layout as %s: save it in another one", d.Format)
		}
		arrays["row"], arrays["col"] = np.FromSlice(coords[0]), np.FromSlice(coords[1])
	} else {
		arrays["indices"], arrays["indptr"] = np.FromSlice(d.Crd[1]), np.FromSlice(d.Pos[1])
	}
	arrays["shape"] = np.FromSlice(d.Extents)
	arrays["data"] = np.AliasBytes(np.DType(d.DType), np.Shape{int(d.Stored())}, values.Bytes(), nil)
	for _, name := range []string{"indices", "indptr", "row", "col", "shape", "data"} {
		if a, ok := arrays[name]; ok {
			if err := member(name, a); err != nil {
				return err
			}
		}
	}
	w, err := z.Create("format.npy")
	if err != nil {
		return err
	}
	const head = "{'descr': '|S3', 'fortran_order': False, 'shape': (), }"
	if _, err := fmt.Fprintf(w, "\x93NUMPY\x01\x00\x76\x00%-117s\n%s", head, format); err != nil {
		return err
	}
	return z.Close()
}
