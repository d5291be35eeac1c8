//go:build cuda && cgo && linux && amd64

// Every function of the driver that gorgonia.org/cu calls, as a jump to where slot NAME
// points: at first to a function that says that there is no driver, after
// numen_cuda_open to the driver's. So a program links without the driver's library, starts
// without it, and pays for it when a device is opened.
//
// A simulated driver in the program itself goes first: it defines sim_NAME.

#include <dlfcn.h>
#include <stddef.h>

enum { OK = 0, NOT_INITIALIZED = 3, NO_DEVICE = 100, NOT_FOUND = 500 };

static int uninitialised(void) { return NOT_INITIALIZED; }
static int missing(void) { return NOT_FOUND; }

#define SYMBOL(name)                                                      \
	static int (*slot_##name)(void) __attribute__((used)) = uninitialised; \
	extern int sim_##name(void) __attribute__((weak));                     \
	__asm__(".pushsection .text\n"                                         \
		".globl " #name "\n"                                           \
		".type " #name ",@function\n"                                  \
		#name ":\n"                                                    \
		"\tjmp *slot_" #name "(%rip)\n"                                \
		".popsection\n");
#include "symbols.h"
#undef SYMBOL

extern int sim_cuInit(unsigned) __attribute__((weak));

static const struct {
	const char *name;
	int (**slot)(void);
	int (*sim)(void);
} symbols[] = {
#define SYMBOL(name) {#name, &slot_##name, sim_##name},
#include "symbols.h"
#undef SYMBOL
};

// cuInit is called when package cu is initialised, which ends the program where it fails.
int cuInit(unsigned flags) {
	(void)flags;
	return OK;
}

// numen_cuda_open finds the driver and initialises it. It returns the driver's status, and
// why there is none.
int numen_cuda_open(const char **why) {
	int (*init)(unsigned) = sim_cuInit;
	void *library = NULL;
	*why = NULL;
	if (init == NULL) {
		library = dlopen("libcuda.so.1", RTLD_NOW);
		if (library == NULL) {
			*why = dlerror();
			return NO_DEVICE;
		}
		init = (int (*)(unsigned))dlsym(library, "cuInit");
		if (init == NULL) {
			*why = dlerror();
			return NOT_FOUND;
		}
	}
	int status = init(0);
	if (status != OK)
		return status;
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		int (*f)(void) = symbols[i].sim;
		if (library != NULL)
			f = (int (*)(void))dlsym(library, symbols[i].name);
		*symbols[i].slot = f != NULL ? f : missing;
	}
	return OK;
}
