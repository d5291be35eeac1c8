package loop

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// Verify reports the first fault of a loop: a name without a value, dtypes that do not
// agree, a statement where it cannot stand, or what code for vectors relies on and does
// not hold.
func (l *Loop) Verify() error {
	v := &verifier{known: map[*Var]bool{}, arrays: map[*Array]bool{}, names: map[string]bool{}, extents: map[*Array]int64{}}
	for _, p := range l.Params {
		if err := v.declare(p); err != nil {
			return fmt.Errorf("loop %s: %w", l.Name, err)
		}
	}
	for _, a := range l.Arrays {
		if a.Role == ir.Local {
			return fmt.Errorf("loop %s: array %s of the caller is local", l.Name, a.Name)
		}
		if err := v.declareArray(a); err != nil {
			return fmt.Errorf("loop %s: %w", l.Name, err)
		}
	}
	if err := v.block(l.Body); err != nil {
		return fmt.Errorf("loop %s: %w", l.Name, err)
	}
	return nil
}

type verifier struct {
	vars    []*Var // in scope, in order
	known   map[*Var]bool
	arrays  map[*Array]bool  // in scope
	locals  []*Array         // in scope, in order
	names   map[string]bool  // of arrays, and of variables in scope
	extents map[*Array]int64 // of local arrays of rank 1: the literal, else 0
	nested  int              // blocks around
	tasks   bool             // one of them is a par's
	strip   *stripRules
}

func (v *verifier) declare(x *Var) error {
	if !isName(x.Name) || taken[x.Name] > 0 || v.names[x.Name] {
		return fmt.Errorf("%q cannot name a variable here", x.Name)
	}
	if !ir.AnyReal.Has(x.DType) {
		return fmt.Errorf("variable %s is %s", x.Name, x.DType)
	}
	v.vars = append(v.vars, x)
	v.known[x], v.names[x.Name] = true, true
	return nil
}

// leave ends the scope of all but the first n variables.
func (v *verifier) leave(n int) {
	for _, x := range v.vars[n:] {
		delete(v.known, x)
		delete(v.names, x.Name)
	}
	v.vars = v.vars[:n]
}

func (v *verifier) declareArray(a *Array) error {
	if !isName(a.Name) || taken[a.Name] > 0 || v.names[a.Name] {
		return fmt.Errorf("%q cannot name an array here", a.Name)
	}
	if !ir.AnyReal.Has(a.DType) {
		return fmt.Errorf("array %s is %s", a.Name, a.DType)
	}
	v.arrays[a], v.names[a.Name] = true, true
	return nil
}

func isName(s string) bool {
	return s != "" && isLetter(s[0]) && tokenLen(s) == len(s)
}

// block verifies statements whose names end with them.
func (v *verifier) block(body []Stmt, own ...*Var) error {
	vars, locals := len(v.vars), len(v.locals)
	if v.nested++; v.nested > maxDepth {
		return fmt.Errorf("blocks nest more than %d deep", maxDepth)
	}
	for _, x := range own {
		if err := v.declare(x); err != nil {
			return err
		}
	}
	for _, s := range body {
		if err := v.stmt(s); err != nil {
			return err
		}
	}
	v.nested--
	v.leave(vars)
	for _, a := range v.locals[locals:] {
		delete(v.arrays, a)
		delete(v.names, a.Name)
	}
	v.locals = v.locals[:locals]
	return nil
}

