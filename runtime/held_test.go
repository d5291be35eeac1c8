package rt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// boxes is a target whose arrays are in boxes: memory that no other target knows. Inside
// it is a dense one, asked when Finish says so.
type boxes struct {
	lower.Target
	late atomic.Bool // work is put off until Finish
	todo []func(ctx context.Context) error
}

var (
	boxed = &ir.Format{Device: "boxes"}
	open  atomic.Int64 // boxes that are not closed
)

type box struct{ inside *lower.Array }

func (b *box) Size() int64 { return b.inside.Buf.Size() }

func (b *box) Close() error {
	if b.inside != nil {
		b.inside = nil
		open.Add(-1)
	}
	return nil
}

func init() {
	lower.Register("boxes", func() (lower.Target, error) {
		t, err := lower.Open("cpu")
		return &boxes{Target: t}, err
	})
}

func (b *boxes) Name() string            { return "boxes" }
func (b *boxes) Home() *ir.Format        { return boxed }
func (b *boxes) Holds(f *ir.Format) bool { return f.Device == "boxes" && f.Levels == nil }
func (b *boxes) box(a *lower.Array) *lower.Array {
	open.Add(1)
	return &lower.Array{DType: a.DType, Format: boxed, Buf: &box{a}, Extents: a.Extents}
}

func (b *boxes) Make(_ context.Context, t ir.Type, extents []int64) (*lower.Array, error) {
	a, err := newPool().alloc(t.DType, extents, false)
	if err != nil {
		return nil, err
	}
	return b.box(a), nil
}

func (b *boxes) Convert(_ context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	if x, ok := a.Buf.(*box); ok {
		a = x.inside
	}
	c, err := newPool().alloc(a.DType, a.Extents, false)
	if err != nil {
		return nil, err
	}
	copy(c.Buf.(*lower.Host).Bytes(), a.Buf.(*lower.Host).Bytes())
	if to != nil {
		return b.box(c), nil
	}
	return c, nil
}

func (b *boxes) Finish(ctx context.Context, results []*lower.Array, bounds *lower.Bounds) error {
	for i, do := range b.todo {
		if err := do(ctx); err != nil {
			return err
		}
		bounds.Watch(int64(i+1), int64(len(b.todo)), "a box")
	}
	b.todo = nil
	return nil
}

func (b *boxes) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	if len(k.Stmts) > 2 { // so that the runtime cuts
		return nil, &lower.Declined{Target: "boxes", Stmt: 1, Why: lower.WhyStatements, Detail: "boxes take two"}
	}
	if i := slices.IndexFunc(k.Stmts, func(s ir.Stmt) bool { return s.Sink == ir.Scan }); i >= 0 {
		return nil, &lower.Declined{Target: "boxes", Stmt: i, Why: lower.WhySink, Detail: "boxes take no scans"}
	}
	code, err := b.Target.Compile(ctx, k)
	if err != nil {
		return nil, err
	}
	return &boxedCode{code, b, k}, nil
}

type boxedCode struct {
	lower.Executable
	b *boxes
	k *ir.Kernel
}

func (c *boxedCode) Run(ctx context.Context, a *lower.Args) error {
	unpacked := *a
	unpacked.Arrays = nil
	n := 0
	for _, o := range c.k.Operands {
		if o.Role == ir.Local {
			continue
		}
		x := a.Arrays[n]
		if b, ok := x.Buf.(*box); ok {
			x = *b.inside
		} else if o.Role != ir.In {
			return errors.New("boxes: a result that is in no box")
		}
		unpacked.Arrays = append(unpacked.Arrays, x)
		n++
	}
	run := func(ctx context.Context) error { return c.Executable.Run(ctx, &unpacked) }
	if c.b.late.Load() {
		c.b.todo = append(c.b.todo, run)
		return nil
	}
	return run(ctx)
}

// TestTargetsHoldTheirArrays runs programs on a target with arrays of its own: sent to it
// by name, or because a parameter is its.
func TestTargetsHoldTheirArrays(t *testing.T) {
	for _, src := range []string{fmt.Sprintf(founding, 40, 7), softmaxes} {
		for _, late := range []bool{false, true} {
			for _, how := range []string{"home", "leaf"} {
				t.Run(fmt.Sprintf("%s,%v", how, late), func(t *testing.T) {
					e := New(Config{Watch: func(Progress) {}})
					defer e.Close()
					h, err := e.target("boxes")
					if err != nil {
						t.Fatal(err)
					}
					h.(*boxes).late.Store(late)
					g := parse(t, src, 1)
					want, err := e.Eval(t.Context(), g.Results, nil)
					if err != nil {
						t.Fatal(err)
					}
					before := open.Load()
					var c *Config
					if how == "home" {
						c = &Config{Targets: []string{"boxes"}}
					} else {
						p := g.Params[0]
						x := h.(*boxes).box(p.Data.(*lower.Array))
						defer x.Buf.Close()
						p.Data, p.Type.Format = x, boxed
						before++
					}
					got, err := e.Eval(t.Context(), g.Results, c)
					if err != nil {
						t.Fatal(err)
					}
					if how == "leaf" {
						for i, a := range got {
							if a.Format != boxed {
								t.Errorf("result %d is %s", i, a.Format)
							}
							if got[i], err = e.Convert(t.Context(), a, nil); err != nil {
								t.Fatal(err)
							}
							a.Buf.Close()
						}
					}
					for i := range got {
						x, y := floats(got[i]), floats(want[i])
						for k := range y {
							if math.Float64bits(x[k]) != math.Float64bits(y[k]) {
								t.Fatalf("result %d, element %d: %v, want %v", i, k, x[k], y[k])
							}
						}
					}
					if n := open.Load() - before; n != 0 {
						t.Errorf("%d boxes are left", n)
					}
				})
			}
		}
	}
}

