package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// A target is an architecture level on which the compiler fuses.
type target struct {
	name string
	env  []string
}

var targets = []target{
	{"arm64", []string{"GOOS=linux", "GOARCH=arm64"}},
	{"amd64", []string{"GOOS=linux", "GOARCH=amd64", "GOAMD64=v3"}},
}

// A report is what one target's listing holds.
type report struct {
	functions int
	explicit  int
	faults    []fault
}

// A fault is a fused instruction that the source does not ask for.
type fault struct {
	file string
	line int
	op   string
}

var (
	function = regexp.MustCompile(`^\S+ STEXT `)
	// The source position is that of the innermost inlined call.
	instruction = regexp.MustCompile(`\((.+):(\d+)\)\t(FN?M(?:ADD|SUB)[SD]|VFN?M(?:ADD|SUB)\d+[SP][SD])\t`)
	// What is not a message of the go command: symbols and their contents.
	listed = regexp.MustCompile(`^(\t|\S+ S[A-Z]+ )`)
)

// check compiles the packages, named relative to dir, and reads the listing.
func check(dir string, t target, packages []string) (report, error) {
	// The listing covers the named packages only, and the go command repeats
	// it from its cache when nothing has changed.
	cmd := exec.Command("go", append([]string{"build", "-gcflags=-S", "-o", os.DevNull, "--"}, packages...)...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), t.env...)
	listing, err := cmd.CombinedOutput()
	if err != nil {
		return report{}, fmt.Errorf("go build for %s: %w\n%s", t.name, err, messages(listing))
	}

	var r report
	asked := map[string]map[int]bool{}
	for line := range bytes.Lines(listing) {
		if function.Match(line) {
			r.functions++
		}
		m := instruction.FindSubmatch(line)
		if m == nil {
			continue
		}
		file := string(m[1])
		if asked[file] == nil {
			if asked[file], err = linesCallingFMA(file); err != nil {
				return report{}, err
			}
		}
		switch n, _ := strconv.Atoi(string(m[2])); {
		case asked[file][n]:
			r.explicit++
		default:
			r.faults = append(r.faults, fault{file, n, string(m[3])})
		}
	}
	if r.functions == 0 {
		return report{}, fmt.Errorf("the listing for %s holds no functions: do the packages %q exist?", t.name, packages)
	}
	return r, nil
}

// messages returns what the go command said beside the listing.
func messages(listing []byte) []byte {
	var out []byte
	for line := range bytes.Lines(listing) {
		if !listed.Match(line) {
			out = append(out, line...)
		}
	}
	return out
}

// linesCallingFMA returns the lines on which the file calls math.FMA.
func linesCallingFMA(file string) (map[int]bool, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lines := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "FMA" {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "math" {
					lines[fset.Position(call.Pos()).Line] = true
				}
			}
		}
		return true
	})
	return lines, nil
}
