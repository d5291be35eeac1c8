package main

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// markdown writes what a run found as a document: how it was measured, what must be
// reached and whether it is, then every row.
func markdown(o *options, out outcome, started time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by this command, which anybody can repeat:\n\n")
	fmt.Fprintf(&b, "    bench/peers/make-env.sh scipy numexpr numba jax torch\n    go run ./bench %s\n\n", strings.Join(o.asked, " "))
	fmt.Fprintf(&b, "Measured on %s (%s) from %s to %s.\n\n", machineName(), machineDetails(),
		started.UTC().Format("2006-01-02 15:04"), time.Now().UTC().Format("15:04 MST"))
	b.WriteString(`Contenders take turns sample by sample, each round after a sample of the limit that
binds the problem, until medians are known to 1 % or -time is over. Times are medians; the
spread is the distance of the quartiles. "cpu" is Numen; a reused result is written to the
same memory by every call, a fresh one is new memory each time. What must be reached is
asked of the reused result. "go" are plain Go loops on as many cores, "c" loops with intrinsics on one core, "ref"
is the evaluator, whose bits the targets must have. Where a figure is asked in multiples
of a peer's, 90 % of the measured roof also counts. "Short" is what is missing of the speed
that is asked for: 50 % short takes twice as long as it may. ULP is the largest error of 4096
results, in units of the last place; go run ./bench/ulp measures ours on all arguments.

`)
	b.WriteString("## Versions\n\n| what | version |\n|---|---|\n")
	for _, v := range versions(out.results) {
		fmt.Fprintf(&b, "| %s | %s |\n", v[0], v[1])
	}
	b.WriteString("\n## Limits of the machine in this run\n\n| threads | what | rate | slowest to fastest sample |\n|---|---|---|---|\n")
	for _, m := range out.limits {
		for _, r := range m.roofs {
			work, unit := float64(r.Bytes+r.Flops), "GB/s"
			if r.Flops > 0 {
				unit = "Gflop/s"
			}
			fmt.Fprintf(&b, "| %d | %s | %.1f %s | %.1f to %.1f |\n", m.threads, strings.TrimPrefix(r.Problem, "limit/"), work/r.NS, unit, work/r.MaxNS, work/r.MinNS)
		}
	}
	writeBars(&b, out.results)
	b.WriteString("\n## Every row\n")
	for _, r := range out.results {
		writeRows(&b, r)
	}
	return b.String()
}

// versions lists everything that took part, in order.
func versions(results []result) [][2]string {
	all := map[string]string{"go": runtime.Version()}
	for _, r := range results {
		for _, row := range r.rows {
			maps.Copy(all, row.Versions)
		}
	}
	var out [][2]string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] != "" && all[name] != "(devel)" {
			out = append(out, [2]string{name, all[name]})
		}
	}
	return out
}

// writeBars writes what must be reached: figures of warm calls, then those of first calls.
func writeBars(b *strings.Builder, results []result) {
	reached, all := 0, 0
	for _, r := range results {
		for _, bar := range r.bars {
			if all++; bar.judge(r.rows).reached {
				reached++
			}
		}
	}
	if all == 0 {
		return
	}
	fmt.Fprintf(b, "\n## What must be reached\n\n%d of %d are.\n", reached, all)
	barTable(b, "### Warm calls\n\nMedians, the distance of the quartiles in brackets; beside plain Go and gonum, how many times their time Numen's is.",
		results, false, func(m measurement) float64 { return m.NS })
	barTable(b, "### First calls, with building and compiling", results, true, func(m measurement) float64 { return m.ColdNS })
}

// barTable writes the bars that are about first calls, or those that are not, with the
// time that they are about of those whom a user of Go has beside Numen.
func barTable(b *strings.Builder, heading string, results []result, cold bool, timeOf func(measurement) float64) {
	var lines strings.Builder
	for _, r := range results {
		numen := candidate(r.rows)
		cells := []string{r.problem.name, strconv.Itoa(r.threads), "", "", ""}
		if numen != nil {
			cells[2] = duration(timeOf(numen.measurement))
			if !cold {
				cells[2] += " (" + spread(numen.measurement) + ")"
			}
			for i, who := range []string{plainGo, "gonum"} {
				if other := reusedRow(r.rows, who); other != nil {
					t := timeOf(other.measurement)
					cells[3+i] = fmt.Sprintf("%s, %sx", duration(t), digits(t/timeOf(numen.measurement)))
				}
			}
		}
		for _, bar := range r.bars {
			if bar.cold != cold {
				continue
			}
			v := bar.judge(r.rows)
			fmt.Fprintf(&lines, "| %s | %s | %s | %s | %s |\n", strings.Join(cells[:2], " | "), bar.must, v.measured, v.mark(), strings.Join(cells[2:], " | "))
			cells = make([]string, len(cells)) // once for an entry
		}
	}
	if lines.Len() > 0 {
		fmt.Fprintf(b, "\n%s\n\n| case | threads | must | measured | reached | Numen | plain Go | gonum |\n|---|---|---|---|---|---|---|---|\n%s", heading, &lines)
	}
}

// reusedRow returns somebody's row of results written over and over, nil: there is none.
func reusedRow(rows []*row, who string) *row {
	for _, r := range rows {
		if r.Who == who && !r.Fresh && r.failed == nil && r.Samples > 0 {
			return r
		}
	}
	return nil
}

func writeRows(b *strings.Builder, r result) {
	fmt.Fprintf(b, "\n### %s\n\n%s. %s; %s.", r.problem.name, r.problem.title, r.problem.size(), threadsText(r.threads))
	if r.skipped != "" {
		fmt.Fprintf(b, " Skipped: %s.\n", r.skipped)
		return
	}
	b.WriteString("\n\n| who | result | median | spread | first call | GB/s | Gflop/s | of limit | bits | allocations | ULP |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, row := range r.rows {
		m := row.measurement
		cells := []string{m.Who, "reused", "", "", "", "", "", "", m.Bits, "", ""}
		if m.Fresh {
			cells[1] = "fresh"
		}
		if m.Samples > 0 {
			cells[2], cells[3] = duration(m.NS), spread(m)
			if m.Bytes > 0 {
				cells[5] = fmt.Sprintf("%.3g", float64(m.Bytes)/m.NS)
			}
			if m.Flops > 0 {
				cells[6] = fmt.Sprintf("%.3g", float64(m.Flops)/m.NS)
			}
		}
		if m.ColdNS > 0 {
			cells[4] = duration(m.ColdNS)
		}
		if m.Share > 0 {
			cells[7] = fmt.Sprintf("%.2g %% %s", 100*m.Share, m.Limit)
		}
		if m.Allocs != nil {
			cells[9] = fmt.Sprintf("%.0f", *m.Allocs)
		}
		if m.ULP != nil {
			cells[10] = fmt.Sprintf("%.2f", *m.ULP)
		}
		if m.Error != "" {
			cells[2] = m.Error
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

func threadsText(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}
