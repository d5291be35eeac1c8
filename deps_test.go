package numen_test

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowedModules are all that a program which imports np ever links.
var allowedModules = []string{
	modulePath,
	"github.com/klauspost/cpuid/v2", // which instructions the processor has
	"github.com/klauspost/compress", // chunks of Zarr arrays: package shard alone
	"golang.org/x/sync",             // groups and semaphores
	"golang.org/x/sys",              // huge pages and mapped files
}

// maxDeps caps the packages that np brings along, outside the standard library.
const maxDeps = 20

// goList runs the go command's list for linux/amd64, so that the answer is the
// same on every machine, and returns its lines.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	return strings.Fields(string(out))
}

func TestDependencies(t *testing.T) {
	const format = `{{if not .Standard}}{{.Module.Path}}={{.ImportPath}}{{end}}`
	deps := goList(t, "-deps", "-f", format, "./expr")
	if len(deps) > maxDeps {
		t.Errorf("np links %d packages, at most %d wanted:\n%s", len(deps), maxDeps, strings.Join(deps, "\n"))
	}
	// No tag may bring in more: the CUDA driver's bindings above all.
	for _, tags := range []string{"", "cuda"} {
		for _, dep := range goList(t, "-deps", "-tags", tags, "-f", format, "./expr/...") {
			module, pkg, _ := strings.Cut(dep, "=")
			if !slices.Contains(allowedModules, module) {
				t.Errorf("tags %q: package %s comes from module %s, which is not on the list", tags, pkg, module)
			}
		}
	}
}

// TestNoBindings holds the default build free of the CUDA driver's bindings, which need
// cgo.
func TestNoBindings(t *testing.T) {
	for _, dep := range goList(t, "-deps", "-test", "./...") {
		if strings.HasPrefix(dep, "gorgonia.org/") {
			t.Errorf("%s is in the default build", dep)
		}
	}
}
