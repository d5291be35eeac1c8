// Package shards measures arrays in chunks that are larger than what may be held: each
// case in a process of its own, within a bound, beside Dask's threads and the disk.
package shards

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
	"github.com/numen-go/numen/expr/shard"
)

//go:embed dask.py
var daskPy string

// Options say what is measured.
type Options struct {
	Threads int
	Python  string // the interpreter that has Dask; "": Dask takes no part
	Runs    int    // of each case
	Quick   bool   // an eighth of the large case
	tiny    bool   // a tenth of the arrays, or less, for tests
	Part    string // measure only cases whose names have this
}

// bound is what a run may hold, and own what a process may take beside it.
const (
	bound = 512 << 20
	own   = 64 << 20
)

// measure is one case.
type measure struct {
	name, title string
	data        []string // arrays that it reads
	out         []string // and writes
	large       bool     // its data are removed after it
	empty       bool     // tasks without work, or planning: no bytes are moved
	spills      bool     // it cannot do without
	bar         string
	judge       func(m *measured) bool
}

// measured is what became of a case.
type measured struct {
	numen, dask, plain []result
}

// result is what a run tells.
type result struct {
	Seconds float64 `json:"seconds"`
	RSS     int64   `json:"rss"`
	Tasks   int     `json:"tasks"`
	Spilled int     `json:"spilled"` // chunks
}

// median returns the seconds of the run in the middle.
func median(r []result) float64 {
	var s []float64
	for _, x := range r {
		s = append(s, x.Seconds)
	}
	if len(s) == 0 {
		return math.NaN()
	}
	slices.Sort(s)
	return s[len(s)/2]
}

func (m *measured) share() float64 { return median(m.plain) / median(m.numen) }
func (m *measured) times() float64 { return median(m.dask) / median(m.numen) }
func (m *measured) within() bool {
	return !slices.ContainsFunc(m.numen, func(r result) bool { return r.RSS > bound+own })
}

func fast(m *measured) bool { return m.within() && (m.times() >= 3 || m.share() >= 0.8) }

var cases = []measure{
	{name: "means", title: "time means of u*u, v*v, u*v, (50,1,987,1920) float64 in chunks of (10,1,987,1920), one pass", data: []string{"u", "v"}, out: []string{"uu", "vv", "uv"}, bar: "3x Dask or 80 % of plain", judge: fast},
	{name: "vorticity", title: "differences of u and v, written", data: []string{"u", "v"}, out: []string{"z"}, bar: "3x Dask or 80 % of plain", judge: fast},
	{name: "rechunk", title: "tiles of 2048x2048 to rows of 256x32768, float64", data: []string{"tiles"}, out: []string{"rows"}, large: true, bar: "60 % of plain", judge: func(m *measured) bool { return m.within() && m.share() >= 0.6 }},
	{name: "spill", title: "exp of tiles of 2048x2048 to rows of 256x32768, float64: the tiles that a row needs are as large as the bound", data: []string{"band"}, out: []string{"rows"}, large: true, spills: true, bar: "within the bound", judge: (*measured).within},
	{name: "tasks", title: "1e5 tasks of one element", empty: true, bar: "0.3 s", judge: func(m *measured) bool { return median(m.numen) < 0.3 }},
	{name: "plan", title: "a plan of 1e6 tasks, as data", empty: true, bar: "3 s", judge: func(m *measured) bool { return median(m.numen) < 3 }},
}

