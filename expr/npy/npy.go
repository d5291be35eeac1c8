// Package npy reads and writes NumPy's .npy files, whole or memory-mapped.
//
//	x, err := npy.Load("x.npy")
//	...
//	err = npy.Save(ctx, "y.npy", np.Log(x))
//
// The format is NumPy's own, versions 1.0 to 3.0
// (numpy.org/doc/stable/reference/generated/numpy.lib.format.html). Arrays of bool, of
// integers, float32, float64 and complex numbers in either byte order are read; files
// of Python objects and of records are refused. Files are not trusted: what a header
// claims is checked before memory is taken.
package npy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/internal/whole"
)

func init() { np.Helper() }

// Load returns the array in a .npy file, read into memory. The error says what is wrong
// with the file and names the caller's line.
func Load(path string) (np.Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return failed("npy.Load", path, err)
	}
	defer f.Close()
	a, err := read(f)
	if err != nil {
		return failed("npy.Load", path, err)
	}
	return a, nil
}

// Read returns the array that the next .npy file in r holds. It reads no byte beyond
// the array's last.
func Read(r io.Reader) (np.Array, error) {
	a, err := read(r)
	if err != nil {
		return failed("npy.Read", "", err)
	}
	return a, nil
}

// Save evaluates a and writes it to a .npy file in row-major order. The file appears
// under its name when it is complete: a failed Save leaves what was there before.
func Save(ctx context.Context, path string, a np.Array, opts ...np.EvalOption) error {
	if err := save(ctx, path, a, opts); err != nil {
		_, err = failed("npy.Save", path, err)
		return err
	}
	return nil
}

// Write evaluates a and writes it to w as a .npy file.
func Write(ctx context.Context, w io.Writer, a np.Array, opts ...np.EvalOption) error {
	if err := write(ctx, w, a, opts); err != nil {
		_, err = failed("npy.Write", "", err)
		return err
	}
	return nil
}

// failed returns the error of a call at its user's line. An error of the array itself
// already names a line and passes through.
func failed(fn, path string, err error) (np.Array, error) {
	var own *np.Error
	if errors.As(err, &own) {
		return np.Array{}, err
	}
	if path != "" && !isPathError(err) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	a := np.Fail(fn, err, "%v", err)
	return a, a.Err()
}

func isPathError(err error) bool {
	var p *os.PathError
	return errors.As(err, &p)
}

func read(r io.Reader) (np.Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return np.Array{}, err
	}
	if f, ok := r.(*os.File); ok { // a regular file tells its size before memory is taken
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size()-h.offset < h.bytes {
			return np.Array{}, h.truncated(info.Size() - h.offset)
		}
	}
	data, err := readData(r, h)
	if err != nil {
		return np.Array{}, err
	}
	if h.swap {
		swap(data, h.dtype)
	}
	return h.array(data, nil)
}

func (h *header) truncated(have int64) error {
	return fmt.Errorf("the header promises %d bytes of data, there are %d: %w", h.bytes, max(have, 0), io.ErrUnexpectedEOF)
}

// readData reads h.bytes. Memory grows with what has arrived, so that a header cannot
// make it take more than the file has.
func readData(r io.Reader, h *header) ([]byte, error) {
	const first = 1 << 20
	data := make([]byte, 0, min(h.bytes, first))
	for int64(len(data)) < h.bytes {
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(h.bytes, 2*int64(cap(data))))
			copy(grown, data)
			data = grown
		}
		n, err := io.ReadFull(r, data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = h.truncated(int64(len(data)))
			}
			return nil, err
		}
	}
	return data, nil
}

// swap turns big-endian elements round. The parts of a complex number are elements.
func swap(data []byte, d np.DType) {
	size := d.Size()
	if d == np.Complex64 || d == np.Complex128 {
		size /= 2
	}
	for i := 0; i+size <= len(data); i += size {
		switch e := data[i : i+size]; size {
		case 2:
			binary.LittleEndian.PutUint16(e, binary.BigEndian.Uint16(e))
		case 4:
			binary.LittleEndian.PutUint32(e, binary.BigEndian.Uint32(e))
		case 8:
			binary.LittleEndian.PutUint64(e, binary.BigEndian.Uint64(e))
		}
	}
}

// array returns the array over data. In Fortran order that is the transpose of the
// array that the bytes are in row-major order.
func (h *header) array(data []byte, release func()) (np.Array, error) {
	shape := np.Shape(h.shape)
	if h.fortran && len(shape) > 1 {
		shape = make(np.Shape, len(h.shape))
		for i, d := range h.shape {
			shape[len(shape)-1-i] = d
		}
	}
	a := np.AliasBytes(h.dtype, shape, data, release)
	if h.fortran && len(shape) > 1 {
		a = a.T()
	}
	return a, a.Err()
}

func write(ctx context.Context, w io.Writer, a np.Array, opts []np.EvalOption) error {
	v, err := a.Eval(ctx, opts...)
	if err != nil {
		return err
	}
	data, err := np.Bytes(v)
	if err != nil {
		return err
	}
	if _, err := w.Write(appendHeader(v.DType(), v.Shape())); err != nil {
		return err
	}
	const piece = 1 << 22 // so that a cancelled context is seen while a long array is written
	for len(data) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(data), piece)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func save(ctx context.Context, path string, a np.Array, opts []np.EvalOption) error {
	return whole.Write(path, func(w io.Writer) error { return write(ctx, w, a, opts) })
}
