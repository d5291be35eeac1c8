package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Reductions that do not depend on order visit what is stored and take all the rest at
// once: any number of fills makes of a state what one does (the largest element, whether
// any holds) or nothing at all (a sum of integers over zeros).

// implied is what a reduction takes for the positions that nothing is stored at.
type implied struct {
	pattern *ir.Pattern // the positions that are visited
	fills   []uint64    // by argument
	first   int         // the argument that is the position: of the rest it is the first one; -1: none
	gap     *loop.Var   // first: the first position that was not visited
}

// newImplied returns it for a reduction that can be computed so, else nil.
func (g *gen) newImplied() *implied {
	s := g.s
	if s.Sink != ir.Reduce || s.Order != ir.Free {
		return nil
	}
	ds := dtypes(s.Args)
	states := s.Combine.States(ds)
	identity, ok := s.Combine.Identity(states)
	if !ok || !s.Combine.Exact(states) {
		return nil
	}
	i := &implied{pattern: &ir.Pattern{Kind: ir.Nowhere}, first: -1}
	position := s.Combine == ir.CombineArgMax || s.Combine == ir.CombineArgMin
	for n, e := range s.Args {
		if position && n == 1 {
			if len(s.Axes) != 1 || e.Kind != ir.AxisPos || e.N != s.Axes[0] {
				return nil
			}
			i.first, i.fills = n, append(i.fills, 0)
			continue
		}
		p := g.pats.Of(e)
		fill, ok := g.pats.Fill(e)
		if !ok || p.Kind == ir.Everywhere {
			return nil
		}
		i.fills = append(i.fills, fill)
		if i.pattern.Kind == ir.Nowhere {
			i.pattern = p
		} else {
			i.pattern = &ir.Pattern{Kind: ir.Either, Args: []*ir.Pattern{i.pattern, p}}
		}
	}
	if i.pattern.Kind == ir.Nowhere {
		return nil
	}
	once := stepped(s.Combine, states, ds, identity, i.fills)
	if i.first < 0 && !slices.Equal(once, stepped(s.Combine, states, ds, once, i.fills)) {
		return nil
	}
	return i
}

// stepped returns the state after one more position.
func stepped(c *ir.Combine, states, elems []ir.DType, state, x []uint64) []uint64 {
	b := ir.NewBuilder()
	var s, e []*ir.Expr
	for i, d := range states {
		s = append(s, b.Const(d, state[i]))
	}
	for i, d := range elems {
		e = append(e, b.Const(d, x[i]))
	}
	p := ir.CompileScalar(c.Step(b, s, e))
	out := make([][]uint64, len(states))
	for i := range out {
		out[i] = make([]uint64, 1)
	}
	p.RunStrip(1, nil, out)
	bits := make([]uint64, len(out))
	for i, o := range out {
		bits[i] = o[0]
	}
	return bits
}

// start emits what is noted about positions.
func (i *implied) start(g *gen) {
	if i.first >= 0 {
		i.gap = g.variable("gap", num(0))
	}
}

// visited emits the note that a position was visited: they ascend.
func (i *implied) visited(g *gen) {
	if i.gap != nil {
		x := g.at[g.s.Axes[0]]
		g.assign(i.gap, add(use(i.gap), cast(ir.Int64, eq(x, use(i.gap)))))
	}
}

// finish emits the result over so many positions.
func (i *implied) finish(g *gen, r *reduction, positions *loop.Val) []*loop.Val {
	empty, hasEmpty := r.c.Empty(r.states)
	if !hasEmpty {
		g.emit(&loop.NonEmpty{N: positions})
	}
	result := make([]*loop.Var, len(r.states))
	for n, v := range r.acc {
		result[n] = g.variable("r", use(v))
	}
	met := use(r.count)
	fills := consts(dtypes(g.s.Args), i.fills)
	if i.gap != nil {
		met, fills[i.first] = use(i.gap), cast(fills[i.first].DType, use(i.gap))
	}
	g.when(less(met, positions), func() {
		g.assignAll(result, g.scalar(r.c.Step, vals(result), fills))
	})
	if hasEmpty {
		g.when(eq(positions, num(0)), func() { g.assignAll(result, consts(r.states, empty)) })
	}
	return vals(result)
}
