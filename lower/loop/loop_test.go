package loop

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// kernels calls f with every kernel of the language's examples that has loops.
func kernels(t *testing.T, f func(t *testing.T, k *ir.Kernel)) {
	files, err := filepath.Glob("../../ir/testdata/kernel/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d kernels: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		k, err := ir.ParseKernel(string(text))
		if err != nil {
			t.Fatal(err)
		}
		sparse := false
		for _, o := range k.Operands {
			sparse = sparse || o.Format != nil
		}
		if !sparse {
			t.Run(k.Name, func(t *testing.T) { f(t, k) })
		}
	}
}

// TestText holds that every kernel's loops verify, print and read back.
func TestText(t *testing.T) {
	kernels(t, func(t *testing.T, k *ir.Kernel) {
		l, err := From(k, portable)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Verify(); err != nil {
			t.Fatalf("%v\n%s", err, l)
		}
		text := l.String()
		back, err := Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again := back.String(); again != text {
			t.Fatalf("printed\n%s\nand after reading\n%s", text, again)
		}
	})
}

// TestLoops holds the loops of some kernels by golden files.
func TestLoops(t *testing.T) {
	kernels(t, func(t *testing.T, k *ir.Kernel) {
		golden := filepath.Join("testdata", k.Name+".txt")
		if _, err := os.Stat(golden); err != nil && !*update {
			t.Skip()
		}
		l, err := From(k, portable)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSpace(k.String()) + "\n\n" + l.String()
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; run with -update to see how\n%s", golden, got)
		}
	})
}
