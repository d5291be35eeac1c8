package ir

import (
	"fmt"
	"math"
	"slices"
)

// What the inference of structural ops shares: checks that say in plain words what is
// wrong. Numbers are checked where they are known; symbols must be equal as
// polynomials; Unknown meets anything, and the run checks.

// attr returns n's attributes, empty ones when it has none.
func (n *Node) attr() *Attr {
	if n.Attr == nil {
		return &Attr{}
	}
	return n.Attr
}

// checkDType refuses operand i unless its dtype is allowed.
func checkDType(n *Node, i int, allowed DTypes) error {
	if d := n.Args[i].Type.DType; !allowed.Has(d) {
		return Errorf(ErrDType, "%s does not take %s as operand %d", n.Op, d.Name(), i+1)
	}
	return nil
}

// checkAxes refuses axes that are outside rank or named twice, and no axes at all.
func checkAxes(n *Node, axes []int, rank int) error {
	if len(axes) == 0 {
		return Errorf(ErrAxis, "%s names no axis", n.Op)
	}
	for i, a := range axes {
		if a < 0 || a >= rank {
			return Errorf(ErrAxis, "%s: axis %d is outside %d dimensions", n.Op, a, rank)
		}
		if slices.Contains(axes[:i], a) {
			return Errorf(ErrAxis, "%s: axis %d is named twice", n.Op, a)
		}
	}
	return nil
}

// checkAxis refuses attributes that do not name exactly one axis inside rank.
func checkAxis(n *Node, rank int) error {
	if axes := n.attr().Axes; len(axes) > 1 {
		return Errorf(ErrAxis, "%s works along one axis, got %d", n.Op, len(axes))
	}
	return checkAxes(n, n.attr().Axes, rank)
}

// checkShape refuses negative extents and shapes of more elements than can be addressed.
func checkShape(n *Node, shape []Dim) error {
	numbers := true
	for i, d := range shape {
		c, ok := d.Const()
		if ok && c < 0 {
			return Errorf(ErrShape, "%s: axis %d has the negative extent %d", n.Op, i, c)
		}
		numbers = numbers && ok
	}
	if numbers {
		if _, err := Elements(shape); err != nil {
			return Errorf(ErrShape, "%s: shape %s has more elements than can be addressed", n.Op, shapeText(shape))
		}
	}
	return nil
}

// checkCreated is checkShape for ops whose result has no operand to take its size from.
func checkCreated(n *Node, shape []Dim) error {
	for i, d := range shape {
		if d.IsUnknown() {
			return Errorf(ErrShape, "%s: the extent of axis %d must be known", n.Op, i)
		}
	}
	return checkShape(n, shape)
}

// meet returns the extent of two axes that must agree.
func meet(a, b Dim) (Dim, bool) {
	switch {
	case a == b || b.IsUnknown():
		return a, true
	case a.IsUnknown():
		return b, true
	}
	return Dim{}, false
}

// maxExtent bounds extents, so that sums and products of two of them are checked in int64.
const maxExtent = math.MaxInt64 / 16

// numbers returns dims as ints. Evaluation has numbers for all of them.
func numbers(dims []Dim) ([]int, error) {
	out := make([]int, len(dims))
	for i, d := range dims {
		c, ok := d.Const()
		if !ok {
			return nil, fmt.Errorf("ir: extent %s has no number", d)
		}
		out[i] = int(c)
	}
	return out, nil
}