// Run measures the cases and writes a table.
func Run(ctx context.Context, o *Options, w io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "numen-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	picked := slices.DeleteFunc(slices.Clone(cases), func(c measure) bool { return !strings.Contains(c.name, o.Part) })
	if len(picked) == 0 {
		return fmt.Errorf("no case has %q in its name", o.Part)
	}
	about := "no Dask"
	if o.Python != "" {
		version, err := exec.CommandContext(ctx, o.Python, "-c", daskPy, "--version").Output()
		if err != nil {
			return fmt.Errorf("dask: %w", err)
		}
		about = strings.TrimSpace(string(version)) + ", threads"
	}
	fmt.Fprintf(w, `Arrays in chunks, %d threads, np.Memory(%d MiB); %s. Runs take turns: Numen, Dask, and
"plain", which reads the same bytes with %d streams and at the same time writes as many as
were written with %d, and does nothing else. Before each, pages of files are dropped. Times of Numen and of
plain end when what was written is on the disk; Dask's end when it does, and what it wrote may still be in the system's
cache. "Of plain" is plain's time in parts of Numen's. Results of both are compared.

`, o.Threads, bound>>20, about, readers, writers)
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| case\t| time\t| spread\t| GB/s\t| plain\t| of plain\t| peak RSS\t| tasks\t| Dask\t| Dask's RSS\t| times Dask\t| bar\t| reached\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for i := range picked {
		c := &picked[i]
		m, bytes, err := c.measure(ctx, o, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		c.row(t, m, bytes)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, c := range picked {
		fmt.Fprintf(w, "- %s: %s\n", c.name, c.title)
	}
	return nil
}

func (c *measure) row(w io.Writer, m *measured, bytes int64) {
	dash := func(ok bool, format string, v ...any) string {
		if !ok {
			return "-"
		}
		return fmt.Sprintf(format, v...)
	}
	low, high, rss, daskRSS := math.Inf(1), 0.0, int64(0), int64(0)
	for _, r := range m.numen {
		low, high, rss = min(low, r.Seconds), max(high, r.Seconds), max(rss, r.RSS)
	}
	for _, r := range m.dask {
		daskRSS = max(daskRSS, r.RSS)
	}
	reached := "yes"
	if !c.judge(m) {
		reached = "**no**"
	}
	fmt.Fprintf(w, "| %s\t| %.3g s\t| %.3g to %.3g\t| %s\t| %s\t| %s\t| %d MiB\t| %d\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", c.name, median(m.numen), low, high,
		dash(bytes > 0, "%.2f", float64(bytes)/median(m.numen)/1e9), dash(bytes > 0, "%.3g s", median(m.plain)), dash(bytes > 0, "%.0f %%", 100*m.share()), rss>>20, m.numen[0].Tasks,
		dash(len(m.dask) > 0, "%.3g s", median(m.dask)), dash(len(m.dask) > 0, "%d MiB", daskRSS>>20), dash(len(m.dask) > 0, "%.1f", m.times()), c.bar, reached)
}

// measure runs a case, Numen and Dask in turns.
func (c *measure) measure(ctx context.Context, o *Options, dir string) (m *measured, bytes int64, err error) {
	data := filepath.Join(dir, "data")
	read := int64(0)
	for _, name := range c.data {
		n, err := make1(ctx, o, data, name)
		if err != nil {
			return nil, 0, err
		}
		read += n
	}
	m = &measured{}
	written := int64(0)
	var from []string
	for _, name := range c.data {
		if _, err := dirBytes(filepath.Join(data, name), func(path string, _ int64) { from = append(from, path) }); err != nil {
			return nil, 0, err
		}
	}
	for range o.Runs {
		ours, theirs := filepath.Join(dir, "numen"), filepath.Join(dir, "dask")
		r, err := c.one(ctx, data, ours, func(out string) *exec.Cmd { return child(ctx, c.name, data, out, o.Threads) })
		if err != nil {
			return nil, 0, err
		}
		if c.spills && r.Spilled == 0 {
			return nil, 0, errors.New("nothing was spilled")
		}
		m.numen = append(m.numen, r)
		var sizes []int64
		if written, err = dirBytes(ours, func(_ string, n int64) { sizes = append(sizes, n) }); err != nil {
			return nil, 0, err
		}
		if o.Python != "" && c.name != "plan" {
			r, err := c.one(ctx, data, theirs, func(out string) *exec.Cmd {
				return exec.CommandContext(ctx, o.Python, "-c", daskPy, c.name, data, out, fmt.Sprint(o.Threads))
			})
			if err != nil {
				return nil, 0, fmt.Errorf("dask: %w", err)
			}
			if c.empty && r.Tasks > 0 { // of its own number; a tenth of ours is long enough to wait for
				r.Seconds *= 1e5 / float64(r.Tasks)
			}
			m.dask = append(m.dask, r)
			for _, name := range c.out {
				if err := agree(ctx, filepath.Join(ours, name), filepath.Join(theirs, name)); err != nil {
					return nil, 0, err
				}
			}
		}
		if !c.empty {
			if err := forget(data); err != nil {
				return nil, 0, err
			}
			took, err := plain(ctx, from, sizes, filepath.Join(dir, "plain"))
			if err != nil {
				return nil, 0, err
			}
			m.plain = append(m.plain, result{Seconds: took})
		}
		if err := errors.Join(os.RemoveAll(ours), os.RemoveAll(theirs), os.RemoveAll(filepath.Join(dir, "plain"))); err != nil {
			return nil, 0, err
		}
	}
	if c.large {
		err = os.RemoveAll(data)
	}
	return m, read + written, err
}

// one runs a process on data that the system has not in memory.
func (c *measure) one(_ context.Context, data, out string, command func(out string) *exec.Cmd) (r result, err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return r, err
	}
	if err := forget(data); err != nil {
		return r, err
	}
	cmd := command(out)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	return r, forget(out) // nothing of it is left to be written beside the next run
}

