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
		f := &formatter{p: p, home: u.Home, held: map[int]int{}}
		err := f.run()
		return true, err
	},
}

// formatter walks a program's steps in order.
type formatter struct {
	p     *ir.Program
	home  *ir.Format
	held  map[int]int // by parameter of the caller's: the value at home with its elements
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
	if s.Kind != ir.StepConvert {
		renumber(&s, func(v int) int {
			if h, ok := f.held[v]; ok {
				return h
			}
			return v
		})
	}
	switch s.Kind {
	case ir.StepView:
		if f.format(s.In[0]) != nil {
			return f.refused(&s, "reshape", ir.Errorf(ir.ErrShape, "a reshape that cuts across axes has no kernel, and an array held as %s is no memory to look at otherwise", f.format(s.In[0])))
		}
	case ir.StepLaunch:
		l, err := f.launch(&s)
		if err != nil {
			return f.refused(&s, s.Launch.Kernel.Name, err)
		}
		s.Launch = l
	}
	f.steps = append(f.steps, s)
	return nil
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
	l, k := *s.Launch, s.Launch.Kernel
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
		if holder != nil {
			return nil, ir.Errorf(ir.ErrDType, "arrays with sparse levels do not meet arrays held as %s yet: convert one of them", holder)
		}
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
	}
	var clash error
	f.operands(&l, func(o *ir.Operand, v int) {
		switch t := &f.p.Values[v].Type; {
		case o.Role != ir.In:
			t.Format = out
		case t.Format != nil && holder != nil && t.Format.Device != holder.Device:
			clash = ir.Errorf(ir.ErrDType, "operands are held as %s and as %s: convert one of them", holder, t.Format)
		}
	})
	return &l, clash
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
