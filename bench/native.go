package main

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed c/kernels.c
var kernelsC string

// compileC is how the loops in C are compiled. Products are not fused with additions:
// the loops compute what the problems say.
var compileC = []string{"-O3", "-march=native", "-ffp-contract=off", "-o", "kernels", "kernels.c", "-ldl"}

// native is the process that runs loops in C, on one core: those of c/kernels.c, and
// SLEEF's functions where its library is installed.
type native struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	dir   string
	about map[string]string
}

// startNative compiles the loops and starts them.
func startNative(ctx context.Context) (*native, error) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "numen-bench")
	if err != nil {
		return nil, err
	}
	n := &native{dir: dir}
	if err := n.start(ctx, compiler); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return n, nil
}

func (n *native) start(ctx context.Context, compiler string) error {
	if err := os.WriteFile(filepath.Join(n.dir, "kernels.c"), []byte(kernelsC), 0o600); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, compiler, compileC...)
	build.Dir = n.dir
	if text, err := build.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(string(text), "\n")
		return fmt.Errorf("%w: %s", err, first)
	}
	version, err := exec.CommandContext(ctx, compiler, "-dumpfullversion").Output()
	if err != nil {
		return err
	}
	n.cmd = exec.CommandContext(ctx, filepath.Join(n.dir, "kernels"))
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	n.out = bufio.NewScanner(out)
	if err := n.cmd.Start(); err != nil {
		return err
	}
	if !n.out.Scan() {
		return fmt.Errorf("the loops in C do not run: %w", n.cmd.Wait())
	}
	n.about = map[string]string{"gcc": strings.TrimSpace(string(version)), "c level": n.out.Text()}
	return nil
}

func (n *native) close() error {
	n.in.Close()
	err := n.cmd.Wait()
	os.RemoveAll(n.dir)
	return err
}

// ask sends a line and returns the answer's.
func (n *native) ask(line string) (string, error) {
	if _, err := io.WriteString(n.in, line+"\n"); err != nil {
		return "", err
	}
	if !n.out.Scan() {
		return "", fmt.Errorf("the process of the loops in C is gone")
	}
	if why, skip := strings.CutPrefix(n.out.Text(), "skip "); skip {
		return "", skipped(why)
	}
	return n.out.Text(), nil
}

func (n *native) time(line string) (time.Duration, error) {
	text, err := n.ask(line)
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(text, 10, 64)
	return time.Duration(ns), err
}

// inC is a loop of the native process as a contender.
type inC struct {
	who     string
	pick    func(p *problem) string // the loop's name, empty where there is none
	process *native
}

func (c *inC) name() string                { return c.who }
func (c *inC) reuses() bool                { return true }
func (c *inC) versions() map[string]string { return c.process.about }

func (c *inC) start(_ context.Context, p *problem, _ []array, reuse bool) (*runner, error) {
	name := c.pick(p)
	if name == "" || !reuse {
		return nil, skipped("has no form of this")
	}
	d, shape, err := p.result()
	if err != nil {
		return nil, err
	}
	request := fmt.Sprintf("start %s %s %d %d", name, d, elements(shape), len(p.in))
	for _, x := range p.in {
		request += fmt.Sprintf(" %d %g %g %d", elements(x.shape), x.lo, x.hi, x.stream)
	}
	r := &runner{remote: true, close: func() {}}
	if r.cold, err = c.process.time(request); err != nil {
		return nil, err
	}
	r.call = func(n int) (time.Duration, error) { return c.process.time("call " + strconv.Itoa(n)) }
	r.at = func(i []int) ([]float64, error) {
		out := make([]float64, len(i))
		for k, at := range i {
			if at >= elements(shape) {
				return nil, fmt.Errorf("the result has shape %s", dims(shape))
			}
			text, err := c.process.ask("at " + strconv.Itoa(at))
			if err != nil {
				return nil, err
			}
			if out[k], err = strconv.ParseFloat(text, 64); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	r.warm, err = r.call(1)
	return r, err
}
