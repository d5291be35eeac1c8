package sparse

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// kernels are what the target must run, in the text form.
var kernels = []string{
	// elementwise: union, intersection, both; functions, numbers, fills
	"in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]",
	"in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*b[i,j]",
	"in a f64[M,N] csr, b f64[M,N] csr, c f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*b[i,j] + c[i,j]",
	"in a f64[M,N] csr, b f64[M,N] csr, c f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = (a[i,j] + b[i,j])*c[i,j] - a[i,j]",
	"in a f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = sin(a[i,j])*2.5",
	"in a f64[M,N] csr; out o f64[M,N] csr/fill=0x3ff0000000000000; axis i<M, j<N;  o[i,j] = exp(a[i,j])",
	"in a f64[M,N] csr/fill=0x3ff0000000000000; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = log(a[i,j])",
	"in a f64[M,N] csr/fill=0x3ff0000000000000, b f64[M,N] csr; out o f64[M,N] csr/fill=0x3ff0000000000000; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]*a[i,j]",
	"scalar c f64; in a f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*c",
	"in a f32[M,N] csr, b f32[M,N] csr; out o f32[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] - b[i,j]",
	"in a i32[M,N] csr, b i32[M,N] csr; out o i32[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*b[i,j] + a[i,j]",
	"in a bool[M,N] csr, b bool[M,N] csr; out o bool[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] & b[i,j]",
	"in a f64[M,N] csr, b f64[M,N] csr; out o bool[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] < b[i,j]",
	"in a f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = where(a[i,j] < 0.5, a[i,j], a[i,j]*2.0)",
	// with dense operands, broadcast
	"in a f64[M,N] csr, d f64[M,N]; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*d[i,j]",
	"in a f64[M,N] csr, d f64[N]; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*d[j]",
	"in a f64[M,N] csr, d f64[M,1]; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*d[i,0]",
	"in a f64[M,N] csr, d f64[M,N]; out o f64[M,N]; axis i<M, j<N;  o[i,j] = a[i,j] + d[i,j]",
	"in a f64[M,1] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,0]*b[i,j]",
	"in a f64[1,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[0,j] + b[i,j]",
	"in a f64[N] sparsevec, d f64[M,N]; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[j]*d[i,j]",
	"in a f64[M,N] csr, d f64[N,P]; out o f64[M,N,P] levels(dense,compressed,dense); axis i<M, j<N, k<P;  o[i,j,k] = a[i,j]*d[j,k]",
	"in a f64[M,N] coo, d f64[N,P]; out o f64[M,N,P] levels(compressed,compressed,dense); axis i<M, j<N, k<P;  o[i,j,k] = a[i,j]*d[j,k]",
	// a dense level below a list, where nothing may be stored
	"in a f64[M,N,K] levels(dense,dense,compressed), d f64[P,K]; out o f64[M,N,P] levels(dense,compressed,dense); axis i<M, j<N, k<P, l<K;  o[i,j,k] = fma.stored[l](a[i,j,l], d[k,l])",
	"in a f64[M,N,K] levels(dense,dense,compressed); out o f64[M,2,N] levels(compressed,dense,compressed); axis i<M, j<2, k<N, l<K;  o[i,j,k] = sum.stored[l](a[i,k,l])",
	// rows that are summed together, and those that are not
	"in a f32[M,K] csr, x f32[K]; out o f32[M]; axis i<M, k<K;  o[i] = fma.stored[k](a[i,k]*2.5, x[k])",
	"in a f64[M,K] csr, x f64[K], y f64[M]; out o f64[M]; axis i<M, k<K;  o[i] = sum.stored[k](a[i,k]*x[k] - a[i,k]*y[i])",
	"in a f64[M,K] csr, x f64[K]; out o f64[M]; axis i<M, k<K;  o[i] = sum.stored[k](a[i,k]*exp(x[k]))",
	"in a f64[P,M,K] levels(dense,dense,compressed), x f64[P,K]; out o f64[P,M]; axis p<P, i<M, k<K;  o[p,i] = fma.stored[k](a[p,i,k], x[p,k])",
	"in a f64[M,K] levels(compressed,compressed), x f64[K]; out o f64[M]; axis i<M, k<K;  o[i] = fma.stored[k](a[i,k], x[k])",
	// many results for each element of lists, one inside the other or one that is long
	"in a f64[2,M,K] csf, x f64[M,P], y f64[K,P]; out o f64[2,P]; axis i<2, r<P, j<M, k<K;  o[i,r] = fma.stored[j,k](a[i,j,k], x[j,r]*y[k,r])",
	"in a f32[2,M,3,K] levels(dense,compressed,dense,compressed), x f32[M,P], y f32[K,P]; out o f32[2,P]; axis i<2, r<P, j<M, l<3, k<K;  o[i,r] = fma.stored[j,l,k](a[i,j,l,k], x[j,r]*y[k,r] - x[j,r])",
	"in a f64[2,K] csr, x f64[K,M]; out o f64[2,M]; axis i<2, j<M, k<K;  o[i,j] = sum.stored[k]((a[i,k] - x[k,j])*(a[i,k] - x[k,j]))",
	"in a f64[K,M,2] csf, x f64[P,M]; out o f64[2,P]; axis i<2, j<P, k<M, l<K;  o[i,j] = sum.stored1[k,l](a[l,k,i]*x[j,k])",
	// what dense operands are reduced to where one stores
	"in a f64[M,N] csr, p f64[M,K], q f64[K,N]; out o f64[M,N] csr; local t f64[M,N]; axis i<M, j<N, k<K;  t[i,j] = fma.chain[k](p[i,k], q[k,j]) over a[i,j]; o[i,j] = a[i,j]*t[i,j]",
	"in a f32[M,N] csc, p f32[M,K], q f32[N,K]; out o f32[M,N] csc; local t f32[M,N]; axis i<M, j<N, k<K;  t[i,j] = fma.chain[k](p[i,k], q[j,k]) over a[i,j]; o[i,j] = a[i,j]*exp(t[i,j] + 1.0)",
	"in a f64[M,N] coo, b f64[M,N] csr, p f64[M,K], q f64[N,K]; out o f64[M,N] coo; local t f64[M,N]; axis i<M, j<N, k<K;  t[i,j] = sum.lanes[k](abs(p[i,k] - q[j,k])) over a[i,j]; o[i,j] = a[i,j]*t[i,j]*b[i,j]",
	"in a f64[M,N] csr, p f64[M,K], q f64[N,K]; out o f64[M]; local t f64[M,N]; axis i<M, j<N, k<K;  t[i,j] = fma.chain[k](p[i,k], q[j,k]) over a[i,j]; o[i] = fma.stored[j](a[i,j], t[i,j])",
	"in a f64[M,N] csr, p f64[N,K], q f64[M,K]; out o f64[N,M] csc; local t f64[N,M], u f64[N,M]; axis i<N, j<M, k<K;  t[i,j] = fma.chain[k](p[i,k], q[j,k]) over a[j,i]; u[i,j] = sum.lanes[k](p[i,k]*q[j,k]) over a[j,i]; o[i,j] = (t[i,j] + u[i,j])*a[j,i]",
	"in a f64[M,N,K] csf, p f64[M,P], q f64[P,K]; out o f64[M,N,K] csf; local t f64[M,N,K]; axis i<M, j<N, k<K, r<P;  t[i,j,k] = fma.chain[r](p[i,r], q[r,k]) over a[i,j,k]; o[i,j,k] = a[i,j,k]*t[i,j,k]",
	"in a f64[M,N] csr, p f64[M,K], q f64[K,N]; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.chain[k](p[i,k], q[k,j]) over a[i,j]",
	"in a f64[M,N] csr, p f64[M,N]; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = exp(p[i,j]) over a[i,j]",
	"in a f64[M,N] csr, p f64[M,K], q f64[N,K,P]; out o f64[M,P]; local t f64[M,N,P]; axis i<M, j<N, r<P, k<K;  t[i,j,r] = fma.chain[k](p[i,k], q[j,k,r]) over a[i,j]; o[i,r] = fma.stored[j](a[i,j], t[i,j,r])",
	// formats
	"in a f64[N] sparsevec, b f64[N] sparsevec; out o f64[N] sparsevec; axis i<N;  o[i] = a[i] + b[i]",
	"in a f64[N] sparsevec, b f64[N] sparsevec; out o f64[N] sparsevec; axis i<N;  o[i] = a[i]*b[i]",
	"in a f64[M,N] csc, b f64[M,N] csc; out o f64[M,N] csc; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]",
	"in a f64[M,N] csc, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]",
	"in a f64[M,N] coo, b f64[M,N] coo; out o f64[M,N] coo; axis i<M, j<N;  o[i,j] = a[i,j] + b[i,j]",
	"in a f64[M,N] coo, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*b[i,j]",
	"in a f64[M,N,P] csf, b f64[M,N,P] csf; out o f64[M,N,P] csf; axis i<M, j<N, k<P;  o[i,j,k] = a[i,j,k] + b[i,j,k]",
	"in a f64[M,N,P] csf, b f64[M,N,P] csf; out o f64[M,N,P] csf; axis i<M, j<N, k<P;  o[i,j,k] = a[i,j,k]*b[i,j,k]",
	"in a f64[M,N,P] levels(compressed,singleton,singleton), b f64[M,N,P] levels(dense,compressed,compressed); out o f64[M,N,P] levels(dense,compressed,compressed); axis i<M, j<N, k<P;  o[i,j,k] = a[i,j,k] - b[i,j,k]",
	"in a f64[M,N] csr; out o f64[N,M] csc; axis i<N, j<M;  o[i,j] = a[j,i]",
	"in a f64[M,N] csr; out o f64[N,M] csr; axis i<N, j<M;  o[i,j] = a[j,i]",
	"in a f64[M,N] csr; out o f64[M,N]; axis i<M, j<N;  o[i,j] = a[i,j]",
	"in a f64[N,N] csr; out o f64[N] sparsevec; axis i<N;  o[i] = a[i,i]",
	"in a f64[N,N] csr; out o f64[N,N] csr; axis i<N, j<N;  o[i,j] = a[i,j] + a[j,i]",
	// parts: slices, concatenation
	"in a f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = pad(a[i+1,j-2], 0.0)",
	"in a f64[M,N] csr, b f64[P,N] csr; out o f64[M+P,N] csr; axis i<M+P, j<N;  o[i,j] = pick(within(i, M), a[i,j], b[i-M,j])",
	"in a f64[M,N] coo, b f64[M,P] coo; out o f64[M,N+P] coo; axis i<M, j<N+P;  o[i,j] = pick(within(j, N), a[i,j], b[i,j-N])",
	"in a f64[M,N,1] levels(dense,compressed,compressed); out o f64[M,N,2] levels(dense,compressed,compressed); axis i<M, j<N, k<2;  o[i,j,k] = a[i,j,0]",
	"in a f64[M,N,P] levels(dense,compressed,compressed); out o f64[M,N*P] csr; axis i<M, j<N, k<P;  o[i,P*j+k] = a[i,j,k]",
	"in a f64[M,N,2] levels(dense,compressed,compressed); out o f64[M,N*2] csr; axis i<M, j<N, k<2;  o[i,2*j+k] = a[i,j,k]",
	// reductions
	"in a f64[M,N] csr; out o f64[M]; axis i<M, j<N;  o[i] = sum.stored[j](a[i,j])",
	"in a f64[M,N] csr; out o f64[N]; axis i<M, j<N;  o[j] = sum.stored1[i](a[i,j])",
	"in a f64[M,N] csr; out o f64[]; axis i<M, j<N;  o = sum.stored[i,j](a[i,j])",
	"in a f64[M,N] coo; out o f64[M]; axis i<M, j<N;  o[i] = sum.stored[j](a[i,j])",
	"in a f64[M,N] coo; out o f64[N]; axis i<M, j<N;  o[j] = sum.stored1[i](a[i,j])",
	"in a f64[M,N,P] csf; out o f64[M,N] coo; axis i<M, j<N, k<P;  o[i,j] = sum.stored[k](a[i,j,k])",
	"in a f64[M,N,P] csf; out o f64[M,N] csr; axis i<M, j<N, k<P;  o[i,j] = sum.stored[k](a[i,j,k])",
	"in a f64[M,N] csr/fill=0x3ff0000000000000; out o f64[M]; axis i<M, j<N;  o[i] = prod.stored[j](a[i,j])",
	"in a f64[M,N] csr; out o f64[M]; axis i<M, j<N;  o[i] = max.free[j](a[i,j])",
	"in a f64[M,N] csr; out x f64[M], o i64[M]; axis i<M, j<N;  x[i], o[i] = argmax.free[j](a[i,j], j)",
	"in a f64[M,N] csr/fill=0x3ff0000000000000; out o f64[M]; axis i<M, j<N;  o[i] = sum.lanes[j](a[i,j])",
	"in a f64[M,N] csr, d f64[N]; out o f64[M]; axis i<M, j<N;  o[i] = sum.chain[j](a[i,j] + d[j])",
	"in a f64[M,N] csr, d f64[N]; out o f64[M]; axis i<M, j<N;  o[i] = sum.tree[j](a[i,j] + d[j])",
	"in a i64[M,N] csr; out o i64[N]; axis i<M, j<N;  o[j] = sum.free[i](a[i,j])",
	"in a f64[M,N] csr, b f64[M,N] csr; out o f64[M]; axis i<M, j<N;  o[i] = sum.stored[j](a[i,j] + b[i,j])",
	// positions that are no axes: reversed, every second, joined, split, windows, quotients
	"in a f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,-j+N-1]",
	"in a f64[2*M+1,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[2*i+1,j]*2.5",
	"in a f64[2*M+1,N] csc; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[2*i+1,-j+N-1]",
	"in a f64[M*N] sparsevec; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[N*i+j]",
	"in a f64[M,N] csr; out o f64[M*N] sparsevec; axis i<M, j<N;  o[N*i+j] = a[i,j]",
	"in a f64[M,N] coo; out o f64[M,1,N] levels(compressed,dense,compressed); axis i<M, j<N;  o[i,0,j] = a[i,j] + 0.0",
	"in a f64[M,N,P] csf; out o f64[M,N*P] coo; axis i<M, j<N, k<P;  o[i,P*j+k] = sin(a[i,j,k])",
	"in a f64[M*P,N] csr; out o f64[M,N]; axis i<M, j<N, k<P;  o[i,j] = sum.stored[k](a[P*i+k,j])",
	"in a f64[M+2,N] csr, d f64[3]; out o f64[M,N] csr; axis i<M, j<N, k<3;  o[i,j] = fma.stored1[k](a[i+k,j], d[k])",
	"in a f64[M+2,N+2] csr; out o f64[M,N]; axis i<M, j<N, k<3, l<3;  o[i,j] = max.free[k,l](a[i+k,j+l])",
	"in a f64[M,N] csr; out o f64[M,2*N] csr; axis i<M, j<2*N;  o[i,j] = pad(a[i,exact(j,2)], 0.0)",
	"in a f64[M,N] csr, b f64[M,N] csr; out o f64[M,N] csr; axis i<M, j<N;  o[i,j] = a[i,j]*b[-i+M-1,j]",
	"in a f64[1,M,1,N] levels(dense,compressed,dense,compressed); out o f64[2,M,1,N] levels(dense,compressed,dense,compressed); axis i<2, j<M, k<1, l<N;  o[i,j,k,l] = a[0,j,0,l]",
	"in a f64[2,M,1,N] levels(dense,compressed,dense,compressed); out o f64[2*M,N] coo; axis i<2, j<M, k<N;  o[M*i+j,k] = a[i,j,0,k]",
	"in a f64[2,M,1,N] levels(dense,dense,dense,compressed); out o f64[2*M,N] csr; axis i<2, j<M, k<N;  o[M*i+j,k] = a[i,j,0,k]",
	// a list below a position that is a number, in several tasks
	"in a f64[M+3,N] csr; out o f64[N] sparsevec; axis j<N;  o[j] = a[2,j]*2.0",
	"in a f64[M+3,N] coo, b f64[N] sparsevec; out o f64[N] sparsevec; axis j<N;  o[j] = a[2,j]*2.0 + b[j]",
	"in a f64[M+3,N] csr; out o f64[]; axis j<N;  o = sum.stored[j](a[2,j])",
	"in a f64[N+2] sparsevec; out o f64[]; o = a[1]",
	// positions that are data
	"in a f64[M,N] csr, p i64[K]; out o f64[K,N] csr; axis i<K, j<N;  o[i,j] = a[chk(p[i], M, 0),j]",
	"in a f64[M,N] csr, p i64[K]; out o f64[M,K] csr; axis i<M, j<K;  o[i,j] = a[i,chk(p[j], N, 0)]*2.0",
	"in a f64[M,N] coo, p i64[K], q i64[K]; out o f64[K] sparsevec; axis i<K;  o[i] = a[chk(p[i], M, 0),chk(q[i], N, 1)]",
	"in a f64[M,N] csr, p i64[K,P]; out o f64[K,P,N] levels(dense,dense,compressed); axis i<K, j<P, k<N;  o[i,j,k] = a[chk(p[i,j], M, 0),k]",
	// reductions in any order
	"in a f64[M,N] csr; out o f64[N]; axis i<N, j<M;  o[i] = max.free[j](a[j,i])",
	"in a f64[M,N] coo, b f64[M,N] csr; out o f64[M]; axis i<M, j<N;  o[i] = min.free[j](a[i,j] - b[i,j])",
	"in a f64[M,N] csr/fill=0x3ff0000000000000; out o f64[M]; axis i<M, j<N;  o[i] = max.free[j](a[i,j])",
	"in a i64[M,N] csr/fill=0x3; out o i64[M]; axis i<M, j<N;  o[i] = sum.free[j](a[i,j])",
	"in a i64[M,N] csr, b i64[M,N] csr; out o i64[M]; axis i<M, j<N;  o[i] = fma.free[j](a[i,j], b[i,j])",
	"in a bool[M,N] csr/fill=0x1; out o bool[M]; axis i<M, j<N;  o[i] = all.free[j](a[i,j])",
	"in a f64[M,N] csr; out o i64[M]; local x f64[M]; axis i<M, j<N;  x[i], o[i] = argmax.free[j](a[i,j], j)",
	"in a f64[M,N] csr; out o i64[N]; local x f64[N]; axis i<N, j<M;  x[i], o[i] = argmin.free[j](a[j,i], j)",
	"in a f64[N] sparsevec, b f64[N] sparsevec; out x f64[], o i64[]; axis j<N;  x, o = argmin.free[j](a[j] + b[j], j)",
	// contractions
	"in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])",
	"in A f32[M,K] csr, x f32[K]; out y f32[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])",
	"in A f64[M,K] csc, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored1[k](A[i,k], x[k])",
	"in A f64[M,K] csr, x f64[M]; out y f64[K]; axis i<M, k<K;  y[k] = fma.stored1[i](A[i,k], x[i])",
	"in A f64[M,K] csr, x f64[K] sparsevec; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])",
	"in A f64[K] sparsevec, x f64[K] sparsevec; out y f64[]; axis k<K;  y = fma.stored[k](A[k], x[k])",
	"in A f64[M,K] csr, X f64[K,N]; out Y f64[M,N]; axis i<M, j<N, k<K;  Y[i,j] = fma.stored[k](A[i,k], X[k,j])",
	"in A f32[M,K] csr, X f32[K,300]; out Y f32[M,300]; axis i<M, j<300, k<K;  Y[i,j] = fma.stored[k](A[i,k], X[k,j])",
	"in A f64[M,N,P] csf, B f64[N,K], C f64[P,K]; out o f64[M,K]; axis i<M, r<K, j<N, k<P;  o[i,r] = fma.stored[j,k](A[i,j,k]*B[j,r], C[k,r])",
	"in A f64[M,K] csr, X f64[K,N]; out Y f64[M,N]; axis i<M, j<N, k<K;  Y[i,j] = sum.stored[k](A[i,k]*exp(X[k,j]) + X[k,j])",
	"in X f64[M,K], A f64[K,N] csr; out Y f64[M,N]; axis i<M, j<N, k<K;  Y[i,j] = fma.stored1[k](X[i,k], A[k,j])",
	"in A f64[M,K] csr, P f64[K,N] csr; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.stored1[k](A[i,k], P[k,j])",
	"in A f64[M,K] csr, P f64[N,K] csr; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.stored[k](A[i,k], P[j,k])",
	"in A f64[M,K] coo, P f64[K,N] coo; out o f64[M,N] csr; axis i<M, j<N, k<K;  o[i,j] = fma.stored1[k](A[i,k], P[k,j])",
	// an axis of dense operands alone, also of no positions
	"in A f64[3,2] levels(compressed,compressed), X f64[M,N,2]; out o f64[3,M]; axis i<3, j<M, k<N, l<2;  o[i,j] = fma.stored[k,l](X[j,k,l], A[i,l])",
	"in A f64[3,2] levels(compressed,compressed), X f64[M,0,2]; out o f64[3,M]; axis i<3, j<M, k<0, l<2;  o[i,j] = fma.stored[k,l](X[j,k,l], A[i,l])",
}

