package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptx"
)

// The shape of launches.
const (
	maxThreads = 1 << 16
	tileBlock  = 256       // threads of a block that runs a task together, at most
	maxScratch = 256 << 20 // bytes of scratch memory of a launch
)

// entry runs the code of a stage.
func (r *run) entry(s *ptx.Stage) error {
	tasks, positions := int64(1), int64(1) // positions of a task
	for i, x := range s.Ranges {
		from, to, step := r.host.int(x.From), r.host.int(x.To), r.host.int(x.Step)
		if from >= to {
			return nil
		}
		at := s.Range + 3*i
		r.words[at], r.words[at+1], r.words[at+2] = uint64(from), uint64(step), uint64(to)
		var ok bool
		if tasks, ok = ir.MulOK(tasks, (to-from+step-1)/step); !ok {
			return fmt.Errorf("too many tasks")
		}
		positions *= min(step, to-from)
	}
	g := gridOf(s.Team, tasks, positions, maxThreads)
	if s.Measure != "" {
		if err := r.launch(s.Measure, tasks, gridOf(ptx.Alone, tasks, 1, maxThreads), false); err != nil {
			return err
		}
		need := int64(r.words[ptx.WordNeed])
		g = gridOf(s.Team, tasks, positions, max(1, min(g.workers, maxScratch/max(need, 1))))
		room, ok := ir.MulOK(need, g.workers)
		if !ok {
			return fmt.Errorf("%d bytes of scratch memory for each of %d workers", need, g.workers)
		}
		p, err := r.memory(room)
		if err != nil {
			return err
		}
		r.words[ptx.WordScratch], r.words[ptx.WordRoom] = p, uint64(need)
	}
	return r.launch(s.Entry, tasks, g, s.Checks)
}

// grid is the shape of a launch.
type grid struct{ threads, blocks, workers int64 } // threads of a block

// gridOf returns the shape of a launch of so many tasks, of so many positions each, for
// which there are to be at most so many workers, and a few more where that fills a block.
func gridOf(team int, tasks, positions, most int64) grid {
	switch team {
	case ptx.BlockTeam:
		// Each thread has 16 results of a tile.
		n := min(tasks, most, maxThreads/tileBlock)
		return grid{min((positions+511)/512*32, tileBlock), n, n}
	case ptx.LaneTeam:
		n := (min(tasks, most, maxThreads/ptx.LaneTeam) + 1) / 2 * 2 // whole warps
		g := grid{threads: min(n*ptx.LaneTeam, ptx.BlockThreads)}
		g.blocks = (n*ptx.LaneTeam + g.threads - 1) / g.threads
		g.workers = g.blocks * g.threads / ptx.LaneTeam
		return g
	}
	n := min(tasks, most)
	g := grid{threads: min(n, ptx.BlockThreads)}
	g.blocks = (n + g.threads - 1) / g.threads
	g.workers = g.blocks * g.threads
	return g
}

// launch runs an entry to its end, and reads the frame.
func (r *run) launch(entry string, tasks int64, g grid, checks bool) error {
	threads := g.threads * g.blocks
	clear(r.words[:ptx.WordScratch])
	r.words[ptx.WordTasks], r.words[ptx.WordWorkers] = uint64(tasks), uint64(g.workers)
	if checks {
		p, err := r.memory(8 * ptx.FaultWords * threads)
		if err != nil {
			return err
		}
		r.words[ptx.WordFaults] = p
	}
	frame := make([]byte, 8*len(r.words))
	for i, w := range r.words {
		binary.LittleEndian.PutUint64(frame[8*i:], w)
	}
	err := r.code.module.Launch(entry, int(g.blocks), int(g.threads), r.frame, frame)
	if err == nil {
		err = r.ctx.Err()
	}
	if err != nil {
		return err
	}
	for i := range r.words {
		r.words[i] = binary.LittleEndian.Uint64(frame[8*i:])
	}
	if err := r.failure(); err != nil {
		return err
	}
	if checks && r.words[ptx.WordFaulted] != 0 {
		return r.faults(threads)
	}
	return nil
}

// failure returns why threads have stopped.
func (r *run) failure() error {
	switch s := ptx.Status(r.words[ptx.WordStatus]); s {
	case ptx.StatusOK:
		return nil
	case ptx.StatusEmpty:
		return errEmpty
	case ptx.StatusOutside:
		return fmt.Errorf("position %d, which is data, is outside an axis of extent %d", int64(r.words[ptx.WordArg]), r.words[ptx.WordArg2])
	case ptx.StatusFull:
		return errors.New("append: more elements than the target has room for")
	default:
		return fmt.Errorf("the code stopped with status %d", s)
	}
}

// faults finds the first fault of all threads.
func (r *run) faults(threads int64) error {
	all := make([]byte, 8*ptx.FaultWords*threads)
	if err := r.e.t.device.Read(all, r.words[ptx.WordFaults]); err != nil {
		return err
	}
	for ; len(all) > 0; all = all[8*ptx.FaultWords:] {
		word := func(i int) int64 { return int64(binary.LittleEndian.Uint64(all[8*i:])) }
		f := &lower.Fault{Number: int(word(0)), Position: word(1), Value: word(2), Limit: word(3)}
		if f.Number >= 0 && (r.fault == nil || f.Position < r.fault.Position || f.Position == r.fault.Position && f.Number < r.fault.Number) {
			r.fault = f
		}
	}
	return nil
}
