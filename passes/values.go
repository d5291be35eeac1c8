package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// renumber gives the values of a step other numbers. Lists are copied, so that a program
// that shares them stays as it is.
func renumber(s *ir.ProgramStep, number func(v int) int) {
	list := func(vs []int) []int {
		if vs == nil || !slices.ContainsFunc(vs, func(v int) bool { return number(v) != v }) {
			return vs
		}
		out := make([]int, len(vs))
		for i, v := range vs {
			out[i] = number(v)
		}
		return out
	}
	s.In, s.Outs = list(s.In), list(s.Outs)
	switch s.Kind {
	case ir.StepAlloc, ir.StepView, ir.StepConvert, ir.StepFree:
		s.Out = number(s.Out)
	case ir.StepLaunch:
		args, counts := list(s.Launch.Args), list(s.Launch.Counts)
		if !slices.Equal(args, s.Launch.Args) || !slices.Equal(counts, s.Launch.Counts) {
			l := *s.Launch
			l.Args, l.Counts = args, counts
			s.Launch = &l
		}
	}
	for _, body := range []*[]ir.ProgramStep{&s.Body, &s.Else} {
		*body = slices.Clone(*body)
		for i := range *body {
			renumber(&(*body)[i], number)
		}
	}
}

// compact leaves out values that a program does not mention any more.
func compact(p *ir.Program) {
	used := make([]bool, len(p.Values))
	for _, v := range slices.Concat(p.Params, p.Results) {
		used[v] = true
	}
	for i := range p.Steps {
		reads, writes := stepUses(&p.Steps[i])
		for _, v := range slices.Concat(reads, writes) {
			used[v] = true
		}
	}
	number, n := make([]int, len(p.Values)), 0
	var values []ir.Value
	for v, u := range used {
		number[v] = n
		if u {
			values = append(values, p.Values[v])
			n++
		}
	}
	if n == len(p.Values) {
		return
	}
	p.Values = values
	for _, list := range [][]int{p.Params, p.Donated, p.Results} {
		for i, v := range list {
			list[i] = number[v]
		}
	}
	for i := range p.Steps {
		renumber(&p.Steps[i], func(v int) int { return number[v] })
	}
}

// roots returns for every view that steps make the value whose memory it is.
func roots(steps []ir.ProgramStep) map[int]int {
	root := map[int]int{}
	for _, s := range steps {
		if s.Kind == ir.StepView {
			root[s.Out] = s.In[0]
			if r, ok := root[s.In[0]]; ok {
				root[s.Out] = r
			}
		}
	}
	return root
}

// uses returns the memory that a step touches, as the values that have it.
func uses(root map[int]int, s *ir.ProgramStep) (reads, writes []int) {
	reads, writes = stepUses(s)
	for _, vs := range [][]int{reads, writes} {
		for i, v := range vs {
			if r, ok := root[v]; ok {
				vs[i] = r
			}
		}
	}
	return reads, writes
}

// lastUses returns for the memory of every value the last step that touches it.
func lastUses(steps []ir.ProgramStep) map[int]int {
	root, last := roots(steps), map[int]int{}
	for i := range steps {
		reads, writes := uses(root, &steps[i])
		for _, v := range slices.Concat(reads, writes) {
			last[v] = i
		}
	}
	return last
}

// withFrees returns steps with the buffers of the given values freed after their last
// use.
func withFrees(steps []ir.ProgramStep, values map[int]bool) []ir.ProgramStep {
	ending := map[int][]int{}
	for v, i := range lastUses(steps) {
		if values[v] {
			ending[i] = append(ending[i], v)
		}
	}
	var out []ir.ProgramStep
	for i, s := range steps {
		out = append(out, s)
		slices.Sort(ending[i])
		for _, v := range ending[i] {
			out = append(out, ir.ProgramStep{Kind: ir.StepFree, Out: v})
		}
	}
	return out
}