// parse returns a kernel, its dims and locals being those that its text uses.
func parse(t *testing.T, text string) *ir.Kernel {
	t.Helper()
	dims := ""
	for _, d := range []string{"M", "N", "K", "P"} {
		if strings.Contains(text, "<"+d) || strings.Contains(text, "["+d) || strings.Contains(text, "+"+d) || strings.Contains(text, ","+d) {
			dims += " " + d
		}
	}
	k, err := ir.ParseKernel("kernel k; dim" + dims + "; " + text)
	if err == nil {
		err = k.Verify()
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return k
}

var specials = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 5e-324, 1e308, 1}

func randomElement(r *rand.Rand, d ir.DType, special bool) uint64 {
	switch d.Kind() {
	case ir.KindBool:
		return uint64(r.IntN(2))
	case ir.KindInt:
		return uint64(r.Int64N(20) - 10)
	}
	if special && r.IntN(8) == 0 {
		return ir.Float(d, specials[r.IntN(len(specials))])
	}
	return ir.Float(d, math.Ldexp(r.NormFloat64(), r.IntN(8)-4))
}

// problem is a kernel with arguments, for the evaluator and for the target.
type problem struct {
	k    *ir.Kernel
	args lower.Args
	eval ir.KernelArgs
}

func newProblem(t *testing.T, r *rand.Rand, k *ir.Kernel, sizes []int64, density float64, special bool) *problem {
	p := &problem{k: k}
	dims, total := map[string]int64{}, int64(1)
	for _, d := range k.Dims {
		n := sizes[r.IntN(len(sizes))]
		if total*n > 12000 { // the evaluator is slow
			n = 3
		}
		total *= max(n, 1)
		dims[d] = n
		p.args.Dims = append(p.args.Dims, n)
	}
	for _, s := range k.Scalars {
		p.args.Scalars = append(p.args.Scalars, randomElement(r, s.DType, false))
	}
	p.eval.Dims, p.eval.Scalars = p.args.Dims, p.args.Scalars
	for _, o := range k.Operands {
		var extents []int64
		n := int64(1)
		for _, d := range o.Shape {
			e, err := d.Eval(func(s string) (int64, bool) { v, ok := dims[s]; return v, ok })
			if err != nil {
				t.Fatal(err)
			}
			extents, n = append(extents, e), n*e
		}
		elems := make([]uint64, n)
		a := lower.Array{DType: o.DType, Extents: extents, Strides: lower.Contiguous(extents), Format: o.Format}
		e := ir.KernelArray{Elems: elems, Extents: extents}
		if e.Extents == nil {
			e.Extents = []int64{}
		}
		if o.Role == ir.In {
			for i := range elems {
				elems[i] = randomElement(r, o.DType, special)
			}
		}
		a.Buf = hostOf(o.DType, elems)
		if o.Format.Sparse() {
			e.Stored = make([]bool, n)
			a.Buf = &Data{}
			if o.Role == ir.In {
				var coords [][]int32 = make([][]int32, len(extents))
				var at []int64
				each(&lower.Array{Extents: extents, Strides: lower.Contiguous(extents)}, func(pos []int64, i int64) {
					if r.Float64() >= density {
						elems[i] = o.Format.Fill
						return
					}
					e.Stored[i] = true
					for d, x := range pos {
						coords[d] = append(coords[d], int32(x))
					}
					at = append(at, i)
				})
				d, err := Build(o.DType, o.Format, extents, coords, hostOf(o.DType, elems), at)
				if err != nil {
					t.Fatal(err)
				}
				a.Buf = d
			}
		}
		p.args.Arrays, p.eval.Arrays = append(p.args.Arrays, a), append(p.eval.Arrays, e)
	}
	return p
}

