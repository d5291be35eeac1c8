// Package nonzeros measures kernels of sparse matrices: Numen's programs beside SciPy and
// fused loops in C, on matrices of three patterns.
package nonzeros

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/numen-go/numen/bench/roof"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/lower"
)

// Options say what is measured.
type Options struct {
	Python string        // the interpreter that has SciPy; "": it takes no part
	C      bool          // loops in C take part
	Time   time.Duration // how long each contender is sampled at most
	Quick  bool          // matrices of a tenth
	Part   string        // measure only cases whose names have this: "spmv/banded"
}

// Samples of a contender: at least so many, each at least so long.
const (
	leastSamples = 5
	leastTime    = 10 * time.Millisecond
)

// most is what a run may hold: far less than a dense matrix.
const most = 2 << 30

// contender is who runs a kernel, with what was measured.
type contender struct {
	name    string
	threads int
	call    func(n int) (time.Duration, error)
	result  func() (*values, error)
	n       int       // calls a sample
	ns      []float64 // a call
}

func (c *contender) median() float64 { s := slices.Sorted(slices.Values(c.ns)); return s[len(s)/2] }

// values are the elements of a result; of a sparse one, where they are too.
type values struct {
	pos []int64
	crd []int32
	val []float64
}

// Run measures the cases and writes a table. A case that failed, or whose results are not
// everybody's, is an error at the end.
func Run(ctx context.Context, o *Options, w io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "numen-bench-*")
	if err != nil {
		return err
	}
	var others []*process
	defer func() {
		for _, p := range others {
			err = errors.Join(err, p.close())
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if o.Python != "" {
		p, err := startScipy(ctx, o.Python, dir)
		if err != nil {
			return fmt.Errorf("scipy: %w", err)
		}
		others = append(others, p)
	}
	if o.C {
		if p, err := startC(ctx, dir); err != nil {
			fmt.Fprintf(w, "loops in C skipped: %v\n", err)
		} else {
			others = append(others, p)
		}
	}
	fmt.Fprint(w, "Sparse matrices, CSR; elements are random, never zero.")
	for _, p := range others {
		fmt.Fprintf(w, " %s, one thread.", p.about)
	}
	fmt.Fprint(w, "\n\n")
	row(w, "case", "nonzeros", "who", "threads", "time", "spread", "ns a nonzero", "bytes a nonzero", "must", "measured", "reached")
	row(w, slices.Repeat([]string{"---"}, 11)...)
	any := false
	for i := range kernels {
		for _, p := range patterns {
			if k := &kernels[i]; strings.Contains(k.name+"/"+p.name, o.Part) {
				any = true
				if failed := o.measure(ctx, k, p, dir, others, w); failed != nil { // the others are measured all the same
					err = errors.Join(err, fmt.Errorf("%s/%s: %w", k.name, p.name, failed))
				}
			}
		}
	}
	if !any {
		return fmt.Errorf("no case has %q in its name", o.Part)
	}
	fmt.Fprintln(w)
	for _, k := range kernels {
		fmt.Fprintf(w, "%s: %s\n", k.name, k.title)
	}
	fmt.Fprintln(w, "bytes a nonzero: what the first call allocates, a dense result apart, and what sparse operands store, for each element that operands and result store. Results are compared: patterns must be equal.")
	return err
}

// measure runs a case, contenders in turns.
func (o *Options) measure(ctx context.Context, k *kernel, p pattern, dir string, others []*process, w io.Writer) error {
	m := &operands{pattern: p, n: k.rows, perRow: k.perRow}
	if o.Quick {
		m.n /= 10
	}
	x := k.operands(m)
	if m.err != nil {
		return m.err
	}
	var all []*contender
	var memory float64
	for _, threads := range k.threads {
		c, done, held, err := numen(ctx, k, x, threads)
		if err != nil {
			return err
		}
		defer done()
		if all = append(all, c); threads == 1 {
			memory = held
		}
	}
	if len(others) > 0 {
		if err := hand(dir, x); err != nil {
			return err
		}
	}
	for _, other := range others {
		answer, err := other.ask(fmt.Sprint(k.name, " ", m.n))
		if err != nil {
			return err
		}
		if answer == "ok" {
			all = append(all, &contender{name: other.name, threads: 1, call: other.call, result: func() (*values, error) { return other.result(dir, k.sparse) }})
		}
	}
	if err := o.sample(all); err != nil {
		return err
	}
	if err := agree(all); err != nil {
		return err
	}
	stored, err := data(x[0])
	if err != nil {
		return err
	}
	rows(w, k, p, all, memory, stored.Stored(), m.n)
	if k.name == "spmv" && p.name == "banded" {
		return roofs(w, all, 12*stored.Stored()+16*int64(m.n))
	}
	return nil
}

// numen returns Numen as a contender, and the bytes a nonzero of its first call.
func numen(ctx context.Context, k *kernel, x []np.Array, threads int) (c *contender, done func(), memory float64, err error) {
	engine := np.NewEngine(np.Threads(threads), np.Memory(most))
	var last np.Array
	c = &contender{name: "numen", threads: threads}
	c.call = func(n int) (time.Duration, error) {
		start := time.Now()
		for range n {
			y, err := k.build(x).Eval(ctx, np.Use(engine))
			if err != nil {
				return 0, err
			}
			last, y = y, last
			if err := y.Close(); err != nil { // as the others do
				return 0, err
			}
		}
		return time.Since(start), nil
	}
	c.result = func() (*values, error) { return valuesOf(last) }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.call(1); err != nil {
		return nil, nil, 0, errors.Join(err, engine.Close())
	}
	runtime.ReadMemStats(&after)
	bytes, elements := float64(after.TotalAlloc-before.TotalAlloc), 0.0
	for i, a := range append(slices.Clone(x), last) {
		if !np.NodeOf(a).Type.Format.Sparse() {
			continue
		}
		d, err := data(a)
		if err != nil {
			return nil, nil, 0, errors.Join(err, engine.Close())
		}
		if elements += float64(d.Stored()); i < len(x) {
			bytes += float64(d.Size())
		}
	}
	if !k.sparse {
		bytes -= 8 * float64(last.Size())
	}
	return c, func() { engine.Close() }, bytes / elements, nil
}

// valuesOf returns the elements of a result.
func valuesOf(a np.Array) (*values, error) {
	if !np.NodeOf(a).Type.Format.Sparse() {
		v, err := np.AliasValues[float64](a)
		return &values{val: v}, err
	}
	d, err := data(a)
	if err != nil {
		return nil, err
	}
	return &values{d.Pos[1], d.Crd[1], lower.Slice[float64](d.Vals)}, nil
}

// result reads the last result of another process.
func (p *process) result(dir string, sparse bool) (*values, error) {
	if _, err := p.ask("write"); err != nil {
		return nil, err
	}
	v := &values{}
	var err error
	if sparse && p.name == "scipy" {
		if v.pos, err = readFile[int64](dir, "out.pos1"); err != nil {
			return nil, err
		}
		if v.crd, err = readFile[int32](dir, "out.crd1"); err != nil {
			return nil, err
		}
	}
	v.val, err = readFile[float64](dir, "out.val")
	return v, err
}

// sample takes samples of all contenders in turns. The first call of each turn is no part
// of them: caches hold what another one used, and in a Go program that has slept the
// runtime's monitor wakes fifty times in a row, beside or in place of the call.
func (o *Options) sample(all []*contender) error {
	for _, c := range all { // the first call is no sample
		took, err := c.call(1)
		if err == nil {
			took, err = c.call(1)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		c.n = int(leastTime/max(took, 1)) + 1
	}
	for start := time.Now(); len(all[0].ns) < leastSamples || time.Since(start) < o.Time*time.Duration(len(all)); {
		for _, c := range all {
			_, err := c.call(1)
			var took time.Duration
			if err == nil {
				took, err = c.call(c.n)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.ns = append(c.ns, float64(took.Nanoseconds())/float64(c.n))
		}
	}
	return nil
}

// tolerance is how far results may lie apart: sums have other orders.
const tolerance = 1e-12

// agree compares everybody's result with the first one's.
func agree(all []*contender) error {
	want, err := all[0].result()
	if err != nil {
		return err
	}
	for _, c := range all[1:] {
		got, err := c.result()
		if err != nil {
			return err
		}
		if got.pos != nil && (!slices.Equal(got.pos, want.pos) || !slices.Equal(got.crd, want.crd)) {
			return fmt.Errorf("%s's result has elements at other places", c.name)
		}
		if len(got.val) != len(want.val) {
			return fmt.Errorf("%s's result has %d elements for %d", c.name, len(got.val), len(want.val))
		}
		for i, v := range got.val {
			if !(math.Abs(v-want.val[i]) <= tolerance*math.Abs(v)) {
				return fmt.Errorf("element %d is %v, %s's %v", i, want.val[i], c.name, v)
			}
		}
	}
	return nil
}

// rows writes what was measured of a case.
func rows(w io.Writer, k *kernel, p pattern, all []*contender, memory float64, stored int64, n int) {
	for _, c := range all {
		must, measured, reached := "-", "-", "-"
		for _, b := range k.bars {
			other := slices.IndexFunc(all, func(o *contender) bool { return o.name == b.than })
			if c.name != "numen" || c.threads != b.threads {
				continue
			}
			if must = fmt.Sprintf("%gx %s", b.times, b.than); other < 0 {
				continue
			}
			times := all[other].median() / c.median()
			measured, reached = fmt.Sprintf("%.2fx", times), yes(times >= b.times)
		}
		held := "-"
		if c.name == "numen" && c.threads == 1 {
			held = fmt.Sprintf("%.1f", memory)
		}
		row(w, fmt.Sprintf("%s/%s/%d", k.name, p.name, n), fmt.Sprint(stored), c.name, fmt.Sprint(c.threads), fmt.Sprintf("%.3g ms", c.median()/1e6),
			fmt.Sprintf("%.3g to %.3g", slices.Min(c.ns)/1e6, slices.Max(c.ns)/1e6), fmt.Sprintf("%.2f", c.median()/float64(stored)), held, must, measured, reached)
	}
}

// roofs writes how much of the memory's bandwidth Numen reached.
func roofs(w io.Writer, all []*contender, bytes int64) error {
	for _, c := range all {
		if c.name != "numen" {
			continue
		}
		b, err := roof.New(c.threads, 0)
		if err != nil {
			return err
		}
		var rates []float64
		for range leastSamples {
			rates = append(rates, b.Read().Rate())
		}
		if err := b.Close(); err != nil {
			return err
		}
		slices.Sort(rates)
		read := rates[len(rates)/2]
		rate := float64(bytes) / c.median()
		row(w, "", "", "numen", fmt.Sprint(c.threads), fmt.Sprintf("%.1f GB/s", rate), fmt.Sprintf("of %.1f", read), "", "", fmt.Sprintf("%.0f %% of the roof", 100*ofRoof), fmt.Sprintf("%.0f %%", 100*rate/read), yes(rate >= ofRoof*read))
	}
	return nil
}

// widths are those of the table's columns: a row is written when it is measured.
var widths = [...]int{24, 8, 5, 7, 9, 15, 12, 15, 15, 8, 7}

func row(w io.Writer, cells ...string) {
	for i, c := range cells {
		fmt.Fprintf(w, "| %-*s ", widths[i], c)
	}
	fmt.Fprintln(w, "|")
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "**no**"
}
