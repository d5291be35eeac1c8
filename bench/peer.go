package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/numen-go/numen/expr/npy"
)

//go:embed peers/run.py
var runPy string

// environment is where peers/make-env.sh puts Python, seen from the module's root.
func environment() string {
	dir := filepath.Join("bench", "peers", ".venv")
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}

// python is the process that runs all Python peers, one request at a time, so that its
// samples take their turn among ours.
type python struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	stderr  bytes.Buffer
	dir     string   // of inputs handed over as files
	inputs  *problem // whose inputs the process holds
	missing map[string]string
	about   map[string]map[string]string
}

// startPython starts the process and lets it import the peers named. Those that are not
// installed are in missing, with the reason.
func startPython(ctx context.Context, path string, peers []string, threads int) (*python, error) {
	dir, err := os.MkdirTemp("", "numen-bench")
	if err != nil {
		return nil, err
	}
	p := &python{dir: dir, missing: map[string]string{}, about: map[string]map[string]string{}}
	p.cmd = exec.CommandContext(ctx, path, "-c", runPy)
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { // OpenBLAS picks its kernels by itself
		return strings.HasPrefix(v, "OPENBLAS_CORETYPE=") || strings.HasPrefix(v, "OPENBLAS_L2_SIZE=")
	})
	for _, name := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS"} {
		p.cmd.Env = append(p.cmd.Env, name+"="+strconv.Itoa(threads))
	}
	// OpenBLAS's workers spin for a while after a product, on the cores of whoever is
	// measured next. 2^4 cycles are the least that it takes.
	p.cmd.Env = append(p.cmd.Env, "OPENBLAS_THREAD_TIMEOUT=4")
	p.cmd.Stderr = &p.stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<24)
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	var hello struct {
		Versions, Missing map[string]string
		Python            string
	}
	err = p.ask(map[string]any{"do": "hello", "peers": peers, "threads": threads}, &hello)
	if err != nil {
		p.close()
		return nil, err
	}
	p.missing = hello.Missing
	for peer, version := range hello.Versions {
		p.about[peer] = map[string]string{peer: version, "python": hello.Python}
	}
	return p, nil
}

// ask sends a request and reads the answer.
func (p *python) ask(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return p.died(err)
	}
	if !p.out.Scan() {
		return p.died(p.out.Err())
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(p.out.Bytes(), &failed); err != nil {
		return fmt.Errorf("python answered %q: %w", p.out.Text(), err)
	}
	if failed.Error != "" {
		return errors.New(failed.Error)
	}
	return json.Unmarshal(p.out.Bytes(), answer)
}

// died is the error of a process that no longer answers, with the end of what it wrote.
func (p *python) died(err error) error {
	p.in.Close()
	if waited := p.cmd.Wait(); err == nil { // and the last of stderr is here
		err = waited
	}
	text := bytes.TrimSpace(p.stderr.Bytes())
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	if len(text) == 0 {
		return fmt.Errorf("the Python process is gone: %v", err)
	}
	return fmt.Errorf("the Python process is gone: %s", text)
}

// close ends the process, if it has not ended by itself.
func (p *python) close() error {
	p.in.Close()
	var err error
	if p.cmd.ProcessState == nil {
		err = p.cmd.Wait()
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

// asFile is the size from which on an input is handed over as a file: Python takes seconds
// to make as much.
const asFile = 1 << 20

// provide gives the process a problem's inputs, unless it has them.
func (p *python) provide(ctx context.Context, pr *problem, in []array) error {
	if p.inputs == pr {
		return nil
	}
	var specs []map[string]any
	for i, x := range pr.in {
		spec := map[string]any{"name": x.name, "dtype": x.dtype.String(), "shape": x.shape, "lo": x.lo, "hi": x.hi, "stream": x.stream}
		if x.data != nil || elements(x.shape) > asFile {
			file := filepath.Join(p.dir, x.name+".npy")
			if err := npy.Save(ctx, file, in[i].numen()); err != nil {
				return err
			}
			spec = map[string]any{"name": x.name, "file": file}
		}
		specs = append(specs, spec)
	}
	p.inputs = pr
	return p.ask(map[string]any{"do": "inputs", "inputs": specs}, &struct{}{})
}

// peer is a Python package as a contender.
type peer struct {
	pkg     string
	process *python
}

func (p *peer) name() string                { return p.pkg }
func (p *peer) reuses() bool                { return p.pkg == "numexpr" || p.pkg == "numba" }
func (p *peer) versions() map[string]string { return p.process.about[p.pkg] }

func (p *peer) start(ctx context.Context, pr *problem, in []array, reuse bool) (*runner, error) {
	if pr.python == "" || pr.without == p.pkg {
		return nil, skipped("has no form of this")
	}
	d, shape, err := pr.result()
	if err != nil {
		return nil, err
	}
	if err := p.process.provide(ctx, pr, in); err != nil {
		return nil, err
	}
	var begun struct {
		ID   int
		NS   int64
		Skip string
	}
	err = p.process.ask(map[string]any{
		"do": "start", "peer": p.pkg, "python": pr.python, "numexpr": pr.numexpr, "numba": pr.numba,
		"result": []any{d.String(), shape}, "reuse": reuse, "resized": pr.resized,
	}, &begun)
	if err != nil {
		return nil, err
	}
	if begun.Skip != "" {
		return nil, skipped(begun.Skip)
	}
	r := &runner{cold: time.Duration(begun.NS), remote: true}
	r.call = func(n int) (time.Duration, error) {
		var took struct{ NS int64 }
		err := p.process.ask(map[string]any{"do": "call", "id": begun.ID, "n": n}, &took)
		return time.Duration(took.NS), err
	}
	r.at = func(i []int) ([]float64, error) {
		var got struct{ Values []number }
		err := p.process.ask(map[string]any{"do": "at", "id": begun.ID, "i": i}, &got)
		out := make([]float64, len(got.Values))
		for k, v := range got.Values {
			out[k] = float64(v)
		}
		return out, err
	}
	r.drop = func() error {
		return p.process.ask(map[string]any{"do": "drop", "id": begun.ID}, &struct{}{})
	}
	r.close = func() {
		// The process may be gone; then there is nothing to forget.
		_ = p.process.ask(map[string]any{"do": "close", "id": begun.ID}, &struct{}{})
	}
	r.warm, err = r.call(1)
	return r, err
}

// number is a float in JSON, where the infinities and NaN are strings.
type number float64

// UnmarshalJSON reads a number or the name of one.
func (n *number) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(bytes.Trim(text, `"`)), 64)
	*n = number(f)
	return err
}
