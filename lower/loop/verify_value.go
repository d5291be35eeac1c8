package loop

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// value verifies an expression of dtype d.
func (v *verifier) value(x *Val, d ir.DType) error { return v.deep(x, d, 0) }

func (v *verifier) deep(x *Val, d ir.DType, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("expressions nest more than %d deep", maxDepth)
	}
	if x.DType != d || !ir.AnyReal.Has(d) {
		return fmt.Errorf("%s is %s, not %s", x, x.DType, d)
	}
	args := make([]ir.DType, len(x.Args))
	for i, a := range x.Args {
		args[i] = a.DType
	}
	switch x.Kind {
	case Const:
		return nil
	case Use:
		if !v.known[x.Var] || x.Var.DType != d {
			return fmt.Errorf("%s has no value here", x.Var.Name)
		}
	case Apply:
		if err := operandsFit(x.Op, x.Args); err != nil {
			return err
		}
		if (x.Op == ir.OpRawBits) && d.Size() != args[0].Size() {
			return fmt.Errorf("%s: %s has another size than %s", x, args[0], d)
		}
		if x.Op == ir.OpLookup && (x.Table == nil || len(x.Table.Entries) != 16) {
			return fmt.Errorf("%s: a table has 16 entries", x)
		}
	case Load:
		return v.positions(x.Array, x.Args)
	case Extent:
		if !v.arrays[x.Array] || x.N < 0 || x.N >= x.Array.Rank {
			return fmt.Errorf("no axis %d of %s", x.N, x.Array.Name)
		}
	case Within:
		if v.strip == nil || !isUse(x.Args[0], v.strip.pos) || v.strip.varies(x.Args[1]) || v.strip.varies(x.Args[2]) {
			return fmt.Errorf("%s: bounds of the strip's position are the same for all positions", x)
		}
		args = []ir.DType{ir.Int64, ir.Int64, ir.Int64}
	case Pick:
		args = []ir.DType{ir.Bool, d, d}
	case Check:
		if x.N < trusted {
			return fmt.Errorf("%s: no fault has this number", x)
		}
		if v.strip != nil {
			if _, _, ok := affine(x.Args[2], v.strip.pos, v.strip.varies); !ok || v.strip.varies(x.Args[1]) {
				return fmt.Errorf("%s: the limit is one for all positions, the source position affine", x)
			}
		}
		args = []ir.DType{ir.Int64, ir.Int64, ir.Int64}
	case Below:
		if v.strip == nil || !slices.Contains([]int{1, 2, 4, 8}, x.N) {
			return fmt.Errorf("%s: a distance inside a group of 16 in a strip", x)
		}
	default:
		return fmt.Errorf("a value of kind %d", x.Kind)
	}
	for i, a := range x.Args {
		if err := v.deep(a, args[i], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// operandsFit reports operands that an op does not take.
func operandsFit(op *ir.Op, args []*Val) error {
	s := op.Scalar
	if s == nil || len(args) != len(s.In) {
		return fmt.Errorf("%s does not take %d operands", op.Name, len(args))
	}
	for i, a := range args {
		if !s.In[i].Has(a.DType) {
			return fmt.Errorf("%s does not take %s as operand %d", op.Name, a.DType, i+1)
		}
		if s.Same && a.DType != args[0].DType {
			return fmt.Errorf("%s takes operands of one dtype, not %s and %s", op.Name, args[0].DType, a.DType)
		}
	}
	if n := len(args); (op == ir.OpSelect || op == ir.OpRare) && args[n-1].DType != args[n-2].DType {
		return fmt.Errorf("%s takes values of one dtype, not %s and %s", op.Name, args[n-2].DType, args[n-1].DType)
	}
	return nil
}

// stripRules is what is known of the strip under verification.
type stripRules struct {
	pos    *Var
	names  map[*Var]bool // given in the strip; true: differs between positions
	stored map[*Array][]*Val
}

// varies reports whether a value may differ between positions.
func (r *stripRules) varies(x *Val) bool {
	if x.Kind == Within || x.Kind == Below || x.Kind == Use && (x.Var == r.pos || r.names[x.Var]) {
		return true
	}
	return slices.ContainsFunc(x.Args, r.varies)
}

// stripStmt verifies a strip. Vector code runs all its statements for some positions
// before it goes on to the next, so no position may see what another one stored.
func (v *verifier) stripStmt(s *Strip) error {
	if v.strip != nil {
		return fmt.Errorf("a strip inside a strip")
	}
	if err := v.integers(s.N); err != nil {
		return err
	}
	r := &stripRules{pos: s.Pos, names: map[*Var]bool{}, stored: map[*Array][]*Val{}}
	for _, st := range s.Body {
		if w, ok := st.(*Store); ok {
			r.stored[w.Array] = w.Index
		} else {
			for _, a := range written(st) {
				r.stored[a] = nil
			}
		}
	}
	v.strip = r
	defer func() { v.strip = nil }()
	vars := len(v.vars)
	if err := v.declare(s.Pos); err != nil {
		return err
	}
	for _, st := range s.Body {
		if err := v.inStrip(st, vars); err != nil {
			return err
		}
		for _, x := range operands(st) {
			if err := r.reads(x); err != nil {
				return err
			}
		}
	}
	v.leave(vars)
	return r.branches(s.Body)
}

func (v *verifier) inStrip(s Stmt, outer int) error {
	r := v.strip
	switch s := s.(type) {
	case *Set:
		if v.known[s.Var] {
			return fmt.Errorf("%s: a name of a strip is given once", s.Var.Name)
		}
		r.names[s.Var] = r.varies(s.Val)
		return v.set(s)
	case *Store:
		if err := v.element(Element{s.Array, s.Index}, s.Val); err != nil {
			return err
		}
		moves := false
		for _, x := range s.Index {
			_, coef, ok := affine(x, r.pos, r.varies)
			if !ok {
				return fmt.Errorf("%s: a store at positions that are data; scatter does that", Element{s.Array, s.Index})
			}
			moves = moves || !coef.isInt(0)
		}
		if !moves && r.varies(s.Val) {
			return fmt.Errorf("%s: every position stores here", Element{s.Array, s.Index})
		}
		return nil
	case *Lanes:
		if s.At != nil {
			if err := v.integers(s.At); err != nil {
				return err
			}
			if r.varies(s.At) {
				return fmt.Errorf("lanes: the first lane differs between positions")
			}
		}
		if err := v.accumulators(s.Combine, s.Accs, 1, ir.LaneCount); err != nil {
			return err
		}
		return v.elements(s.Combine, s.Accs, s.Vals)
	case *Prefix:
		if err := v.accumulators(s.Combine, s.Accs, 1); err != nil {
			return err
		}
		if len(s.Outs) != len(s.Accs) {
			return fmt.Errorf("prefix: %d states, %d outputs", len(s.Accs), len(s.Outs))
		}
		for i, e := range s.Outs {
			if err := v.element(e, s.Vals[min(i, len(s.Vals)-1)]); err != nil {
				return err
			}
			for _, x := range e.Index {
				if _, _, ok := affine(x, r.pos, r.varies); !ok {
					return fmt.Errorf("prefix: %s is at positions that are data", e)
				}
			}
		}
		return v.elements(s.Combine, s.Accs, s.Vals)
	case *Scatter:
		var arrays []*Array
		for _, e := range s.Targets {
			if err := v.positions(e.Array, e.Index); err != nil {
				return err
			}
			if e.Array.Role == ir.In {
				return fmt.Errorf("%s is only read", e.Array.Name)
			}
			arrays = append(arrays, e.Array)
		}
		return v.elements(s.Combine, arrays, s.Vals)
	case *Append:
		if slices.Contains(v.vars[outer:], s.Count) || !v.known[s.Count] || s.Count.DType != ir.Int64 {
			return fmt.Errorf("append: %s is no integer from outside the strip", s.Count.Name)
		}
		if len(s.Outs) != len(s.Vals) {
			return fmt.Errorf("append: %d values for %d arrays", len(s.Vals), len(s.Outs))
		}
		for i, a := range s.Outs {
			if err := v.element(Element{a, []*Val{use(s.Count)}}, s.Vals[i]); err != nil {
				return err
			}
		}
		return v.value(s.Cond, ir.Bool)
	}
	return fmt.Errorf("%T stands inside a strip", s)
}

// elements verifies the values of a combine and its states.
func (v *verifier) elements(c *ir.Combine, arrays []*Array, vals []*Val) error {
	for _, x := range vals {
		if err := v.value(x, x.DType); err != nil {
			return err
		}
	}
	return states(c, arrays, vals)
}

// reads refuses loads of what the strip stores for another position: an index that moves
// with the position must be the one that is stored at.
func (r *stripRules) reads(x *Val) error {
	var fault error
	walkVal(x, func(x *Val) {
		if x.Kind != Load || fault != nil {
			return
		}
		index, written := r.stored[x.Array]
		if written && (index == nil || !slices.EqualFunc(index, x.Args, func(a, b *Val) bool {
			return same(a, b) || !r.varies(a) && !r.varies(b)
		})) {
			fault = fmt.Errorf("%s is read where the strip writes the array elsewhere", x)
		}
	})
	return fault
}

// branches refuses a name that is asked for only inside a branch of a pick, and given
// before the names of its condition: whether to evaluate it could not be known.
func (r *stripRules) branches(body []Stmt) error {
	places := findPlaces(body, r.varies)
	known := map[*Var]bool{}
	for _, s := range body {
		set, ok := s.(*Set)
		if !ok {
			continue
		}
		for _, a := range places[set.Var] {
			if late := firstVar(a.Of.Args[0], func(x *Var) bool { _, named := r.names[x]; return named && !known[x] }); late != nil {
				return fmt.Errorf("%s is asked for where a condition of %s holds, which comes later", set.Var.Name, late.Name)
			}
		}
		known[set.Var] = true
	}
	return nil
}

// affine writes an integer as base + coef*t with both the same for all positions.
func affine(v *Val, t *Var, varies func(*Val) bool) (base, coef *Val, ok bool) {
	if !varies(v) {
		return v, intVal(0), true
	}
	if isUse(v, t) {
		return intVal(0), intVal(1), true
	}
	if v.Kind != Apply || len(v.Args) > 2 || v.DType != ir.Int64 {
		return nil, nil, false
	}
	a, m, ok := affine(v.Args[0], t, varies)
	if v.Op == ir.OpNeg && ok {
		return sub(intVal(0), a), sub(intVal(0), m), true
	}
	if !ok || len(v.Args) < 2 {
		return nil, nil, false
	}
	b, n, ok := affine(v.Args[1], t, varies)
	if !ok {
		return nil, nil, false
	}
	switch v.Op {
	case ir.OpAdd:
		return add(a, b), add(m, n), true
	case ir.OpSub:
		return sub(a, b), sub(m, n), true
	case ir.OpMul:
		if m.isInt(0) {
			return mul(a, b), mul(a, n), true
		}
		if n.isInt(0) {
			return mul(a, b), mul(m, b), true
		}
	}
	return nil, nil, false
}
