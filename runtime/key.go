package rt

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"

	"github.com/numen-go/numen/ir"
)

// structure is a graph read once: its key, and the numbers that the key leaves out in
// the order in which a program of that key numbers them.
type structure struct {
	key     []byte
	nodes   []*ir.Node      // operands before users
	index   ir.NodeMap[int] // into nodes
	params  []*ir.Node      // by first use
	results []*ir.Node
	factors map[int64][]int64 // sizes that are products of others
	sizes   []int64           // value of symbol i
	scalars []uint64          // element of scalar i
	types   []ir.DType
	fixed   bool // run-time numbers are literals: what a sparse array does not store is known to the compiler
}

// literalSize reports whether an extent or offset is part of the structure: 0 and 1
// decide broadcasting and emptiness, -1 is the step of a reversed axis, and what is as
// small as the two words of a random key or the three columns of points is better known
// to the compiler than passed to every run.
func literalSize(n int64) bool { return n >= -2 && n <= 4 }

// readStructure walks what results need. Parameters are numbered by first use, so that
// a bound program and an evaluation of the same calls share one key.
func readStructure(results []*ir.Node) (*structure, error) {
	s := &structure{results: results}
	s.nodes = (&ir.Graph{Results: results}).Nodes()
	s.key = make([]byte, 0, 32*len(s.nodes))
	for _, n := range s.nodes {
		if n.Op.Factors != nil {
			for _, f := range n.Op.Factors(n) {
				s.relate(f)
			}
		}
	}
	s.fixed = slices.ContainsFunc(s.nodes, func(n *ir.Node) bool { return n.Type.Format != nil && n.Type.Format.Levels != nil })
	for i, n := range s.nodes {
		s.index.Put(n, i)
		if err := s.node(n); err != nil {
			return nil, err
		}
	}
	s.key = append(s.key, '>')
	for _, r := range results {
		s.int(s.number(r))
	}
	return s, nil
}

// number returns the place of a node of the structure.
func (s *structure) number(n *ir.Node) int64 {
	i, _ := s.index.Get(n)
	return int64(i)
}

// relate notes that a size is a product, unless it is known as another product.
func (s *structure) relate(factors []int64) {
	n := int64(1)
	for _, f := range factors {
		n *= f
	}
	if s.factors[n] != nil {
		return
	}
	if s.factors == nil {
		s.factors = map[int64][]int64{}
	}
	s.factors[n] = factors
}

func (s *structure) int(v int64) { s.key = binary.AppendVarint(s.key, v) }

func (s *structure) text(t string) {
	s.int(int64(len(t)))
	s.key = append(s.key, t...)
}

// size writes a literal, a product of other sizes, or the number of the symbol that
// stands for n.
func (s *structure) size(n int64) {
	if literalSize(n) {
		s.int(n)
		return
	}
	if factors := s.factors[n]; factors != nil {
		s.int(-1 - int64(len(factors))) // at least two: below every literal
		for _, f := range factors {
			s.size(f)
		}
		return
	}
	i := slices.Index(s.sizes, n)
	if i < 0 {
		i = len(s.sizes)
		s.sizes = append(s.sizes, n)
	}
	s.int(int64(i) + 5)
}

func (s *structure) dims(ds []ir.Dim) error {
	s.int(int64(len(ds)))
	for _, d := range ds {
		n, ok := d.Const()
		if !ok {
			return ir.Errorf(ir.ErrShape, "extent %s is not known", d)
		}
		s.size(n)
	}
	return nil
}

func (s *structure) node(n *ir.Node) error {
	s.text(n.Op.Name)
	s.key = append(s.key, byte(n.Type.DType))
	s.int(int64(len(n.Args)))
	for _, a := range n.Args {
		s.int(s.number(a))
	}
	if n.Type.Format != nil {
		s.text(n.Type.Format.String())
	}
	if err := s.dims(n.Type.Shape); err != nil {
		return err
	}
	switch n.Op {
	case ir.OpParam:
		i := slices.Index(s.params, n)
		if i < 0 {
			i = len(s.params)
			s.params = append(s.params, n)
		}
		s.int(int64(i))
		return nil
	case ir.OpScalar:
		if s.fixed {
			s.key = binary.LittleEndian.AppendUint64(s.key, n.Attr.Bits)
			return nil
		}
		s.int(int64(len(s.scalars)))
		s.scalars = append(s.scalars, n.Attr.Bits)
		s.types = append(s.types, n.Type.DType)
		return nil
	}
	return s.attr(n)
}

