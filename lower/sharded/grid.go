package sharded

import (
	"fmt"
	"sort"

	"github.com/numen-go/numen/ir"
)

// grid is where the chunks of an array end, by axis: ascending, the last is the extent.
type grid [][]int64

// whole returns the grid of one chunk.
func whole(extents []int64) grid {
	g := make(grid, len(extents))
	for d, n := range extents {
		g[d] = []int64{n}
	}
	return g
}

// regular returns the grid of equal chunks, the last ones of each axis shorter.
func regular(extents, chunks []int64) (grid, error) {
	if len(chunks) != len(extents) {
		return nil, fmt.Errorf("chunks of %d axes for an array of %d", len(chunks), len(extents))
	}
	g := make(grid, len(extents))
	for d, n := range extents {
		if chunks[d] <= 0 {
			return nil, fmt.Errorf("chunks of %d along axis %d", chunks[d], d)
		}
		for end := chunks[d]; end < n; end += chunks[d] {
			g[d] = append(g[d], end)
		}
		g[d] = append(g[d], n)
	}
	return g, nil
}

// check reports a grid that is not one of an array.
func (g grid) check(extents []int64) error {
	if len(g) != len(extents) {
		return fmt.Errorf("a grid of %d axes for an array of %d", len(g), len(extents))
	}
	for d, ends := range g {
		last := int64(0)
		for i, e := range ends {
			if e <= last && !(i == 0 && e == 0 && len(ends) == 1) {
				return fmt.Errorf("chunks along axis %d end at %d after %d", d, e, last)
			}
			last = e
		}
		if len(ends) == 0 || last != extents[d] {
			return fmt.Errorf("chunks along axis %d end at %d of %d", d, last, extents[d])
		}
	}
	return nil
}

// count returns the number of chunks.
func (g grid) count() int64 {
	n := int64(1)
	for _, ends := range g {
		n *= int64(len(ends))
	}
	return n
}

// start returns where chunk i along an axis starts.
func (g grid) start(axis, i int) int64 {
	if i == 0 {
		return 0
	}
	return g[axis][i-1]
}

// find returns the chunk along an axis that has a position.
func (g grid) find(axis int, pos int64) int {
	ends := g[axis]
	return min(sort.Search(len(ends), func(i int) bool { return ends[i] > pos }), len(ends)-1)
}

// box sets b to the positions of a chunk.
func (g grid) box(chunk int64, b *ir.Box) {
	b.Lo, b.Hi = append(b.Lo[:0], make([]int64, len(g))...), append(b.Hi[:0], make([]int64, len(g))...)
	for d := len(g) - 1; d >= 0; d-- {
		n := int64(len(g[d]))
		i := int(chunk % n)
		chunk /= n
		b.Lo[d], b.Hi[d] = g.start(d, i), g[d][i]
	}
}

// each calls f with every chunk that has a position of the box.
func (g grid) each(b *ir.Box, f func(chunk int64)) {
	if b.Empty() {
		return
	}
	var walk func(d int, chunk int64)
	walk = func(d int, chunk int64) {
		if d == len(g) {
			f(chunk)
			return
		}
		for i := g.find(d, b.Lo[d]); i < len(g[d]) && g.start(d, i) < b.Hi[d]; i++ {
			walk(d+1, chunk*int64(len(g[d]))+int64(i))
		}
	}
	walk(0, 0)
}

// only returns the one chunk that has every position of the box, false when it is none.
func (g grid) only(b *ir.Box) (int64, bool) {
	if b.Empty() {
		return 0, false
	}
	chunk := int64(0)
	for d := range g {
		i := g.find(d, b.Lo[d])
		if g[d][i] < b.Hi[d] {
			return 0, false
		}
		chunk = chunk*int64(len(g[d])) + int64(i)
	}
	return chunk, true
}

// longest returns the extents of the longest chunk along each axis.
func (g grid) longest() []int64 {
	out := make([]int64, len(g))
	for d := range g {
		for i, e := range g[d] {
			out[d] = max(out[d], e-g.start(d, i))
		}
	}
	return out
}

// String returns the number of chunks and their longest extents: 4x2 chunks of [10,64].
func (g grid) String() string {
	if len(g) == 0 {
		return "1 chunk"
	}
	s := ""
	for d, ends := range g {
		if d > 0 {
			s += "x"
		}
		s += fmt.Sprint(len(ends))
	}
	return fmt.Sprintf("%s chunks of %v", s, g.longest())
}
