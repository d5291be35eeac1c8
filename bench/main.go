// Command bench measures programs of Numen against plain Go, gonum, Python's array
// packages and the limits of the machine.
//
//	go run ./bench
//
// runs y = x.T.dot(log(x) + 1); z = y - y.mean(axis=0); z[:5] on real elevation data and
// on 20000 x 200 random numbers, on every target of dense arrays, and then fifty small
// programs on every kind of array, whose bits it compares with the evaluator's.
//
//	go run ./bench -list
//	go run ./bench -run 'numexpr/.*/1e7' -peers numpy,numexpr,numba -json out.json
//	go run ./bench -run cpu -peers numpy,numexpr,jax,numba,torch -report BENCHMARKS.md
//	go run ./bench -run cpu:gemm -peers numpy
//	go run ./bench -run sharded -peers dask -report BENCHMARKS.md
//	go run ./bench -run sparse -peers scipy,c -report BENCHMARKS.md
//	go run ./bench -input x.npy
//
// runs other problems, among them the suite that machine code is held to (a quarter of an
// hour at most with all peers; -quick takes minutes) or part of it, beside Python peers (bench/peers/make-env.sh
// installs them), or the first program on an array of your own.
//
// How it measures: contenders take turns sample by sample, a sample being as many calls as
// fill two milliseconds. Each round begins with the limit that binds the problem (memory
// bandwidth of the same footprint, or the multiply-add peak) and Numen, and "of limit" is
// the median of the rounds' ratios, because the speed of a shared machine drifts. Numen's
// reused result is sampled for -time, others for half of it, or until the median is known
// to 1 % (19 times in 20, however its samples are spread). Medians are reported, with the
// distance of the quartiles. A cold call includes building and compiling. Results reused
// are written to the same memory by every call; fresh ones are new memory each time. All
// results are compared: targets have the bits of the evaluator (target ref), the others
// agree within the problem's tolerance. Inputs are random numbers, never zeros.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/numen-go/numen/bench/matrix"
	"github.com/numen-go/numen/bench/nonzeros"
	"github.com/numen-go/numen/bench/shards"
	"github.com/numen-go/numen/lower"
)