func (s *structure) attr(n *ir.Node) error {
	a, f := n.Attr, n.Op.Fields
	if a == nil {
		return nil
	}
	if f&ir.FieldAxes != 0 {
		s.int(int64(len(a.Axes)))
		for _, x := range a.Axes {
			s.int(int64(x))
		}
	}
	for _, g := range []struct {
		field ir.AttrField
		dims  []ir.Dim
	}{{ir.FieldShape, a.Shape}, {ir.FieldStart, a.Start}, {ir.FieldStep, a.Step}} {
		if f&g.field != 0 {
			if err := s.dims(g.dims); err != nil {
				return err
			}
		}
	}
	s.key = append(s.key, byte(a.Order), byte(a.DType))
	if f&ir.FieldSpec != 0 {
		s.text(a.Spec)
		if len(n.Args) > 2 { // the path is a function of the sizes, so they are part of the structure
			for _, x := range n.Args {
				s.text(x.Type.String())
			}
		}
	}
	if f&ir.FieldCombine != 0 {
		s.text(a.Combine.Name)
	}
	if f&ir.FieldBits != 0 {
		s.key = binary.LittleEndian.AppendUint64(s.key, a.Bits)
	}
	if f&ir.FieldIndex != 0 {
		s.int(int64(a.Index))
	}
	if f&ir.FieldFormat != 0 {
		s.text(a.Format.String())
	}
	if f&ir.FieldFlag != 0 && a.Flag {
		s.key = append(s.key, '!')
	}
	return nil
}

func symbolName(i int) string { return "s" + strconv.Itoa(i) }

// sizeOf returns the number of a symbol.
func (s *structure) sizeOf(symbol string) (int64, bool) {
	i, err := strconv.Atoi(symbol[1:])
	if err != nil || i < 0 || i >= len(s.sizes) {
		return 0, false
	}
	return s.sizes[i], true
}

// errExact says that the sizes of a structure are related in ways that symbols do not
// keep: its programs are compiled for the sizes at hand.
var errExact = errors.New("rt: sizes are related")

// graph returns the structure as a graph to compile. With symbols, sizes are symbols
// and the graph serves every structure of this key; else they are the numbers at hand.
// Run-time numbers are numbered, and call sites become node numbers, so that a fault of
// any such graph finds that graph's own line.
func (s *structure) graph(symbols bool) (*ir.Graph, error) {
	known := map[int64]ir.Dim{}
	var dim func(n int64) ir.Dim
	dim = func(n int64) ir.Dim {
		if !symbols || literalSize(n) {
			return ir.N(n)
		}
		d, ok := known[n]
		if !ok {
			d = ir.N(1)
			for _, f := range s.factors[n] {
				d = d.Mul(dim(f))
			}
			if s.factors[n] == nil {
				d = ir.Sym(symbolName(slices.Index(s.sizes, n)))
			}
			known[n] = d
		}
		return d
	}
	dims := func(ds []ir.Dim) []ir.Dim {
		if ds == nil {
			return nil
		}
		out := make([]ir.Dim, len(ds))
		for i, d := range ds {
			n, _ := d.Const()
			out[i] = dim(n)
		}
		return out
	}
	g := &ir.Graph{Name: "program"}
	made := make([]*ir.Node, len(s.nodes))
	scalars := 0
	for i, n := range s.nodes {
		args := make([]*ir.Node, len(n.Args))
		for k, a := range n.Args {
			args[k] = made[s.number(a)]
		}
		if n.Op == ir.OpScalar && s.fixed {
			made[i] = ir.Must(ir.NewNode(ir.OpConst, &ir.Attr{DType: n.Type.DType, Bits: n.Attr.Bits}, nil))
			continue
		}
		var attr *ir.Attr
		if n.Attr != nil {
			c := *n.Attr
			c.Shape, c.Start, c.Step = dims(c.Shape), dims(c.Start), dims(c.Step)
			switch n.Op {
			case ir.OpParam:
				c.Index = slices.Index(s.params, n)
			case ir.OpScalar:
				c.Index, c.Bits = scalars, 0
				scalars++
			}
			attr = &c
		}
		site := &ir.Site{File: nodeFile, Line: i}
		if n.Op == ir.OpParam {
			t := n.Type
			t.Shape = dims(t.Shape)
			made[i] = &ir.Node{Op: n.Op, Type: t, Attr: attr, Site: site}
			continue
		}
		m, err := ir.NewNode(n.Op, attr, site, args...)
		if err != nil {
			if symbols {
				return nil, errExact
			}
			return nil, err
		}
		for k, d := range m.Type.Shape {
			c, _ := n.Type.Shape[k].Const()
			if _, ok := known[c]; !ok && symbols && s.factors[c] == nil {
				known[c] = d // a size that this op makes: keep how
			}
			if dim(c) != d {
				return nil, errExact
			}
		}
		made[i] = m
	}
	for _, p := range s.params {
		g.Params = append(g.Params, made[s.number(p)])
	}
	for _, r := range s.results {
		g.Results = append(g.Results, made[s.number(r)])
	}
	return g, nil
}

// Read returns the graph of results with sizes as numbers, the nodes behind its
// parameters and its run-time numbers: what the evaluator and the passes take, for tests of
// targets and passes on programs of users.
func Read(results []*ir.Node) (g *ir.Graph, params []*ir.Node, scalars []uint64, err error) {
	s, err := readStructure(results)
	if err != nil {
		return nil, nil, nil, err
	}
	g, err = s.graph(false)
	return g, s.params, s.scalars, err
}

// nodeFile marks a Site whose Line is the number of a node in a structure.
const nodeFile = "node"

// site returns the user's call behind a compiled program's site.
func (s *structure) site(c *ir.Site) *ir.Site {
	if c == nil || c.File != nodeFile || c.Line >= len(s.nodes) {
		return c
	}
	return s.nodes[c.Line].Site
}