func (v *verifier) stmt(s Stmt) error {
	switch s := s.(type) {
	case *Par:
		return v.par(s)
	case *For:
		if n, ok := s.Step.number(); !ok || n <= 0 {
			return fmt.Errorf("for %s: the step is no positive number", s.Var.Name)
		}
		if err := v.integers(s.Lo, s.Hi); err != nil {
			return err
		}
		return v.block(s.Body, s.Var)
	case *While:
		if err := v.value(s.Cond, ir.Bool); err != nil {
			return err
		}
		return v.block(s.Body)
	case *Merge:
		return v.merge(s)
	case *If:
		if err := v.value(s.Cond, ir.Bool); err != nil {
			return err
		}
		if err := v.block(s.Then); err != nil {
			return err
		}
		return v.block(s.Else)
	case *Return:
		return nil
	case *Local:
		return v.local(s)
	case *Require:
		return v.integers(s.Lo, s.Hi, s.Extent, s.When)
	case *NonEmpty:
		return v.integers(s.N)
	case *Set:
		return v.set(s)
	case *Store:
		return v.element(Element{s.Array, s.Index}, s.Val)
	case *Strip:
		return v.stripStmt(s)
	case *Fold:
		return v.accumulators(s.Combine, s.Accs, 16)
	case *Tile:
		return v.tile(s)
	case *Chains:
		return v.chains(s)
	case *Soon:
		return v.soon(s)
	}
	return fmt.Errorf("%T stands outside a strip", s)
}

func (v *verifier) par(s *Par) error {
	if v.tasks {
		return fmt.Errorf("par stands inside a par")
	}
	v.tasks = true
	defer func() { v.tasks = false }()
	if len(s.Ranges) == 0 {
		return fmt.Errorf("par has no ranges")
	}
	var own []*Var
	for _, r := range s.Ranges {
		if n, ok := r.Step.number(); !ok || n <= 0 {
			return fmt.Errorf("par: the step of %s is no positive number", r.Lo.Name)
		}
		if err := v.integers(r.From, r.To); err != nil {
			return err
		}
		own = append(own, r.Lo, r.Hi)
	}
	if err := v.integers(s.Cost); err != nil {
		return err
	}
	return v.block(s.Body, own...)
}

// merge demands that the body moves every cursor, once, and never back.
func (v *verifier) merge(s *Merge) error {
	if len(s.Cursors) == 0 {
		return fmt.Errorf("merge has no cursors")
	}
	for i, c := range s.Cursors {
		if !v.known[c] || c.DType != ir.Int64 {
			return fmt.Errorf("merge: %s is no integer", c.Name)
		}
		if err := v.integers(s.Ends[i]); err != nil {
			return err
		}
		moved := 0
		for _, st := range s.Body {
			if set, ok := st.(*Set); ok && set.Var == c {
				if !forward(set.Val, c) {
					return fmt.Errorf("merge: %s = %s may not move forward", c.Name, set.Val)
				}
				moved++
			}
		}
		if moved != 1 || assigns(s.Body, c) != 1 {
			return fmt.Errorf("merge: the body moves %s %d times at its top, not once", c.Name, moved)
		}
		for _, e := range s.Ends {
			if bad := firstVar(e, func(x *Var) bool { return assigns(s.Body, x) > 0 }); bad != nil {
				return fmt.Errorf("merge: the body moves the end %s", bad.Name)
			}
		}
	}
	return v.block(s.Body)
}

// forward reports whether v is c plus a positive literal or plus a bool.
func forward(v *Val, c *Var) bool {
	if v.Kind != Apply || v.Op != ir.OpAdd || v.Args[0].Kind != Use || v.Args[0].Var != c {
		return false
	}
	n, ok := v.Args[1].number()
	return ok && n > 0 || v.Args[1].Kind == Apply && v.Args[1].Op == ir.OpCast && v.Args[1].Args[0].DType == ir.Bool
}

// assigns counts the assignments of a variable in statements.
func assigns(body []Stmt, x *Var) int {
	n := 0
	for _, s := range body {
		if set, ok := s.(*Set); ok && set.Var == x {
			n++
		}
		for _, b := range blocks(s) {
			n += assigns(*b, x)
		}
	}
	return n
}

// firstVar returns a variable of an expression for which f holds.
func firstVar(e *Val, f func(*Var) bool) (found *Var) {
	walkVal(e, func(v *Val) {
		if v.Kind == Use && f(v.Var) {
			found = v.Var
		}
	})
	return found
}

