//go:build cuda && cudasim && cgo && linux && amd64

#include <stdint.h>

// The context of a thread of the system.
static _Thread_local uintptr_t context;

uintptr_t numen_sim_context(void) { return context; }
void numen_sim_set_context(uintptr_t c) { context = c; }
