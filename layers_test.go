package numen_test

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A layer says what one package, or every package of one folder, may import.
// Paths are relative to this module, and * stands for one element of a path.
type layer struct {
	path   string
	own    []string // packages of this module
	tests  []string // and those that its test files may import besides
	others []string // modules of others, beside the standard library
}

// The targets never import one another, and consumers see np alone: a program
// then runs on every array by construction.
var (
	below     = []string{"ir", "passes", "lower"}
	everyone  = []string{"ir", "passes", "lower", "lower/*", "runtime", "expr", "expr/*", "bench/*"}
	golangX   = []string{"golang.org/x/*"}
	processor = []string{"golang.org/x/sync", "golang.org/x/sys", "github.com/klauspost/cpuid/v2"}
)

// layers is the table of imports; the first row that matches a package counts.
var layers = []layer{
	{path: ".", tests: []string{"bench/*"}},
	{path: "ir"},
	{path: "ir/irtest", own: []string{"ir"}},
	{path: "passes", own: []string{"ir"}, tests: []string{"ir/irtest"}},
	{path: "lower", own: []string{"ir", "passes"}},
	{path: "lower/loop", own: below, tests: []string{"ir/irtest", "lower/lowertest"}, others: processor},
	{path: "lower/loop/looptest", own: []string{"lower/loop"}},
	{path: "lower/x86", own: append(below, "lower/loop", "lower/x86/asm"), tests: []string{"ir/irtest", "lower/lowertest"}, others: processor},
	{path: "lower/x86/asm"},
	{path: "lower/lowertest", own: append(below, "ir/irtest"), tests: []string{"lower/*"}},
	{path: "lower/sharded", own: below, tests: []string{"lower/lowertest", "lower/cpu", "lower/ref"}},
	{path: "lower/cuda", own: append(below, "lower/loop", "lower/cuda/*"), tests: []string{"lower/lowertest", "ir/irtest"}},
	{path: "lower/cuda/ptx", own: append(below, "lower/loop"), tests: []string{"ir/irtest", "lower/cuda/ptxsim", "lower/lowertest"}},
	{path: "lower/cuda/ptxsim", own: []string{"ir"}},
	{path: "lower/cuda/driver", others: []string{"gorgonia.org/cu"}},
	{path: "lower/cuda/cudasim", own: []string{"lower/cuda/ptxsim"}},
	{path: "lower/*", own: append(below, "lower/loop", "lower/x86", "lower/x86/asm"), tests: []string{"lower/lowertest", "lower/loop/looptest", "ir/irtest"}, others: processor}, // the targets
	{path: "runtime", own: below, tests: []string{"lower/*", "lower/x86/asm", "ir/irtest"}, others: processor},
	{path: "expr", own: []string{"ir", "lower", "lower/ref", "lower/cpu", "runtime"}, tests: []string{"passes", "lower/*", "expr/*"}, others: golangX},
	{path: "expr/sparse", own: []string{"expr", "expr/npy", "expr/internal/whole", "ir", "lower", "lower/sparse"}, tests: []string{"expr/*"}, others: golangX}, // the makers of arrays
	{path: "expr/shard", own: []string{"expr", "ir", "lower"}, tests: []string{"expr/*", "lower/*", "bench/programs"}, others: []string{"github.com/klauspost/compress", "golang.org/x/sys"}},
	{path: "expr/internal/whole"},
	{path: "expr/*", own: []string{"expr", "expr/internal/whole"}, tests: []string{"expr/*"}, others: golangX}, // the consumers
	{path: "bench", own: everyone, others: []string{"github.com/klauspost/cpuid/v2", "gonum.org/v1/gonum"}},
	{path: "bench/*", own: everyone, others: append(golangX, processor...)},
}

// unsafePackages are the packages that may import unsafe, each with the reason.
var unsafePackages = map[string]string{
	"runtime":             "the address of a buffer decides where its aligned part begins",
	"lower/loop/looptest": "machine code is entered with the address of a frame",
	"lower/loop":          "strips are read and written in place, at addresses proven before a run",
	"lower/x86":           "machine code is entered with the address of a frame",
	"lower/sparse":        "coordinates and values are handed to loops by address",
	"lower":               "the bytes of a host buffer are seen as elements, and a slice's elements as bytes",
	"expr":                "the arrays of a tree are read at their offsets: 15 ns a tree, reflection takes a microsecond",
	"bench/roof":          "memory is aligned to huge pages, and its address handed to assembly",

	"lower/cuda/driver":  "the driver takes addresses of the host's memory",
	"lower/cuda/cudasim": "the driver's functions are called from C",
}

// cgoPackages are the packages that may use cgo, behind the tag cuda.
var cgoPackages = []string{"lower/cuda/driver", "lower/cuda/cudasim"}

