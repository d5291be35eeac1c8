package nonzeros

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/lower"
)

//go:embed scipy.py
var scipyPy string

//go:embed c/kernels.c
var kernelsC string

// process is another program that runs kernels on one thread, on operands that it reads
// from files. It takes one request a line and answers each with a line:
//
//	NAME ROWS   make the operands of a kernel ready: "ok", or "skip"
//	call N      call it N times: the nanoseconds
//	write       write the last result to files: "ok"
type process struct {
	name, about string
	cmd         *exec.Cmd
	in          io.WriteCloser
	out         *bufio.Scanner
}

// startProcess runs a command in a directory. It says what it is first.
func startProcess(name, dir string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd}
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if !p.out.Scan() {
		return nil, fmt.Errorf("%s does not start: %v", name, cmd.Wait())
	}
	p.about = p.out.Text()
	return p, nil
}

// startScipy starts the process of SciPy.
func startScipy(ctx context.Context, python, dir string) (*process, error) {
	if strings.ContainsRune(python, filepath.Separator) { // seen from here, and it runs in dir
		path, err := filepath.Abs(python)
		if err != nil {
			return nil, err
		}
		python = path
	}
	return startProcess("scipy", dir, exec.CommandContext(ctx, python, "-c", scipyPy))
}

// startC compiles the loops in C and starts them.
func startC(ctx context.Context, dir string) (*process, error) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return nil, err
	}
	file, binary := filepath.Join(dir, "kernels.c"), filepath.Join(dir, "kernels")
	if err := os.WriteFile(file, []byte(kernelsC), 0o600); err != nil {
		return nil, err
	}
	if text, err := exec.CommandContext(ctx, gcc, "-O3", "-march=native", "-fopenmp-simd", "-o", binary, file).CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(string(text), "\n")
		return nil, fmt.Errorf("%w: %s", err, first)
	}
	return startProcess("c", dir, exec.CommandContext(ctx, binary))
}

func (p *process) ask(request string) (string, error) {
	if _, err := io.WriteString(p.in, request+"\n"); err != nil {
		return "", err
	}
	if !p.out.Scan() {
		return "", fmt.Errorf("the process of %s is gone", p.name)
	}
	return p.out.Text(), nil
}

// call makes n calls and returns how long they took.
func (p *process) call(n int) (time.Duration, error) {
	text, err := p.ask("call " + strconv.Itoa(n))
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(text, 10, 64)
	return time.Duration(ns), err
}

func (p *process) close() error {
	p.in.Close()
	return p.cmd.Wait()
}

// hand writes operands to files for other processes: what arrays store, in the byte order
// of this machine, named by the letters A, B, C and the levels.
func hand(dir string, x []np.Array) error {
	for i, a := range x {
		name := string(rune('A' + i))
		if !np.NodeOf(a).Type.Format.Sparse() {
			v, err := np.AliasValues[float64](a)
			if err == nil {
				err = writeFile(dir, name+".val", v)
			}
			if err != nil {
				return err
			}
			continue
		}
		d, err := data(a)
		if err != nil {
			return err
		}
		for l := range d.Format.Levels {
			if d.Pos[l] != nil {
				err = writeFile(dir, fmt.Sprint(name, ".pos", l), d.Pos[l])
				if err == nil {
					err = writeFile(dir, fmt.Sprint(name, ".crd", l), d.Crd[l])
				}
			}
			if err != nil {
				return err
			}
		}
		if err := writeFile(dir, name+".val", lower.Slice[float64](d.Vals)); err != nil {
			return err
		}
	}
	return nil
}

func writeFile[T int32 | int64 | float64](dir, name string, v []T) error {
	b, err := binary.Append(nil, binary.NativeEndian, v)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), b, 0o600)
}

// readFile reads a file that another process wrote.
func readFile[T int32 | int64 | float64](dir, name string) ([]T, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	v := make([]T, len(b)/binary.Size(*new(T)))
	_, err = binary.Decode(b, binary.NativeEndian, v)
	return v, err
}
