package sparse

import "testing"

func TestZZ(t *testing.T) {
	k := parse(t, "in a f64[M,N] csr, p f64[M,K], q f64[N,K]; out o f64[M,N] csr; local t f64[M,N]; axis i<M, j<N, k<K;  t[i,j] = fma.chain[k](p[i,k], q[j,k]) over a[i,j]; o[i,j] = a[i,j]*t[i,j]")
	e, err := New().Compile(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + e.String())
}
