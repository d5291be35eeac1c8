package passes

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Options of a run of the pipeline. The zero value is what production uses.
type Options struct {
	Verify bool     // check the unit before the first pass and after every pass that changed it
	Text   bool     // keep each stage's text
	Off    []string // leave these passes out; required ones cannot be
	Until  string   // stop after the pass of this name
	Limit  int      // stop optional passes after this many rewrites; 0: no limit, negative: none at all
	Seed   uint64   // not 0: graph passes visit nodes in a random order, which must not show
}

// Record is what one pass did.
type Record struct {
	Pass     string
	Changed  bool
	Rewrites int // of an optional pass; one that does not count them has 1 when it changed anything
	Took     time.Duration
	Notes    []string // what the pass has to say, such as a contraction's path
	Text     string   // with Options.Text: the unit afterwards
}

// maxRounds bounds how often passes that repeat take turns. Programs settle within a
// few; watchRounds is when their texts start to be kept, to tell a cycle from patience.
const (
	maxRounds   = 64
	watchRounds = 8
)

// Run applies the pipeline to u and returns what each pass did. It fails on a program
// that the targets cannot run, and on a fault of a pass, which it names.
func Run(u *Unit, o Options) ([]Record, error) { return run(pipeline, u, o) }

func run(pipeline []Pass, u *Unit, o Options) ([]Record, error) {
	if err := o.check(pipeline); err != nil {
		return nil, err
	}
	u.limited, u.left, u.random, u.ordered = o.Limit != 0, max(0, o.Limit), nil, nil
	if o.Seed != 0 {
		u.random = rand.New(rand.NewPCG(o.Seed, 0))
	}
	if o.Verify {
		if err := u.verify(); err != nil {
			return nil, fmt.Errorf("passes: before the first pass: %w", err)
		}
	}
	r := &runner{u: u, o: o}
	for len(pipeline) > 0 {
		n := 1
		for pipeline[0].Repeat && n < len(pipeline) && pipeline[n].Repeat {
			n++
		}
		if err := r.run(pipeline[:n]); err != nil {
			return r.log, err
		}
		if o.Until != "" && has(pipeline[:n], o.Until) {
			break
		}
		pipeline = pipeline[n:]
	}
	return r.log, nil
}

func has(ps []Pass, name string) bool {
	return slices.ContainsFunc(ps, func(p Pass) bool { return p.Name == name })
}

// check refuses names that the pipeline has not, and required passes that are off.
func (o *Options) check(pipeline []Pass) error {
	for _, name := range append(slices.Clone(o.Off), o.Until) {
		if name != "" && !has(pipeline, name) {
			return fmt.Errorf("passes: there is no pass %s", name)
		}
	}
	for _, p := range pipeline {
		if p.Required && slices.Contains(o.Off, p.Name) {
			return fmt.Errorf("passes: pass %s cannot be off: no program runs without it", p.Name)
		}
	}
	return nil
}

// runner is one run of a pipeline.
type runner struct {
	u   *Unit
	o   Options
	log []Record
}

// run runs one pass, or passes that repeat in turns until each of them has seen what
// the others left and changed nothing.
func (r *runner) run(ps []Pass) error {
	ps = slices.DeleteFunc(slices.Clone(ps), func(p Pass) bool { return slices.Contains(r.o.Off, p.Name) })
	seen := map[string]bool{}
	quiet := 0 // passes in a row that changed nothing
	for turn := 0; quiet < len(ps); turn++ {
		if round := turn / len(ps); turn%len(ps) == 0 && round >= watchRounds {
			text := r.u.Graph.String()
			if seen[text] || round == maxRounds {
				return fmt.Errorf("passes: %s do not settle in %d rounds", r.recent(2*len(ps)), round)
			}
			seen[text] = true
		}
		p := ps[turn%len(ps)]
		changed, err := r.pass(p)
		if err != nil {
			return err
		}
		quiet++
		if changed && p.Repeat {
			quiet = 0
		}
	}
	return nil
}

// recent returns the passes that changed something lately.
func (r *runner) recent(n int) string {
	var names []string
	for _, rec := range r.log[max(0, len(r.log)-n):] {
		if rec.Changed && !slices.Contains(names, rec.Pass) {
			names = append(names, rec.Pass)
		}
	}
	return strings.Join(names, ", ")
}

// pass runs one pass and writes its record.
func (r *runner) pass(p Pass) (changed bool, err error) {
	u := r.u
	if u.limited && u.left == 0 && !p.Required {
		return false, nil
	}
	u.rewrites, u.notes = 0, nil
	start := time.Now()
	changed, err = u.protect(p)
	rec := Record{Pass: p.Name, Changed: changed, Took: time.Since(start), Notes: u.notes}
	if err == nil && changed && r.o.Verify {
		err = u.verify()
	}
	if changed && !p.Required && u.rewrites == 0 {
		u.allow() // it does not count its rewrites itself
	}
	rec.Rewrites = u.rewrites
	if err == nil && changed && r.o.Text {
		rec.Text = u.text()
	}
	r.log = append(r.log, rec)
	if err != nil {
		return changed, fmt.Errorf("passes: %s: %w", p.Name, err)
	}
	return changed, nil
}

// protect runs a pass and makes its panic an error: a fault of ours, with the stack.
func (u *Unit) protect(p Pass) (changed bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("internal fault: %v\n%s", v, debug.Stack())
		}
	}()
	return p.Run(u)
}

// verify checks the half of the unit that there is.
func (u *Unit) verify() error {
	if u.Program != nil {
		return u.Program.Verify()
	}
	return u.Graph.Verify()
}

// text returns the text form of the half of the unit that there is.
func (u *Unit) text() string {
	if u.Program != nil {
		return u.Program.String()
	}
	return u.Graph.String()
}
