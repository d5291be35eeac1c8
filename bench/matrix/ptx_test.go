package matrix

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/bench/programs"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/passes"
	rt "github.com/numen-go/numen/runtime"
)

var dump = flag.String("dump", "", "write the PTX of all programs' kernels to files of this folder")

// TestPTX compiles every kernel of every program for the CUDA target.
func TestPTX(t *testing.T) {
	target, err := lower.Open("cuda")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	n := 0
	for _, p := range programs.All() {
		in, err := p.Arrays(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var nodes []*ir.Node
		for _, r := range p.Build(in) {
			nodes = append(nodes, np.NodeOf(r))
		}
		g, _, _, err := rt.Read(nodes)
		if err != nil {
			t.Fatal(err)
		}
		u := &passes.Unit{Graph: g, Caps: []*ir.Caps{target.Caps()}}
		if _, err := passes.Run(u, passes.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, k := range kernels(u.Program.Steps) {
			exe, err := target.Compile(t.Context(), k)
			if err != nil {
				t.Errorf("%s: %v", p.Name, err)
				continue
			}
			text := fmt.Sprint(exe)
			at := strings.Index(text, ".version")
			if at < 0 {
				t.Fatalf("%s: no PTX in\n%s", p.Name, text)
			}
			if *dump != "" {
				file := filepath.Join(*dump, fmt.Sprintf("program_%s_%d.ptx", p.Name, n))
				if err := os.WriteFile(file, []byte(text[at:]), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if err := exe.Close(); err != nil {
				t.Error(err)
			}
			n++
		}
	}
	if n < len(programs.All()) {
		t.Errorf("%d kernels only", n)
	}
}

// kernels returns what steps launch.
func kernels(steps []ir.ProgramStep) (all []*ir.Kernel) {
	for _, s := range steps {
		if s.Launch != nil {
			all = append(all, s.Launch.Kernel)
		}
		all = append(append(all, kernels(s.Body)...), kernels(s.Else)...)
	}
	return all
}
