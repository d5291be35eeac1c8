package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// measurement is what one contender did on one problem: a line of the JSON file. Times
// are nanoseconds a call.
type measurement struct {
	Problem string `json:"problem"`
	Size    string `json:"size"`
	Who     string `json:"who"`
	Fresh   bool   `json:"fresh"` // every call made a new result
	Threads int    `json:"threads"`

	NS      float64 `json:"ns"` // the median
	MinNS   float64 `json:"min_ns"`
	Q1NS    float64 `json:"q1_ns"`
	Q3NS    float64 `json:"q3_ns"`
	MaxNS   float64 `json:"max_ns"`
	Samples int     `json:"samples"`
	ColdNS  float64 `json:"cold_ns,omitempty"` // the first call, with compilation

	Bytes int     `json:"bytes"` // that a call must read and write
	Flops int     `json:"flops"`
	Limit string  `json:"limit,omitempty"` // read, copy, triad, fma64 or fma32
	Share float64 `json:"share,omitempty"` // the limit's time over the call's: median of pairs
	Held  int     `json:"held,omitempty"`  // bytes that a call holds beyond its inputs

	Bits       string   `json:"bits,omitempty"`     // same or differ: from the evaluator's
	Distinct   *float64 `json:"distinct,omitempty"` // share of the result that is finite and distinct
	ULP        *float64 `json:"ulp,omitempty"`      // the largest error seen, in units of the last place
	Allocs     *float64 `json:"allocs,omitempty"`   // a call
	AllocBytes *float64 `json:"alloc_bytes,omitempty"`
	Error      string   `json:"error,omitempty"` // why there is no time, or what is wrong

	Versions map[string]string `json:"versions"`
	Machine  string            `json:"machine"`
	Time     time.Time         `json:"time"`
}

// summarise takes over the times of samples.
func (m *measurement) summarise(ns []float64) {
	m.Samples = len(ns)
	m.NS, m.MinNS, m.MaxNS = quantile(ns, 0.5), slices.Min(ns), slices.Max(ns)
	m.Q1NS, m.Q3NS = quantile(ns, 0.25), quantile(ns, 0.75)
}

// quantile returns the value below which a share q of xs lies, between two neighbours in
// proportion.
func quantile(xs []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 == len(s) {
		return s[i]
	}
	return s[i] + (at-math.Floor(at))*(s[i+1]-s[i])
}

// writeJSON writes a measurement as one line.
func writeJSON(w io.Writer, m measurement) error {
	m.Machine, m.Time = machineName(), time.Now().UTC().Truncate(time.Second)
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// revision names the commit of the working directory, for go run records none; empty
// where that is no checkout.
var revision = sync.OnceValue(func() string {
	commit, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return ""
	}
	text := strings.TrimSpace(string(commit))
	if changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output(); err != nil || len(changed) > 0 {
		text += " and changes"
	}
	return text
})

func machineName() string {
	name := cpuid.CPU.BrandName
	if name == "" {
		name = "unknown processor"
	}
	return fmt.Sprintf("%s, %d cores, %s/%s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// machineDetails tells what makes processors of one name differ.
func machineDetails() string {
	c := cpuid.CPU
	text := fmt.Sprintf("family %d model %d", c.Family, c.Model)
	for _, level := range []struct {
		name string
		size int
	}{{"L1", c.Cache.L1D}, {"L2", c.Cache.L2}, {"L3", c.Cache.L3}} {
		if level.size > 0 {
			text += fmt.Sprintf(", %s %d KiB", level.name, level.size>>10)
		}
	}
	return text
}

// goVersions returns the versions of Go, of this module, and of the modules named.
func goVersions(modules ...string) map[string]string {
	v := map[string]string{"go": runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v["numen"] = revision()
	for _, d := range info.Deps {
		if slices.Contains(modules, d.Path) {
			v[d.Path] = d.Version
		}
	}
	return v
}