func (v *verifier) local(s *Local) error {
	if len(s.Extents) != s.Array.Rank || s.Array.Role != ir.Local {
		return fmt.Errorf("local %s: %d extents", s.Array.Name, len(s.Extents))
	}
	if err := v.integers(s.Extents...); err != nil {
		return err
	}
	if s.Init != nil {
		if err := v.value(s.Init, s.Array.DType); err != nil {
			return err
		}
	}
	for _, e := range s.Extents {
		if _, ok := e.number(); s.Register && (!ok || s.Init == nil) {
			return fmt.Errorf("reg %s: extents are literals, and it has an initial value", s.Array.Name)
		}
	}
	if len(s.Extents) == 1 {
		v.extents[s.Array], _ = s.Extents[0].number()
	}
	v.locals = append(v.locals, s.Array)
	return v.declareArray(s.Array)
}

// set declares a variable where it is assigned first.
func (v *verifier) set(s *Set) error {
	if err := v.value(s.Val, s.Val.DType); err != nil {
		return err
	}
	if s.Var.DType != s.Val.DType {
		return fmt.Errorf("%s = %s: a %s for a %s", s.Var.Name, s.Val, s.Val.DType, s.Var.DType)
	}
	if v.known[s.Var] {
		return nil
	}
	return v.declare(s.Var)
}

// element verifies that an element of an array takes a value.
func (v *verifier) element(e Element, val *Val) error {
	if err := v.positions(e.Array, e.Index); err != nil {
		return err
	}
	if e.Array.Role == ir.In {
		return fmt.Errorf("%s is only read", e.Array.Name)
	}
	return v.value(val, e.Array.DType)
}

func (v *verifier) positions(a *Array, index []*Val) error {
	if !v.arrays[a] {
		return fmt.Errorf("array %s is not declared here", a.Name)
	}
	if len(index) != a.Rank {
		return fmt.Errorf("%s has %d axes, not %d", a.Name, a.Rank, len(index))
	}
	return v.integers(index...)
}

func (v *verifier) integers(vals ...*Val) error {
	for _, x := range vals {
		if err := v.value(x, ir.Int64); err != nil {
			return err
		}
	}
	return nil
}

// accumulators verifies arrays of lanes, an array per state.
func (v *verifier) accumulators(c *ir.Combine, accs []*Array, lanes ...int64) error {
	for _, a := range accs {
		if !v.arrays[a] || a.Role != ir.Local || a.Rank != 1 || !slices.Contains(lanes, v.extents[a]) {
			return fmt.Errorf("%s: %s is no array of lanes", c.Name, a.Name)
		}
	}
	return nil
}

// states verifies that a combine's states are those of arrays, given its elements.
func states(c *ir.Combine, arrays []*Array, elems []*Val) error {
	if len(elems) != c.Elements {
		return fmt.Errorf("%s takes %d elements, not %d", c.Name, c.Elements, len(elems))
	}
	want := c.States(dtypes(elems))
	if len(want) != len(arrays) {
		return fmt.Errorf("%s has %d states, not %d", c.Name, len(want), len(arrays))
	}
	for i, d := range want {
		if arrays[i].DType != d {
			return fmt.Errorf("%s: state %d is %s, not %s", c.Name, i, d, arrays[i].DType)
		}
	}
	return nil
}

