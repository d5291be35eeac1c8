// Loops over arrays, written with intrinsics, and SLEEF's functions where its library is
// installed: what a C programmer has on one core. The harness compiles this file and
// sends one request a line to standard input:
//
//	start NAME DTYPE OUT INPUTS [N LO HI STREAM]...   makes inputs and a result of OUT
//	                                                  elements and makes the first call
//	call N                                            calls it N times
//	at I                                              an element of the result
//
// Answers are nanoseconds or the element's value, or a line that starts with "skip".
#include <dlfcn.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A vector of each type, and its operations, of the widest kind that this processor has.
#ifdef __AVX512F__
#define LEVEL "avx512"
typedef __m512d f64v;
typedef __m512 f32v;
#define OP64(name) _mm512_##name##_pd
#define OP32(name) _mm512_##name##_ps
#else
#define LEVEL "avx2"
typedef __m256d f64v;
typedef __m256 f32v;
#define OP64(name) _mm256_##name##_pd
#define OP32(name) _mm256_##name##_ps
#endif

enum { most = 3 };
static size_t length[most + 1]; // of the inputs, then of the result
static void *data[most + 1];
static void *library; // SLEEF's function

// One loop of each formula for each type: four vectors at a time, then single elements.
#define LOOP(name, T, V, OP, formula, element)                                             \
	static void name(const T *restrict a, const T *restrict b, const T *restrict c,        \
	                 T *restrict out, size_t n) {                                          \
		enum { w = sizeof(V) / sizeof(T) };                                                \
		size_t i = 0;                                                                      \
		for (; i + 4 * w <= n; i += 4 * w)                                                 \
			for (size_t k = i; k < i + 4 * w; k += w) {                                    \
				V x = OP(loadu)(a + k), y = OP(loadu)(b + k), z = OP(loadu)(c + k);        \
				(void)y, (void)z;                                                          \
				OP(storeu)(out + k, formula);                                              \
			}                                                                              \
		for (; i < n; i++) {                                                               \
			T x = a[i], y = b[i], z = c[i];                                                \
			(void)y, (void)z;                                                              \
			out[i] = element;                                                              \
		}                                                                                  \
	}

#define MULADD(OP) OP(add)(x, OP(mul)(y, z))
#define LINEAR(OP) OP(add)(OP(mul)(OP(set1)(2), x), OP(mul)(OP(set1)(3), y))
#define POLY(OP)                                                                            \
	OP(sub)(OP(mul)(OP(sub)(OP(mul)(OP(add)(OP(mul)(OP(set1)(.25f), x), OP(set1)(.75f)), x), \
	                        OP(set1)(1.5f)), x), OP(set1)(2))

LOOP(muladd64, double, f64v, OP64, MULADD(OP64), x + y * z)
LOOP(muladd32, float, f32v, OP32, MULADD(OP32), x + y * z)
LOOP(linear64, double, f64v, OP64, LINEAR(OP64), 2 * x + 3 * y)
LOOP(linear32, float, f32v, OP32, LINEAR(OP32), 2 * x + 3 * y)
LOOP(poly64, double, f64v, OP64, POLY(OP64), ((.25 * x + .75) * x - 1.5) * x - 2)
LOOP(poly32, float, f32v, OP32, POLY(OP32), ((.25f * x + .75f) * x - 1.5f) * x - 2)

// colsum64 adds up the columns of a matrix: eight vectors of sums at a time, which stay
// in registers while the rows go by.
static void colsum64(const double *restrict a, const double *restrict b, const double *restrict c,
                     double *restrict out, size_t k) {
	enum { w = sizeof(f64v) / sizeof(double), block = 8 * w };
	(void)b, (void)c;
	size_t rows = length[0] / k, j = 0;
	for (; j + block <= k; j += block) {
		f64v s[8];
		for (int v = 0; v < 8; v++) s[v] = OP64(set1)(0);
		for (size_t i = 0; i < rows; i++)
			for (int v = 0; v < 8; v++) s[v] = OP64(add)(s[v], OP64(loadu)(a + i * k + j + v * w));
		for (int v = 0; v < 8; v++) OP64(storeu)(out + j + v * w, s[v]);
	}
	for (; j < k; j++) {
		double s = 0;
		for (size_t i = 0; i < rows; i++) s += a[i * k + j];
		out[j] = s;
	}
}

// SLEEF's functions take and return vectors. The last vector is computed on a copy.
#define SLEEF(name, T, V, OP)                                                               \
	static void name(const T *a, const T *b, const T *c, T *out, size_t n) {                \
		enum { w = sizeof(V) / sizeof(T) };                                                 \
		(void)c;                                                                            \
		size_t i = 0;                                                                       \
		for (; i + w <= n; i += w) OP(storeu)(out + i, CALL(V, OP, a + i, b + i));          \
		if (i < n) {                                                                        \
			T x[w] = {1}, y[w] = {1};                                                       \
			memcpy(x, a + i, (n - i) * sizeof(T));                                          \
			memcpy(y, b + i, (n - i) * sizeof(T));                                          \
			OP(storeu)(x, CALL(V, OP, x, y));                                               \
			memcpy(out + i, x, (n - i) * sizeof(T));                                        \
		}                                                                                   \
	}

