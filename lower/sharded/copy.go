package sharded

import "github.com/numen-go/numen/ir"

// meet sets out to the positions of both boxes.
func meet(out, a, b *ir.Box) {
	out.Lo, out.Hi = append(out.Lo[:0], a.Lo...), append(out.Hi[:0], a.Hi...)
	for d := range a.Lo {
		out.Lo[d], out.Hi[d] = max(a.Lo[d], b.Lo[d]), min(a.Hi[d], b.Hi[d])
	}
}
