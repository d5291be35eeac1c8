package sparse

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

const general = `%%MatrixMarket matrix coordinate real general
% a comment

3 4 4
1 1 1.5
3 4 -2e300
2 1 inf
1 1 0.25
`

func TestMatrixMarketReads(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []float64
	}{
		"general, an element twice": {general, []float64{1.75, 0, 0, 0, math.Inf(1), 0, 0, 0, 0, 0, 0, -2e300}},
		"symmetric":                 {"%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 3\n2 1 4\n", []float64{3, 4, 4, 0}},
		"skew-symmetric":            {"%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 4\n", []float64{0, -4, 4, 0}},
		"pattern":                   {"%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n", []float64{0, 1, 1, 0}},
		"integers":                  {"%%MATRIXMARKET Matrix coordinate integer general\n1 2 1\n1 2 -7\n", []float64{0, -7}},
		"array":                     {"%%MatrixMarket matrix array real general\n2 2\n1\n0\n2\n3\n", []float64{1, 2, 0, 3}},
		"symmetric array":           {"%%MatrixMarket matrix array real symmetric\n2 2\n1\n5\n3\n", []float64{1, 5, 5, 3}},
		"skew array":                {"%%MatrixMarket matrix array integer skew-symmetric\n3 3\n1\n2\n3\n", []float64{0, -1, -2, 1, 0, -3, 2, 3, 0}},
		"nothing":                   {"%%MatrixMarket matrix coordinate real general\n0 2 0\n", nil},
	} {
		for _, l := range []Layout{CSR, CSC, COO(2), DCSR} {
			a, err := ReadMatrixMarket(l, strings.NewReader(c.text))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if a.DType() == np.Int64 {
				a = np.AsType(a, np.Float64)
			}
			if got := elements(t, a); !slices.Equal(got, c.want) {
				t.Errorf("%s as %s: %v, want %v", name, l, got, c.want)
			}
		}
	}
}

