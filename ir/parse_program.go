package ir

import (
	"errors"
	"slices"
	"strings"
)

// ParseProgram reads the text form of a Program. It checks the form alone; whether steps
// and types are right is Verify's to say.
func ParseProgram(src string) (*Program, error) {
	text, kernelTexts := splitKernels(src)
	q := &programParser{scanner: newScanner(text), p: &Program{}, values: map[string]int{}}
	q.program()
	q.skipLines()
	if q.err == nil && q.tok.kind != tokEnd {
		q.fail("expected a kernel or the end of the text, found %s", q.found())
	}
	if q.err != nil {
		return nil, q.err
	}
	kernels := map[string]*Kernel{}
	line := strings.Count(text, "\n")
	for _, t := range kernelTexts {
		k, err := ParseKernel(t)
		if err != nil {
			var at *SyntaxError
			if errors.As(err, &at) {
				at.Line += line
			}
			return nil, err
		}
		if kernels[k.Name] != nil {
			return nil, &SyntaxError{line + 1, 1, "kernel " + k.Name + " is defined twice"}
		}
		kernels[k.Name] = k
		line += strings.Count(t, "\n")
	}
	for _, l := range q.launches {
		q.resolve(l, kernels)
	}
	return q.p, q.failure()
}

// splitKernels cuts a text before each line that starts with the word kernel.
func splitKernels(src string) (program string, kernels []string) {
	const word = "\nkernel "
	for at := strings.LastIndex(src, word); at >= 0; at = strings.LastIndex(src, word) {
		kernels = append(kernels, src[at+1:])
		src = src[:at+1]
	}
	slices.Reverse(kernels)
	return src, kernels
}

type programParser struct {
	*scanner
	p        *Program
	values   map[string]int
	launches []*launchText
}

// launchText is a launch before its kernel is known.
type launchText struct {
	l       *Launch
	pos     int
	kernel  string
	bounds  map[string][2]Dim
	in, out []int
	given   map[string]Dim // what kernel dims and run-time numbers are; a number is a name
}

func (q *programParser) program() {
	q.skipLines()
	q.expect("program")
	if q.tok.kind == tokName {
		q.p.Name = q.next().text
	}
	q.list("(", ")", q.param)
	q.expect("->")
	type result struct {
		pos  int
		name string
	}
	var results []result
	for q.err == nil {
		results = append(results, result{q.tok.pos, q.name("a result")})
		if !q.accept(",") {
			break
		}
	}
	q.line()
	if q.accept("symbol") {
		q.commas(q.symbol)
		q.line()
	}
	if q.accept("donate") {
		q.p.Donated = q.used()
		q.line()
	}
	q.p.Steps = q.steps(0, "end")
	q.expect("end")
	q.line()
	for _, r := range results {
		v, ok := q.values[r.name]
		if !ok && q.err == nil {
			q.failAt(r.pos, "no value is named %s", r.name)
		}
		q.p.Results = append(q.p.Results, v)
	}
}

// param reads an array or, without a shape, a run-time number; _ is a number that the
// program does not use.
func (q *programParser) param() {
	if q.accept("_") {
		q.p.Scalars = append(q.p.Scalars, ScalarArg{})
		return
	}
	pos := q.tok.pos
	name := q.name("a name")
	dtypePos := q.tok.pos
	if d, ok := ParseDType(q.tok.text); ok && q.pos < len(q.src) && q.src[q.pos] != '[' {
		q.next()
		if q.scalarNumber(name) >= 0 {
			q.failAt(pos, "%s is defined twice", name)
		}
		q.p.Scalars = append(q.p.Scalars, ScalarArg{name, d})
		return
	}
	if len(q.p.Scalars) > 0 {
		q.failAt(dtypePos, "an array after a run-time number")
	}
	q.p.Params = append(q.p.Params, q.newValue(pos, name, q.typ()))
}

func (q *programParser) newValue(pos int, name string, t Type) int {
	if _, ok := q.values[name]; ok && q.err == nil {
		q.failAt(pos, "%s is defined twice", name)
	}
	v := len(q.p.Values)
	q.values[name] = v
	q.p.Values = append(q.p.Values, Value{name, t})
	return v
}

