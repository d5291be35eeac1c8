package passes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// formats decides how every value is stored and who holds it: what a launch makes is
// held by the target that holds its operands. It changes no bits but those that the
// formats themselves say: what is not stored is structural, and sums over stored entries
// have their own order.
var formats = Pass{
	Name: "formats", Stage: OnProgram, Required: true,
	Doc: "gives every value the format that follows from the operands of the launch that makes it; converts parameters and results of a program that is sent to a target with arrays of its own",
	Run: func(u *Unit) (bool, error) {
		p := u.Program
		dense := func(v int) bool { return p.Values[v].Type.Format == nil }
		plain := func(s ir.ProgramStep) bool { return s.Kind != ir.StepConvert }
		if u.Home == nil && !slices.ContainsFunc(p.Params, func(v int) bool { return !dense(v) }) && !slices.ContainsFunc(p.Steps, func(s ir.ProgramStep) bool { return !plain(s) }) {
			return false, nil
		}
		f := &formatter{p: p, home: u.Home, held: map[int]int{}, dense: map[int]int{}, whole: map[int]int{}}
		err := f.run()
		return true, err
	},
}

// formatter walks a program's steps in order.
type formatter struct {
	p     *ir.Program
	home  *ir.Format
	held  map[int]int // by parameter of the caller's: the value at home with its elements
	dense map[int]int // by value with sparse levels: the dense value with its elements
	whole map[int]int // by value with sparse levels that was made in pieces: the whole one
	steps []ir.ProgramStep
}

func (f *formatter) run() error {
	for _, v := range f.p.Params {
		if f.home != nil && f.p.Values[v].Type.Format == nil {
			f.held[v] = f.convert(v, f.home)
		}
	}
	for _, s := range f.p.Steps {
		if err := f.step(s); err != nil {
			return err
		}
	}
	for i, v := range f.p.Results {
		if w, ok := f.whole[v]; ok {
			f.p.Results[i] = w
			continue
		}
		if f.home != nil && f.p.Values[v].Type.Format.Equal(f.home) {
			f.p.Results[i] = f.convert(v, nil)
		}
	}
	f.p.Steps = f.steps
	return nil
}

// convert adds the step that makes a value's elements in another format.
func (f *formatter) convert(v int, to *ir.Format) int {
	t := f.p.Values[v].Type
	t.Format = to
	out := len(f.p.Values)
	f.p.Values = append(f.p.Values, ir.Value{Name: f.fresh(f.p.Values[v].Name), Type: t})
	f.steps = append(f.steps, ir.ProgramStep{Kind: ir.StepConvert, Out: out, In: []int{v}})
	return out
}

// fresh returns a name that no value has.
func (f *formatter) fresh(stem string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(f.p.Values, func(v ir.Value) bool { return v.Name == name })
	}
	for i := 0; ; i++ {
		if name := fmt.Sprintf("%s_%d", stem, i); !taken(name) {
			return name
		}
	}
}

func (f *formatter) format(v int) *ir.Format { return f.p.Values[v].Type.Format }

func (f *formatter) step(s ir.ProgramStep) error {
	renumber(&s, func(v int) int {
		if h, ok := f.held[v]; ok && s.Kind != ir.StepConvert {
			return h
		}
		if w, ok := f.whole[v]; ok {
			return w
		}
		return v
	})
	switch s.Kind {
	case ir.StepView:
		if f.format(s.In[0]).Sparse() {
			return f.reshaped(&s)
		}
		if f.format(s.In[0]) != nil {
			return f.refused(&s, "reshape", ir.Errorf(ir.ErrShape, "a reshape that cuts across axes has no kernel, and an array held as %s is no memory to look at otherwise", f.format(s.In[0])))
		}
	case ir.StepLaunch:
		l, err := f.launch(&s)
		if err != nil {
			return f.refused(&s, s.Launch.Kernel.Name, err)
		}
		s.Launch = l
		f.steps = append(f.steps, s)
		f.gathered(l)
		return nil
	}
	f.steps = append(f.steps, s)
	return nil
}

// gathered converts results with sparse levels that a target made in pieces to arrays of
// the host: they are as large as what they store.
func (f *formatter) gathered(l *ir.Launch) {
	f.operands(l, func(o *ir.Operand, v int) {
		if t := f.format(v); o.Role != ir.In && t.Sparse() && t.Device != "" {
			f.whole[v] = f.convert(v, t.Levelled())
		}
	})
}

// ErrFormat is the class of refusals of arrays in formats that a program has no way with.
var ErrFormat = errors.New("arrays of these formats are not taken here")

func (f *formatter) refused(s *ir.ProgramStep, op string, err error) error {
	e := &CallError{Op: op, Err: fmt.Errorf("%w (%w)", err, ErrFormat)}
	if len(s.Sites) > 0 {
		e.Site = s.Sites[0]
	}
	return e
}