func (v *verifier) tile(s *Tile) error {
	bounds := []*Val{s.K, s.M, s.N}
	if s.Left != nil {
		bounds = append(bounds, s.When)
	}
	if err := v.integers(bounds...); err != nil {
		return err
	}
	vars := len(v.vars)
	defer func() { v.leave(vars) }()
	for _, x := range []*Var{s.Depth, s.Row, s.Col} {
		if err := v.declare(x); err != nil {
			return err
		}
	}
	var accs []*Array
	for _, e := range s.Accs {
		if err := v.positions(e.Array, e.Index); err != nil {
			return err
		}
		accs = append(accs, e.Array)
		if e.Array.Role == ir.In || !affineIn(e.Index, s.Row, s.Col) || !anyUses(e.Index, s.Row) || !anyUses(e.Index, s.Col) {
			return fmt.Errorf("tile: %s is not at row, column", e)
		}
		if s.Init != nil && (s.Init.Kind != Const || s.Init.DType != e.Array.DType) {
			return fmt.Errorf("tile: %s does not start from %s", e, s.Init)
		}
	}
	if e := s.Left; e != nil {
		if err := v.positions(e.Array, e.Index); err != nil {
			return err
		}
		if len(accs) != 1 || e.Array.DType != accs[0].DType || !affineIn(e.Index, s.Row, s.Col) || anyUses(e.Index, s.Depth) {
			return fmt.Errorf("tile: %s is no state at row, column", e)
		}
	}
	for _, x := range s.Vals {
		if err := v.value(x, x.DType); err != nil {
			return err
		}
		uses := func(y *Var) bool { return firstVar(x, func(z *Var) bool { return z == y }) != nil }
		if x.Kind != Load || uses(s.Row) && uses(s.Col) || slices.Contains(accs, x.Array) || !affineIn(x.Args, s.Depth, s.Row, s.Col) {
			return fmt.Errorf("tile: %s is no load that depends on the row or on the column", x)
		}
	}
	return states(s.Combine, accs, s.Vals)
}

func (v *verifier) chains(s *Chains) error {
	if err := v.integers(s.N, s.K); err != nil {
		return err
	}
	if a := s.Acc; !v.arrays[a] || a.Role != ir.Local || a.Rank != 1 || v.extents[a] <= 0 || v.extents[a]%ir.LaneCount != 0 {
		return fmt.Errorf("chains: %s is no array of states", a.Name)
	}
	if s.Init != nil && (s.Init.Kind != Const || s.Init.DType != s.Acc.DType) {
		return fmt.Errorf("chains: %s does not start from %s", s.Acc.Name, s.Init)
	}
	vars := len(v.vars)
	defer func() { v.leave(vars) }()
	for _, x := range []*Var{s.Depth, s.Pos} {
		if err := v.declare(x); err != nil {
			return err
		}
	}
	for _, x := range slices.Concat(s.Vals, s.Soon) {
		if err := v.value(x, x.DType); err != nil {
			return err
		}
		if Any(x, func(y *Val) bool { return y.Array == s.Acc }) {
			return fmt.Errorf("chains: %s reads states", x)
		}
	}
	for _, x := range s.Soon {
		if x.Kind != Load {
			return fmt.Errorf("chains: %s is no load", x)
		}
	}
	return states(s.Combine, []*Array{s.Acc}, s.Vals)
}

func (v *verifier) soon(s *Soon) error {
	for _, x := range s.Loads {
		if x.Kind != Load {
			return fmt.Errorf("soon: %s is no load", x)
		}
		if Any(x, func(y *Val) bool { return y.Kind == Check }) {
			return fmt.Errorf("soon: %s checks a position", x)
		}
		if err := v.value(x, x.DType); err != nil {
			return err
		}
	}
	return nil
}

// affineIn reports whether positions are sums of variables, which nothing else in them
// depends on, with factors.
func affineIn(index []*Val, vars ...*Var) bool {
	for _, v := range index {
		for _, x := range vars {
			base, coef, ok := affine(v, x, func(v *Val) bool { return firstVar(v, func(y *Var) bool { return y == x }) != nil })
			if !ok || firstVar(coef, func(y *Var) bool { return slices.Contains(vars, y) }) != nil {
				return false
			}
			v = base
		}
	}
	return true
}

// anyUses reports whether a variable stands in one of some values.
func anyUses(vals []*Val, x *Var) bool {
	return slices.ContainsFunc(vals, func(v *Val) bool { return firstVar(v, func(y *Var) bool { return y == x }) != nil })
}

func isUse(v *Val, x *Var) bool { return v.Kind == Use && v.Var == x }
