package shard_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
	"github.com/numen-go/numen/expr/shard"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("SHARD_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// numbers is an array of random numbers in chunks.
func numbers(t testing.TB, rows, columns int, chunks ...int) np.Array {
	t.Helper()
	x, err := shard.FromProgram(random.Uniform(random.New(7), np.Shape{rows, columns}), chunks...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// outputs are results of one program: one as large as its input, and two sums.
func outputs(x np.Array, dir string) []shard.Output {
	return []shard.Output{
		{Array: np.Exp(x), Dir: filepath.Join(dir, "exp.zarr"), Options: shard.ZarrOptions{Chunks: []int{300, 17}}},
		{Array: np.Sum(np.Multiply(x, x), np.Axis(1)), Dir: filepath.Join(dir, "squares.zarr"), Options: shard.ZarrOptions{Chunks: []int{50}, Codec: "zstd"}},
		{Array: np.Sum(x, np.Axis(0)), Dir: filepath.Join(dir, "sums.zarr"), Options: shard.ZarrOptions{Version: 2, Codec: "gzip"}},
	}
}

// files returns the contents of all files of a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, data := range want {
		if other, there := got[name]; !there || other != data {
			t.Errorf("%s differs", name)
		}
	}
	for name := range got {
		if _, there := want[name]; !there {
			t.Errorf("%s is left", name)
		}
	}
}

func TestSeveralOutputsOfOneRun(t *testing.T) {
	dir := t.TempDir()
	x := numbers(t, 1000, 90, 128, 40)
	dense := concrete(t, random.Uniform(random.New(7), np.Shape{1000, 90}))
	if err := shard.Store(t.Context(), outputs(x, dir), np.Memory(400<<10), np.Threads(2)); err != nil {
		t.Fatal(err)
	}
	for i, o := range outputs(dense, dir) {
		z, err := shard.FromZarr(o.Dir)
		if err != nil {
			t.Fatal(err)
		}
		same(t, values(t, np.Add(z, 0)), values(t, np.Add(o.Array, 0)))
		if i == 0 && len(files(t, o.Dir)) != 4*6+1 {
			t.Errorf("%d files", len(files(t, o.Dir)))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 3 {
		t.Errorf("%v are left", left)
	}
}

// What comes from one chunk of a program goes on to a sink without a copy of the whole:
// 8 MiB pass through 2.
func TestStoreWithinTheBound(t *testing.T) {
	x := numbers(t, 4096, 256, 64, 256)
	most := int64(0)
	err := shard.ToZarr(t.Context(), np.Exp(x), filepath.Join(t.TempDir(), "x.zarr"), &shard.ZarrOptions{
		Chunks: []int{64, 256}, Eval: []np.EvalOption{np.Memory(1 << 20), np.Threads(2), shard.Events(func(e shard.Event) { most = max(most, e.Memory) })},
	})
	if err != nil {
		t.Fatal(err)
	}
	if most == 0 || most > 1<<20 {
		t.Errorf("%d bytes were held", most)
	}
}

func TestRechunk(t *testing.T) {
	x := numbers(t, 300, 200, 100, 30)
	want := values(t, random.Uniform(random.New(7), np.Shape{300, 200}))
	y, err := shard.Rechunk(x, 7, 200).Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if ends, err := shard.Chunks(y); err != nil || len(ends[0]) != 43 || len(ends[1]) != 1 {
		t.Errorf("chunks end at %v, %v", ends, err)
	}
	same(t, values(t, y), want)
	dir := filepath.Join(t.TempDir(), "x.zarr")
	if err := shard.ToZarr(t.Context(), x, dir, &shard.ZarrOptions{Chunks: []int{9, 200}, Version: 2}); err != nil {
		t.Fatal(err)
	}
	z, err := shard.FromZarr(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, values(t, z), want)
}

// child is the process that is killed.
func child(dir string) {
	var t testing.T
	done := 0
	err := shard.Store(context.Background(), outputs(numbers(&t, 3000, 90, 128, 40), dir), np.Threads(2), shard.Keep(filepath.Join(dir, "keep")), np.Memory(400<<10), shard.Events(func(e shard.Event) {
		if e.Kind == "done" {
			done++
			fmt.Println(done)
			time.Sleep(2 * time.Millisecond)
		}
	}))
	fmt.Println("over", err)
}

func TestResumeAfterKill(t *testing.T) {
	whole, dir := t.TempDir(), t.TempDir()
	x := numbers(t, 3000, 90, 128, 40)
	opts := []np.EvalOption{np.Threads(2), np.Memory(400 << 10)}
	tasks := 0
	count := shard.OnPlan(func(p *shard.Plan) error { tasks = len(p.Tasks); return nil })
	if err := shard.Store(t.Context(), outputs(x, whole), append(opts, count)...); err != nil {
		t.Fatal(err)
	}
	all := tasks
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	opts = append(opts, count, shard.Keep(filepath.Join(dir, "keep")))
	for round := range 2 { // it goes on twice, and is killed again
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "SHARD_TEST_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, last := bufio.NewScanner(out), ""
		for n := 0; n < 70 && lines.Scan(); n++ {
			last = lines.Text()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if strings.HasPrefix(last, "over") {
			t.Fatalf("round %d was over before it was killed: %s", round, last)
		}
		for _, o := range outputs(x, dir) {
			if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s is there: %v", o.Dir, err)
			}
		}
	}
	if err := shard.Store(t.Context(), outputs(x, dir), opts...); err != nil {
		t.Fatal(err)
	}
	if tasks >= all-20 {
		t.Errorf("%d tasks after two kills, %d in one run", tasks, all)
	}
	if err := os.RemoveAll(filepath.Join(dir, "keep")); err != nil {
		t.Fatal(err)
	}
	compare(t, files(t, dir), files(t, whole))
}

// What a crash of the system leaves of files is computed again.
func TestDamageIsNotTakenForWhole(t *testing.T) {
	whole, dir := t.TempDir(), t.TempDir()
	x := numbers(t, 3000, 90, 128, 40)
	if err := shard.Store(t.Context(), outputs(x, whole)); err != nil {
		t.Fatal(err)
	}
	full := errors.New("enough")
	keep := shard.Keep(filepath.Join(dir, "keep"))
	ctx, cancel := context.WithCancelCause(t.Context())
	done := 0
	err := shard.Store(ctx, outputs(x, dir), np.Threads(2), np.Memory(400<<10), keep, shard.Events(func(e shard.Event) {
		if done++; done == 300 {
			cancel(full)
		}
	}))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	damaged := 0
	for name, data := range files(t, dir) {
		if len(data) < 9 || strings.HasSuffix(name, ".tmp") {
			continue
		}
		switch damaged++; damaged % 3 {
		case 0: // the end is missing
			write(t, filepath.Join(dir, name), []byte(data[:len(data)-3]))
		case 1: // a block was never written
			b := []byte(data)
			clear(b[len(b)/2:])
			write(t, filepath.Join(dir, name), b)
		}
	}
	if damaged < 40 {
		t.Fatalf("%d files", damaged)
	}
	if err := shard.Store(t.Context(), outputs(x, dir), np.Threads(2), np.Memory(400<<10), keep); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "keep")); err != nil {
		t.Fatal(err)
	}
	compare(t, files(t, dir), files(t, whole))
}

func TestOtherInputsAreNotTakenForTheSame(t *testing.T) {
	keep := shard.Keep(t.TempDir())
	for _, seed := range []int{0, 1, 0} {
		x := cut(t, np.Add(waves(900, 40), seed), 100, 40)
		y := np.Sum(x, np.Axis(0))
		same(t, values(t, y, keep, np.Memory(100<<10)), values(t, np.Sum(np.Add(waves(900, 40), seed), np.Axis(0))))
	}
	g, err := shard.Generate(np.Float64, np.Shape{10}, []int{5}, func(_, _ []int64, dst []byte) error { clear(dst); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := np.Values[float64](t.Context(), np.Add(g, 1), keep); err == nil || !strings.Contains(err.Error(), "nobody can tell") {
		t.Errorf("a generator without a name: %v", err)
	}
}

// python is the interpreter that has zarr.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("NUMEN_PYTHON"), "python3"} {
		if name != "" && exec.Command(name, "-c", "import zarr, numpy; assert int(zarr.__version__.split('.')[0]) >= 3").Run() == nil {
			return name
		}
	}
	t.Skip("no Python with zarr 3: NUMEN_PYTHON names one")
	return ""
}

// zarr-python opens what is written here, and what it writes is opened here.
func TestZarrPython(t *testing.T) {
	py, dir := python(t), t.TempDir()
	type cell struct {
		name string
		x    np.Array
	}
	var cells []cell
	for _, d := range []np.DType{np.Bool, np.Int8, np.Uint16, np.Int32, np.Int64, np.Float32, np.Float64} {
		x := np.AsType(np.Multiply(waves(50, 33), 20), d)
		if d == np.Bool {
			x = np.Greater(waves(50, 33), 1.5)
		}
		x = concrete(t, x)
		for _, version := range []int{2, 3} {
			for _, codec := range []string{"", "gzip", "zstd"} {
				c := cell{fmt.Sprintf("%s-%d-%s", d, version, codec), x}
				o := &shard.ZarrOptions{Chunks: []int{16, 20}, Version: version, Codec: codec}
				if err := shard.ToZarr(t.Context(), cut(t, x, 16, 20), filepath.Join(dir, c.name), o); err != nil {
					t.Fatal(err)
				}
				cells = append(cells, c)
			}
		}
	}
	cmd := exec.Command(py, "-c", `
import glob, numcodecs, zarr
for name in sorted(glob.glob("*")):
    dtype, version, codec = name.split("-")
    x = zarr.open_array(name, mode="r")
    assert x.metadata.zarr_format == int(version), x.metadata
    assert x.dtype == dtype, x.dtype
    a = x[:]
    a.tofile(name + ".bytes")
    new = {
        "3gzip": zarr.codecs.GzipCodec, "3zstd": zarr.codecs.ZstdCodec,
        "2gzip": numcodecs.GZip, "2zstd": numcodecs.Zstd,
    }.get(version + codec)
    z = zarr.create_array(name + ".py", shape=a.shape, chunks=(7, 33), dtype=a.dtype, zarr_format=int(version), compressors=new and new())
    z[:] = a
`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range cells {
		want, err := np.Bytes(c.x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, c.name+".bytes"))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: Python reads other elements, %v", c.name, err)
		}
		z, err := shard.FromZarr(filepath.Join(dir, c.name+".py"))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if equal, err := np.Value[bool](t.Context(), np.All(np.Equal(z, c.x))); err != nil || !equal {
			t.Errorf("%s: Python wrote other elements, %v", c.name, err)
		}
	}
}
