package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// TestMain is also the process that tests talk to instead of Python.
func TestMain(m *testing.M) {
	if role := os.Getenv("NUMEN_BENCH_FAKE"); role != "" {
		fakePython(role)
		return
	}
	os.Exit(m.Run())
}

// fakePython answers like run.py with one peer, numpy, all of whose results are 1, 2 and
// infinite; numexpr is missing and numba breaks.
func fakePython(role string) {
	if role == "mute" {
		fmt.Fprintln(os.Stderr, "first line\ncannot go on")
		os.Exit(3)
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var r struct {
			Do, Peer string
			Inputs   []map[string]any
			N        int
			I        []int
		}
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			panic(err)
		}
		switch {
		case r.Do == "hello":
			fmt.Println(`{"versions": {"numpy": "9.9", "numba": "8"}, "missing": {"numexpr": "ModuleNotFoundError: none"}, "python": "3.99"}`)
		case r.Do == "start" && r.Peer == "numba":
			fmt.Println(`{"error": "TypingError: cannot"}`)
		case r.Do == "start":
			fmt.Println(`{"id": 4, "ns": 5000000}`)
		case r.Do == "call":
			fmt.Printf("{\"ns\": %d}\n", 3_000_000*r.N)
		case r.Do == "at":
			fmt.Println(`{"values": [1, 2.0, "inf"]}`)
		case r.Do == "inputs" && len(r.Inputs) > 0 && r.Inputs[0]["file"] != nil:
			text, err := os.ReadFile(r.Inputs[0]["file"].(string))
			if err != nil || !bytes.HasPrefix(text, []byte("\x93NUMPY")) {
				fmt.Printf("{\"error\": \"no array in the file: %v\"}\n", err)
				continue
			}
			fmt.Println("{}")
		default:
			fmt.Println("{}")
		}
	}
}

func TestPeers(t *testing.T) {
	t.Setenv("NUMEN_BENCH_FAKE", "answers")
	var out bytes.Buffer
	o := options{peers: "numpy,numexpr,numba", python: os.Args[0], threads: 3}
	all, done, err := o.contenders(t.Context(), 3, nil, &out)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if want := "peer numexpr skipped: ModuleNotFoundError: none (bench/peers/make-env.sh"; !strings.HasPrefix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("printed %q", &out)
	}
	p := &problem{
		name: "test/test", tolerance: 1e-9, python: "x",
		in: []input{{name: "x", dtype: np.Float64, shape: []int{3}, data: []float64{1, 2, 3}}},
		build: func(x []np.Array) np.Array {
			return np.Divide(x[0], np.Subtract(1, np.Equal(x[0], 3).AsType(np.Float64)))
		},
	}
	s := session{contenders: all, threads: 3, budget: 1, least: minSamples}
	rows, err := s.measure(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*row{}
	for _, r := range rows {
		got[r.Who] = r
	}
	numpy := got["numpy"]
	if numpy == nil || numpy.failed != nil || !numpy.Fresh || numpy.NS != 3e6 || numpy.ColdNS != 5e6 || numpy.Allocs != nil || numpy.Versions["numpy"] != "9.9" || numpy.Versions["python"] != "3.99" {
		t.Errorf("numpy: %+v", numpy)
	}
	if r := got["numba"]; r == nil || fmt.Sprint(r.failed) != "TypingError: cannot" || r.Error == "" {
		t.Errorf("numba: %+v", r)
	}

	// What a peer computes is compared with what it should be.
	p.in[0].data = []float64{1, 7, 3}
	rows, err = s.measure(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Who == "numpy" && !strings.HasPrefix(fmt.Sprint(r.failed), "WRONG") {
			t.Errorf("a wrong result passed: %v", r.failed)
		}
	}
}

func TestPythonThatDies(t *testing.T) {
	t.Setenv("NUMEN_BENCH_FAKE", "mute")
	var out bytes.Buffer
	o := options{peers: "numpy", python: os.Args[0], threads: 1}
	all, done, err := o.contenders(t.Context(), 3, nil, &out)
	if err != nil {
		t.Fatal(err)
	}
	done()
	if !strings.Contains(out.String(), "peers numpy skipped: the Python process is gone: cannot go on") {
		t.Errorf("printed %q", &out)
	}
	for _, c := range all {
		if c.name() == "numpy" {
			t.Error("a dead peer takes part")
		}
	}
}
