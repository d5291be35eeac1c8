package loop

import (
	"regexp"
	"testing"

	"github.com/numen-go/numen/ir"
)

// TestTileColumns holds that a tile that writes results where they belong has its columns
// along their innermost axis, whichever way the factors lie.
func TestTileColumns(t *testing.T) {
	for _, factors := range []string{"x[k,i], z[k,j]", "x[i,k], z[k,j]", "x[i,k], z[j,k]", "x[k,i], z[j,k]"} {
		k, err := ir.ParseKernel("kernel product\ndim N\nin x f64[N,N], z f64[N,N]\nout y f64[N,N]\naxis i<N, j<N, k<N\ny[i,j] = fma.chain[k](" + factors + ")\n")
		if err != nil {
			t.Fatal(err)
		}
		l, err := From(k, Portable.Schedule)
		if err != nil {
			t.Fatal(err)
		}
		tiles := regexp.MustCompile(`tile\(fma, .* (l\w*) < \w+, y\[.*(?:, | )(\w+)\] = `).FindAllStringSubmatch(l.String(), -1)
		if len(tiles) == 0 {
			t.Errorf("%s: no tile writes results\n%s", factors, l)
		}
		for _, x := range tiles {
			if x[1] != x[2] {
				t.Errorf("%s: columns %s, results along %s", factors, x[1], x[2])
			}
		}
	}
}
