package rt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/passes"
)

// Explanation tells how a program runs. It is made by compiling, not by running.
type Explanation struct {
	prog    *program
	traffic []traffic // by launch
	held    int64     // bytes that a run holds beyond its inputs
	took    time.Duration
}

// Explain compiles results and tells how they would run.
func (e *Engine) Explain(ctx context.Context, results []*ir.Node, c *Config) (*Explanation, error) {
	cfg := e.config.over(c)
	s, err := readStructure(results)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	o := passes.Options{Verify: debug.verify, Text: true}
	p, err := e.compileOn(ctx, s, &cfg, true, o)
	if errors.Is(err, errExact) {
		p, err = e.compileOn(ctx, s, &cfg, false, o)
	}
	if err != nil {
		return nil, err
	}
	f := &frame{engine: e, prog: p, site: s.site, config: cfg}
	took := time.Since(start)
	if _, err := f.layout(s); err != nil {
		return nil, err
	}
	x := &Explanation{prog: p, held: f.held, took: took}
	for _, st := range p.ir.Steps {
		if st.Kind == ir.StepLaunch && !p.held { // what targets hold has sizes of its own
			t, err := f.traffic(s, st.Launch)
			if err != nil {
				return nil, err
			}
			x.traffic = append(x.traffic, t)
		}
	}
	return x, nil
}

// traffic is how many bytes of its operands a kernel touches, each byte counted once: what
// memory must move where no cache helps.
type traffic struct{ read, written int64 }

// traffic reads it from a kernel's accesses.
func (f *frame) traffic(s *structure, l *ir.Launch) (t traffic, err error) {
	dims, err := f.numbers(s, l.Dims)
	if err != nil {
		return t, err
	}
	reach := ir.NewReach(l.Kernel)
	lo, hi := make([]int64, len(l.Kernel.Axes)), make([]int64, len(l.Kernel.Axes))
	for i := range hi {
		hi[i] = reach.Axis(i, dims)
	}
	if l.Bounds != nil {
		if lo, hi, err = f.bounds(s, l); err != nil {
			return t, err
		}
	}
	for i, o := range l.Kernel.Operands {
		if o.Role == ir.Local {
			continue
		}
		var b ir.Box
		if err := reach.Of(i, dims, lo, hi, &b); err != nil {
			return t, err
		}
		bytes := b.Size() * int64(o.DType.Size())
		if o.Role != ir.Out {
			t.read += bytes
		}
		if o.Role != ir.In {
			t.written += bytes
		}
	}
	return t, nil
}

// String returns the whole story as text: what each pass made, the kernels and where
// they run, their loops, what was declined and why, the memory that a run holds.
func (x *Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "compiled in %v\n\n== passes\n", x.took.Round(time.Microsecond))
	for _, r := range x.prog.log {
		mark := " "
		if r.Changed {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %-14s %v\n", mark, r.Pass, r.Took.Round(time.Microsecond))
		for _, note := range r.Notes {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(strings.TrimRight(note, "\n"), "\n", "\n    "))
		}
	}
	for _, r := range x.prog.log {
		if r.Changed && r.Text != "" {
			fmt.Fprintf(&b, "\n== after %s\n%s", r.Pass, ensureLine(r.Text))
		}
	}
	fmt.Fprintf(&b, "\n== program\n%s", ensureLine(x.prog.ir.String()))
	for i, l := range x.prog.launches {
		fmt.Fprintf(&b, "\n== launch %d on %s\n", i, l.target)
		if x.traffic != nil {
			fmt.Fprintf(&b, "reads %d bytes, writes %d\n", x.traffic[i].read, x.traffic[i].written)
		}
		b.WriteString(ensureLine(l.code.String()))
	}
	if len(x.prog.declined) > 0 {
		b.WriteString("\n== declined\n")
		for _, d := range x.prog.declined {
			fmt.Fprintf(&b, "%v\n", d)
		}
	}
	fmt.Fprintf(&b, "\n== memory\na run holds %d bytes beyond its inputs\n", x.held)
	return b.String()
}

func ensureLine(s string) string { return strings.TrimRight(s, "\n") + "\n" }