func main() {
	if shards.Child() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags.
type options struct {
	list           bool
	pattern        string
	targets, peers string
	threads        int
	json, input    string
	report         string
	python         string
	budget         time.Duration
	quick          bool
	asked          []string // the command's arguments, for the record
}

// run is the command; it returns the exit status: 1 when a measurement failed or a result
// is wrong, 2 for bad usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{asked: args}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.list, "list", false, "list the problems and exit")
	f.StringVar(&o.pattern, "run", "", "run the problems whose names match this `regexp`, or a suite, cpu, or those of it that match, cpu:REGEXP; or a suite of arrays that are not dense, sharded or sparse, or the part that is named so, sparse:PART; instead of the founding program")
	f.StringVar(&o.targets, "targets", "", "`targets` of Numen to run, separated by commas (default "+strings.Join(dense(), ",")+")")
	f.StringVar(&o.peers, "peers", "", "Python `packages` to compare with: any of numpy,numexpr,numba,jax,torch; dask for sharded; scipy and c for sparse")
	f.IntVar(&o.threads, "threads", runtime.GOMAXPROCS(0), "`number` of threads that everybody has")
	f.StringVar(&o.json, "json", "", "write one line of JSON a measurement to this `file`")
	f.StringVar(&o.report, "report", "", "write what was measured, as Markdown, to this `file`")
	f.StringVar(&o.input, "input", "", "run the founding program on the matrix in this `file` (.npy)")
	f.StringVar(&o.python, "python", environment(), "the Python `interpreter` that has the peers")
	f.DurationVar(&o.budget, "time", 500*time.Millisecond, "how long each contender is sampled on a problem at most")
	f.BoolVar(&o.quick, "quick", false, "sample each contender for a twentieth of -time, and leave out problems of gigabytes")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if f.NArg() > 0 {
		fmt.Fprintf(stderr, "bench: %q is no flag\n", f.Arg(0))
		return 2
	}
	if o.threads < 1 {
		fmt.Fprintln(stderr, "bench: -threads must be at least 1")
		return 2
	}
	if o.suite() == "sharded" {
		if err := o.sharded(ctx, stdout); err != nil {
			fmt.Fprintf(stderr, "bench: %v\n", err)
			return 1
		}
		return 0
	}
	if o.suite() == "sparse" {
		if err := o.sparse(ctx, stdout); err != nil {
			fmt.Fprintf(stderr, "bench: %v\n", err)
			return 1
		}
		return 0
	}
	entries, err := o.entries(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	if o.list {
		list(stdout, entries)
		return 0
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	ok, err := o.measure(ctx, entries, stdout)
	if err == nil && o.pattern == "" && o.input == "" {
		kinds := matrix.Kinds()
		cells, same := matrix.All(ctx, kinds)
		fmt.Fprintf(stdout, "\nevery program on every kind of array\n")
		matrix.Print(stdout, kinds, cells)
		ok = ok && same
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	case !ok:
		return 1
	}
	return 0
}

// dense returns the targets that run programs of dense arrays of the host; others have
// arrays of their own.
func dense() []string {
	return slices.DeleteFunc(lower.Names(), func(name string) bool {
		t, err := lower.Open(name)
		if err != nil {
			return true
		}
		defer t.Close()
		_, holds := t.(lower.Holder)
		return holds
	})
}

// sharded measures arrays in chunks.
func (o *options) sharded(ctx context.Context, w io.Writer) error {
	_, part, _ := strings.Cut(o.pattern, ":")
	s := &shards.Options{Threads: o.threads, Runs: 3, Quick: o.quick, Part: part}
	if o.peers == "dask" {
		s.Python = o.python
	} else if o.peers != "" {
		return fmt.Errorf("the peer of arrays in chunks is dask, not %s", o.peers)
	}
	return o.section("Arrays in chunks", w, func(w io.Writer) error { return shards.Run(ctx, s, w) })
}

// section runs what writes tables and, where a report is asked for, puts them into its
// section.
func (o *options) section(title string, w io.Writer, run func(w io.Writer) error) error {
	var report strings.Builder
	if err := run(io.MultiWriter(w, &report)); err != nil || o.report == "" {
		return err
	}
	return writeSection(o.report, fmt.Sprintf("# %s\n\nWritten by `go run ./bench %s` on %s (%s), %s.\n\n%s",
		title, strings.Join(o.asked, " "), machineName(), machineDetails(), time.Now().UTC().Format("2006-01-02"), report.String()))
}

// sparse measures kernels of sparse matrices.
func (o *options) sparse(ctx context.Context, w io.Writer) error {
	_, part, _ := strings.Cut(o.pattern, ":")
	s := &nonzeros.Options{Time: o.budget, Quick: o.quick, Part: part}
	if o.quick {
		s.Time = o.budget / 20
	}
	for name := range strings.SplitSeq(o.peers, ",") {
		switch name {
		case "":
		case "scipy":
			s.Python = o.python
		case "c":
			s.C = true
		default:
			return fmt.Errorf("the peers of sparse matrices are scipy and c, not %s", name)
		}
	}
	return o.section("Sparse arrays", w, func(w io.Writer) error { return nonzeros.Run(ctx, s, w) })
}

// suite returns the name of the suite that -run asks for, if it does.
func (o *options) suite() string {
	name, _, _ := strings.Cut(o.pattern, ":")
	return name
}

// entries returns what the flags ask for.
func (o *options) entries(ctx context.Context) ([]entry, error) {
	pattern, err := regexp.Compile(o.pattern)
	if err != nil {
		return nil, err
	}
	if o.input != "" {
		if o.pattern != "" {
			return nil, errors.New("-input names the one problem to run: -run cannot name others")
		}
		p, err := inputProblem(ctx, o.input)
		return []entry{{problem: p, peers: everybody}}, err
	}
	if suite := suites[o.suite()]; suite != nil {
		_, part, _ := strings.Cut(o.pattern, ":")
		return suitePart(suite(), part)
	}
	var out []entry
	for _, p := range allProblems() {
		switch {
		case o.list && o.pattern == "",
			o.pattern == "" && p.group() == "founding",
			o.pattern != "" && pattern.MatchString(p.name):
			out = append(out, entry{problem: p, peers: everybody})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no problem matches %q: see -list", o.pattern)
	}
	return out, nil
}

func list(w io.Writer, entries []entry) {
	for _, e := range entries {
		fmt.Fprintf(w, "%-28s %s; %s", e.problem.name, e.problem.size(), e.problem.title)
		if e.single {
			fmt.Fprint(w, "; one thread")
		}
		for _, b := range e.bars {
			fmt.Fprintf(w, "; %s", b.must)
		}
		fmt.Fprintln(w)
	}
}

// contenders returns who takes part with so many threads, in the order of rows, and what
// to call at the end.
func (o *options) contenders(ctx context.Context, threads int, entries []entry, stdout io.Writer) (all []contender, done func(), err error) {
	var closers []func() error
	done = func() {
		for _, f := range closers {
			_ = f() // a process that ended badly has said so where it mattered
		}
	}
	targets := dense()
	if suites[o.suite()] != nil { // it is about machine code
		targets = []string{"cpu", evaluator}
	}
	if o.targets != "" {
		targets = strings.Split(o.targets, ",")
	}
	for _, name := range targets {
		if !slices.Contains(lower.Names(), name) {
			return nil, done, fmt.Errorf("there is no target %q, there are %q", name, lower.Names())
		}
		about := goVersions()
		if level := levelOf(name); level != "" {
			about[name+" level"] = level
		}
		all = append(all, &target{on: name, threads: threads, about: about})
	}
	all = append(all,
		&loops{plainGo, func(p *problem) func([]array, array) { return p.plain }, goVersions()},
		&loops{"gonum", func(p *problem) func([]array, array) { return p.gonum }, goVersions("gonum.org/v1/gonum")})
	if threads == 1 && slices.ContainsFunc(entries, func(e entry) bool { return e.problem.c+e.problem.sleef != "" }) {
		process, err := startNative(ctx)
		if err != nil {
			fmt.Fprintf(stdout, "loops in C skipped: %v\n", err)
		} else {
			closers = append(closers, process.close)
			all = append(all,
				&inC{"c", func(p *problem) string { return p.c }, process},
				&inC{"sleef", func(p *problem) string { return prefixed("sleef:", p.sleef) }, process})
		}
	}
	if o.peers == "" {
		return all, done, nil
	}
	names := strings.Split(o.peers, ",")
	const how = "bench/peers/make-env.sh installs it, -python names another interpreter"
	process, err := startPython(ctx, o.python, names, threads)
	if err != nil {
		fmt.Fprintf(stdout, "peers %s skipped: %v (%s)\n", o.peers, err, how)
		return all, done, nil
	}
	closers = append(closers, process.close)
	for _, name := range names {
		if why, missing := process.missing[name]; missing {
			fmt.Fprintf(stdout, "peer %s skipped: %s (%s)\n", name, why, how)
			continue
		}
		all = append(all, &peer{name, process})
	}
	return all, done, nil
}

func prefixed(prefix, name string) string {
	if name == "" {
		return ""
	}
	return prefix + name
}

// outcome is what a run of the command found.
type outcome struct {
	results []result
	limits  []machine
	ok      bool
}

// result is an entry with what was measured on it.
type result struct {
	entry
	threads int
	rows    []*row
	skipped string // why nothing was measured
}

// machine is what limits so many threads.
type machine struct {
	threads   int
	roofs     []measurement
	hugePages bool
}

// measure runs the entries and reports on them: those of all threads, then those of one.
func (o *options) measure(ctx context.Context, entries []entry, stdout io.Writer) (ok bool, err error) {
	record := io.Discard
	if o.json != "" {
		file, err := os.Create(o.json)
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		record = file
	}
	started := time.Now()
	fmt.Fprintf(stdout, "%s, %s, %d threads\n", machineName(), runtime.Version(), o.threads)
	out := outcome{ok: true}
	for _, single := range []bool{false, true} {
		var group []entry
		for _, e := range entries {
			if e.single == single {
				group = append(group, e)
			}
		}
		if len(group) == 0 {
			continue
		}
		threads := o.threads
		if single {
			threads = 1
			fmt.Fprintln(stdout, "\none thread:")
		}
		runtime.GOMAXPROCS(threads)
		if err := o.measureOn(ctx, threads, group, &out, stdout, record); err != nil {
			return false, err
		}
	}
	bars(stdout, out.results)
	if o.report != "" {
		text := markdown(o, out, started)
		if err := writeSection(o.report, text); err != nil {
			return false, err
		}
	}
	return out.ok, nil
}

// measureOn runs entries with so many threads.
func (o *options) measureOn(ctx context.Context, threads int, entries []entry, out *outcome, stdout, record io.Writer) error {
	s := session{threads: threads, budget: o.budget, least: minSamples, asked: strings.Contains(o.targets, evaluator)}
	if o.quick {
		s.budget, s.least = o.budget/20, minSamples/2
	}
	contenders, done, err := o.contenders(ctx, threads, entries, stdout)
	if err != nil {
		return err
	}
	defer done()
	for _, e := range entries {
		s.contenders = slices.DeleteFunc(slices.Clone(contenders), func(c contender) bool {
			_, isPeer := c.(*peer)
			return isPeer && !slices.Contains(e.peers, c.name())
		})
		r := result{entry: e, threads: threads}
		if r.skipped, err = s.skips(e.problem, o.quick); err != nil {
			return fmt.Errorf("%s: %w", e.problem.name, err)
		}
		if r.skipped != "" {
			fmt.Fprintf(stdout, "\n%s skipped: %s\n", e.problem.name, r.skipped)
			out.results = append(out.results, r)
			continue
		}
		if r.rows, err = s.measure(ctx, e.problem); err != nil {
			return fmt.Errorf("%s: %w", e.problem.name, err)
		}
		out.results = append(out.results, r)
		table(stdout, e.problem, r.rows)
		for _, b := range e.bars {
			v := b.judge(r.rows)
			fmt.Fprintf(stdout, "  must: %s; measured: %s; reached: %s\n", b.must, orDash(v.measured != "", v.measured), v.mark())
		}
		for _, r := range r.rows {
			out.ok = out.ok && r.failed == nil
			if err := writeJSON(record, r.measurement); err != nil {
				return err
			}
		}
	}
	roofs, hugePages, err := machineLimits(threads)
	if err != nil {
		return err
	}
	limits(stdout, roofs, threads, hugePages)
	out.limits = append(out.limits, machine{threads, roofs, hugePages})
	for _, m := range roofs {
		if err := writeJSON(record, m); err != nil {
			return err
		}
	}
	return nil
}

// quickMemory is what a problem may take in a quick run.
const quickMemory = 4 << 30

// skips says why a problem is not run: it is too large.
func (s *session) skips(p *problem, quick bool) (string, error) {
	c, err := p.cost()
	if err != nil {
		return "", err
	}
	need, have := s.memory(c), available()
	switch {
	case need > have:
		return fmt.Sprintf("it needs about %s of memory, there are %s", byteSize(need), byteSize(have)), nil
	case quick && need > quickMemory:
		return fmt.Sprintf("it takes %s of memory, too much for a quick run", byteSize(need)), nil
	}
	return "", nil
}
