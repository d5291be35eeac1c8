package shard_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
)

func TestPlanAsData(t *testing.T) {
	x := numbers(t, 4096, 30, 1024, 30)
	y := np.Sum(np.Exp(x), np.Axis(0))
	p, err := shard.PlanOf(t.Context(), []np.Array{y}, np.Memory(1<<20), np.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Tasks) != 7 { // four pieces, three merges
		t.Fatalf("%s", p)
	}
	for i, task := range p.Tasks {
		if task.Kind == "compute" && (task.Cost != 2*1024*30 || task.Bytes < 1024*30*8 || len(task.Reads) != 1) {
			t.Errorf("task %d: %+v", i, task)
		}
		for _, a := range task.After {
			if a >= i {
				t.Errorf("task %d is after %d", i, a)
			}
		}
		if task.Site == nil || !strings.Contains(task.Site.String(), "plan_test.go") {
			t.Errorf("task %d serves %s", i, task.Site)
		}
	}
	text := p.String()
	for _, part := range []string{"7 tasks in 2 stages, 1 threads", "the run 1024 KiB", "plan_test.go:", "reads a program", "[0:30] after [0 1]"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

func TestPictureOfAPlan(t *testing.T) {
	for _, rows := range []int{4096, 400 << 10} { // tasks, and stages
		x := numbers(t, rows, 30, 1024, 30)
		p, err := shard.PlanOf(t.Context(), []np.Array{np.Sum(np.Exp(x), np.Axis(0)), shard.Rechunk(np.Exp(x), 700, 30), np.Max(x, np.Axis(1))}, np.Memory(1<<20), np.Threads(1))
		if err != nil {
			t.Fatal(err)
		}
		svg := p.SVG()
		if dir := os.Getenv("SHARD_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(rows)+".svg"), []byte(svg), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		boxes, d := 0, xml.NewDecoder(strings.NewReader(svg))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "g" {
				boxes++
			}
		}
		if rows == 4096 && boxes != len(p.Tasks) || boxes == 0 || boxes > 120 {
			t.Errorf("%d boxes for %d tasks", boxes, len(p.Tasks))
		}
	}
}

func TestPlanOfNothing(t *testing.T) {
	if _, err := shard.PlanOf(t.Context(), []np.Array{np.Add(waves(3), 1)}); err == nil || !strings.Contains(err.Error(), "in chunks") {
		t.Error(err)
	}
	stop := errors.New("not this")
	_, err := np.Values[float64](t.Context(), np.Add(numbers(t, 10, 10, 5, 5), 1), shard.OnPlan(func(*shard.Plan) error { return stop }))
	if !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestEventsTellEveryTask(t *testing.T) {
	state := map[int]string{}
	err := np.ValuesInto(t.Context(), make([]float64, 100*100), np.Exp(numbers(t, 100, 100, 25, 25)), np.Threads(2), shard.Events(func(e shard.Event) {
		switch {
		case e.Kind == "started" && state[e.Task] == "", e.Kind == "done" && state[e.Task] == "started":
			state[e.Task] = string(e.Kind)
		default:
			t.Errorf("%s after %s", e.Kind, state[e.Task])
		}
		if e.Name == "" || e.Time.IsZero() || e.Kind == "done" && e.Took <= 0 {
			t.Errorf("%+v", e)
		}
	}))
	if err != nil || len(state) != 16 {
		t.Errorf("%d tasks, %v", len(state), err)
	}
}

// A task that fails names itself and the call that it serves.
func TestFailedTaskNamesTheCall(t *testing.T) {
	broken := errors.New("a bad sector")
	g, err := shard.Generate(np.Float64, np.Shape{40}, []int{10}, func(lo, _ []int64, dst []byte) error {
		if lo[0] >= 20 {
			return broken
		}
		clear(dst)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	y := np.Exp(g) // the call
	_, err = y.Eval(t.Context(), np.Threads(2))
	var at *np.Error
	if !errors.As(err, &at) || !errors.Is(err, broken) || filepath.Base(at.File) != "plan_test.go" || at.Line != 122 || !strings.Contains(err.Error(), "cell 2") {
		t.Errorf("%v", err)
	}
}