#define CALL(V, OP, x, y) ((V(*)(V))library)(OP(loadu)(x))
SLEEF(sleef64, double, f64v, OP64)
SLEEF(sleef32, float, f32v, OP32)
#undef CALL
#define CALL(V, OP, x, y) ((V(*)(V, V))library)(OP(loadu)(x), OP(loadu)(y))
SLEEF(sleefpow64, double, f64v, OP64)
SLEEF(sleefpow32, float, f32v, OP32)

typedef void (*loop64)(const double *, const double *, const double *, double *, size_t);
typedef void (*loop32)(const float *, const float *, const float *, float *, size_t);

static const struct {
	const char *name;
	loop64 wide;
	loop32 narrow;
} loops[] = {
	{"muladd", muladd64, muladd32},
	{"linear", linear64, linear32},
	{"poly", poly64, poly32},
	{"colsum", colsum64, NULL},
};

static loop64 wide;
static loop32 narrow;

// find sets wide or narrow to the loop of a name.
static int find(const char *name, int is64) {
	wide = NULL, narrow = NULL;
	for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
		if (!strcmp(loops[i].name, name)) {
			if (is64) wide = loops[i].wide;
			else narrow = loops[i].narrow;
			return wide || narrow;
		}
	if (strncmp(name, "sleef:", 6)) return 0;
	void *so = dlopen("libsleef.so.3", RTLD_NOW);
	if (!so) return 0;
	char symbol[64];
	int lanes = (int)(is64 ? sizeof(f64v) / 8 : sizeof(f32v) / 4);
	snprintf(symbol, sizeof symbol, "Sleef_%s%c%d_u10%s", name + 6, is64 ? 'd' : 'f', lanes, LEVEL[3] == '2' ? "avx2" : "avx512f");
	library = dlsym(so, symbol);
	int pow = !strcmp(name + 6, "pow");
	if (is64) wide = pow ? sleefpow64 : sleef64;
	else narrow = pow ? sleefpow32 : sleef32;
	return library != NULL;
}

static void call(void) {
	if (wide) wide(data[0], data[1], data[2], data[most], length[most]);
	else narrow(data[0], data[1], data[2], data[most], length[most]);
}

static long long timed(long n) {
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	while (n-- > 0) call();
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec);
}

// uniform is element i of a stream of random numbers, as array.go has it.
static double uniform(uint64_t stream, uint64_t i) {
	uint64_t z = ((stream << 40) + i + 1) * 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void *array(size_t n, int is64) {
	size_t bytes = (n * (is64 ? 8 : 4) + 127) / 64 * 64;
	void *p = aligned_alloc(64, bytes);
	if (!p) exit(1);
	return memset(p, 0, bytes);
}

static void start(void) {
	char name[32], dtype[16];
	int inputs;
	if (scanf("%31s %15s %zu %d", name, dtype, &length[most], &inputs) != 4 || inputs < 1 || inputs > most) exit(1);
	int is64 = !strcmp(dtype, "float64");
	for (int k = 0; k <= most; k++) free(data[k]);
	data[most] = array(length[most], is64);
	for (int k = 0; k < inputs; k++) {
		double lo, hi;
		unsigned long long stream;
		if (scanf("%zu %lf %lf %llu", &length[k], &lo, &hi, &stream) != 4) exit(1);
		data[k] = array(length[k], is64);
		for (size_t i = 0; i < length[k]; i++) {
			double scaled = (hi - lo) * uniform(stream, i);
			if (is64) ((double *)data[k])[i] = lo + scaled;
			else ((float *)data[k])[i] = (float)(lo + scaled);
		}
	}
	for (int k = inputs; k < most; k++) // a loop of fewer inputs does not use the others
		data[k] = memcpy(array(length[0], is64), data[0], length[0] * (is64 ? 8 : 4));
	if (!find(name, is64)) {
		printf("skip there is no %s of %s\n", name, dtype);
		return;
	}
	printf("%lld\n", timed(1));
}

int main(void) {
	char what[16];
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s\n", LEVEL);
	while (scanf("%15s", what) == 1) {
		long n;
		if (!strcmp(what, "start")) start();
		else if (scanf("%ld", &n) != 1) return 1;
		else if (!strcmp(what, "call")) printf("%lld\n", timed(n));
		else if (wide) printf("%.17g\n", ((double *)data[most])[n]);
		else printf("%.17g\n", ((float *)data[most])[n]);
	}
	return 0;
}
