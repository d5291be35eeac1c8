package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// table prints what was measured on one problem.
func table(w io.Writer, p *problem, rows []*row) {
	fmt.Fprintf(w, "\n%s: %s\n", p.name, p.title)
	if len(rows) > 0 {
		m := rows[0].measurement
		fmt.Fprintf(w, "%s; a call reads and writes %s", m.Size, byteSize(m.Bytes))
		if m.Flops > 0 {
			fmt.Fprintf(w, " and does %sflop", scaled(float64(m.Flops)))
		}
		fmt.Fprintln(w)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  who\tresult\tmedian\tspread\tcold\tGB/s\tGflop/s\tof limit\tbits\tdistinct\tallocs\tULP")
	for _, r := range rows {
		line(t, r.measurement)
	}
	t.Flush()
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(w, "  %s: %s\n", r.Who, r.Error)
		}
	}
}

// line prints one row; what was not measured is a dash.
func line(w io.Writer, m measurement) {
	columns := []string{"  " + m.Who, "reused"}
	if m.Fresh {
		columns[1] = "fresh"
	}
	if m.Samples > 0 {
		columns = append(columns, duration(m.NS), spread(m))
	} else {
		columns = append(columns, "-", "-")
	}
	add := func(has bool, format string, v float64) {
		if !has {
			columns = append(columns, "-")
			return
		}
		columns = append(columns, fmt.Sprintf(format, v))
	}
	columns = append(columns, orDash(m.ColdNS > 0, duration(m.ColdNS)))
	add(m.Samples > 0 && m.Bytes > 0, "%.3g", float64(m.Bytes)/m.NS)
	add(m.Samples > 0 && m.Flops > 0, "%.3g", float64(m.Flops)/m.NS)
	columns = append(columns, orDash(m.Share > 0, fmt.Sprintf("%.2g %% %s", 100*m.Share, m.Limit)))
	columns = append(columns, orDash(m.Bits != "", m.Bits))
	if m.Distinct != nil {
		columns = append(columns, fmt.Sprintf("%.1f %%", 100**m.Distinct))
	} else {
		columns = append(columns, "-")
	}
	add(m.Allocs != nil, "%.0f", deref(m.Allocs))
	add(m.ULP != nil, "%.2f", deref(m.ULP))
	fmt.Fprintln(w, strings.Join(columns, "\t"))
}

func orDash(has bool, text string) string {
	if !has {
		return "-"
	}
	return text
}

func deref(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// spread tells how far apart the middle half of the samples lies, in percent of the median.
func spread(m measurement) string {
	if m.Samples == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%.0f %%", 100*(m.Q3NS-m.Q1NS)/m.NS)
}

// duration writes nanoseconds with three digits.
func duration(ns float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}} {
		if ns >= u.size {
			return digits(ns/u.size) + " " + u.name
		}
	}
	return digits(ns) + " ns"
}

// digits writes x, from 1 to 1000, with three digits.
func digits(x float64) string {
	return fmt.Sprintf("%.*f", max(0, 2-int(math.Log10(max(x, 1)))), x)
}

// scaled writes a count in units of thousands, millions and so on.
func scaled(x float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= u.size {
			return digits(x/u.size) + " " + u.name
		}
	}
	return fmt.Sprintf("%.0f ", x)
}

// byteSize writes a number of bytes.
func byteSize(n int) string { return scaled(float64(n)) + "B" }

// bars prints what the figures must be and what they are.
func bars(w io.Writer, results []result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	all, reached := 0, 0
	for _, r := range results {
		for _, b := range r.bars {
			if all == 0 {
				fmt.Fprintln(t, "\nproblem\tthreads\tmust\tmeasured\treached")
			}
			v := b.judge(r.rows)
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", r.problem.name, r.threads, b.must, orDash(v.measured != "", v.measured), v.mark())
			if all++; v.reached {
				reached++
			}
		}
	}
	t.Flush()
	if all > 0 {
		fmt.Fprintf(w, "%d of %d reached\n", reached, all)
	}
}

// limits prints the machine's limits in one line.
func limits(w io.Writer, rows []measurement, threads int, hugePages bool) {
	pages := "small pages"
	if hugePages {
		pages = "huge pages"
	}
	fmt.Fprintf(w, "\nlimits of this machine in this run (%d threads, %s, %s): ", threads, rows[0].Who, pages)
	for i, m := range rows {
		if i > 0 {
			fmt.Fprint(w, ", ")
		}
		unit := "GB/s"
		if m.Flops > 0 {
			unit = "Gflop/s"
		}
		fmt.Fprintf(w, "%s %.1f %s (%.1f to %.1f)", strings.TrimPrefix(m.Problem, "limit/"), float64(m.Bytes+m.Flops)/m.NS, unit,
			float64(m.Bytes+m.Flops)/m.MaxNS, float64(m.Bytes+m.Flops)/m.MinNS)
	}
	fmt.Fprintln(w)
}
