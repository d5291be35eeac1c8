package loop

import "github.com/numen-go/numen/ir"

// What code for strips needs to know of them, for any machine.

// Place is where a value of a strip is asked for: the branches around it, outermost
// first.
type Place []Arm

// Arm is a branch of a pick, or the slow way of a rare.
type Arm struct {
	Of *Val
	N  int // operand of the pick
}

// Places returns, for every name of a strip that is used, the innermost branch that all
// its uses are in: there it is evaluated. varies reports whether a value differs between
// positions.
func Places(body []Stmt, varies func(*Val) bool) map[*Var]Place { return findPlaces(body, varies) }

// Affine writes an integer as base + coef*t with both the same for all positions.
func Affine(v *Val, t *Var, varies func(*Val) bool) (base, coef *Val, ok bool) {
	return affine(v, t, varies)
}

// Written returns the arrays that a statement of a strip writes.
func Written(s Stmt) []*Array { return written(s) }

// Operands returns the values that stand in a statement itself.
func Operands(s Stmt) []*Val { return operands(s) }

// Any reports whether f holds for a value or a part of it.
func Any(v *Val, f func(*Val) bool) bool {
	found := false
	walkVal(v, func(v *Val) { found = found || f(v) })
	return found
}

// Same reports whether two expressions are equal.
func Same(x, y *Val) bool { return same(x, y) }

// Int returns an integer literal.
func Int(n int64) *Val { return intVal(n) }

// Number returns the number of an integer literal.
func (v *Val) Number() (int64, bool) { return v.number() }

// UseOf returns the value of a variable.
func UseOf(v *Var) *Val { return use(v) }

// ApplyOp returns an op of values of dtype d.
func ApplyOp(op *ir.Op, d ir.DType, args ...*Val) *Val { return apply(op, d, args...) }

// Combined returns what a combine's Step or Merge makes of a state and of elements or
// another state: names to be given first, and the new state. keep says which ops the
// machine runs as they are.
func Combined(f func(b *ir.Builder, left, right []*ir.Expr) []*ir.Expr, left, right []*Val, keep func(op *ir.Op, d ir.DType) bool) (names []*Set, out []*Val) {
	l := &lowering{b: ir.NewBuilder(), s: Schedule{Keep: keep}, names: map[string]int{}, tables: map[string]*ir.Table{}, expanded: map[*ir.Expr]*ir.Expr{}, named: map[*Var]bool{}}
	var body []Stmt
	l.out = &body
	out = l.combined(f, left, right)
	for _, s := range body {
		names = append(names, s.(*Set))
	}
	return names, out
}

// Locals returns the declarations of a loop's own arrays.
func (l *Loop) Locals() map[*Array]*Local {
	out := map[*Array]*Local{}
	var find func(body []Stmt)
	find = func(body []Stmt) {
		for _, s := range body {
			if d, ok := s.(*Local); ok {
				out[d.Array] = d
			}
			for _, b := range blocks(s) {
				find(*b)
			}
		}
	}
	find(l.Body)
	return out
}
