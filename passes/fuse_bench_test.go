package passes

import "testing"

// BenchmarkProgramPasses times a program of about a hundred calls from its kernels on:
// each row runs the passes up to its own.
func BenchmarkProgramPasses(b *testing.B) {
	u := &Unit{Graph: hundred()}
	if _, err := run(graphPasses(), u, Options{}); err != nil {
		b.Fatal(err)
	}
	ps := []Pass{kernels, fuse, memory, collapse}
	for i, p := range ps {
		b.Run(p.Name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := run(ps[:i+1], &Unit{Graph: u.Graph}, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