func TestMatrixMarketRefuses(t *testing.T) {
	head := "%%MatrixMarket matrix coordinate real general\n"
	for text, want := range map[string]string{
		"":        "the file is empty",
		"1 1 1\n": "line 1: the file does not begin with %%MatrixMarket",
		"%%MatrixMarket matrix coordinate complex general\n": "line 1: there are no sparse arrays of complex",
		"%%MatrixMarket matrix coordinate real hermitian\n":  "line 1: the symmetry \"hermitian\"",
		"%%MatrixMarket matrix array pattern general\n":      "line 1: elements that are \"pattern\"",
		head:                              "ends before the line with the size",
		head + "3 4\n":                    "line 2: 2 numbers tell the size, want 3",
		head + "3 -4 1\n":                 "line 2: \"-4\" is no number",
		head + "3 4 9223372036854775\n":   "line 2: \"9223372036854775\" is no number",
		head + "3 4 2000000000\n1 1 1\n":  "ends after 1 of 2000000000 elements",
		head + "2000000000 4 1\n1 1 1\n":  "2000000000 rows or columns for 1 elements",
		head + "3 4 1\n1 5 2\n":           "line 3: \"5\" is no position from 1 to 4",
		head + "3 4 1\n0 1 2\n":           "line 3: \"0\" is no position from 1 to 3",
		head + "3 4 1\n1 1\n":             "line 3: 2 words, an element has 3",
		head + "3 4 1\n1 1 x\n":           "line 3: \"x\" is no real number",
		head + "3 4 1\n1 1 1\n2 2 2\n":    "line 4: \"2 2 2\" comes after all of 1 elements",
		head + strings.Repeat("7", 1<<17): "line 2: the line is longer",
		strings.Replace(head, "general", "symmetric", 1) + "2 3 0\n":             "as many rows as columns",
		strings.Replace(head, "general", "symmetric", 1) + "2 2 1\n1 2 3\n":      "line 3: element 1, 2 is above the diagonal",
		strings.Replace(head, "general", "skew-symmetric", 1) + "2 2 1\n1 1 3\n": "line 3: element 1, 1 is on the diagonal",
	} {
		if _, err := ReadMatrixMarket(CSR, strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: error %v, want %q", text, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.mtx")
	if err := os.WriteFile(path, []byte(head+"3 4 1\n1 1 x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMatrixMarket(CSR, path); err == nil || !strings.Contains(err.Error(), path+": line 3") {
		t.Error(err)
	}
}

// corner is a matrix with what is hard to write.
func corner[T Number](t *testing.T, l Layout, values ...T) np.Array {
	t.Helper()
	a, err := SumCOO(l, []int{3, 5}, [][]int{{2, 0, 0, 2}, {1, 4, 0, 3}}, values)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFilesRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, l := range []Layout{CSR, CSC, COO(2), DCSR} {
		for name, a := range map[string]np.Array{
			"float64": corner(t, l, math.Copysign(0, -1), 0.1, math.Inf(-1), 5e-324),
			"float32": corner[float32](t, l, 0.1, 1e-45, 0, 3),
			"int64":   corner[int64](t, l, math.MinInt64, 0, 1, -1),
			"uint8":   corner[uint8](t, l, 255, 0, 1, 2),
		} {
			mtx, npz := filepath.Join(dir, "x.mtx"), filepath.Join(dir, "x.npz")
			if err := SaveMatrixMarket(t.Context(), mtx, a); err != nil {
				t.Fatal(err)
			}
			if err := SaveNPZ(t.Context(), npz, a); err != nil {
				t.Fatal(err)
			}
			fromMarket, err := LoadMatrixMarket(l, mtx)
			if err != nil {
				t.Fatal(err)
			}
			fromNPZ, err := LoadNPZ(npz)
			if err != nil {
				t.Fatal(err)
			}
			if fromNPZ.DType() != a.DType() {
				t.Errorf("%s became %s", a.DType(), fromNPZ.DType())
			}
			for _, b := range []np.Array{fromMarket, fromNPZ} {
				if n, err := NNZ(t.Context(), b); err != nil || n != 4 {
					t.Errorf("%s %s: %d elements, %v", name, l, n, err)
				}
				want, got := elements(t, np.AsType(a, np.Float64)), elements(t, np.AsType(b, np.Float64))
				for i := range want {
					if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
						t.Errorf("%s %s: element %d is %v, want %v", name, l, i, got[i], want[i])
					}
				}
			}
		}
	}
	filled, err := FromCOO(CSR, []int{1, 2}, [][]int{{0}, {1}}, []float64{3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := SaveNPZ(t.Context(), filepath.Join(dir, "y.npz"), filled); err == nil || !strings.Contains(err.Error(), "those of this array are 1") {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*tmp*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestSciPy holds that SciPy reads what is written here, and that it is read here what
// SciPy writes. NUMEN_PYTHON names an interpreter with SciPy.
func TestSciPy(t *testing.T) {
	python := os.Getenv("NUMEN_PYTHON")
	if python == "" {
		t.Skip("NUMEN_PYTHON names no interpreter")
	}
	dir := t.TempDir()
	for _, l := range []Layout{CSR, CSC, COO(2)} {
		a := corner(t, l, 3.5, 0.1, -2, 7)
		if err := SaveNPZ(t.Context(), filepath.Join(dir, "a.npz"), a); err != nil {
			t.Fatal(err)
		}
		if err := SaveMatrixMarket(t.Context(), filepath.Join(dir, "a.mtx"), a); err != nil {
			t.Fatal(err)
		}
		script := `
import scipy.sparse as s, scipy.io as io, numpy as np, sys
x = s.load_npz("a.npz"); y = io.mmread("a.mtx")
want = np.zeros((3, 5)); want[2,1] = 3.5; want[0,4] = .1; want[0,0] = -2; want[2,3] = 7
assert x.nnz == y.nnz == 4 and (x.toarray() == want).all() and (y.toarray() == want).all(), x
s.save_npz("b.npz", x * 2); s.save_npz("bsr.npz", s.bsr_matrix(x)); io.mmwrite("b.mtx", x * 2)
print(x.format, end="")
`
		cmd := exec.Command(python, "-c", script)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if want := strings.Split(l.String(), "(")[0]; string(out) != want {
			t.Errorf("SciPy reads %s, want %s", out, want)
		}
		b, err := LoadNPZ(filepath.Join(dir, "b.npz"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := LoadMatrixMarket(l, filepath.Join(dir, "b.mtx"))
		if err != nil {
			t.Fatal(err)
		}
		want := elements(t, np.Multiply(a, 2))
		if got := elements(t, b); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := elements(t, m); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if _, err := LoadNPZ(filepath.Join(dir, "bsr.npz")); err == nil || !strings.Contains(err.Error(), "saved as \"bsr\"") {
			t.Error(err)
		}
	}
}

func FuzzReadMatrixMarket(f *testing.F) {
	f.Add([]byte(general))
	f.Add([]byte("%%MatrixMarket matrix array integer skew-symmetric\n3 3\n1\n2\n3\n"))
	f.Add([]byte("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ReadMatrixMarket(COO(2), bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteMatrixMarket(t.Context(), &b, a); err != nil {
			t.Fatal(err)
		}
		again, err := ReadMatrixMarket(COO(2), &b)
		if err != nil {
			t.Fatalf("what was written: %v", err)
		}
		n, _ := NNZ(t.Context(), a)
		if m, err := NNZ(t.Context(), again); err != nil || m != n {
			t.Fatalf("%d elements became %d, %v", n, m, err)
		}
	})
}

func FuzzReadNPZ(f *testing.F) {
	for _, l := range []Layout{CSR, CSC, COO(2)} {
		a, err := SumCOO(l, []int{3, 5}, [][]int{{2, 0}, {1, 4}}, []float64{1, 2})
		if err != nil {
			f.Fatal(err)
		}
		d, err := stored(f.Context(), a, nil)
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		if err := writeNPZ(f.Context(), &b, d); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readNPZ(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		coords, at := d.Entries()
		for i := range at {
			if coords[0][i] < 0 || int64(coords[0][i]) >= d.Extents[0] || coords[1][i] < 0 || int64(coords[1][i]) >= d.Extents[1] {
				t.Fatalf("element %d is at %d, %d of %v", i, coords[0][i], coords[1][i], d.Extents)
			}
		}
	})
}
