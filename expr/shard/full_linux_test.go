package shard_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
)

// full has the system refuse files beyond so many bytes, as a full disk does, and returns
// what ends that.
func full(t *testing.T, bytes uint64) func() {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
	}
}

// A run that ends for want of room, or since a task fails, says what and where; nothing is
// left of it, on the disk or in the process.
func TestRunsThatEndLeaveNothing(t *testing.T) {
	const alone = "SHARD_TEST_FULL" // in a process of its own: the log of tests is a file, too
	if os.Getenv(alone) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, "-test.run=^TestRunsThatEndLeaveNothing$")
		cmd.Env = append(os.Environ(), alone+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	x := numbers(t, 10000, 100, 1000, 100)
	columns := func() np.Array { return np.Add(shard.Rechunk(np.Exp(x), 10000, 10), 1) }
	const room = 256 << 10 // less than a chunk
	for _, c := range []struct {
		name  string
		room  uint64 // bytes of a file; 0: enough
		array func() np.Array
		parts []string
	}{
		{"no room to spill", room, columns, []string{"bytes could not be spilled", "file too large", "room was needed for "}},
		{"no room for a result", room, func() np.Array { return np.Exp(x) }, []string{"c/", "could not be written", "file too large"}},
		{"a task fails", 0, func() np.Array {
			bad, err := shard.Generate(np.Float64, np.Shape{10000, 100}, []int{1000, 100}, func(lo, _ []int64, dst []byte) error {
				if clear(dst); lo[0] == 5000 {
					return errors.New("a bad sector")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return np.Add(bad, x)
		}, []string{"task ", "a bad sector", "_test.go"}},
	} {
		dir := t.TempDir()
		spill := filepath.Join(dir, "spill")
		if err := os.Mkdir(spill, 0o755); err != nil {
			t.Fatal(err)
		}
		run := func() error {
			y := c.array()
			if c.room > 0 {
				defer full(t, c.room)()
			}
			return shard.ToZarr(t.Context(), y, filepath.Join(dir, "y"), &shard.ZarrOptions{
				Chunks: []int{1000, 100}, Eval: []np.EvalOption{np.Memory(3 << 20), np.Threads(2), shard.Spill(spill)},
			})
		}
		err := run()
		for _, part := range c.parts {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v has no %q", c.name, err, part)
			}
		}
		if g, o, _ := grown(t, 20, run); g > 2 || o > 2 {
			t.Errorf("%s: %d goroutines, %d files are left", c.name, g, o)
		}
		for _, d := range []string{dir, spill} {
			if left, err := os.ReadDir(d); err != nil || d == dir && len(left) != 1 || d == spill && len(left) != 0 {
				t.Errorf("%s: %v is left, %v", c.name, left, err)
			}
		}
	}
	// The same process goes on.
	y, err := np.Sum(columns()).Eval(t.Context(), np.Memory(3<<20))
	if err != nil {
		t.Fatal(err)
	}
	same(t, values(t, y), values(t, np.Sum(np.Add(np.Exp(concrete(t, x)), 1))))
}
