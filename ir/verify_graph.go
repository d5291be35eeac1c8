package ir

import (
	"errors"
	"fmt"
	"slices"
)

// Verify reports the first fault of g or of a subgraph: an op, attribute, operand or type
// that the language does not allow. Passes run it after each other; a message shows the
// lines around the fault.
func (g *Graph) Verify() error {
	return (&graphVerifier{map[*Graph]verifyState{}, map[int]DType{}}).graph(g, 0)
}

type verifyState uint8

const (
	verifyRunning verifyState = iota + 1
	verifyDone
)

type graphVerifier struct {
	state   map[*Graph]verifyState
	scalars map[int]DType // of run-time numbers by index
}

func (v *graphVerifier) graph(g *Graph, depth int) error {
	switch {
	case g == nil:
		return errors.New("ir: a graph is missing")
	case v.state[g] == verifyRunning:
		return fmt.Errorf("ir: graph %s is a subgraph of itself", g.Name)
	case v.state[g] == verifyDone:
		return nil
	case depth > maxNesting:
		return fmt.Errorf("ir: subgraphs nest deeper than %d", maxNesting)
	}
	v.state[g] = verifyRunning
	defer func() { v.state[g] = verifyDone }()
	if err := verifyWhole(g); err != nil {
		return err
	}
	isParam := make(map[*Node]bool, len(g.Params))
	for _, p := range g.Params {
		isParam[p] = true
	}
	nodes := g.Nodes()
	for _, n := range nodes { // all before the first message, which prints them
		for _, sub := range n.Subs {
			if err := v.graph(sub, depth+1); err != nil {
				return fmt.Errorf("%w\nin a subgraph of %s of graph %s", err, n.Op, g.Name)
			}
		}
	}
	for _, n := range nodes {
		err := verifyNode(n)
		switch {
		case err != nil:
		case n.Op == OpParam && !isParam[n]:
			err = errors.New("a parameter that is not the graph's own")
		case n.Op == OpScalar:
			err = v.scalar(n)
		}
		if err != nil {
			return g.fault(n, err)
		}
	}
	for i, p := range g.Params {
		if p.Op != OpParam || p.Attr.Index != i {
			return g.fault(p, fmt.Errorf("not the param of index %d that stands in this place", i))
		}
	}
	for _, r := range g.Results {
		if r.Type.Tuple != nil {
			return g.fault(r, errors.New("a result is a tuple"))
		}
	}
	return nil
}

// scalar checks that a run-time number has one dtype wherever it is used.
func (v *graphVerifier) scalar(n *Node) error {
	i, d := n.Attr.Index, n.Attr.DType
	if before, ok := v.scalars[i]; ok && before != d {
		return fmt.Errorf("run-time number %d is %s here and %s before", i, d, before)
	}
	v.scalars[i] = d
	return nil
}

func (g *Graph) fault(n *Node, err error) error {
	at := ""
	if n.Site != nil {
		at = " at " + n.Site.String()
	}
	return fmt.Errorf("ir: graph %s, %s%s: %w\n%s", g.Name, n.Op, at, err, g.excerpt(n))
}

// verifyWhole checks what printing relies on: nothing is nil, every op is of the language
// and no node needs itself.
func verifyWhole(g *Graph) error {
	if g.Name != "" && !isName(g.Name) {
		return fmt.Errorf("ir: graph %q has no proper name", g.Name)
	}
	if len(g.Results) == 0 {
		return fmt.Errorf("ir: graph %s has no result", g.Name)
	}
	type frame struct {
		n    *Node
		next int
	}
	done := map[*Node]bool{} // false: on the stack
	var stack []frame
	push := func(n *Node, user string) error {
		if n == nil {
			return fmt.Errorf("ir: graph %s: an operand of %s is missing", g.Name, user)
		}
		finished, seen := done[n]
		switch {
		case seen && !finished:
			return fmt.Errorf("ir: graph %s: %s needs its own result", g.Name, n.Op)
		case seen:
			return nil
		case n.Op == nil || Lookup(n.Op.Name) != n.Op:
			return fmt.Errorf("ir: graph %s: %s has an operand whose op is not registered", g.Name, user)
		}
		done[n] = false
		stack = append(stack, frame{n, 0})
		return nil
	}
	for i, root := range slices.Concat(g.Params, g.Results) {
		user := "the results"
		if i < len(g.Params) {
			user = "the parameters"
		}
		if err := push(root, user); err != nil {
			return err
		}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next < len(f.n.Args) {
				f.next++
				if err := push(f.n.Args[f.next-1], f.n.Op.Name); err != nil {
					return err
				}
				continue
			}
			for _, sub := range f.n.Subs {
				if sub == nil {
					return fmt.Errorf("ir: graph %s: a subgraph of %s is missing", g.Name, f.n.Op)
				}
			}
			done[f.n] = true
			stack = stack[:len(stack)-1]
		}
	}
	return nil
}

