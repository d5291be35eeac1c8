package passes

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
)

func TestConstraints(t *testing.T) {
	place := map[string]int{}
	for i, p := range pipeline {
		if p.Name == "" || p.Doc == "" || p.Run == nil {
			t.Errorf("pass %q is incomplete", p.Name)
		}
		if _, twice := place[p.Name]; twice {
			t.Errorf("pass %s is there twice", p.Name)
		}
		if i > 0 && p.Stage < pipeline[i-1].Stage {
			t.Errorf("pass %s comes after %s, of a later stage", p.Name, pipeline[i-1].Name)
		}
		place[p.Name] = i
	}
	for _, c := range constraints {
		b, ok1 := place[c.before]
		a, ok2 := place[c.after]
		if !ok1 || !ok2 || b >= a || c.reason == "" {
			t.Errorf("pass %s must come before %s: %s", c.before, c.after, c.reason)
		}
	}
}

const sumOfLogs = `graph logs(a f64[M,N]) -> c
  b f64[M,N] = log(a)
  c f64[M] = sum(b) {axes=[1], order=lanes}
end
`

// replaceOp is a pass that puts one op in place of another, a number of times.
func replaceOp(name string, from, to *ir.Op, times int) Pass {
	return Pass{Name: name, Doc: "for this test", Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		return normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			if n.Op != from || times == 0 || !u.allow() {
				return nil, ""
			}
			times--
			return newNode(n, to, n.Attr, n.Args...), name
		})
	})}
}

