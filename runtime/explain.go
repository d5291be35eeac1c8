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
	prog *program
	held int64 // bytes that a run holds beyond its inputs
	took time.Duration
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
	p, err := e.compile(ctx, s, &cfg, true, o)
	if errors.Is(err, errExact) {
		p, err = e.compile(ctx, s, &cfg, false, o)
	}
	if err != nil {
		return nil, err
	}
	f := &frame{engine: e, prog: p, site: s.site, config: cfg}
	took := time.Since(start)
	if _, err := f.layout(s); err != nil {
		return nil, err
	}
	return &Explanation{prog: p, held: f.held, took: took}, nil
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
		fmt.Fprintf(&b, "\n== launch %d on %s\n%s", i, l.target, ensureLine(l.code.String()))
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
