package ir

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// String returns the text form without call sites.
func (p *Program) String() string { return p.Format(PrintOptions{}) }

// Format returns the text form, which ParseProgram reads back: the steps, then the kernels
// that they launch. A launch says what a kernel's dims and run-time numbers are where the
// program's have other names, and an axis's bounds where they are not whole. Reading
// numbers values in the order in which steps define them.
//
//	program jacobi(r f64[N,N], d f64[N], b f64[N], x f64[N], tol f64) -> x
//	  symbol N
//	  donate x
//	  alloc w f64[N]
//	  alloc err f64[]
//	  alloc stop bool[]
//	  loop max=200
//	    launch jstep(r, d, b, x -> w, err)
//	    launch below(err -> stop)
//	    swap x, w
//	  until stop
//	  free w
//	  ...
//	end
//
//	kernel jstep
//	...
func (p *Program) Format(o PrintOptions) string {
	return newProgramPrinter(p, o).print(nil)
}

type programPrinter struct {
	p       *Program
	opt     PrintOptions
	b       strings.Builder
	kernels []string           // texts, in order of first launch
	names   map[*Kernel]string // two kernels of one name and different text get two names
	taken   map[string]bool
	mark    *ProgramStep
	line    int // of mark, from 0
}

func newProgramPrinter(p *Program, o PrintOptions) *programPrinter {
	return &programPrinter{p: p, opt: o, names: map[*Kernel]string{}, taken: map[string]bool{}}
}

// print returns the whole text and notes the line of the step mark.
func (p *programPrinter) print(mark *ProgramStep) string {
	p.mark = mark
	p.header()
	p.steps(p.p.Steps, "  ")
	p.b.WriteString("end\n")
	for _, k := range p.kernels {
		p.b.WriteString("\n" + k)
	}
	return p.b.String()
}

func (p *programPrinter) header() {
	var params []string
	for _, v := range p.p.Params {
		params = append(params, p.value(v)+" "+p.typ(v))
	}
	for _, s := range p.p.Scalars {
		if s == (ScalarArg{}) {
			params = append(params, "_")
			continue
		}
		params = append(params, s.Name+" "+s.DType.String())
	}
	name := p.p.Name
	if name != "" {
		name = " " + name
	}
	fmt.Fprintf(&p.b, "program%s(%s) -> %s\n", name, strings.Join(params, ", "), p.values(p.p.Results))
	if len(p.p.Symbols) > 0 {
		texts := make([]string, len(p.p.Symbols))
		for i, s := range p.p.Symbols {
			texts[i] = s.Name
			if s.Bound != (Dim{}) {
				texts[i] += " <= " + s.Bound.String()
			}
		}
		fmt.Fprintf(&p.b, "  symbol %s\n", strings.Join(texts, ", "))
	}
	if len(p.p.Donated) > 0 {
		fmt.Fprintf(&p.b, "  donate %s\n", p.values(p.p.Donated))
	}
}

// value returns a value's name; a number that is none shows as such in messages.
func (p *programPrinter) value(v int) string {
	if v < 0 || v >= len(p.p.Values) {
		return "?" + strconv.Itoa(v)
	}
	return p.p.Values[v].Name
}

func (p *programPrinter) values(vs []int) string {
	names := make([]string, len(vs))
	for i, v := range vs {
		names[i] = p.value(v)
	}
	return strings.Join(names, ", ")
}

func (p *programPrinter) typ(v int) string {
	if v < 0 || v >= len(p.p.Values) {
		return "?"
	}
	return p.p.Values[v].Type.String()
}

func (p *programPrinter) steps(steps []ProgramStep, indent string) {
	for i := range steps {
		s := &steps[i]
		if s == p.mark {
			p.line = strings.Count(p.b.String(), "\n")
		}
		p.b.WriteString(indent + p.step(s) + p.sites(s) + "\n")
		switch s.Kind {
		case StepBranch:
			p.steps(s.Body, indent+"  ")
			if len(s.Else) > 0 {
				p.b.WriteString(indent + "else\n")
				p.steps(s.Else, indent+"  ")
			}
			p.b.WriteString(indent + "end\n")
		case StepLoop:
			p.steps(s.Body, indent+"  ")
			p.b.WriteString(indent + "until " + p.values(s.In) + "\n")
		}
	}
}

func (p *programPrinter) sites(s *ProgramStep) string {
	if !p.opt.Sites || len(s.Sites) == 0 {
		return ""
	}
	texts := make([]string, len(s.Sites))
	for i, site := range s.Sites {
		texts[i] = site.String()
	}
	return " @ " + strings.Join(texts, ", ")
}

