package asm

// A processor takes instructions from lines of 64 bytes, which it fetches one after the
// other: a loop of a few instructions that lies across two of them takes longer a turn
// than its instructions do. Such loops get room before them, to begin with a line.

// line is how many bytes are fetched together.
const line = 64

// top marks a label in encoder.tops whose loop has no room yet.
const top = -1

// loops finds the labels that are jumped back to.
func (e *encoder) loops(insts []Inst) {
	seen := make([]bool, 0, 64)
	for i := range insts {
		in := &insts[i]
		if in.Op == LABEL && in.N == 1 && in.Args[0].isLabel() {
			for n := int(in.Args[0].Imm); len(seen) <= n; {
				seen, e.tops = append(seen, false), append(e.tops, 0)
			}
			seen[in.Args[0].Imm] = true
		} else if label, ok := in.target(); ok && label >= 0 && label < int64(len(seen)) && seen[label] {
			e.tops[label] = top
		}
	}
}

// room returns how many bytes stand before a loop that would otherwise begin at a place.
func (e *encoder) room(i int, from int32) int32 {
	j := &e.jumps[i]
	size := e.jumps[j.back].at - j.at
	for k := i + 1; k <= int(j.back) && size <= line; k++ {
		size += e.jumps[k].size()
	}
	if before := from % line; size <= line && before+size > line {
		return line - before
	}
	return 0
}

// nops are instructions without effect, of 1 to 9 bytes.
var nops = [...]string{"\x90", "\x66\x90", "\x0F\x1F\x00", "\x0F\x1F\x40\x00", "\x0F\x1F\x44\x00\x00", "\x66\x0F\x1F\x44\x00\x00",
	"\x0F\x1F\x80\x00\x00\x00\x00", "\x0F\x1F\x84\x00\x00\x00\x00\x00", "\x66\x0F\x1F\x84\x00\x00\x00\x00\x00"}

// appendNops appends n bytes of as few of them as can be.
func appendNops(b []byte, n int) []byte {
	for n > 0 {
		size := min(n, len(nops))
		b = append(b, nops[size-1]...)
		n -= size
	}
	return b
}
