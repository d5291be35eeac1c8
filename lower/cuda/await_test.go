package cuda

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

// hanging is a device on which launches wait for a gate.
type hanging struct {
	simulated
	gate *chan bool
}

func (h hanging) Load(text string) (module, error) {
	m, err := h.simulated.Load(text)
	return hangingModule{m, h}, err
}

type hangingModule struct {
	module
	h hanging
}

func (m hangingModule) Launch(entry string, blocks, threads int, frame uint64, words []byte) error {
	if *m.h.gate != nil {
		<-*m.h.gate
	}
	return m.module.Launch(entry, blocks, threads, frame, words)
}

// TestHangs has a launch not return.
func TestHangs(t *testing.T) {
	d := ptxsim.NewDevice(1 << 20)
	var gate chan bool
	hangs(t, hanging{simulated{Device: d}, &gate}, func() func() {
		gate = make(chan bool)
		return func() { close(gate) }
	})
	if n, _ := d.Live(); n != 0 {
		t.Errorf("%d allocations are left", n)
	}
}

// hangs runs a kernel on a device that hangs from the call of hang on until that of what
// it returns. The context frees the caller; other calls say whom they wait for; what is
// closed meanwhile is closed at the end, and no goroutine is left.
func hangs(t *testing.T, d device, hang func() (release func())) {
	before := runtime.NumGoroutine()
	target := newTarget(d)
	target.calls.patience = 50 * time.Millisecond
	exe := compile(t, target)
	if err := exe.Run(t.Context(), ones()); err != nil {
		t.Fatal(err)
	}

	release := hang()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	args := ones()
	began := time.Now()
	err := exe.Run(ctx, args)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "kernel scale: the device does not answer") {
		t.Errorf("a run that hangs: %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the caller waited %v", took)
	}
	clear(lower.Slice[float64](args.Arrays[2].Buf.(*lower.Host))) // the caller's again
	if err := exe.Run(t.Context(), ones()); err == nil || !strings.Contains(err.Error(), "kernel scale was told to stop and has not") {
		t.Errorf("a run beside one that hangs: %v", err)
	}
	for _, c := range []interface{ Close() error }{exe, target} {
		if err := c.Close(); err == nil || !strings.Contains(err.Error(), "put off") {
			t.Errorf("closing %T: %v", c, err)
		}
	}
	release()
	for range 1000 { // what was put off is done when the device answers
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before\n%s", n, before, stacks[:runtime.Stack(stacks, true)])
	}
	target.pool.mu.Lock()
	defer target.pool.mu.Unlock()
	if n := target.pool.live; n != 0 {
		t.Errorf("%d blocks of memory are not given back", n)
	}
	for i, v := range lower.Slice[float64](args.Arrays[2].Buf.(*lower.Host)) {
		if v != 0 {
			t.Errorf("element %d is %v: written after the run returned", i, v)
		}
	}
}

// ones returns arguments whose result is 2.
func ones() *lower.Args {
	v := func() lower.Array { return *vector([]float64{1, 1, 1}) }
	return &lower.Args{Dims: []int64{3}, Arrays: []lower.Array{v(), v(), v()}}
}

// TestAnswersLate has a device that hangs answer while another run waits for it.
func TestAnswersLate(t *testing.T) {
	var gate chan bool
	target := newTarget(hanging{simulated{Device: ptxsim.NewDevice(1 << 20)}, &gate})
	target.calls.patience = 20 * time.Millisecond
	exe := compile(t, target)
	gate = make(chan bool)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := exe.Run(ctx, ones()); err == nil {
		t.Error("a run that hangs succeeded")
	}
	target.calls.patience = time.Minute
	done := make(chan error)
	args := ones()
	go func() { done <- exe.Run(t.Context(), args) }()
	close(gate)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if v := lower.Slice[float64](args.Arrays[2].Buf.(*lower.Host)); v[0] != 2 {
		t.Errorf("result %v", v)
	}
	closeAll(t, exe, target)
}

// full is a device without room, which takes nothing back either.
type full struct{ simulated }

func (full) Alloc(bytes int64) (uint64, error) {
	return 0, fmt.Errorf("%w: no room", ptxsim.ErrMemory)
}

func (full) Free(uint64) error { return errInjected }

// TestNoMemoryNorFree wants memory where what is kept cannot be given back: the error
// tells both, and how much was wanted.
func TestNoMemoryNorFree(t *testing.T) {
	target := newTarget(full{simulated{Device: ptxsim.NewDevice(1 << 20)}})
	target.pool.put(1, 256)
	target.pool.live++
	_, err := target.pool.get(1000)
	if !errors.Is(err, ptxsim.ErrMemory) || !errors.Is(err, errInjected) || !strings.Contains(err.Error(), "memory of 1024 bytes") {
		t.Errorf("error %v", err)
	}
}
