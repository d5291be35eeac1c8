package ir

import "strconv"

// maxNesting bounds how deep subgraphs and steps of a text form may nest.
const maxNesting = 64

// ParseGraph reads the text form of a Graph. It checks the form alone; whether types
// and attributes are right is Verify's to say.
func ParseGraph(src string) (*Graph, error) {
	s := newScanner(src)
	s.skipLines()
	g := s.graph(0)
	s.skipLines()
	if s.err == nil && s.tok.kind != tokEnd {
		s.fail("expected the end of the text, found %s", s.found())
	}
	return g, s.failure()
}

// scope is the names of a graph's values.
type scope map[string]*Node

// newName reads a name that is not taken.
func (s *scanner) newName(names scope) string {
	pos := s.tok.pos
	name := s.name("a name")
	if names[name] != nil {
		s.failAt(pos, "%s is defined twice", name)
	}
	return name
}

func (s *scanner) use(names scope) *Node {
	pos := s.tok.pos
	name := s.name("a value")
	n := names[name]
	if n == nil {
		s.failAt(pos, "no value is named %s", name)
	}
	return n
}

func (s *scanner) graph(depth int) *Graph {
	if depth > maxNesting {
		s.fail("subgraphs nest deeper than %d", maxNesting)
	}
	g := &Graph{}
	names := scope{}
	s.expect("graph")
	if s.tok.kind == tokName {
		g.Name = s.next().text
	}
	s.list("(", ")", func() {
		name, t := s.newName(names), s.typ()
		p := Param(len(g.Params), t, s.optionalSite())
		names[name] = p
		g.Params = append(g.Params, p)
	})
	s.expect("->")
	type result struct {
		name string
		pos  int
	}
	var results []result
	for s.err == nil {
		results = append(results, result{pos: s.tok.pos, name: s.name("a result")})
		if !s.accept(",") {
			break
		}
	}
	s.line()
	for s.err == nil && !s.is("end") {
		s.node(names, depth)
	}
	s.expect("end")
	s.line()
	for _, r := range results {
		n := names[r.name]
		if n == nil && s.err == nil {
			s.failAt(r.pos, "no value is named %s", r.name)
		}
		g.Results = append(g.Results, n)
	}
	return g
}

func (s *scanner) node(names scope, depth int) {
	name := s.newName(names)
	n := &Node{Type: s.typ()}
	s.expect("=")
	pos := s.tok.pos
	opName := s.name("an op")
	if n.Op = Lookup(opName); n.Op == nil {
		s.failAt(pos, "no op is named %s", opName)
		return
	}
	if s.is("(") {
		s.list("(", ")", func() { n.Args = append(n.Args, s.use(names)) })
	}
	n.Attr = s.attr(n.Op, n.Type)
	n.Site = s.optionalSite()
	s.line()
	for i := 0; i < n.Op.Subs && s.err == nil; i++ {
		n.Subs = append(n.Subs, s.graph(depth+1))
	}
	names[name] = n
}

func (s *scanner) optionalSite() *Site {
	if !s.accept("@") {
		return nil
	}
	return s.site()
}

// attr reads the attributes of op in braces; nil for an op without any.
func (s *scanner) attr(op *Op, result Type) *Attr {
	if op.Fields == 0 {
		if s.is("{") {
			s.fail("op %s has no attributes", op)
		}
		return nil
	}
	a := &Attr{}
	if op.Fields&FieldDType != 0 {
		a.DType = result.DType
	}
	if op.Fields&FieldShape != 0 {
		a.Shape = result.Shape
	}
	if !s.is("{") {
		return a
	}
	bits := op.Fields&FieldBits != 0
	s.list("{", "}", func() {
		if bits {
			a.Bits = s.literal(result.DType)
			bits = false
			return
		}
		s.field(op, a)
	})
	return a
}

// attrFields are the names of fields in braces; FieldBits has none, it comes first.
var attrFields = []struct {
	name  string
	field AttrField
}{
	{"axes", FieldAxes}, {"shape", FieldShape}, {"start", FieldStart}, {"step", FieldStep}, {"order", FieldOrder}, {"dtype", FieldDType},
	{"spec", FieldSpec}, {"combine", FieldCombine}, {"index", FieldIndex}, {"flag", FieldFlag}, {"limit", FieldLimit}, {"format", FieldFormat},
}

// field reads one name=value into a.
func (s *scanner) field(op *Op, a *Attr) {
	start := s.tok.pos
	name := s.name("an attribute")
	var field AttrField
	for _, f := range attrFields {
		if f.name == name {
			field = f.field
		}
	}
	if field == 0 || op.Fields&field == 0 {
		s.failAt(start, "op %s has no attribute %s", op, name)
		return
	}
	if field == FieldFlag {
		a.Flag = true
		return
	}
	s.expect("=")
	pos, value, ok := s.tok.pos, s.found(), true
	switch field {
	case FieldAxes:
		a.Axes = []int{}
		s.list("[", "]", func() { a.Axes = append(a.Axes, s.integer("an axis")) })
	case FieldShape:
		a.Shape = s.dims()
	case FieldStart:
		a.Start = s.dims()
	case FieldStep:
		a.Step = s.dims()
	case FieldOrder:
		a.Order, ok = ParseOrder(s.name("an order"))
	case FieldDType:
		a.DType, ok = ParseDType(s.name("a dtype"))
	case FieldSpec:
		var err error
		a.Spec, err = strconv.Unquote(s.next().text)
		ok = err == nil
	case FieldCombine:
		a.Combine = LookupCombine(s.name("a combine"))
		ok = a.Combine != nil
	case FieldIndex:
		a.Index = s.integer("an index")
	case FieldLimit:
		a.Limit = s.dim()
	case FieldFormat:
		text, err := strconv.Unquote(s.next().text)
		if err == nil {
			a.Format, err = parseFormat(text)
		}
		ok = err == nil
	}
	if !ok {
		s.failAt(pos, "attribute %s cannot be %s", name, value)
	}
}