func hostOf(d ir.DType, elems []uint64) *lower.Host {
	h := newValues(d, int64(len(elems)))
	for i, v := range elems {
		b := h.Bytes()[i*d.Size():]
		for k := range d.Size() {
			b[k] = byte(v >> (8 * k))
		}
	}
	return h
}

func bitsAt(h *lower.Host, d ir.DType, i int64) uint64 {
	v := uint64(0)
	for k := range d.Size() {
		v |= uint64(h.Bytes()[int(i)*d.Size()+k]) << (8 * k)
	}
	switch d {
	case ir.Int8:
		return uint64(int64(int8(v)))
	case ir.Int16:
		return uint64(int64(int16(v)))
	case ir.Int32:
		return uint64(int64(int32(v)))
	}
	return v
}

func isNaN(d ir.DType, v uint64) bool {
	return d == ir.Float64 && math.IsNaN(math.Float64frombits(v)) || d == ir.Float32 && math.IsNaN(float64(math.Float32frombits(uint32(v))))
}

// differ says how the outputs differ from the evaluator's, in values or in what is stored.
func (p *problem) differ() error {
	for i, o := range p.k.Operands {
		if o.Role == ir.In {
			continue
		}
		want, got := p.eval.Arrays[i], p.args.Arrays[i]
		dense, stored := got, make([]bool, len(want.Elems))
		if o.Format.Sparse() {
			d, err := Of(&got)
			if err != nil {
				return err
			}
			a, err := d.dense()
			if err != nil {
				return err
			}
			dense = *a
			coords, _ := d.Entries()
			if len(coords) > 0 {
				for n := range coords[0] {
					at := int64(0)
					for k := range coords {
						at += int64(coords[k][n]) * a.Strides[k]
					}
					if stored[at] {
						return fmt.Errorf("element %d is stored twice", at)
					}
					stored[at] = true
				}
			}
		}
		for n, w := range want.Elems {
			g := bitsAt(dense.Buf.(*lower.Host), o.DType, int64(n))
			if o.Format.Sparse() && stored[n] != want.Stored[n] {
				return fmt.Errorf("%s: element %d of %v is stored: %v, want %v", o.Name, n, want.Extents, stored[n], want.Stored[n])
			}
			if g != w && !(isNaN(o.DType, g) && isNaN(o.DType, w)) {
				return fmt.Errorf("%s: element %d of %v is %#x, want %#x", o.Name, n, want.Extents, g, w)
			}
		}
	}
	return nil
}

