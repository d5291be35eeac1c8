package npy_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/npy"
)

func file(name string) string { return filepath.Join("testdata", name+".npy") }

// want are the arrays that testdata/make.py wrote.
var want = map[string]struct {
	shape  np.Shape
	values any
}{
	"f8":         {np.Shape{3, 4}, []float64{-.5, -.375, -.25, -.125, 0, .125, .25, .375, .5, .625, .75, .875}},
	"f4_fortran": {np.Shape{2, 3, 4}, quarters()},
	"i4_big":     {np.Shape{4}, []int32{1, -2, math.MaxInt32, math.MinInt32}},
	"c16_big":    {np.Shape{2}, []complex128{1 + 2i, complex(math.Copysign(0, -1), -.5)}},
	"bool":       {np.Shape{1, 3}, []bool{true, false, true}},
	"scalar":     {np.Shape{}, []float64{2.5}},
	"empty":      {np.Shape{3, 0, 2}, []uint16{}},
	"u1_v2":      {np.Shape{5}, []uint8{0, 1, 2, 3, 4}},
	"i8_v3":      {np.Shape{2}, []int64{math.MaxInt64, math.MinInt64}},
}

func quarters() []float32 {
	out := make([]float32, 24)
	for i := range out {
		out[i] = float32(i) / 4
	}
	return out
}