// step returns a step's line, of a branch or loop the first.
func (p *programPrinter) step(s *ProgramStep) string {
	switch s.Kind {
	case StepAlloc:
		return "alloc " + p.value(s.Out) + " " + p.typ(s.Out)
	case StepView:
		offset := ""
		if !s.View.Offset.Is(0) {
			offset = "offset=" + s.View.Offset.String() + ", "
		}
		return "view " + p.value(s.Out) + " " + p.typ(s.Out) + " = " + p.values(s.In) + " {" + offset + "strides=" + shapeText(s.View.Strides) + "}"
	case StepLaunch:
		return "launch " + p.launch(s.Launch)
	case StepCall:
		return "call " + s.Op.Name + "(" + p.values(s.In) + " -> " + p.values(s.Outs) + ")" + attrText(s.Op, s.Attr, Type{})
	case StepConvert:
		return "convert " + p.value(s.Out) + " " + p.typ(s.Out) + " = " + p.values(s.In)
	case StepBind:
		return "bind " + p.symbol(s.Symbol) + " = " + p.values(s.In)
	case StepBranch:
		return "branch " + p.values(s.In)
	case StepLoop:
		if s.Max.IsUnknown() {
			return "loop"
		}
		return "loop max=" + s.Max.String()
	case StepSwap:
		return "swap " + p.values(s.In)
	case StepFree:
		return "free " + p.value(s.Out)
	}
	return fmt.Sprintf("step %d", s.Kind)
}

func (p *programPrinter) symbol(i int) string {
	if i < 0 || i >= len(p.p.Symbols) {
		return "?" + strconv.Itoa(i)
	}
	return p.p.Symbols[i].Name
}

func (p *programPrinter) scalar(i int) string {
	if i < 0 || i >= len(p.p.Scalars) {
		return "?" + strconv.Itoa(i)
	}
	return p.p.Scalars[i].Name
}

func (p *programPrinter) launch(l *Launch) string {
	k := l.Kernel
	text := p.kernel(k)
	if len(l.Bounds) > 0 {
		var bounds []string
		for _, a := range slices.Sorted(maps.Keys(l.Bounds)) {
			axis := "?" + strconv.Itoa(a)
			if a >= 0 && a < len(k.Axes) {
				axis = k.Axes[a].Name
			}
			bounds = append(bounds, axis+"="+l.Bounds[a][0].String()+".."+l.Bounds[a][1].String())
		}
		text += "[" + strings.Join(bounds, ", ") + "]"
	}
	var in, out []int
	roles := k.argRoles()
	for i, v := range l.Args {
		if i < len(roles) && roles[i] == In {
			in = append(in, v)
		} else {
			out = append(out, v)
		}
	}
	text += "(" + p.values(in) + " -> " + p.values(out) + ")"
	var given []string
	for i, d := range l.Dims {
		if i >= len(k.Dims) || d != Sym(k.Dims[i]) {
			name := "?" + strconv.Itoa(i)
			if i < len(k.Dims) {
				name = k.Dims[i]
			}
			given = append(given, name+"="+d.String())
		}
	}
	for i, s := range l.Scalars {
		name := "?" + strconv.Itoa(i)
		if i < len(k.Scalars) {
			name = k.Scalars[i].Name
		}
		if name != p.scalar(s) {
			given = append(given, name+"="+p.scalar(s))
		}
	}
	if given != nil {
		text += " {" + strings.Join(given, ", ") + "}"
	}
	if l.Counts != nil {
		text += " count " + p.values(l.Counts)
	}
	if l.Target != "" {
		text += " on " + l.Target
	}
	return text
}

// argRoles returns the role of each of a launch's arguments.
func (k *Kernel) argRoles() []Role {
	var roles []Role
	for _, o := range k.Operands {
		if o.Role != Local {
			roles = append(roles, o.Role)
		}
	}
	return roles
}

// kernel returns the name that k has in this text, and adds k to it.
func (p *programPrinter) kernel(k *Kernel) string {
	if name, ok := p.names[k]; ok {
		return name
	}
	c := *k
	for i := 2; ; i++ {
		text := c.String()
		if slices.Contains(p.kernels, text) {
			break // an equal kernel
		}
		if !p.taken[c.Name] {
			p.kernels = append(p.kernels, text)
			break
		}
		c.Name = k.Name + "_" + strconv.Itoa(i)
	}
	p.taken[c.Name] = true
	p.names[k] = c.Name
	return c.Name
}

// excerpt returns the lines of p's text form around the step s, s's marked; of the header
// when s is nil.
func (p *Program) excerpt(s *ProgramStep) string {
	q := newProgramPrinter(p, PrintOptions{})
	return around(q.print(s), q.line)
}
