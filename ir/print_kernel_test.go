package ir

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// compactKernels returns the kernels of testdata/kernel/compact.src by name.
func compactKernels(t testing.TB) map[string]string {
	t.Helper()
	src, err := os.ReadFile("testdata/kernel/compact.src")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, part := range strings.Split(string(src), "\n\n") {
		part = strings.TrimSpace(part)
		rest, ok := strings.CutPrefix(part, "kernel ")
		if !ok {
			continue
		}
		out[strings.FieldsFunc(rest, func(c rune) bool { return c == ';' || c == '\n' })[0]] = part
	}
	return out
}

// exampleKernel returns one of them, parsed and verified.
func exampleKernel(t testing.TB, name string) *Kernel {
	t.Helper()
	src, ok := compactKernels(t)[name]
	if !ok {
		t.Fatalf("no example %s", name)
	}
	return mustKernel(t, src)
}

func mustKernel(t testing.TB, src string) *Kernel {
	t.Helper()
	k, err := ParseKernel(src)
	if err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	if err := k.Verify(); err != nil {
		t.Fatalf("%v in\n%s", err, k)
	}
	return k
}

func TestKernelExamplesRoundTrip(t *testing.T) {
	for name, src := range compactKernels(t) {
		t.Run(name, func(t *testing.T) {
			k := mustKernel(t, src)
			text := k.String()
			golden(t, "kernel/"+name+".txt", text)
			again := mustKernel(t, text)
			if !reflect.DeepEqual(k, again) {
				t.Errorf("parse(print(k)) differs from k:\n%s", again)
			}
			if got := again.String(); got != text {
				t.Errorf("print(parse(s)) is\n%s\nnot\n%s", got, text)
			}
		})
	}
}
