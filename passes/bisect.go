package passes

import "fmt"

// Bisect finds the rewrite that makes a program wrong: the first one, counted over
// optional passes, with which bad holds of the unit that the passes leave or they fail.
// fresh makes the unit anew for each try. It returns the number of the rewrite from 1
// and the pass that does it, 0 where the program is right without a limit, and an error
// where it is wrong with no rewrite at all.
func Bisect(fresh func() *Unit, o Options, bad func(*Unit) bool) (rewrite int, pass string, err error) {
	return bisect(pipeline, fresh, o, bad)
}

func bisect(pipeline []Pass, fresh func() *Unit, o Options, bad func(*Unit) bool) (int, string, error) {
	try := func(limit int) (wrong bool, log []Record) {
		u := fresh()
		o.Limit = limit
		log, err := run(pipeline, u, o)
		return err != nil || bad(u), log
	}
	wrong, log := try(0)
	if !wrong {
		return 0, "", nil
	}
	if wrong, _ := try(-1); wrong {
		return 0, "", fmt.Errorf("passes: the program is wrong without any optional rewrite")
	}
	total := 0
	for _, rec := range log {
		total += rec.Rewrites
	}
	low, high := 0, total // right with low rewrites, wrong with high
	for high-low > 1 {
		mid := (low + high) / 2
		if wrong, l := try(mid); wrong {
			high, log = mid, l
		} else {
			low = mid
		}
	}
	culprit := ""
	for _, rec := range log {
		if rec.Rewrites > 0 {
			culprit = rec.Pass
		}
	}
	return high, culprit, nil
}