func targets(t *testing.T) map[string]lower.Target {
	return map[string]lower.Target{"machine": New(), "portable": Portable()}
}

func TestKernels(t *testing.T) {
	for name, target := range targets(t) {
		for n, text := range kernels {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				k := parse(t, text)
				e, err := target.Compile(t.Context(), k)
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				defer e.Close()
				r := rand.New(rand.NewPCG(uint64(n), 7))
				for i := range 24 {
					sizes := []int64{0, 1, 2, 5, 17, 31}
					if i%8 == 7 {
						sizes = []int64{3, 1300}
					}
					if i%8 == 6 {
						sizes = []int64{40}
					}
					p := newProblem(t, r, k, sizes, []float64{0.1, 0.4, 0.9, 1, 0, 0.02}[i%6], i%2 == 0)
					p.args.Threads = 1 + 3*(i%2)
					if err := ir.EvalKernel(k, p.eval); err != nil {
						if e.Run(t.Context(), &p.args) == nil {
							t.Errorf("no error, want %v", err)
						}
						continue
					}
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a loop without end is an error
					err := e.Run(ctx, &p.args)
					cancel()
					if err != nil {
						t.Fatalf("%s\ndims %v: %v\n%s", text, p.args.Dims, err, e)
					}
					if err := p.differ(); err != nil {
						t.Fatalf("%s\ndims %v, %d threads: %v\n%s", text, p.args.Dims, p.args.Threads, err, e)
					}
				}
			})
		}
	}
}
