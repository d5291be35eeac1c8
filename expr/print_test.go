package np_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// dtypeNamed returns the dtype that NumPy calls by a name.
func dtypeNamed(t *testing.T, name string) np.DType {
	t.Helper()
	for d := np.Bool; d <= np.Complex128; d++ {
		if d.String() == name {
			return d
		}
	}
	t.Fatalf("no dtype %q", name)
	return 0
}

// TestPrintLikeNumPy compares printed arrays with what NumPy printed: see print.py.
func TestPrintLikeNumPy(t *testing.T) {
	data, err := os.ReadFile("testdata/print.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := strings.Split(strings.TrimSuffix(string(data), "\n.\n"), "\n.\n")
	if len(cases) < 100 {
		t.Fatalf("%d cases", len(cases))
	}
	for i, c := range cases {
		head, want, _ := strings.Cut(c, "\n")
		f := strings.Fields(head)
		d := dtypeNamed(t, f[0])
		shape := np.Shape{}
		if f[1] != "-" {
			for _, s := range strings.Split(f[1], ",") {
				n, err := strconv.Atoi(s)
				if err != nil {
					t.Fatal(err)
				}
				shape = append(shape, n)
			}
		}
		bytes, err := hex.DecodeString(strings.TrimSuffix(f[2], "-"))
		if err != nil {
			t.Fatal(err)
		}
		x := np.AliasBytes(d, shape, bytes, nil)
		if got := x.String(); got != want {
			t.Errorf("case %d, %s %v:\n got\n%s\nwant\n%s", i, d, shape, got, want)
		}
	}
}

func TestFormatVerbs(t *testing.T) {
	x := np.FromRows([][]float64{{1, 22.5}, {-3.25, 4}})
	long := np.FromSlice(make([]int, 1001))
	for _, c := range []struct {
		format string
		x      np.Array
		want   string
	}{
		{"%v", x, "[[ 1.   22.5 ]\n [-3.25  4.  ]]"},
		{"%s", x, "[[ 1.   22.5 ]\n [-3.25  4.  ]]"},
		{"%+v", x, "float64[2 2]\n[[ 1.   22.5 ]\n [-3.25  4.  ]]"},
		{"%.1f", x, "[[ 1.0 22.5]\n [-3.2  4.0]]"},
		{"%+.1f", x, "[[ +1.0 +22.5]\n [ -3.2  +4.0]]"},
		{"%.2e", x, "[[ 1.00e+00  2.25e+01]\n [-3.25e+00  4.00e+00]]"},
		{"%d", np.Of(1, -20), "[  1 -20]"},
		{"%x", np.Of(10, 255), "[ a ff]"},
		{"%q", x, "%!q(np.Array)"},
		{"%v", long, "[0 0 0 ... 0 0 0]"},
	} {
		if got := fmt.Sprintf(c.format, c.x); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.format, got, c.want)
		}
	}
	if got := fmt.Sprintf("%#v", long); strings.Contains(got, "...") || strings.Count(got, "0") != 1001 {
		t.Errorf("%%#v: %s", got)
	}
}

func TestLazyPrints(t *testing.T) {
	y := np.Add(np.Of(1.0, 2), 1)
	if got, want := y.String(), "np.Array(float64[2], lazy add at print_test.go:"; !strings.HasPrefix(got, want) {
		t.Errorf("%s, want %s...", got, want)
	}
	if got := fmt.Sprint(np.Array{}); !strings.Contains(got, "zero Array") {
		t.Error(got)
	}
	if got := fmt.Sprint(np.Log(np.Array{})); !strings.Contains(got, "np.Log") || !strings.Contains(got, "print_test.go") {
		t.Error(got)
	}
}
