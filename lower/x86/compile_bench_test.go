//go:build linux && amd64

package x86

import (
	"os"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// BenchmarkCompile times the way from a kernel to machine code.
func BenchmarkCompile(b *testing.B) {
	if err := Available(asm.AVX512); err != nil {
		b.Skip(err)
	}
	for _, name := range []string{"axpbc", "softmax", "center_rows", "gemm_log"} {
		text, err := os.ReadFile("../loop/testdata/" + name + ".txt")
		if err != nil {
			b.Fatal(err)
		}
		kernel, _, _ := strings.Cut(string(text), "\nloop")
		k, err := ir.ParseKernel(kernel)
		if err != nil {
			b.Fatal(err)
		}
		schedule := Schedule(asm.AVX512)
		b.Run(name+"/loop", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := loop.From(k, schedule); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/code", func(b *testing.B) {
			b.ReportAllocs()
			l, err := loop.From(k, schedule)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				c, err := loop.CompileWith(l, New(asm.AVX512), loop.Class{})
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}