// make1 writes an array of the cases to a Zarr directory, unless it is there, and returns its bytes.
func make1(ctx context.Context, o *Options, data, name string) (int64, error) {
	shape, chunks := np.Shape{50, 1, 987, 1920}, []int{10, 1, 987, 1920}
	if name == "tiles" {
		shape, chunks = np.Shape{32768, 32768}, []int{2048, 2048}
	}
	if name == "band" || name == "tiles" && o.Quick {
		shape, chunks = np.Shape{4096, 32768}, []int{2048, 2048}
	}
	if o.tiny {
		shape, chunks = np.Shape{5, 1, 987, 1920}, []int{1, 1, 987, 1920}
		if name == "tiles" || name == "band" {
			shape, chunks = np.Shape{512, 1024}, []int{128, 128}
		}
	}
	bytes := int64(8)
	for _, n := range shape {
		bytes *= int64(n)
	}
	dir := filepath.Join(data, name)
	if _, err := os.Stat(dir); err == nil {
		return bytes, nil
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return 0, err
	}
	x, err := shard.FromProgram(np.Subtract(random.Uniform(random.New(uint64(name[0])), shape), 0.5), chunks...)
	if err != nil {
		return 0, err
	}
	return bytes, shard.ToZarr(ctx, x, dir, &shard.ZarrOptions{Chunks: chunks, Eval: []np.EvalOption{np.Threads(o.Threads)}})
}

// agree compares two results: sums may have another order.
func agree(ctx context.Context, ours, theirs string) error {
	x, err := shard.FromZarr(ours)
	if err != nil {
		return err
	}
	y, err := shard.FromZarr(theirs)
	if err != nil {
		return err
	}
	v, err := np.Value[float64](ctx, np.Divide(np.Max(np.Abs(np.Subtract(x, y))), np.Max(np.Abs(x))), np.Memory(1<<30))
	if err == nil && !(v < 1e-13) {
		err = fmt.Errorf("%s and Dask's differ by %g", ours, v)
	}
	return err
}

// dirBytes returns the bytes of a directory's files, and calls f with each.
func dirBytes(dir string, f func(path string, n int64)) (n int64, err error) {
	err = eachFile(dir, func(path string) error {
		info, err := os.Stat(path)
		if err == nil {
			n += info.Size()
			f(path, info.Size())
		}
		return err
	})
	return n, err
}

func eachFile(dir string, f func(path string) error) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return f(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
