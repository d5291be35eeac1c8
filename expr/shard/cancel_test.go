package shard_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
	"github.com/numen-go/numen/expr/shard"
)

// A run that would take long ends soon after it is cancelled, in the middle of its tasks too.
func TestCancelledSoon(t *testing.T) {
	const n = 6000 // a product of 432 G operations, in tasks of many milliseconds
	x, err := shard.FromProgram(random.Uniform(random.New(1), np.Shape{n, n}), 1000, 1000)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	started := make(chan struct{}, 1)
	began := make(chan time.Time, 1)
	go func() {
		<-started
		time.Sleep(150 * time.Millisecond)
		began <- time.Now()
		cancel()
	}()
	err = shard.ToZarr(ctx, np.MatMul(x, x), filepath.Join(t.TempDir(), "z"), &shard.ZarrOptions{Chunks: []int{2000, 2000}, Eval: []np.EvalOption{np.Threads(2), np.Memory(256 << 20), shard.Events(func(shard.Event) {
		select {
		case started <- struct{}{}:
		default:
		}
	})}})
	ended := time.Now()
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	limit := 100 * time.Millisecond
	if detector {
		limit *= 10
	}
	if took := ended.Sub(<-began); took > limit {
		t.Errorf("it took %v", took)
	}
}