const softmaxes = `graph softmax(x f64[30,11]) -> z, w
  m f64[30] = reduce_max(x) {axes=[1], order=free}
  k f64[30,1] = reshape(m) {shape=[30,1]}
  d f64[30,11] = sub(x, k)
  e f64[30,11] = exp(d)
  s f64[30] = sum(e) {axes=[1], order=lanes}
  r f64[30,1] = reshape(s) {shape=[30,1]}
  z f64[30,11] = div(e, r)
  w f64[330] = reshape(z) {shape=[330]}
end
`

func floats(a *lower.Array) []float64 { return lower.Slice[float64](a.Buf.(*lower.Host)) }

// TestHeldProgramsRefuse holds what a program on held arrays cannot do to its messages.
func TestHeldProgramsRefuse(t *testing.T) {
	e := New(Config{})
	defer e.Close()
	g := parse(t, fmt.Sprintf(scaled, 50), 2)
	g.Params[0].Type.Format = &ir.Format{Device: "nobody"}
	if _, err := e.Eval(t.Context(), g.Results, nil); err == nil || !strings.Contains(err.Error(), `no target "nobody" is linked in`) {
		t.Error(err)
	}
	g.Params[0].Type.Format = &ir.Format{Device: "cpu"}
	if _, err := e.Eval(t.Context(), g.Results, nil); err == nil || !strings.Contains(err.Error(), "target cpu has no arrays of format @cpu") {
		t.Error(err)
	}
	g = parse(t, fmt.Sprintf(scaled, 50), 2)
	g.Params[0].Type.Format = boxed
	if _, err := e.Bind(t.Context(), g.Params, g.Results, nil); !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "parameter 0 is held as @boxes and has no memory") {
		t.Error(err)
	}
	a, err := e.Convert(t.Context(), g.Params[0].Data.(*lower.Array), boxed)
	if err != nil {
		t.Fatal(err)
	}
	g.Params[0].Data = a
	if _, err := e.Bind(t.Context(), nil, g.Results, nil); !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "result 0 is held as @boxes") {
		t.Error(err)
	}
}

// TestBoundOnHolders holds that programs whose values a target holds run again and again,
// into the same memory, and leave nothing behind.
func TestBoundOnHolders(t *testing.T) {
	e := New(Config{Targets: []string{"boxes"}})
	defer e.Close()
	before := open.Load()
	for _, text := range []string{fmt.Sprintf(scaled, 50), softmaxes} {
		g := parse(t, text, 2)
		want, err := e.Eval(t.Context(), g.Results, &Config{Targets: []string{"ref"}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := e.Bind(t.Context(), g.Params, g.Results, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for i, p := range g.Params {
				copy(floats(b.In(i)), floats(p.Data.(*lower.Array)))
			}
			if err := b.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				if out := floats(b.Out(i)); !slices.Equal(out[:len(floats(w))], floats(w)) {
					t.Errorf("%v, want %v\n%s", out, floats(w), text)
				}
				clear(floats(b.Out(i)))
			}
		}
		b.Close()
	}
	if n := open.Load(); n != before {
		t.Errorf("%d boxes are open, %d before", n, before)
	}
}

// TestAHolderThatDeclinesHandsOn holds that a program goes to the next target that was
// asked for where its home declines a kernel, that Explain says so, and that nothing goes
// to a target that nobody asked for.
func TestAHolderThatDeclinesHandsOn(t *testing.T) {
	e := New(Config{})
	defer e.Close()
	g := parse(t, `graph sums(x f64[40]) -> z
  y f64[40] = cumsum(x) {axes=[0]}
  z f64[40] = exp(y)
end
`, 2)
	both := &Config{Targets: []string{"boxes", "cpu"}}
	out, err := e.Eval(t.Context(), g.Results, both)
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, out[0], judge(t, g)[0])
	x, err := e.Explain(t.Context(), g.Results, both)
	if err != nil || !strings.Contains(x.String(), "boxes take no scans") {
		t.Errorf("%v\n%s", err, x)
	}
	if _, err := e.Eval(t.Context(), g.Results, &Config{Targets: []string{"boxes"}}); !errors.Is(err, ErrDeclined) {
		t.Error(err)
	}
}