func TestRecords(t *testing.T) {
	ps := []Pass{replaceOp("exp", ir.OpLog, ir.OpExp, 1), replaceOp("nothing", ir.OpLog, ir.OpExp, 1)}
	u := &Unit{Graph: parse(t, sumOfLogs)}
	log, err := run(ps, u, Options{Verify: true, Text: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != 2 || log[0].Pass != "exp" || !log[0].Changed || log[0].Rewrites != 1 || log[1].Changed || log[1].Rewrites != 0 {
		t.Errorf("records %+v", log)
	}
	if !strings.Contains(log[0].Text, "= exp(a)") || log[1].Text != "" {
		t.Errorf("texts %q and %q", log[0].Text, log[1].Text)
	}
}

func TestOptions(t *testing.T) {
	runs := func(o Options) ([]string, error) {
		u := &Unit{Graph: parse(t, sumOfLogs)}
		log, err := Run(u, o)
		var names []string
		for _, r := range log {
			names = append(names, r.Pass)
		}
		return slices.Compact(names), err
	}
	all, err := runs(Options{})
	if err != nil || !slices.Contains(all, "simplify") || all[len(all)-1] != pipeline[len(pipeline)-1].Name {
		t.Errorf("all passes: %v, %v", all, err)
	}
	if some, err := runs(Options{Off: []string{"simplify", "fold"}}); err != nil || slices.Contains(some, "simplify") || !slices.Contains(some, "cse") {
		t.Errorf("without simplify: %v, %v", some, err)
	}
	if some, err := runs(Options{Until: "legalise"}); err != nil || some[len(some)-1] != "legalise" {
		t.Errorf("until legalise: %v, %v", some, err)
	}
	for _, o := range []Options{{Off: []string{"nonsense"}}, {Until: "nonsense"}, {Off: []string{"legalise"}}} {
		if some, err := runs(o); err == nil || some != nil {
			t.Errorf("%+v: %v, no error", o, some)
		}
	}
}

func TestFaultsOfPasses(t *testing.T) {
	forever := replaceOp("forever", ir.OpLog, ir.OpExp, 0)
	forever.Repeat = true
	forever.Run = func(u *Unit) (bool, error) { return true, nil }
	growing := forever
	growing.Run = onGraphs(func(u *Unit, g *ir.Graph, _ []*ir.Node) (*ir.Graph, error) {
		return &ir.Graph{Params: g.Params, Results: []*ir.Node{ir.Must(ir.NewNode(ir.OpNeg, nil, nil, g.Results[0]))}}, nil
	})
	for _, c := range []struct {
		pass Pass
		want string
	}{
		{Pass{Name: "loud", Run: func(*Unit) (bool, error) { panic("oh") }}, "passes: loud: internal fault: oh"},
		{Pass{Name: "sick", Run: func(*Unit) (bool, error) { return false, errors.New("no") }}, "passes: sick: no"},
		{forever, "passes: forever do not settle in 9 rounds"},
		{growing, "passes: forever do not settle in 64 rounds"},
		{replaceOp("type", ir.OpLog, ir.OpSignbit, 1), "passes: type: rule type makes bool[M,N] of log f64[M,N]"},
		{Pass{Name: "wrong", Run: func(u *Unit) (bool, error) {
			n := *u.Graph.Results[0]
			n.Type = ir.Dense(ir.Float32)
			u.Graph = &ir.Graph{Params: u.Graph.Params, Results: []*ir.Node{&n}}
			return true, nil
		}}, "passes: wrong: ir: graph , sum: the type is f32[], inference says f64[M]"},
	} {
		_, err := run([]Pass{c.pass}, &Unit{Graph: parse(t, sumOfLogs)}, Options{Verify: true})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("pass %s: %v, want %s", c.pass.Name, err, c.want)
		}
	}
	_, err := run([]Pass{simplify}, &Unit{Graph: &ir.Graph{Results: []*ir.Node{nil}}}, Options{Verify: true})
	if err == nil || !strings.HasPrefix(err.Error(), "passes: before the first pass: ") {
		t.Errorf("a graph that is wrong from the start: %v", err)
	}
}

// TestBisect plants a pass that is wrong in its third rewrite and finds it.
func TestBisect(t *testing.T) {
	const text = `graph many(a f64[5]) -> h
  b f64[5] = neg(a)
  c f64[5] = neg(b)
  d f64[5] = neg(c)
  e f64[5] = floor(d)
  f f64[5] = floor(e)
  g f64[5] = ceil(f)
  h f64[5] = round(g)
end
`
	g := parse(t, text)
	calls := 0
	bad := Pass{Name: "bad", Doc: "right twice, then wrong"}
	bad.Run = onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		return normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			if n.Op != ir.OpNeg || calls == 3 || !u.allow() {
				return nil, ""
			}
			if calls++; calls < 3 {
				return newNode(n, ir.OpMul, nil, n.Args[0], ir.ConstNode(ir.Float64, ir.Float(ir.Float64, -1), nil)), "right"
			}
			return newNode(n, ir.OpAbs, nil, n.Args[0]), "wrong"
		})
	})
	quiet := Pass{Name: "quiet", Doc: "does not count its rewrites"}
	quiet.Run = onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		return normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			if n.Op != ir.OpRound { // of an integral value
				return nil, ""
			}
			return newNode(n, ir.OpTrunc, nil, n.Args[0]), "quiet"
		})
	})
	ps := []Pass{quiet, bad, simplify}
	r := rand.New(rand.NewPCG(1, 2))
	in, err := inputsFor(g, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ir.EvalGraph(g, in, ir.Env{})
	if err != nil {
		t.Fatal(err)
	}
	wrong := func(u *Unit) bool {
		got, err := ir.EvalGraph(u.Graph, in, ir.Env{})
		return err != nil || irtest.Same(got, want) != nil
	}
	fresh := func() *Unit {
		calls = 0
		return &Unit{Graph: g}
	}
	rewrite, pass, err := bisect(ps, fresh, Options{}, wrong)
	if err != nil || pass != "bad" || rewrite != 4 {
		t.Errorf("rewrite %d of pass %q, %v; want 4 of bad", rewrite, pass, err)
	}
	if rewrite, _, err := bisect([]Pass{simplify}, fresh, Options{}, wrong); err != nil || rewrite != 0 {
		t.Errorf("a right pipeline: rewrite %d, %v", rewrite, err)
	}
	if _, _, err := bisect(ps, fresh, Options{}, func(*Unit) bool { return true }); err == nil {
		t.Error("a program that is wrong from the start: no error")
	}
}