// define reads a name and a type, of a value that starts here.
func (q *programParser) define() int {
	pos := q.tok.pos
	name := q.name("a name")
	return q.newValue(pos, name, q.typ())
}

func (q *programParser) use() int {
	pos := q.tok.pos
	name := q.name("a value")
	v, ok := q.values[name]
	if !ok {
		q.failAt(pos, "no value is named %s", name)
	}
	return v
}

func (q *programParser) used() []int {
	var out []int
	q.commas(func() { out = append(out, q.use()) })
	return out
}

// commas reads one or more items separated by commas.
func (q *programParser) commas(item func()) {
	for q.err == nil {
		item()
		if !q.accept(",") {
			return
		}
	}
}

func (q *programParser) symbol() {
	pos := q.tok.pos
	s := Symbol{Name: q.name("a symbol")}
	if q.symbolNumber(s.Name) >= 0 {
		q.failAt(pos, "symbol %s is declared twice", s.Name)
	}
	if q.accept("<=") {
		s.Bound = q.dim()
	}
	q.p.Symbols = append(q.p.Symbols, s)
}

func (q *programParser) symbolNumber(name string) int {
	return slices.IndexFunc(q.p.Symbols, func(s Symbol) bool { return s.Name == name })
}

func (q *programParser) scalarNumber(name string) int {
	return slices.IndexFunc(q.p.Scalars, func(s ScalarArg) bool { return s.Name == name && name != "" })
}

// steps reads steps up to one of the given words.
func (q *programParser) steps(depth int, stop ...string) []ProgramStep {
	if depth > maxNesting {
		q.fail("steps nest deeper than %d", maxNesting)
	}
	var out []ProgramStep
	for q.err == nil && !(q.tok.kind == tokName && slices.Contains(stop, q.tok.text)) {
		out = append(out, q.step(depth))
	}
	return out
}

func (q *programParser) step(depth int) ProgramStep {
	pos := q.tok.pos
	var s ProgramStep
	switch word := q.name("a step"); word {
	case "alloc":
		s.Kind, s.Out = StepAlloc, q.define()
	case "view":
		s.Kind, s.Out = StepView, q.define()
		q.expect("=")
		s.In = []int{q.use()}
		s.View = q.view()
	case "launch":
		s.Kind, s.Launch = StepLaunch, q.launch()
	case "call":
		s.Kind = StepCall
		q.call(&s)
	case "convert":
		s.Kind, s.Out = StepConvert, q.define()
		q.expect("=")
		s.In = []int{q.use()}
	case "bind":
		s.Kind = StepBind
		at := q.tok.pos
		name := q.name("a symbol")
		if s.Symbol = q.symbolNumber(name); s.Symbol < 0 {
			q.failAt(at, "no symbol is named %s", name)
		}
		q.expect("=")
		s.In = []int{q.use()}
	case "branch":
		s.Kind, s.In = StepBranch, []int{q.use()}
	case "loop":
		s.Kind, s.Max = StepLoop, Unknown
		if q.accept("max") {
			q.expect("=")
			s.Max = q.dim()
		}
	case "swap":
		s.Kind, s.In = StepSwap, q.used()
	case "free":
		s.Kind, s.Out = StepFree, q.use()
	default:
		q.failAt(pos, "%q is not a step", word)
	}
	if q.accept("@") {
		q.commas(func() { s.Sites = append(s.Sites, q.site()) })
	}
	q.line()
	switch s.Kind {
	case StepBranch:
		s.Body = q.steps(depth+1, "else", "end")
		if q.accept("else") {
			q.line()
			s.Else = q.steps(depth+1, "end")
		}
		q.expect("end")
		q.line()
	case StepLoop:
		s.Body = q.steps(depth+1, "until")
		q.expect("until")
		s.In = []int{q.use()}
		q.line()
	}
	return s
}

