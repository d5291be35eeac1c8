package x86

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/klauspost/cpuid/v2"

	"github.com/numen-go/numen/lower/x86/asm"
)

// levelFeatures are what the instructions of a level need. The library reports those of
// AVX and AVX-512 only where the system keeps their registers (XGETBV).
var levelFeatures = map[asm.Level][]cpuid.FeatureID{
	asm.AVX2:   {cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2, cpuid.LZCNT, cpuid.POPCNT},
	asm.AVX512: {cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2, cpuid.LZCNT, cpuid.POPCNT, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512CD, cpuid.AVX512DQ, cpuid.AVX512VL},
}

// Available reports why code of a level cannot run here: the processor lacks something, or
// the system forbids it. It is nil when it can.
func Available(level asm.Level) error {
	for _, f := range levelFeatures[level] {
		if !cpuid.CPU.Has(f) {
			return fmt.Errorf("x86: the processor has no %s", f)
		}
	}
	return probe()
}

// probe makes and runs a piece of code once.
var probe = sync.OnceValue(func() error {
	// mov qword ptr [rdi], 7; ret
	t, err := load([]byte{0x48, 0xc7, 0x07, 7, 0, 0, 0, 0xc3})
	if err != nil {
		return err
	}
	var word uint64
	t.run(t.addr, unsafe.Pointer(&word))
	if word != 7 {
		err = errors.New("x86: code does not run")
	}
	return errors.Join(err, t.close())
})

// Caches are the sizes in bytes of the caches that a core sees.
type Caches struct{ L1, L2, L3 int }

// CacheSizes returns the processor's caches, usual sizes where it does not tell.
func CacheSizes() Caches {
	or := func(n, usual int) int {
		if n > 0 {
			return n
		}
		return usual
	}
	c := cpuid.CPU.Cache
	return Caches{or(c.L1D, 32<<10), or(c.L2, 512<<10), or(c.L3, 8<<20)}
}
