package ir

// reducer combines positions in one of the orders, for w independent reductions side by
// side: a state is a slice of w elements per state of the combine.
type reducer struct {
	combineProgs
	order  Order
	w      int
	lanes  [LaneCount][][]uint64 // of the block under way; nil: nothing yet
	n      int64                 // positions in it
	count  int64                 // positions of all blocks
	blocks [][][]uint64
	result [][]uint64
	free   [][][]uint64
	in     [][]uint64
}

// combineProgs are a combine's definitions, compiled for elements of given dtypes.
type combineProgs struct {
	seed, step, merge *ScalarProgram
	states            []DType
	identity          []uint64 // nil: none
	empty             []uint64 // nil: none
}

func (c *Combine) compile(elems []DType) combineProgs {
	p := combineProgs{states: c.States(elems)}
	if bits, ok := c.Identity(p.states); ok {
		p.identity = bits
	}
	if bits, ok := c.Empty(p.states); ok {
		p.empty = bits
	}
	b, n := NewBuilder(), len(p.states)
	state := b.placeholders(p.states, 0)
	p.seed = CompileScalar(c.Seed(b, b.placeholders(elems, 0)))
	p.step = CompileScalar(c.Step(b, state, b.placeholders(elems, n)))
	p.merge = CompileScalar(c.Merge(b, state, b.placeholders(p.states, n)))
	return p
}

// reset starts reductions of width w.
func (r *reducer) reset(w int) {
	if r.result != nil {
		r.free = append(r.free, r.result)
	}
	if w != r.w {
		r.free = nil
	}
	r.w, r.n, r.count, r.blocks, r.result = w, 0, 0, r.blocks[:0], nil
}

// block returns the positions that a block has in the order, and the lanes that share it.
func (r *reducer) block() (positions int64, lanes int) {
	switch r.order {
	case Lanes:
		return LaneBlock, LaneCount
	case Chain, StoredOrder:
		return ChainBlock, 1
	case TreeOrder:
		return 1, 1
	}
	return 1 << 62, 1 // Free, Stored1: one chain
}

// add combines one more position.
func (r *reducer) add(elems [][]uint64) {
	size, lanes := r.block()
	lane := &r.lanes[r.n%int64(lanes)]
	switch {
	case *lane == nil && r.identity == nil:
		*lane = r.state(nil)
		r.seed.RunStrip(r.w, elems, *lane)
	default:
		if *lane == nil {
			*lane = r.state(r.identity)
		}
		r.in = append(append(r.in[:0], *lane...), elems...)
		r.step.RunStrip(r.w, r.in, *lane)
	}
	r.count++
	if r.n++; r.n == size {
		r.closeBlock()
	}
}

// closeBlock folds the lanes in halves: lane l takes in lane l+h. A lane without
// positions changes nothing.
func (r *reducer) closeBlock() {
	_, lanes := r.block()
	for h := lanes / 2; h > 0; h /= 2 {
		for l := range h {
			if r.lanes[l+h] != nil {
				r.mergeInto(r.lanes[l], r.lanes[l+h])
				r.lanes[l+h] = nil
			}
		}
	}
	r.blocks = append(r.blocks, r.lanes[0])
	r.lanes[0], r.n = nil, 0
}

// finish returns the results, good until the next reset; nil when there was no position.
func (r *reducer) finish() [][]uint64 {
	if r.n > 0 {
		r.closeBlock()
	}
	if len(r.blocks) == 0 {
		return nil
	}
	r.result = r.tree(r.blocks)
	return r.result
}

// tree merges blocks: the left side is the largest power of two below the whole.
func (r *reducer) tree(blocks [][][]uint64) [][]uint64 {
	if len(blocks) == 1 {
		return blocks[0]
	}
	m := 1
	for 2*m < len(blocks) {
		m *= 2
	}
	left := r.tree(blocks[:m])
	r.mergeInto(left, r.tree(blocks[m:]))
	return left
}

// mergeInto sets left to left merged with right, which is done with.
func (r *reducer) mergeInto(left, right [][]uint64) {
	r.in = append(append(r.in[:0], left...), right...)
	r.merge.RunStrip(r.w, r.in, left)
	r.free = append(r.free, right)
}

// state returns a state of the given bits.
func (r *reducer) state(bits []uint64) [][]uint64 {
	var s [][]uint64
	if n := len(r.free); n > 0 {
		s, r.free = r.free[n-1], r.free[:n-1]
	} else {
		for range r.states {
			s = append(s, make([]uint64, r.w))
		}
	}
	for i, b := range bits {
		for j := range s[i] {
			s[i][j] = b
		}
	}
	return s
}

// merge1 returns left merged with right where the state is one element.
func (p *combineProgs) merge1(left, right uint64) uint64 {
	var out [1]uint64
	p.merge.Run([]uint64{left, right}, out[:])
	return out[0]
}

// scan replaces x by its running combination: inside a group of 16 a tree of halves, a
// chain C of the groups of a block of 1024, a chain E of the blocks; each result is
// E + (C + s). It returns the last E, from which a next piece goes on.
func (p *combineProgs) scan(x []uint64, e uint64) uint64 {
	for b := 0; b < len(x); b += LaneBlock {
		c := p.identity[0]
		for g := b; g < min(b+LaneBlock, len(x)); g += ScanGroup {
			s := x[g:min(g+ScanGroup, len(x), b+LaneBlock)]
			for d := 1; d < ScanGroup; d *= 2 {
				for l := range s {
					if l&d != 0 {
						s[l] = p.merge1(s[l&^(2*d-1)|(d-1)], s[l])
					}
				}
			}
			total := s[len(s)-1]
			for l := range s {
				s[l] = p.merge1(e, p.merge1(c, s[l]))
			}
			c = p.merge1(c, total)
		}
		e = p.merge1(e, c)
	}
	return e
}
