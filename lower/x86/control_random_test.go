//go:build linux && amd64

package x86

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/numen-go/numen/lower/x86/asm"
)

// randomControl writes random programs of integers: what is hoisted, aliased and assigned
// again must be told apart in all combinations.
type randomControl struct {
	r      *rand.Rand
	b      strings.Builder
	names  int
	known  []string // variables in scope
	free   []string // those of them that may be assigned
	arrays []string
}

func (g *randomControl) pick(list []string) string { return list[g.r.IntN(len(list))] }

func (g *randomControl) name(prefix string) string {
	g.names++
	return fmt.Sprint(prefix, g.names)
}

func (g *randomControl) expr(depth int) string {
	if depth == 0 || g.r.IntN(4) == 0 {
		switch g.r.IntN(4) {
		case 0:
			return fmt.Sprint(g.r.IntN(20))
		case 1:
			return fmt.Sprintf("x[%s & 15]", g.pick(g.known))
		}
		return g.pick(g.known)
	}
	x := func() string { return g.expr(depth - 1) }
	switch g.r.IntN(16) {
	case 0:
		return fmt.Sprintf("min(%s, %s)", x(), x())
	case 1:
		return fmt.Sprintf("max(%s, %s)", x(), x())
	case 2:
		return fmt.Sprintf("quo(%s, %s)", x(), x())
	case 3:
		return fmt.Sprintf("select(%s, %s, %s)", g.cond(depth-1), x(), x())
	case 4:
		return fmt.Sprintf("pick(%s, %s, %s)", g.cond(depth-1), x(), x())
	case 5:
		return fmt.Sprintf("i64(%s)", g.cond(depth-1))
	case 6:
		return fmt.Sprintf("check(%s, 64, %s, %d)", x(), x(), g.r.IntN(3))
	case 7:
		return fmt.Sprintf("(%s >> (%s & 7))", x(), x())
	case 8:
		if len(g.arrays) > 0 {
			a := g.pick(g.arrays)
			return fmt.Sprintf("%s[min(max(%s, 0), %s.0 - 1)]", a, x(), a)
		}
	}
	return fmt.Sprintf("(%s %s %s)", x(), g.pick([]string{"+", "-", "*", "&", "|", "^"}), x())
}

func (g *randomControl) cond(depth int) string {
	c := fmt.Sprintf("(%s %s %s)", g.expr(depth), g.pick([]string{"<", "<=", "==", "!="}), g.expr(max(depth-1, 0)))
	if depth > 0 && g.r.IntN(3) == 0 {
		return fmt.Sprintf("(%s %s ~%s)", c, g.pick([]string{"&", "|", "^"}), g.cond(depth-1))
	}
	return c
}

func (g *randomControl) line(indent int, format string, args ...any) {
	fmt.Fprintf(&g.b, "%s%s\n", strings.Repeat("  ", indent), fmt.Sprintf(format, args...))
}

// block writes statements; what they declare ends with them.
func (g *randomControl) block(indent, depth int) {
	known, free, arrays := len(g.known), len(g.free), len(g.arrays)
	for range 1 + g.r.IntN(5) {
		switch k := g.r.IntN(11); {
		case k < 2:
			value, v := g.expr(3), g.name("v")
			g.line(indent, "%s = %s", v, value)
			g.known = append(g.known, v)
			if g.r.IntN(2) == 0 {
				g.free = append(g.free, v)
			}
		case k < 4 && len(g.free) > 0:
			g.line(indent, "%s = %s", g.pick(g.free), g.expr(3))
		case k == 4 && depth > 0:
			i := g.name("i")
			g.line(indent, "for %s = %s & 3 to %s & 7 step %d:", i, g.expr(2), g.expr(2), 1+g.r.IntN(2))
			g.known = append(g.known, i)
			g.block(indent+1, depth-1)
			g.known = g.known[:len(g.known)-1]
		case k == 5 && depth > 0:
			g.line(indent, "if %s:", g.cond(2))
			g.block(indent+1, depth-1)
			if g.r.IntN(2) == 0 {
				g.line(indent, "else:")
				g.block(indent+1, depth-1)
			}
		case k == 6 && depth > 0:
			w := g.name("w")
			g.line(indent, "%s = 0", w)
			g.line(indent, "while (%s < 4) & %s:", w, g.cond(1))
			g.known = append(g.known, w)
			g.block(indent+1, depth-1)
			g.line(indent+1, "%s = %s + 1", w, w)
		case k == 7 && depth > 0:
			a, i := g.name("a"), g.name("i")
			g.line(indent, "local %s i64[(%s & 15) + 1]", a, g.expr(2))
			g.line(indent, "for %s = 0 to %s.0:", i, a)
			g.line(indent+1, "%s[%s] = %s + %s", a, i, g.expr(2), i)
			g.arrays = append(g.arrays, a)
		case k == 8:
			g.line(indent, "soon (x[x[%s & 15] * 1000003], o[%s])", g.pick(g.known), g.pick(g.known))
		default:
			g.line(indent, "o[%s & 63] = %s", g.expr(2), g.expr(3))
		}
	}
	g.line(indent, "o[%s & 63] = %s", g.expr(1), g.expr(3))
	g.known, g.free, g.arrays = g.known[:known], g.free[:free], g.arrays[:arrays]
}

// TestRandomControl compares random programs with the portable executor.
func TestRandomControl(t *testing.T) {
	eachLevel(t, func(t *testing.T, level asm.Level) {
		for seed := range uint64(150) {
			g := &randomControl{r: rand.New(rand.NewPCG(seed, 5)), known: []string{"A", "B", "C"}}
			g.line(1, "for n0 = 0 to 2:")
			g.known = append(g.known, "n0")
			g.block(2, 4)
			c := &integers{text: g.b.String(), params: between(-20, 20)}
			c.hold(t, level)
		}
	})
}
