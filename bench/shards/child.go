package shards

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
	"github.com/numen-go/numen/lower"
	_ "github.com/numen-go/numen/lower/sharded" // holds the arrays
)

// variable tells a process that it is to run a case: its name.
const variable = "NUMEN_BENCH_SHARDS"

// child returns the command that runs a case in a process of its own.
func child(ctx context.Context, name, data, out string, threads int) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], data, out, strconv.Itoa(threads))
	cmd.Env = append(os.Environ(), variable+"="+name)
	return cmd
}

// Child runs a case where this process was started for one, and tells whether it was.
func Child() bool {
	name := os.Getenv(variable)
	if name == "" {
		return false
	}
	if err := runCase(name); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func runCase(name string) error {
	data, out := os.Args[1], os.Args[2]
	threads, err := strconv.Atoi(os.Args[3])
	if err != nil {
		return err
	}
	var r result
	opts := []np.EvalOption{np.Threads(threads), np.Memory(bound), shard.Spill(out), shard.OnPlan(func(p *shard.Plan) error {
		r.Tasks = len(p.Tasks)
		return nil
	})}
	ctx := context.Background()
	start := time.Now()
	switch name {
	case "means":
		err = means(ctx, data, out, opts)
	case "vorticity":
		err = vorticity(ctx, data, out, opts)
	case "rechunk":
		err = rechunk(ctx, data, out, opts)
	case "spill":
		err = spill(ctx, data, out, append(opts, shard.Events(func(e shard.Event) {
			if e.Kind == lower.TaskSpilled {
				r.Spilled++
			}
		})))
	case "tasks":
		opts = opts[:3]
		r.Tasks, err = 1e5, tasks(ctx, opts)
	case "plan":
		r.Tasks, err = plan(ctx, opts)
	}
	if err != nil {
		return err
	}
	r.Seconds = time.Since(start).Seconds()
	r.RSS = peak()
	return json.NewEncoder(os.Stdout).Encode(r)
}

func open(data string, names ...string) ([]np.Array, error) {
	out := make([]np.Array, len(names))
	for i, name := range names {
		var err error
		if out[i], err = shard.FromZarr(filepath.Join(data, name)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func means(ctx context.Context, data, out string, opts []np.EvalOption) error {
	x, err := open(data, "u", "v")
	if err != nil {
		return err
	}
	u, v := x[0], x[1]
	mean := func(a, b np.Array) np.Array { return np.Mean(np.Multiply(a, b), np.Axis(0)) }
	whole := shard.ZarrOptions{Chunks: []int{1, 987, 1920}}
	return shard.Store(ctx, []shard.Output{
		{Array: mean(u, u), Dir: filepath.Join(out, "uu"), Options: whole},
		{Array: mean(v, v), Dir: filepath.Join(out, "vv"), Options: whole},
		{Array: mean(u, v), Dir: filepath.Join(out, "uv"), Options: whole},
	}, opts...)
}

func vorticity(ctx context.Context, data, out string, opts []np.EvalOption) error {
	x, err := open(data, "u", "v")
	if err != nil {
		return err
	}
	inner, before, after := np.Range(1, -1), np.To(-2), np.From(2)
	at := func(a np.Array, y, x np.Index) np.Array { return a.Slice(np.Ellipsis, y, x) }
	u, v := x[0], x[1]
	z := np.Subtract(np.Subtract(at(v, inner, after), at(v, inner, before)), np.Subtract(at(u, after, inner), at(u, before, inner)))
	return shard.ToZarr(ctx, np.Multiply(z, 0.5), filepath.Join(out, "z"), &shard.ZarrOptions{Chunks: []int{10, 1, 985, 1918}, Eval: opts})
}

func rechunk(ctx context.Context, data, out string, opts []np.EvalOption) error {
	x, err := open(data, "tiles")
	if err != nil {
		return err
	}
	return shard.ToZarr(ctx, x[0], filepath.Join(out, "rows"), &shard.ZarrOptions{Chunks: []int{256, x[0].Dim(1)}, Eval: opts})
}

func spill(ctx context.Context, data, out string, opts []np.EvalOption) error {
	x, err := open(data, "band")
	if err != nil {
		return err
	}
	return shard.ToZarr(ctx, np.Exp(x[0]), filepath.Join(out, "rows"), &shard.ZarrOptions{Chunks: []int{256, x[0].Dim(1)}, Eval: opts})
}

// single is an array of n chunks of one element.
func single(n int) (np.Array, error) {
	return shard.Generate(np.Float64, np.Shape{n}, []int{1}, func(lo, _ []int64, dst []byte) error {
		binary.NativeEndian.PutUint64(dst, uint64(lo[0]))
		return nil
	})
}

func tasks(ctx context.Context, opts []np.EvalOption) error {
	x, err := single(1e5)
	if err != nil {
		return err
	}
	_, err = np.Add(x, 1).Eval(ctx, opts...)
	return err
}

func plan(ctx context.Context, opts []np.EvalOption) (int, error) {
	x, err := single(1e6)
	if err != nil {
		return 0, err
	}
	p, err := shard.PlanOf(ctx, []np.Array{np.Add(x, 1)}, opts...)
	if err != nil {
		return 0, err
	}
	return len(p.Tasks), nil
}