// verifyNode checks one node whose operands are right.
func verifyNode(n *Node) error {
	op := n.Op
	switch k := len(n.Args); {
	case k < op.MinArg || op.MaxArg >= 0 && k > op.MaxArg:
		return fmt.Errorf("%d operands", k)
	case len(n.Subs) != op.Subs:
		return fmt.Errorf("%d subgraphs, not %d", len(n.Subs), op.Subs)
	case n.Attr == nil && op.Fields != 0:
		return errors.New("attributes are missing")
	}
	if n.Attr != nil {
		if err := verifyAttr(op, n.Attr); err != nil {
			return err
		}
	}
	for i, a := range n.Args {
		if a.Type.Tuple != nil && op != OpItem {
			return fmt.Errorf("operand %d is a tuple", i+1)
		}
	}
	if err := n.Type.verify(); err != nil {
		return err
	}
	t, err := op.infer(n)
	if err != nil {
		return err
	}
	if !t.Equal(n.Type) {
		return fmt.Errorf("the type is %s, inference says %s", n.Type, t)
	}
	return nil
}

func verifyAttr(op *Op, a *Attr) error {
	if extra := a.fields() &^ op.Fields; extra != 0 {
		return fmt.Errorf("the attribute %s is set, which the op does not use", extra&-extra)
	}
	if a.Order >= numOrders {
		return fmt.Errorf("order %d does not exist", a.Order)
	}
	if a.Combine != nil && LookupCombine(a.Combine.Name) != a.Combine {
		return fmt.Errorf("combine %s is not registered", a.Combine.Name)
	}
	for _, d := range slices.Concat(a.Shape, a.Start, a.Step, []Dim{a.Limit}) {
		if err := d.verify(); err != nil {
			return err
		}
	}
	return nil
}

// fields returns the fields that are set.
func (a *Attr) fields() AttrField {
	var f AttrField
	for i, set := range [...]bool{
		a.Axes != nil, a.Shape != nil, a.Start != nil, a.Step != nil, a.Order != NoOrder, a.DType != Invalid,
		a.Spec != "", a.Combine != nil, a.Bits != 0, a.Index != 0, a.Flag, a.Limit != Dim{},
	} {
		if set {
			f |= 1 << i
		}
	}
	return f
}

// String returns the field's name in text forms.
func (f AttrField) String() string {
	for _, x := range attrFields {
		if x.field == f {
			return x.name
		}
	}
	return "bits"
}

// verify reports a type that no array can have.
func (t Type) verify() error {
	if t.Tuple != nil {
		if t.DType != Invalid || t.Shape != nil || t.Format != nil {
			return errors.New("a tuple has a dtype, shape or format of its own")
		}
		for _, u := range t.Tuple {
			if u.Tuple != nil {
				return errors.New("a tuple inside a tuple")
			}
			if err := u.verify(); err != nil {
				return err
			}
		}
		return nil
	}
	if !AnyDType.Has(t.DType) {
		return fmt.Errorf("type %s has no dtype", t)
	}
	for _, d := range t.Shape {
		if c, ok := d.Const(); ok && c < 0 {
			return fmt.Errorf("type %s has a negative extent", t)
		}
		if err := d.verify(); err != nil {
			return err
		}
	}
	if t.Format == nil {
		return nil
	}
	if err := t.Format.verify(t.Rank()); err != nil {
		return fmt.Errorf("type %s: %w", t, err)
	}
	return nil
}

func (f *Format) verify(rank int) error {
	switch {
	case f.Levels == nil && f.Chunks == nil && f.Device == "":
		return errors.New("a format that says nothing; dense is nil")
	case f.Levels == nil && (f.Axes != nil || f.Fill != 0):
		return errors.New("a format without levels has no axes and no fill")
	case f.Levels != nil && len(f.Levels) != rank:
		return fmt.Errorf("%d levels for %d axes", len(f.Levels), rank)
	case f.Chunks != nil && len(f.Chunks) != rank:
		return fmt.Errorf("a chunk of %d axes for %d", len(f.Chunks), rank)
	}
	for i, l := range f.Levels {
		if l >= numLevels {
			return fmt.Errorf("level %d is of no known kind", i)
		}
		if l == LevelSingleton && (i == 0 || f.Levels[i-1] == LevelDense) {
			return fmt.Errorf("level %d is a singleton under no list of positions", i)
		}
	}
	if f.Axes != nil {
		seen := make([]bool, rank)
		for _, a := range f.Axes {
			if len(f.Axes) != rank || a < 0 || a >= rank || seen[a] {
				return fmt.Errorf("axes %v do not name each of %d once", f.Axes, rank)
			}
			seen[a] = true
		}
	}
	for _, c := range f.Chunks {
		if n, ok := c.Const(); ok && n < 1 {
			return fmt.Errorf("a chunk of extent %s", c)
		}
		if err := c.verify(); err != nil {
			return err
		}
	}
	for _, c := range f.Device {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ':' || c == '_' || c == '.' || c == '-') {
			return fmt.Errorf("device %q has no proper name", f.Device)
		}
	}
	return nil
}

// verify reports symbols that the text forms cannot read back.
func (d Dim) verify() error {
	var err error
	d.Symbols(func(s string) {
		if !isName(s) {
			err = fmt.Errorf("symbol %q has no proper name", s)
		}
	})
	return err
}
