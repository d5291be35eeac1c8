package sharded

import (
	"fmt"
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// data returns the plan as data.
func (p *plan) data(b *lower.Bounds) *lower.Plan {
	out := &lower.Plan{Tasks: make([]lower.Task, len(p.tasks)), Memory: b.Memory, Threads: max(b.Threads, 1), Reused: p.reused}
	for i := range p.tasks {
		out.Tasks[i] = p.describe(&p.tasks[i])
	}
	return out
}

var kindNames = [...]string{compute: "compute", merging: "merge", copying: "copy", loading: "load", store: "store"}

func (p *plan) describe(t *task) lower.Task {
	out := lower.Task{Kind: kindNames[t.kind], Bytes: t.need, Cost: t.cost()}
	for _, c := range p.reads[t.reads[0]:t.reads[1]] {
		if by := int(p.chunks[c].task) - 1; by >= 0 && !slices.Contains(out.After, by) {
			out.After = append(out.After, by)
		}
	}
	var boxes []string
	for _, c := range p.writes[t.writes[0]:t.writes[1]] {
		out.Out += p.chunks[c].bytes
	}
	var b ir.Box
	switch t.kind {
	case copying:
		t.array.grid.box(t.cell, &b)
		out.Stage, out.Place = t.array.name(), fmt.Sprintf("chunk %d", t.cell)
		if t.array.at == nil {
			out.Reads = []string{t.array.source.String()}
		}
		boxes = append(boxes, boxText(&b))
	case store:
		s := p.stores[t.piece]
		s.grid.box(t.cell, &b)
		out.Stage, out.Place = s.sink.String(), fmt.Sprintf("chunk %d", t.cell)
		out.Out = b.Size() * int64(t.array.dtype.Size())
		if t.array.first < 0 && t.array.source != nil {
			out.Reads = []string{t.array.source.String()}
		}
		boxes = append(boxes, boxText(&b))
	default:
		s := t.stage
		out.Stage, out.Place, out.Site = s.code.k.Name, fmt.Sprintf("cell %d", t.cell), s.site
		if t.piece >= 0 {
			out.Place = fmt.Sprintf("piece %d of cell %d", t.piece, t.cell)
		}
		s.bounds(t.cell, int(t.piece))
		s.touch()
		for o, n := range s.out {
			if n != nil {
				boxes = append(boxes, s.code.k.Operands[o].Name+boxText(&s.boxes[o]))
			}
		}
		for _, a := range s.read {
			if a != nil && a.first < 0 && a.have == nil {
				if name := a.name(); t.kind == compute && !slices.Contains(out.Reads, name) {
					out.Reads = append(out.Reads, name)
				}
			}
		}
	}
	out.Writes = strings.Join(boxes, " ")
	return out
}

// boxText writes a box as a slice: [0:4,10:20].
func boxText(b *ir.Box) string {
	parts := make([]string, len(b.Lo))
	for d := range b.Lo {
		parts[d] = fmt.Sprintf("%d:%d", b.Lo[d], b.Hi[d])
	}
	return "[" + strings.Join(parts, ",") + "]"
}