// launch returns a launch whose results have the format that follows from its operands.
func (f *formatter) launch(s *ir.ProgramStep) (*ir.Launch, error) {
	l := *s.Launch
	f.densely(&l)
	k := l.Kernel
	var holder *ir.Format
	levels := false
	f.operands(&l, func(o *ir.Operand, v int) {
		if t := f.format(v); t != nil && o.Role == ir.In {
			levels = levels || t.Levels != nil
			if t.Device != "" && holder == nil {
				holder = &ir.Format{Device: t.Device}
			}
		}
	})
	if holder == nil && !levels {
		holder = f.home // made of nothing, or of what stayed on the host
	}
	out := holder
	if levels {
		typed := *k
		typed.Operands = slices.Clone(k.Operands)
		n := 0
		for i := range typed.Operands {
			if typed.Operands[i].Role == ir.Local {
				continue
			}
			typed.Operands[i].Format = f.format(l.Args[n]).Levelled()
			n++
		}
		var err error
		if out, l.Kernel, err = levelled(&typed); err != nil {
			return nil, err
		}
		if holder != nil {
			sparse := out
			if out = holder; sparse != nil {
				out = &ir.Format{Levels: sparse.Levels, Axes: sparse.Axes, Fill: sparse.Fill, Device: holder.Device}
			}
		}
	}
	var clash error
	f.operands(&l, func(o *ir.Operand, v int) {
		switch t := &f.p.Values[v].Type; {
		case o.Role != ir.In:
			t.Format = out
		case t.Format != nil && t.Format.Device != "" && t.Format.Device != holder.Device:
			clash = ir.Errorf(ir.ErrDType, "operands are held as %s and as %s: convert one of them", holder, t.Format)
		}
	})
	return &l, clash
}

// densely converts operands with sparse levels where nothing is gained by what they leave
// out: those of a scan, whose result is dense and as large, and positions to look at, of
// which a result has one for each.
func (f *formatter) densely(l *ir.Launch) {
	need := map[int]bool{}
	for i := range l.Kernel.Stmts {
		s := &l.Kernel.Stmts[i]
		s.VisitExprs(func(e *ir.Expr) {
			if e.Access == nil {
				return
			}
			need[e.Access.Operand] = need[e.Access.Operand] || s.Sink == ir.Scan
			for _, x := range e.Access.Index {
				if x.Value != nil {
					positions := ir.Stmt{Args: []*ir.Expr{x.Value}}
					positions.VisitExprs(func(e *ir.Expr) {
						if e.Access != nil {
							need[e.Access.Operand] = true
						}
					})
				}
			}
		})
	}
	k, n := *l.Kernel, 0
	k.Operands, l.Args = slices.Clone(k.Operands), slices.Clone(l.Args)
	l.Kernel = &k
	for i := range k.Operands {
		o := &k.Operands[i]
		if o.Role == ir.Local {
			continue
		}
		if v := l.Args[n]; need[i] && o.Role == ir.In && f.format(v).Sparse() && f.format(v).Device == "" {
			if _, ok := f.dense[v]; !ok {
				f.dense[v] = f.convert(v, nil)
			}
			l.Args[n], o.Format = f.dense[v], nil
		}
		n++
	}
}

// reshaped adds the steps of a reshape that cuts across axes: of an array with sparse
// levels by way of all its axes joined.
func (f *formatter) reshaped(s *ir.ProgramStep) error {
	to := f.p.Values[s.Out].Type.Shape
	size := ir.N(1)
	for _, d := range to {
		size = size.Mul(d)
	}
	flat := len(f.p.Values)
	f.p.Values = append(f.p.Values, ir.Value{Name: f.fresh(f.p.Values[s.In[0]].Name), Type: ir.Dense(f.p.Values[s.In[0]].Type.DType, size)})
	for _, x := range [][2]int{{s.In[0], flat}, {flat, s.Out}} {
		from := f.p.Values[x[0]].Type
		n, err := ir.NewNode(ir.OpReshape, &ir.Attr{Shape: f.p.Values[x[1]].Type.Shape}, nil, &ir.Node{Op: ir.OpParam, Type: ir.Dense(from.DType, from.Shape...)})
		if err != nil {
			return f.refused(s, "reshape", err)
		}
		k, _, _, err := ir.KernelOf(n)
		if err != nil {
			return f.refused(s, "reshape", err)
		}
		l := &ir.Launch{Kernel: k, Args: x[:]}
		for _, d := range k.Dims {
			l.Dims = append(l.Dims, ir.Sym(d))
		}
		f.steps = append(f.steps, ir.ProgramStep{Kind: ir.StepAlloc, Out: x[1]})
		if err := f.step(ir.ProgramStep{Kind: ir.StepLaunch, Launch: l, Sites: s.Sites}); err != nil {
			return err
		}
	}
	return nil
}

// operands calls do for every operand that is an argument.
func (f *formatter) operands(l *ir.Launch, do func(o *ir.Operand, v int)) {
	n := 0
	for i := range l.Kernel.Operands {
		if o := &l.Kernel.Operands[i]; o.Role != ir.Local {
			do(o, l.Args[n])
			n++
		}
	}
}
