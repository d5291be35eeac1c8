package shard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Task is a step of a plan.
type Task = lower.Task

// Plan is what an evaluation in chunks will do, as data: its tasks, each after those whose
// results it reads. It prints as text, and SVG draws it.
type Plan struct{ lower.Plan }

// errPlanned ends a run that was to be planned only.
var errPlanned = errors.New("planned")

// PlanOf returns what an evaluation of arrays would do. Nothing runs, but that a program
// whose later part needs the numbers of an earlier one is planned up to there.
func PlanOf(ctx context.Context, arrays []np.Array, opts ...np.EvalOption) (*Plan, error) {
	const fn = "shard.PlanOf"
	var plan *Plan
	only := np.Chunking(func(c *lower.Chunking) {
		c.Plan = func(_ context.Context, p *lower.Plan) error {
			plan = &Plan{*p}
			return errPlanned
		}
	})
	_, err := np.Eval(ctx, arrays, append(opts[:len(opts):len(opts)], only)...)
	switch {
	case plan != nil:
		return plan, nil
	case err == nil:
		err = errors.New("none of it is computed in chunks")
	}
	_, err = failed(fn, err)
	return nil, err
}

// OnPlan is an option of evaluations in chunks: f gets the plan before anything runs, and
// ends the run with an error.
func OnPlan(f func(*Plan) error) np.EvalOption {
	return np.Chunking(func(c *lower.Chunking) {
		c.Plan = func(_ context.Context, p *lower.Plan) error { return f(&Plan{*p}) }
	})
}

// stage is the tasks of a plan that do the same to different parts.
type stage struct {
	kind, name string
	site       *ir.Site
	tasks      []int
	most       int64 // bytes that one takes
	out, cost  int64
	after      map[int]int // stages that it reads from, and how many times
	reads      []string
	level      int
}

// stages returns the plan's stages in order, and which one each task is of.
func (p *Plan) stages() ([]*stage, []int) {
	type key struct {
		kind, name string
		site       *ir.Site
	}
	var all []*stage
	number := map[key]int{}
	of := make([]int, len(p.Tasks))
	for i := range p.Tasks {
		t := &p.Tasks[i]
		k := key{t.Kind, t.Stage, t.Site}
		n, there := number[k]
		if !there {
			n = len(all)
			number[k] = n
			all = append(all, &stage{kind: t.Kind, name: t.Stage, site: t.Site, after: map[int]int{}})
		}
		of[i] = n
		s := all[n]
		s.tasks = append(s.tasks, i)
		s.most, s.out, s.cost = max(s.most, t.Bytes), s.out+t.Out, s.cost+t.Cost
		for _, r := range t.Reads {
			if !slices.Contains(s.reads, r) {
				s.reads = append(s.reads, r)
			}
		}
		for _, a := range t.After {
			if of[a] != n {
				s.after[of[a]]++
				s.level = max(s.level, all[of[a]].level+1)
			}
		}
	}
	return all, of
}

// listed is how many tasks the text of a plan shows.
const listed = 200

// String returns the stages, and the first tasks.
func (p *Plan) String() string {
	var b strings.Builder
	stages, _ := p.stages()
	most := int64(0)
	for _, s := range stages {
		most = max(most, s.most)
	}
	fmt.Fprintf(&b, "%d tasks in %d stages, %d threads; a task holds %s at most", len(p.Tasks), len(stages), p.Threads, size(most))
	if p.Memory > 0 {
		fmt.Fprintf(&b, ", the run %s", size(p.Memory))
	}
	if p.Reused > 0 {
		fmt.Fprintf(&b, "; %d more were finished before", p.Reused)
	}
	b.WriteByte('\n')
	for _, s := range stages {
		fmt.Fprintf(&b, "stage %s %s: %d tasks, %s, makes %s, %d operations", s.kind, s.name, len(s.tasks), size(s.most), size(s.out), s.cost)
		if len(s.reads) > 0 {
			fmt.Fprintf(&b, ", reads %s", strings.Join(s.reads, ", "))
		}
		if s.site != nil {
			fmt.Fprintf(&b, ", %s", s.site)
		}
		b.WriteByte('\n')
	}
	for i := range p.Tasks {
		if i == listed {
			fmt.Fprintf(&b, "... and %d more\n", len(p.Tasks)-listed)
			break
		}
		t := &p.Tasks[i]
		fmt.Fprintf(&b, "%6d  %s -> %s", i, t, t.Writes)
		if len(t.After) > 0 {
			fmt.Fprintf(&b, " after %v", t.After)
		}
		fmt.Fprintf(&b, " (%s, %d operations)\n", size(t.Bytes), t.Cost)
	}
	return b.String()
}

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
