package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// fuse joins launches. A value that is cheap, or read once, is computed where it is
// read; statements that share an axis become one kernel, with what passes between them
// in tiles; results that are a rearrangement of a value are written directly; what is read
// only where a sparse array stores is computed there.
//
// Why no bit changes: bodies move as they are, orders and flattened axes are copied,
// guards stay around what they guarded, and a kernel of several statements is what its
// statements are one by one. What fuses with what is a matter of cost alone, decided by
// structure and never by sizes, so that a new shape compiles nothing.
var fuse = Pass{
	Name: "fuse", Stage: OnProgram,
	Doc: "producers into consumers, statements over a shared axis into one kernel, siblings that read one array, dense values where a sparse array samples them; bodies, orders and guards move unchanged, so every result keeps its bits",
	Run: func(u *Unit) (bool, error) {
		outside := map[int]bool{}
		for _, v := range slices.Concat(u.Program.Params, u.Program.Results) {
			outside[v] = true
		}
		steps, changed, err := fuseSteps(u, u.Program.Steps, outside)
		if changed && err == nil {
			u.Program.Steps = steps
			compact(u.Program)
		}
		return changed, err
	},
}

// maxFuseRounds bounds the rounds of inlining and joining. Each makes fewer launches, so
// few are ever needed.
const maxFuseRounds = 16

// fuseSteps fuses a list of steps, and the lists inside it, of which others see the
// values in outside.
func fuseSteps(u *Unit, steps []ir.ProgramStep, outside map[int]bool) ([]ir.ProgramStep, bool, error) {
	changed := false
	steps = slices.Clone(steps)
	for i := range steps {
		s := &steps[i]
		for _, body := range []*[]ir.ProgramStep{&s.Body, &s.Else} {
			if *body == nil {
				continue
			}
			inner, did, err := fuseSteps(u, *body, seenOutside(u.Program, *body))
			if err != nil {
				return nil, false, err
			}
			*body, changed = inner, changed || did
		}
	}
	f := newFusion(u, steps, outside)
	changed = changed || f.views > 0
	for range maxFuseRounds {
		inlined, err := f.inlineValues()
		if err != nil {
			return nil, false, err
		}
		sampled := f.sampleReductions()
		sunk := f.sinkMovements()
		joined := f.joinPieces()
		dropped := f.dropLocals()
		if !inlined && !sampled && !sunk && !joined && !dropped {
			break
		}
		changed = true
	}
	if !changed {
		return steps, false, nil
	}
	return f.steps(), true, nil
}

// seenOutside returns the values of a block that others see: all but those it allocates.
func seenOutside(p *ir.Program, body []ir.ProgramStep) map[int]bool {
	outside := map[int]bool{}
	for v := range p.Values {
		outside[v] = true
	}
	for _, s := range body {
		if s.Kind == ir.StepAlloc {
			outside[s.Out] = false
		}
	}
	for _, s := range body { // what a step after the block is given through a swap
		if s.Kind == ir.StepSwap {
			outside[s.In[0]], outside[s.In[1]] = true, true
		}
	}
	return outside
}
