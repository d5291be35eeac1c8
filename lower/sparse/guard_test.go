package sparse

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

// TestGuardsAreProven holds that a guard is believed only as far as what it says: machine
// code reads where it is told to.
func TestGuardsAreProven(t *testing.T) {
	head := "in a f64[M,N] csr, d f64[N]; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] * "
	for text, inside := range map[string]bool{
		"pad(d[j+3], 2.0)":                         true,
		"pick(within(2*j-4, N), d[2*j-4], 2.0)":    true,
		"pick(within(j+3, N), 2.0, d[j])":          true,
		"pick(within(j-2, N), d[j+1], 2.0)":        false,
		"pick(within(j, N), d[j+1000000000], 2.0)": false,
		"pick(within(2*j-4, N), d[2*j-5], 2.0)":    false,
		"pick(within(j-1, N), 2.0, d[j-1])":        false,
		"pad(d[j+1], d[j+2])":                      false,
		"d[j+1]":                                   false,
	} {
		k := parse(t, head+text)
		for name, target := range targets(t) {
			e, err := target.Compile(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			p := newProblem(t, rand.New(rand.NewPCG(1, 2)), k, []int64{9}, 0.5, false)
			p.args.Threads = 1
			err = e.Run(t.Context(), &p.args)
			if !inside {
				if err == nil || !strings.Contains(err.Error(), "of d, which has 9") {
					t.Errorf("%s on %s: %v, want a refusal", text, name, err)
				}
				continue
			}
			if err == nil {
				err = ir.EvalKernel(k, p.eval)
			}
			if err == nil {
				err = p.differ()
			}
			if err != nil {
				t.Errorf("%s on %s: %v", text, name, err)
			}
		}
	}
}
