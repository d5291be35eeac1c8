// Command bench measures programs of Numen against plain Go, gonum, Python's array
// packages and the limits of the machine.
//
//	go run ./bench
//
// runs y = x.T.dot(log(x) + 1); z = y - y.mean(axis=0); z[:5] on real elevation data and
// on 20000 x 200 random numbers, on every target that is linked in.
//
//	go run ./bench -list
//	go run ./bench -run 'numexpr/.*/1e7' -peers numpy,numexpr,numba -json out.json
//	go run ./bench -input x.npy
//
// runs other problems, beside Python peers (bench/peers/make-env.sh installs them), or the
// first program on an array of your own.
//
// How it measures: contenders take turns sample by sample, a sample being as many calls as
// fill two milliseconds; just before each, the limit that binds the problem (memory
// bandwidth of the same footprint, or the multiply-add peak) is sampled too, and "of
// limit" is the median of these pairs' ratios, because the speed of a shared machine
// drifts. Medians are reported, with the distance of the quartiles. A cold call includes
// building and compiling. Results reused are written to the same memory by every call;
// fresh ones are new memory each time. All results are compared: targets have the bits of
// the evaluator (target ref), the others agree within the problem's tolerance. Inputs are
// positive numbers, never zeros.
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

	"github.com/numen-go/numen/lower"
)

func main() {
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
	python         string
	budget         time.Duration
}

// run is the command; it returns the exit status: 1 when a measurement failed or a result
// is wrong, 2 for bad usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.list, "list", false, "list the problems and exit")
	f.StringVar(&o.pattern, "run", "", "run the problems whose names match this `regexp`, instead of the founding program")
	f.StringVar(&o.targets, "targets", "", "`targets` of Numen to run, separated by commas (default all that are linked in: "+strings.Join(lower.Names(), ",")+")")
	f.StringVar(&o.peers, "peers", "", "Python `packages` to compare with: any of numpy,numexpr,numba,jax,torch")
	f.IntVar(&o.threads, "threads", runtime.GOMAXPROCS(0), "`number` of threads that everybody has")
	f.StringVar(&o.json, "json", "", "write one line of JSON a measurement to this `file`")
	f.StringVar(&o.input, "input", "", "run the founding program on the matrix in this `file` (.npy)")
	f.StringVar(&o.python, "python", environment(), "the Python `interpreter` that has the peers")
	f.DurationVar(&o.budget, "time", time.Second, "how long each contender is sampled on a problem")
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
	problems, err := o.problems(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	if o.list {
		list(stdout, problems)
		return 0
	}
	runtime.GOMAXPROCS(o.threads)
	ok, err := o.measure(ctx, problems, stdout, stderr)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	case !ok:
		return 1
	}
	return 0
}

// problems returns what the flags ask for.
func (o *options) problems(ctx context.Context) ([]*problem, error) {
	pattern, err := regexp.Compile(o.pattern)
	if err != nil {
		return nil, err
	}
	if o.input != "" {
		if o.pattern != "" {
			return nil, errors.New("-input names the one problem to run: -run cannot name others")
		}
		p, err := inputProblem(ctx, o.input)
		return []*problem{p}, err
	}
	var out []*problem
	for _, p := range allProblems() {
		switch {
		case o.list && o.pattern == "",
			o.pattern == "" && p.group() == "founding",
			o.pattern != "" && pattern.MatchString(p.name):
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no problem matches %q: see -list", o.pattern)
	}
	return out, nil
}

func list(w io.Writer, problems []*problem) {
	for _, p := range problems {
		fmt.Fprintf(w, "%-28s %s; %s\n", p.name, p.size(), p.title)
	}
}

// contenders returns who takes part, in the order of rows, and what to call at the end.
func (o *options) contenders(ctx context.Context, stdout io.Writer) (all []contender, done func(), err error) {
	done = func() {}
	targets := lower.Names()
	if o.targets != "" {
		targets = strings.Split(o.targets, ",")
	}
	for _, name := range targets {
		if !slices.Contains(lower.Names(), name) {
			return nil, done, fmt.Errorf("there is no target %q, there are %q", name, lower.Names())
		}
		all = append(all, &target{on: name, threads: o.threads, about: goVersions()})
	}
	all = append(all,
		&loops{plainGo, func(p *problem) func([]array, array) { return p.plain }, goVersions()},
		&loops{"gonum", func(p *problem) func([]array, array) { return p.gonum }, goVersions("gonum.org/v1/gonum")})
	if o.peers == "" {
		return all, done, nil
	}
	names := strings.Split(o.peers, ",")
	const how = "bench/peers/make-env.sh installs it, -python names another interpreter"
	process, err := startPython(ctx, o.python, names, o.threads)
	if err != nil {
		fmt.Fprintf(stdout, "peers %s skipped: %v (%s)\n", o.peers, err, how)
		return all, done, nil
	}
	for _, name := range names {
		if why, missing := process.missing[name]; missing {
			fmt.Fprintf(stdout, "peer %s skipped: %s (%s)\n", name, why, how)
			continue
		}
		all = append(all, &peer{name, process})
	}
	return all, func() { process.close() }, nil
}

// measure runs the problems and reports on them.
func (o *options) measure(ctx context.Context, problems []*problem, stdout, stderr io.Writer) (ok bool, err error) {
	s := session{threads: o.threads, budget: o.budget, asked: strings.Contains(o.targets, evaluator)}
	var done func()
	if s.contenders, done, err = o.contenders(ctx, stdout); err != nil {
		return false, err
	}
	defer done()
	record := io.Discard
	if o.json != "" {
		file, err := os.Create(o.json)
		if err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		record = file
	}
	fmt.Fprintf(stdout, "%s, %s, %d threads\n", machineName(), runtime.Version(), o.threads)
	ok = true
	for _, p := range problems {
		c, err := p.cost()
		if err != nil {
			return false, fmt.Errorf("%s: %w", p.name, err)
		}
		if need, have := s.memory(c), available(); need > have {
			fmt.Fprintf(stdout, "\n%s skipped: it needs about %s of memory, there are %s\n", p.name, byteSize(need), byteSize(have))
			continue
		}
		rows, err := s.measure(ctx, p)
		if err != nil {
			return false, fmt.Errorf("%s: %w", p.name, err)
		}
		table(stdout, p, rows)
		for _, r := range rows {
			ok = ok && r.failed == nil
			if err := writeJSON(record, r.measurement); err != nil {
				return false, err
			}
		}
	}
	roofs, hugePages, err := machineLimits(o.threads)
	if err != nil {
		return false, err
	}
	limits(stdout, roofs, o.threads, hugePages)
	for _, m := range roofs {
		if err := writeJSON(record, m); err != nil {
			return false, err
		}
	}
	return ok, nil
}
