package main

import (
	"fmt"
	"slices"
	"strings"
)

// A bar is what a figure of one problem must be. Whether it is reached follows from what
// was measured in the same run.
type bar struct {
	must  string
	judge func(rows []*row) verdict
	cold  bool // it is about the first call
}

// verdict is what became of a bar.
type verdict struct {
	measured string // empty: what it takes was not measured
	reached  bool
	share    float64 // of the speed, or the thrift, that is asked for
}

// mark is the verdict in a table.
func (v verdict) mark() string {
	switch {
	case v.measured == "":
		return "not measured"
	case v.reached:
		return "yes"
	}
	return fmt.Sprintf("**no**, %.0f %% short", 100*(1-v.share))
}

// candidate returns Numen's row: its result reused, where there is such a row.
func candidate(rows []*row) *row {
	var found *row
	for _, r := range rows {
		if r.Who == "cpu" && r.failed == nil && r.Samples > 0 && (found == nil || !r.Fresh) {
			found = r
		}
	}
	return found
}

// enough is the share of a measured roof that counts as the roof.
const enough = 0.9

// ofRoof asks for a share of what bounds the problem.
func ofRoof(share float64) bar {
	return bar{must: fmt.Sprintf("%.0f %% of the roof", 100*share), judge: func(rows []*row) verdict {
		c := candidate(rows)
		if c == nil || c.Share == 0 {
			return verdict{}
		}
		return verdict{fmt.Sprintf("%.0f %% of %s", 100*c.Share, c.Limit), c.Share >= share, c.Share / share}
	}}
}

// faster asks to be so many times as fast as the best row of the others; nearly reaching
// the roof counts too.
func faster(times float64, others ...string) bar {
	return bar{must: fmt.Sprintf("%gx %s", times, strings.Join(others, ", ")), judge: func(rows []*row) verdict {
		v, c := ratio(times, others, rows)
		if c != nil && c.Share >= enough && v.measured != "" && !v.reached {
			v.measured += fmt.Sprintf(", %.0f %% of %s", 100*c.Share, c.Limit)
			v.reached = true
		}
		return v
	}}
}

// asFast is faster without the roof: for loops that are bound by nothing else.
func asFast(times float64, others ...string) bar {
	return bar{must: fmt.Sprintf("%gx %s", times, strings.Join(others, ", ")), judge: func(rows []*row) verdict {
		v, _ := ratio(times, others, rows)
		return v
	}}
}

// ratio compares the candidate with the fastest row of the others.
func ratio(times float64, others []string, rows []*row) (verdict, *row) {
	c, best := candidate(rows), (*row)(nil)
	for _, r := range rows {
		if slices.Contains(others, r.Who) && r.failed == nil && r.Samples > 0 && (best == nil || r.NS < best.NS) {
			best = r
		}
	}
	if c == nil || best == nil {
		return verdict{}, c
	}
	got := best.NS / c.NS
	return verdict{fmt.Sprintf("%.2fx %s", got, best.Who), got >= times, got / times}, c
}

// under asks for a call of at most so many nanoseconds.
func under(ns float64) bar {
	return bar{must: "under " + duration(ns), judge: func(rows []*row) verdict {
		c := candidate(rows)
		if c == nil {
			return verdict{}
		}
		return verdict{duration(c.NS), c.NS < ns, ns / c.NS}
	}}
}

// each asks for at most so many nanoseconds an element of the result.
func each(ns float64) bar {
	return bar{must: fmt.Sprintf("%.2f ns an element", ns), judge: func(rows []*row) verdict {
		c := candidate(rows)
		if c == nil {
			return verdict{}
		}
		got := c.NS / functionSize
		return verdict{fmt.Sprintf("%.2f ns", got), got <= ns, ns / got}
	}}
}

// coldUnder asks for a first call, compilation and all, of at most so many nanoseconds.
func coldUnder(ns float64) bar {
	return bar{cold: true, must: "first call under " + duration(ns), judge: func(rows []*row) verdict {
		c := candidate(rows)
		if c == nil || c.ColdNS == 0 {
			return verdict{}
		}
		return verdict{duration(c.ColdNS), c.ColdNS < ns, ns / c.ColdNS}
	}}
}

// allocatesNothing asks for no memory from the heap a call.
func allocatesNothing() bar {
	return bar{must: "no allocation", judge: func(rows []*row) verdict {
		c := candidate(rows)
		if c == nil || c.Allocs == nil {
			return verdict{}
		}
		return verdict{fmt.Sprintf("%.2g a call", *c.Allocs), *c.Allocs < 0.5, 0}
	}}
}

// holds asks for at most so many bytes beyond the inputs during a call.
func holds(bytes int) bar {
	return bar{must: "holds " + byteSize(bytes), judge: func(rows []*row) verdict {
		c := candidate(rows)
		if c == nil || c.Held == 0 {
			return verdict{}
		}
		return verdict{byteSize(c.Held), c.Held <= bytes, float64(bytes) / float64(c.Held)}
	}}
}
