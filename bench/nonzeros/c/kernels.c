// Kernels of sparse matrices as a C programmer writes them for one core: see process.go
// for what they are asked. Each is one fused loop over what is stored.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { columns = 32, rank = 16 };

// What was read from a file.
struct file { void *data; size_t bytes; };

static struct file load(const char *name) {
	struct file f = {0};
	FILE *in = fopen(name, "rb");
	if (!in || fseek(in, 0, SEEK_END)) exit(1);
	f.bytes = (size_t)ftell(in);
	rewind(in);
	f.data = aligned_alloc(64, f.bytes / 64 * 64 + 64);
	if (!f.data || fread(f.data, 1, f.bytes, in) != f.bytes) exit(1);
	fclose(in);
	return f;
}

static long rows;
static int64_t *pos[3];       // of A's levels
static int32_t *crd[3];
static double *val, *x, *y;   // of A; B and C, dense
static double *out;
static size_t results;

static void spmv(void) {
	for (long i = 0; i < rows; i++) {
		double s = 0;
		for (int64_t q = pos[1][i]; q < pos[1][i + 1]; q++) s += val[q] * x[crd[1][q]];
		out[i] = s;
	}
}

static void spmm(void) {
	for (long i = 0; i < rows; i++) {
		double s[columns] = {0};
		for (int64_t q = pos[1][i]; q < pos[1][i + 1]; q++) {
			const double *row = x + (size_t)crd[1][q] * columns;
			for (int j = 0; j < columns; j++) s[j] += val[q] * row[j];
		}
		memcpy(out + i * columns, s, sizeof s);
	}
}

static void sddmm(void) { // sums in any order: one in order is slower
	for (long i = 0; i < rows; i++) {
		const double *row = x + i * columns;
		for (int64_t q = pos[1][i]; q < pos[1][i + 1]; q++) {
			const double *col = y + (size_t)crd[1][q] * columns;
			double s = 0;
#pragma omp simd reduction(+ : s)
			for (int k = 0; k < columns; k++) s += row[k] * col[k];
			out[q] = val[q] * s;
		}
	}
}

static void mttkrp(void) {
	memset(out, 0, results * sizeof *out);
	for (int64_t p = pos[0][0]; p < pos[0][1]; p++) {
		double s[rank] = {0};
		for (int64_t q = pos[1][p]; q < pos[1][p + 1]; q++) {
			double t[rank] = {0};
			const double *mid = x + (size_t)crd[1][q] * rank;
			for (int64_t r = pos[2][q]; r < pos[2][q + 1]; r++) {
				const double *inner = y + (size_t)crd[2][r] * rank;
				for (int j = 0; j < rank; j++) t[j] += val[r] * inner[j];
			}
			for (int j = 0; j < rank; j++) s[j] += t[j] * mid[j];
		}
		memcpy(out + (size_t)crd[0][p] * rank, s, sizeof s);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
	int levels, first; // of A; the first level that is a list
	size_t width;      // results a row; 0: one an element
} kernels[] = {{"spmv", spmv, 2, 1, 1}, {"spmm", spmm, 2, 1, columns}, {"sddmm", sddmm, 2, 1, 0}, {"mttkrp", mttkrp, 3, 0, rank}};

int main(void) {
	char what[32];
	void (*run)(void) = NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("gcc %s\n", __VERSION__);
	while (scanf("%31s", what) == 1) {
		long n;
		if (!strcmp(what, "write")) {
			FILE *f = fopen("out.val", "wb");
			if (!f || fwrite(out, sizeof *out, results, f) != results || fclose(f)) return 1;
			puts("ok");
			continue;
		}
		if (scanf("%ld", &n) != 1) return 1;
		if (!strcmp(what, "call")) {
			struct timespec from, to;
			clock_gettime(CLOCK_MONOTONIC, &from);
			while (n-- > 0) run();
			clock_gettime(CLOCK_MONOTONIC, &to);
			printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec));
			continue;
		}
		rows = n;
		run = NULL;
		for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
			if (strcmp(what, kernels[k].name)) continue;
			run = kernels[k].run;
			for (int l = 0; l < 3; l++) free(pos[l]), free(crd[l]), pos[l] = NULL, crd[l] = NULL;
			free(val), free(x), free(y), free(out);
			x = y = NULL;
			for (int l = kernels[k].first; l < kernels[k].levels; l++) {
				char name[16];
				snprintf(name, sizeof name, "A.pos%d", l);
				pos[l] = load(name).data;
				snprintf(name, sizeof name, "A.crd%d", l);
				crd[l] = load(name).data;
			}
			struct file a = load("A.val");
			val = a.data;
			x = load("B.val").data;
			if (run == sddmm || run == mttkrp) y = load("C.val").data;
			results = kernels[k].width ? (size_t)rows * kernels[k].width : a.bytes / sizeof *val;
			out = aligned_alloc(64, results * sizeof *out / 64 * 64 + 64);
			if (!out) return 1;
			memset(out, 1, results * sizeof *out);
		}
		puts(run ? "ok" : "skip");
	}
	return 0;
}