// refuse says why a file of pkg may not import the path, or "" if it may.
func refuse(pkg, imported string, test bool) string {
	i := slices.IndexFunc(layers, func(l layer) bool { return matches(l.path, pkg) })
	if i < 0 {
		return "the package has no row in the table of layers"
	}
	l := layers[i]
	own, inModule := strings.CutPrefix(imported, modulePath+"/")
	switch {
	case imported == "C":
		if !slices.Contains(cgoPackages, pkg) {
			return "the module is built without cgo"
		}
	case imported == "unsafe":
		if _, listed := unsafePackages[pkg]; !listed && !test {
			return "the package is not on the reviewed list of those that may"
		}
	case inModule:
		// The external tests of a package import the package itself.
		if !(test && own == pkg) && !anyMatches(l.own, own) && !(test && anyMatches(l.tests, own)) {
			return "the table of layers does not allow it"
		}
	case strings.Contains(strings.Split(imported, "/")[0], "."):
		if !slices.ContainsFunc(l.others, func(m string) bool { return inside(m, imported) }) {
			return "the table of layers does not allow this module"
		}
	}
	return ""
}

func matches(pattern, pkg string) bool {
	ok, err := path.Match(pattern, pkg)
	return err == nil && ok
}

func anyMatches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

// inside reports whether the package belongs to the module, a pattern.
func inside(module, pkg string) bool {
	elements := strings.Split(pkg, "/")
	n := strings.Count(module, "/") + 1
	return len(elements) >= n && matches(module, strings.Join(elements[:n], "/"))
}

func TestLayers(t *testing.T) {
	usesUnsafe := map[string]bool{}
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if reason := refuse(s.pkg, imported, s.test); reason != "" {
				t.Errorf("%s imports %s: %s", fset.Position(spec.Pos()), imported, reason)
			}
			if imported == "unsafe" && !s.test {
				usesUnsafe[s.pkg] = true
			}
		}
	}
	for pkg := range unsafePackages {
		if !usesUnsafe[pkg] {
			t.Errorf("the list of packages that may import unsafe names %s, which does not", pkg)
		}
	}
	if t.Failed() {
		t.Log(table())
	}
}

// table prints what may be imported.
func table() string {
	var b strings.Builder
	b.WriteString("allowed imports:\n")
	for _, l := range layers {
		fmt.Fprintf(&b, "  %-16s %s", l.path, strings.Join(append(slices.Clone(l.own), l.others...), " "))
		if len(l.tests) > 0 {
			fmt.Fprintf(&b, "; tests: %s", strings.Join(l.tests, " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestRefuse holds the table itself to the direction it stands for.
func TestRefuse(t *testing.T) {
	const own = modulePath + "/"
	for _, c := range []struct {
		pkg, imported string
		test, allowed bool
	}{
		{"ir", "math/bits", false, true},
		{"ir", "golang.org/x/sync/errgroup", false, false},
		{"ir", own + "passes", true, false},
		{"ir", own + "ir", true, true},
		{"ir", own + "ir", false, false},
		{"passes", own + "ir", false, true},
		{"passes", own + "lower", false, false},
		{"lower", own + "passes", false, true},
		{"lower", own + "lower/loop", false, false},
		{"lower/loop", own + "lower/cpu", false, false},
		{"lower/cpu", own + "lower/loop", false, true},
		{"lower/cpu", own + "lower/ref", false, false},
		{"lower/cpu", own + "lower/ref", true, false},
		{"lower/cpu", own + "lower/lowertest", true, true},
		{"lower/cpu", own + "lower/lowertest", false, false},
		{"lower/cpu", own + "runtime", false, false},
		{"lower/cpu", "github.com/klauspost/cpuid/v2", false, true},
		{"runtime", own + "lower", false, true},
		{"runtime", own + "lower/cpu", false, false},
		{"runtime", own + "lower/cpu", true, true},
		{"runtime", own + "expr", true, false},
		{"expr", own + "runtime", false, true},
		{"expr", own + "lower/loop", false, false},
		{"expr", own + "expr/npy", false, false},
		{"expr/random", own + "expr", false, true},
		{"expr/random", own + "ir", false, false},
		{"expr/random", own + "expr/npy", false, false},
		{"expr/random", own + "expr/nptest", true, true},
		{"expr/random", "golang.org/x/exp/rand", false, true},
		{"expr/random", "gonum.org/v1/gonum/mat", false, false},
		{"expr/sparse", own + "lower", false, true},
		{"expr/sparse", own + "lower/sparse", false, true},
		{"expr/sparse", own + "lower/sharded", false, false},
		{"bench", own + "lower/cpu", false, true},
		{"expr", own + "bench", true, false},
		{"expr", "gorgonia.org/cu", false, false},
		{"lower/cpu", "C", false, false},
		{"lower/cuda", "C", false, false},
		{"lower/cuda/driver", "C", false, true},
		{"lower/cuda/driver", "gorgonia.org/cu", false, true},
		{"lower/cuda", "gorgonia.org/cu", false, false},
		{"elsewhere", "fmt", false, false},
		{"expr/npy/deeper", "fmt", false, false},
	} {
		if reason := refuse(c.pkg, c.imported, c.test); (reason == "") != c.allowed {
			t.Errorf("%s imports %s (test %v): %q, want allowed %v", c.pkg, c.imported, c.test, reason, c.allowed)
		}
	}
}