func values(t *testing.T, a np.Array) any {
	t.Helper()
	get := func(v any, err error) any {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	switch a.DType() {
	case np.Bool:
		return get(np.Values[bool](t.Context(), a))
	case np.Uint8:
		return get(np.Values[uint8](t.Context(), a))
	case np.Uint16:
		return get(np.Values[uint16](t.Context(), a))
	case np.Int32:
		return get(np.Values[int32](t.Context(), a))
	case np.Int64:
		return get(np.Values[int64](t.Context(), a))
	case np.Float32:
		return get(np.Values[float32](t.Context(), a))
	case np.Complex128:
		return get(np.Values[complex128](t.Context(), a))
	}
	return get(np.Values[float64](t.Context(), a))
}

func check(t *testing.T, name string, a np.Array) {
	t.Helper()
	w := want[name]
	if got := a.Shape(); !reflect.DeepEqual(got, w.shape) {
		t.Fatalf("shape %v, want %v", got, w.shape)
	}
	if got := values(t, a); !reflect.DeepEqual(got, w.values) && reflect.ValueOf(w.values).Len() > 0 {
		t.Errorf("%v, want %v", got, w.values)
	}
}

func TestLoadReadsWhatNumPyWrote(t *testing.T) {
	for name := range want {
		t.Run(name, func(t *testing.T) {
			a, err := npy.Load(file(name))
			if err != nil {
				t.Fatal(err)
			}
			check(t, name, a)
		})
	}
}

func TestMapReadsWhatNumPyWrote(t *testing.T) {
	for name := range want {
		t.Run(name, func(t *testing.T) {
			a, err := npy.Map(file(name))
			if strings.HasSuffix(name, "_big") && runtime.GOOS != "windows" {
				if err == nil || !strings.Contains(err.Error(), "use Load") {
					t.Fatalf("big-endian data: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			check(t, name, a)
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadStopsAtTheArraysEnd(t *testing.T) {
	one, err := os.ReadFile(file("f8"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(file("bool"))
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(append(one, two...))
	for _, name := range []string{"f8", "bool"} {
		a, err := npy.Read(r)
		if err != nil {
			t.Fatal(err)
		}
		check(t, name, a)
	}
}

// TestSaveWritesNumPysBytes compares whole files: header, padding and data.
func TestSaveWritesNumPysBytes(t *testing.T) {
	for _, name := range []string{"f8", "bool", "scalar", "empty"} {
		a, err := npy.Load(file(name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "out.npy")
		if err := npy.Save(t.Context(), path, a); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(path)
		ref, _ := os.ReadFile(file(name))
		if !bytes.Equal(got, ref) {
			t.Errorf("%s:\n%q\nNumPy has\n%q", name, got, ref)
		}
	}
}

func TestSaveEvaluatesAndKeepsTheOldFileOnFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	x := np.Of(1.0, 2, 4)
	if err := npy.Save(t.Context(), path, np.Multiply(x, 2)); err != nil {
		t.Fatal(err)
	}
	bad := np.Add(x, np.Of(1.0, 2))
	if err := npy.Save(t.Context(), path, bad); err != bad.Err() {
		t.Errorf("saving an error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := npy.Save(ctx, path, x); !errors.Is(err, context.Canceled) {
		t.Errorf("saving under a cancelled context: %v", err)
	}
	a, err := npy.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := np.Values[float64](t.Context(), a); !reflect.DeepEqual(v, []float64{2, 4, 8}) {
		t.Errorf("the old file is gone: %v", v)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.tmp*")); len(left) > 0 {
		t.Errorf("temporary files left: %v", left)
	}
}

// hostile returns a version 1.0 file with the given dictionary and data.
func hostile(dict string, data ...byte) []byte {
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(dict)))
	return append(append(b, dict...), data...)
}

func TestHostileFilesAreErrors(t *testing.T) {
	object, _ := os.ReadFile(file("object"))
	record, _ := os.ReadFile(file("record"))
	f8, _ := os.ReadFile(file("f8"))
	long := append([]byte("\x93NUMPY\x02\x00"), 0xff, 0xff, 0xff, 0xff)
	for _, c := range []struct {
		name string
		data []byte
		part string
	}{
		{"empty", nil, "first 8 bytes"},
		{"text", []byte("hello, world"), "magic string"},
		{"version", []byte("\x93NUMPY\x09\x00\x00\x00"), "version 9.0"},
		{"huge header", long, "claims 4294967295 bytes"},
		{"cut header", f8[:40], "ends inside its header"},
		{"cut data", f8[:len(f8)-1], "promises 96 bytes of data, there are 95"},
		{"object", object, "Python objects"},
		{"record", record, "structured"},
		{"overflow", hostile("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"), "more elements"},
		{"overflow of one", hostile("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "no size"},
		{"negative", hostile("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), "no size"},
		{"petabyte", hostile("{'descr': '<f8', 'fortran_order': False, 'shape': (125000000000000,), }", 1, 2, 3), "there are 3"},
		{"rank", hostile("{'descr': '<f8', 'fortran_order': False, 'shape': (" + strings.Repeat("1,", 100) + "), }"), "dimensions"},
		{"no dictionary", hostile("[1, 2]"), "not a .npy header"},
		{"missing key", hostile("{'descr': '<f8', 'shape': (1,), }"), "want the keys"},
		{"key twice", hostile("{'descr': '<f8', 'descr': '<f8', 'shape': (1,), }"), "twice"},
		{"unknown key", hostile("{'descr': '<f8', 'evil': 1, 'shape': (1,), }"), "unknown key"},
		{"dtype", hostile("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", 0, 0), "not supported"},
		{"no end", hostile("{'descr': '<f8"), "no end"},
		{"trailing", hostile("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } import os"), "after the dictionary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a, err := npy.Read(bytes.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.part) {
				t.Errorf("Read: %v (%v), want an error with %q", a, err, c.part)
			} else {
				var e *np.Error
				if !errors.As(err, &e) || filepath.Base(e.File) != "npy_test.go" {
					t.Errorf("the error does not name this file: %v", err)
				}
			}
			path := filepath.Join(t.TempDir(), "x.npy")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, f := range []func(string) (np.Array, error){npy.Load, npy.Map} {
				if _, err := f(path); err == nil || !strings.Contains(err.Error(), c.part) {
					t.Errorf("from a file: %v, want an error with %q", err, c.part)
				}
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := npy.Load("none.npy"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob(file("*"))
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := npy.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		v := a
		if !a.Concrete() {
			if v, err = a.Eval(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var b bytes.Buffer
		if err := npy.Write(t.Context(), &b, v); err != nil {
			t.Fatal(err)
		}
		again, err := npy.Read(&b)
		if err != nil {
			t.Fatalf("what Write wrote: %v", err)
		}
		if !reflect.DeepEqual(again.Shape(), a.Shape()) || again.DType() != a.DType() {
			t.Fatalf("%v %v became %v %v", a.DType(), a.Shape(), again.DType(), again.Shape())
		}
	})
}

func Example() {
	dir, err := os.MkdirTemp("", "npy")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.npy")
	ctx := context.Background()
	if err := npy.Save(ctx, path, np.FromSlice([]float64{1, 2, 3, 4}, 2, 2)); err != nil {
		panic(err)
	}
	x, err := npy.Load(path)
	if err != nil {
		panic(err)
	}
	v, err := np.Values[float64](ctx, np.Sum(x, np.Axis(0)))
	fmt.Println(v, err)
	// Output: [4 6] <nil>
}