// view reads {offset=3, strides=[4,1]}; the offset may be left out.
func (q *programParser) view() *View {
	v := &View{}
	q.expect("{")
	if q.accept("offset") {
		q.expect("=")
		v.Offset = q.dim()
		q.expect(",")
	}
	q.expect("strides")
	q.expect("=")
	v.Strides = q.dims()
	q.expect("}")
	return v
}

// call reads op(a, b -> c) and attributes.
func (q *programParser) call(s *ProgramStep) {
	pos := q.tok.pos
	name := q.name("an op")
	if s.Op = Lookup(name); s.Op == nil {
		q.failAt(pos, "no op is named %s", name)
		return
	}
	s.In, s.Outs = q.arrow()
	s.Attr = q.attr(s.Op, Type{})
}

// arrow reads values, an arrow and values in parentheses.
func (q *programParser) arrow() (in, out []int) {
	q.expect("(")
	if !q.is("->") {
		in = q.used()
	}
	q.expect("->")
	if !q.is(")") {
		out = q.used()
	}
	q.expect(")")
	return in, out
}

func (q *programParser) launch() *Launch {
	t := &launchText{l: &Launch{}, pos: q.tok.pos, kernel: q.name("a kernel"), given: map[string]Dim{}}
	if q.is("[") {
		t.bounds = map[string][2]Dim{}
		q.list("[", "]", func() {
			pos := q.tok.pos
			axis := q.name("an axis")
			if _, twice := t.bounds[axis]; twice {
				q.failAt(pos, "axis %s has two bounds", axis)
			}
			q.expect("=")
			lo := q.dim()
			q.expect("..")
			t.bounds[axis] = [2]Dim{lo, q.dim()}
		})
	}
	t.in, t.out = q.arrow()
	if q.is("{") {
		q.list("{", "}", func() {
			pos := q.tok.pos
			name := q.name("a dim or number of the kernel")
			if _, twice := t.given[name]; twice {
				q.failAt(pos, "%s is given twice", name)
			}
			q.expect("=")
			t.given[name] = q.dim()
		})
	}
	if q.accept("count") {
		t.l.Counts = q.used()
	}
	if q.accept("on") {
		t.l.Target = q.name("a target")
	}
	q.launches = append(q.launches, t)
	return t.l
}

// resolve fills in what of a launch depends on its kernel.
func (q *programParser) resolve(t *launchText, kernels map[string]*Kernel) {
	k := kernels[t.kernel]
	if k == nil {
		q.failAt(t.pos, "no kernel is named %s", t.kernel)
		return
	}
	l := t.l
	l.Kernel = k
	left := len(t.given) + len(t.bounds)
	for _, name := range k.Dims {
		d, ok := t.given[name]
		if ok {
			left--
		} else {
			d = Sym(name)
		}
		l.Dims = append(l.Dims, d)
	}
	for _, s := range k.Scalars {
		name := s.Name
		if d, ok := t.given[name]; ok {
			name = d.String()
			left--
		}
		i := q.scalarNumber(name)
		if i < 0 {
			q.failAt(t.pos, "kernel %s wants a run-time number %s, the program has no %s", k.Name, s.Name, name)
		}
		l.Scalars = append(l.Scalars, i)
	}
	for i, a := range k.Axes {
		if b, ok := t.bounds[a.Name]; ok {
			if l.Bounds == nil {
				l.Bounds = map[int][2]Dim{}
			}
			l.Bounds[i] = b
			left--
		}
	}
	if left != 0 {
		q.failAt(t.pos, "kernel %s has no dim, number or axis of a name given here", k.Name)
	}
	in, out := t.in, t.out
	for _, r := range k.argRoles() {
		from := &out
		if r == In {
			from = &in
		}
		if len(*from) == 0 {
			q.failAt(t.pos, "kernel %s takes more arrays", k.Name)
			return
		}
		l.Args = append(l.Args, (*from)[0])
		*from = (*from)[1:]
	}
	if len(in)+len(out) > 0 {
		q.failAt(t.pos, "kernel %s takes fewer arrays", k.Name)
	}
}
