package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	np "github.com/numen-go/numen/expr"
)

// weights is a model as plain slices.
type weights struct{ w1, b1, w2, b2 []float32 }

func plain(t *testing.T, m model) weights {
	t.Helper()
	get := func(a np.Array) []float32 {
		v, err := np.Values[float32](t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return weights{get(m.W1), get(m.B1), get(m.W2), get(m.B2)}
}

// predict is the network in plain loops, in float64.
func (w weights) predict(x []float32) []float64 {
	layer := func(x []float64, w, b []float32) []float64 {
		y := make([]float64, len(b))
		for j := range y {
			y[j] = float64(b[j])
			for i, v := range x {
				y[j] += v * float64(w[i*len(b)+j])
			}
		}
		return y
	}
	in := make([]float64, len(x))
	for i, v := range x {
		in[i] = float64(v)
	}
	h := layer(in, w.w1, w.b1)
	for i := range h {
		h[i] = max(h[i], 0)
	}
	p, sum := layer(h, w.w2, w.b2), 0.0
	for i := range p {
		p[i] = math.Exp(p[i])
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func serve(t *testing.T, limit time.Duration) (model, http.Handler) {
	t.Helper()
	m, err := untrained(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHandler(m, limit)
	if err != nil {
		t.Fatal(err)
	}
	return m, h
}

func post(h http.Handler, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("POST", "/", strings.NewReader(body)))
	return rec
}

// TestScores sends different requests at once and checks every reply.
func TestScores(t *testing.T) {
	m, h := serve(t, time.Minute)
	w := plain(t, m)
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() {
			for request := range 5 {
				x := make([]float32, features)
				for i := range x {
					x[i] = float32((i*7+client*5+request*3)%11) / 11
				}
				body, _ := json.Marshal(x)
				rec := post(h, string(body))
				var got []float64
				if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusOK || len(got) != classes {
					t.Errorf("status %d, %v: %s", rec.Code, err, rec.Body)
					return
				}
				for i, p := range w.predict(x) {
					if !(math.Abs(got[i]-p) <= 1e-5) {
						t.Errorf("client %d, request %d: probability %d is %v, want %v", client, request, i, got[i], p)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestBadRequests(t *testing.T) {
	_, h := serve(t, time.Minute)
	long := "[" + strings.Repeat("1,", 1<<20) + "1]"
	for _, body := range []string{"", "[]", "[1, 2]", `{"x": 1}`, "[" + strings.Repeat("1,", features) + "1]", long} {
		if rec := post(h, body); rec.Code != http.StatusBadRequest {
			t.Errorf("%.20q: status %d", body, rec.Code)
		}
	}
}

func TestDeadline(t *testing.T) {
	_, h := serve(t, time.Nanosecond)
	body := "[" + strings.TrimSuffix(strings.Repeat("1,", features), ",") + "]"
	if rec := post(h, body); rec.Code != http.StatusGatewayTimeout {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

// TestBadModel: a model whose shapes do not fit is refused before anything is served, and
// the error names the line that multiplies.
func TestBadModel(t *testing.T) {
	m, err := untrained(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	m.W2 = m.W1
	_, err = newHandler(m, time.Minute)
	if err == nil || !strings.Contains(fmt.Sprint(err), "main.go") {
		t.Errorf("got %v", err)
	}
}

// TestRunAllocatesNothing holds what the pool of bound programs is for.
func TestRunAllocatesNothing(t *testing.T) {
	m, err := untrained(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorker(t.Context(), np.Compile(m.predict, np.Threads(1)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.x {
		w.x[i] = float32(i) / features
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := w.run.Run(context.Background()); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
