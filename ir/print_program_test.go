package ir

import (
	"slices"
	"strings"
	"testing"
)

// arrange is a host op for these tests: it sorts along the last axis.
var arrange = &Op{
	Name: "arrange", Doc: "x in ascending order along one axis.", Family: Opaque, MinArg: 1, MaxArg: 1, Fields: FieldAxes,
	Infer: func(n *Node) (Type, error) { return n.Args[0].Type, checkAxis(n, n.Args[0].Type.Rank()) },
	Host:  func(n *Node) (ProgramStep, error) { return ProgramStep{Kind: StepCall, Op: n.Op, Attr: n.Attr}, nil },
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		out, err := NewTensor(in[0].DType, in[0].Shape...)
		if err != nil {
			return nil, err
		}
		copy(out.Elems, in[0].Elems)
		k := in[0].Shape[len(in[0].Shape)-1]
		for row := range slices.Chunk(out.Elems, max(k, 1)) {
			slices.SortFunc(row, func(a, b uint64) int {
				if asF64(a) < asF64(b) {
					return -1
				}
				return 1
			})
		}
		return []*Tensor{out}, nil
	},
}

// withArrange makes arrange an op of the language while a test runs.
func withArrange(t testing.TB) {
	opsByName[arrange.Name] = arrange
	t.Cleanup(func() { delete(opsByName, arrange.Name) })
}

func TestProgramText(t *testing.T) {
	withArrange(t)
	sources(t, "program/*.txt", func(t *testing.T, _, src string) {
		p, err := ParseProgram(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(); err != nil {
			t.Error(err)
		}
		if got := p.String(); got != src {
			t.Errorf("printed\n%s\nread\n%s", got, src)
		}
	})
}

// TestProgramFaults holds the message of every file's fault, which stands after the text.
func TestProgramFaults(t *testing.T) {
	withArrange(t)
	sources(t, "program/bad/*.txt", func(t *testing.T, path, src string) {
		text, _, _ := strings.Cut(src, "====\n")
		p, err := ParseProgram(text)
		if err == nil {
			err = p.Verify()
		}
		if err == nil {
			t.Fatal("no fault found")
		}
		golden(t, strings.TrimPrefix(path, "testdata/"), text+"====\n"+err.Error()+"\n")
	})
}

// TestProgramKernelNames holds that two kernels of one name get two, and equal ones one.
func TestProgramKernelNames(t *testing.T) {
	text := parseFile(t, "program/names.txt")
	p, err := ParseProgram(text)
	if err != nil {
		t.Fatal(err)
	}
	p.Steps[3].Launch.Kernel.Name = "step"
	if got := p.String(); got != text {
		t.Errorf("printed\n%s\nwant\n%s", got, text)
	}
	equal := *p.Steps[2].Launch.Kernel
	p.Steps[3].Launch.Kernel = &equal
	if got := strings.Count(p.String(), "kernel step\n"); got != 1 || strings.Contains(p.String(), "step_2") {
		t.Errorf("an equal kernel is printed twice:\n%s", p)
	}
}

func TestProgramSites(t *testing.T) {
	const text = `program sites(x f64[3]) -> y
  alloc y f64[3] @ main.go:3
  launch twice(x -> y) @ main.go:3, lib.go:7 < main.go:4
end

kernel twice
in x f64[3]
out o f64[3]
axis i<3
o[i] = x[i] + x[i]
`
	p, err := ParseProgram(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Format(PrintOptions{Sites: true}); got != text {
		t.Errorf("printed\n%s\nread\n%s", got, text)
	}
	if got := p.String(); strings.Contains(got, "@") {
		t.Errorf("printed\n%s", got)
	}
}

// TestProgramVerifyParts covers faults that text cannot spell.
func TestProgramVerifyParts(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		spoil func(p *Program)
	}{
		"no kernel":               {"names", func(p *Program) { p.Steps[2].Launch.Kernel = nil }},
		"no launch":               {"names", func(p *Program) { p.Steps[2].Launch = nil }},
		"no view":                 {"nonzero_once", func(p *Program) { p.Steps[5].View = nil }},
		"an unknown step":         {"names", func(p *Program) { p.Steps[0].Kind = StepFree + 1 }},
		"no such value":           {"names", func(p *Program) { p.Steps[0].Out = 17 }},
		"no such argument":        {"names", func(p *Program) { p.Steps[2].Launch.Args[0] = -1 }},
		"no such run-time number": {"names", func(p *Program) { p.Steps[2].Launch.Scalars[0] = 5 }},
		"no such axis":            {"pieces", func(p *Program) { p.Steps[1].Launch.Bounds[7] = [2]Dim{} }},
		"no such symbol":          {"nonzero", func(p *Program) { p.Steps[2].Symbol = 9 }},
		"no such result":          {"names", func(p *Program) { p.Results[0] = 9 }},
		"no result":               {"names", func(p *Program) { p.Results = nil }},
		"two values of a name":    {"names", func(p *Program) { p.Values[1].Name = "x" }},
		"a value without a name":  {"names", func(p *Program) { p.Values[1].Name = "" }},
		"a kernel at fault":       {"names", func(p *Program) { p.Steps[2].Launch.Kernel.Stmts = nil }},
		"an op without a step":    {"names", func(p *Program) { p.Steps[2] = ProgramStep{Kind: StepCall, Op: OpAdd} }},
		"a dim too many":          {"names", func(p *Program) { p.Steps[2].Launch.Dims = append(p.Steps[2].Launch.Dims, N(1)) }},
		"two operands":            {"nonzero", func(p *Program) { p.Steps[2].In = []int{0, 1} }},
		"steps too deep": {"names", func(p *Program) {
			for range 100 {
				p.Steps = []ProgramStep{{Kind: StepBranch, In: []int{0}, Body: p.Steps}}
			}
		}},
	} {
		p, err := ParseProgram(parseFile(t, "program/"+c.file+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		c.spoil(p)
		if err := p.Verify(); err == nil {
			t.Errorf("%s is no fault", name)
		}
	}
}

func FuzzParseProgram(f *testing.F) {
	withArrange(f)
	addSources(f, "program/*.txt")
	f.Fuzz(func(t *testing.T, src string) {
		p, err := ParseProgram(src)
		if err != nil {
			return
		}
		bad := p.Verify()
		o := PrintOptions{Sites: true}
		text := p.Format(o)
		q, err := ParseProgram(text)
		if err != nil {
			t.Fatalf("%v\nin the print\n%s", err, text)
		}
		if again := q.Format(o); again != text {
			t.Fatalf("printed\n%s\nthen\n%s", text, again)
		}
		if worse := q.Verify(); (bad == nil) != (worse == nil) {
			t.Fatalf("verifies with %v, then with %v", bad, worse)
		}
	})
}
