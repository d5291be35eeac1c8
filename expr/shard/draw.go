package shard

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
)

// drawn is how many tasks a picture shows one by one; of a larger plan it shows stages.
const drawn = 120

// picture is what is shown as one box.
type picture struct {
	lines []string
	color string
	level int
	after map[int]int // boxes that it reads from; how many times
	tip   string
	x, y  int
}

// colors are those of the kinds of task.
var colors = map[string]string{"compute": "#cfe3f7", "merge": "#e5d5f5", "copy": "#eeeeee", "load": "#fff2c4", "store": "#d5efd5"}

// SVG returns a picture of the plan: tasks from top to bottom in the order in which they
// can run, joined where one reads what another makes; of a large plan, its stages.
func (p *Plan) SVG() string {
	boxes := p.pictures()
	const width, height, gapX, gapY, margin = 190, 58, 16, 46, 16
	rows := lay(boxes)
	widest := slices.Max(append(rows, 1))
	left := func(b *picture) int { return margin + (widest-rows[b.y])*(width+gapX)/2 + b.x*(width+gapX) } // rows are centred
	top := func(b *picture) int { return margin + b.y*(height+gapY) }
	w, h := 2*margin+widest*(width+gapX)-gapX, 2*margin+len(rows)*(height+gapY)-gapY
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", w, h, w, h)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="white"/>`+"\n", w, h)
	for i, b := range boxes {
		for _, from := range slices.Sorted(maps.Keys(b.after)) {
			a := boxes[from]
			x1, y1, x2, y2 := left(a)+width/2, top(a)+height, left(b)+width/2, top(b)
			fmt.Fprintf(&out, `<path d="M%d %d C%d %d %d %d %d %d" fill="none" stroke="#888"><title>%d to %d</title></path>`+"\n", x1, y1, x1, y1+gapY/2, x2, y2-gapY/2, x2, y2, from, i)
		}
	}
	for _, b := range boxes {
		x, y := left(b), top(b)
		fmt.Fprintf(&out, `<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="5" fill="%s" stroke="#666"/>`, html.EscapeString(b.tip), x, y, width, height, b.color)
		for i, line := range b.lines {
			fmt.Fprintf(&out, `<text x="%d" y="%d">%s</text>`, x+8, y+17+i*16, html.EscapeString(short(line)))
		}
		out.WriteString("</g>\n")
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// abreast is how many boxes stand in a row at most.
const abreast = 10

// lay sets where boxes stand, each below those that it reads from, and returns how many
// stand in each row.
func lay(boxes []*picture) []int {
	levels := map[int][]*picture{}
	for _, b := range boxes {
		levels[b.level] = append(levels[b.level], b)
	}
	var rows []int
	for level := range len(levels) {
		for row := range slices.Chunk(levels[level], abreast) {
			for x, b := range row {
				b.x, b.y = x, len(rows)
			}
			rows = append(rows, len(row))
		}
	}
	return rows
}

// short cuts a line to what fits a box.
func short(s string) string {
	r := []rune(s)
	if len(r) <= 30 {
		return s
	}
	return string(r[:29]) + "…"
}

// pictures returns a box a task, or one a stage.
func (p *Plan) pictures() []*picture {
	var out []*picture
	if len(p.Tasks) > drawn {
		stages, _ := p.stages()
		for _, s := range stages {
			b := &picture{color: colors[s.kind], level: s.level, after: s.after}
			b.lines = []string{s.kind + " " + s.name, fmt.Sprintf("%d tasks of %s", len(s.tasks), size(s.most)), "makes " + size(s.out)}
			b.tip = fmt.Sprintf("%s %s: %d operations", s.kind, s.name, s.cost)
			if s.site != nil {
				b.tip += "\n" + s.site.String()
			}
			out = append(out, b)
		}
		return out
	}
	for i := range p.Tasks {
		t := &p.Tasks[i]
		b := &picture{color: colors[t.Kind], after: map[int]int{}}
		b.lines = []string{t.Kind + " " + t.Stage, t.Writes, size(t.Bytes)}
		b.tip = fmt.Sprintf("%d: %s\n%s\n%d operations", i, t, t.Writes, t.Cost)
		if t.Site != nil {
			b.tip += "\n" + t.Site.String()
		}
		for _, a := range t.After {
			b.after[a]++
			b.level = max(b.level, out[a].level+1)
		}
		out = append(out, b)
	}
	return out
}
