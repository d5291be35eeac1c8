package sharded

// kept plans to read what a cell writes where a run before has kept it, all of it.
func (p *plan) kept(s *stage, cell int64) (bool, error) {
	s.bounds(cell, -1)
	s.touch()
	var writes []int32
	var bytes []int64
	there := true
	for o, n := range s.out {
		if n == nil {
			continue
		}
		whole, err := p.keep.of(n)
		if err != nil {
			return false, err
		}
		c, err := p.target(s, o)
		if err != nil {
			return false, err
		}
		b := &s.boxes[o]
		size := b.Size() * int64(n.dtype.Size())
		p.ids[c] = whole.boxed(b, "")
		there = there && p.keep.has(p.ids[c], size)
		writes, bytes = append(writes, c), append(bytes, size)
	}
	if !there {
		return false, nil
	}
	s.task[cell] = -1
	return true, p.load(s, cell, writes, bytes)
}

// keptPieces is kept for the pieces lo to hi of a cell.
func (p *plan) keptPieces(s *stage, cell int64, lo, hi int) ([]int32, bool, error) {
	s.bounds(cell, lo)
	s.touch()
	var writes []int32
	var bytes []int64
	var ids []identity
	for o, n := range s.out {
		if n == nil {
			continue
		}
		id, err := p.pieceID(s, o, lo, hi)
		if err != nil {
			return nil, false, err
		}
		size := s.boxes[o].Size() * int64(n.dtype.Size())
		if !p.keep.has(id, size) {
			return nil, false, nil
		}
		ids, bytes = append(ids, id), append(bytes, size)
	}
	for _, id := range ids {
		p.ids[int32(len(p.chunks))] = id
		writes = append(writes, int32(len(p.chunks)))
		p.chunks = append(p.chunks, chunk{})
	}
	return writes, true, p.load(s, cell, writes, bytes)
}

// pieceID names what pieces lo to hi leave in a result: the box at hand.
func (p *plan) pieceID(s *stage, o, lo, hi int) (identity, error) {
	whole, err := p.keep.of(s.out[o])
	from := int64(0)
	if lo > 0 {
		from = s.pieces[lo-1]
	}
	return whole.boxed(&s.boxes[o], "piece", from, s.pieces[hi-1]), err
}

// load adds tasks that read chunks which were kept.
func (p *plan) load(s *stage, cell int64, writes []int32, bytes []int64) error {
	p.reused++
	for i := range writes {
		t := task{kind: loading, stage: s, cell: cell, piece: -1, need: bytes[i]}
		t.reads = [2]int32{int32(len(p.reads)), int32(len(p.reads))}
		if err := p.add(t, writes[i:i+1], bytes[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// worth reports whether what a task writes is kept: where it is much less than what the
// task reads, or much is computed for it. The rest is made again sooner than it is read.
func (p *plan) worth(t *task) bool {
	if t.kind == merging {
		return true
	}
	if t.kind != compute || t.stage.inParts() {
		return false
	}
	out := int64(0)
	for _, c := range p.writes[t.writes[0]:t.writes[1]] {
		out += p.chunks[c].bytes
		if p.chunks[c].result {
			return true
		}
	}
	return t.need >= 3*out || t.cost() >= 64*out/8
}
