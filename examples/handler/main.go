// Command handler serves a small neural network over HTTP: a request is a JSON array of
// numbers, the reply one of probabilities. It shows the path for servers: Compile and
// Bind once, then runs that allocate nothing, one bound program a request from a pool,
// under a deadline.
//
//	go run ./handler &
//	curl -d "[$(seq -s, 64)]" localhost:8080
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
)

// model is a network of two layers.
type model struct{ W1, B1, W2, B2 np.Array }

// predict returns the probability of each class, for every row of x.
func (m model) predict(x np.Array) np.Array {
	h := np.Maximum(np.Add(np.MatMul(x, m.W1), m.B1), 0)
	y := np.Add(np.MatMul(h, m.W2), m.B2)
	e := np.Exp(np.Subtract(y, np.Max(y, np.Axis(-1), np.KeepDims)))
	return np.Divide(e, np.Sum(e, np.Axis(-1), np.KeepDims))
}

const features, hidden, classes = 64, 128, 10

// untrained returns a model of random weights.
func untrained(ctx context.Context, seed uint64) (model, error) {
	keys := random.New(seed).Split(4)
	weights := func(i int, shape ...int) np.Array {
		return np.Divide(random.Normal(keys[i], shape, np.Float32), 8)
	}
	return np.Eval(ctx, model{
		weights(0, features, hidden), weights(1, hidden),
		weights(2, hidden, classes), weights(3, classes),
	})
}

// worker is a program with memory of its own, for one request at a time.
type worker struct {
	run  *np.Bound
	x, p []float32 // its input and its output
}

func newWorker(ctx context.Context, prog *np.Program[np.Array, np.Array]) (*worker, error) {
	run, err := prog.Bind(ctx, np.Spec(np.Float32, 1, features))
	if err != nil {
		return nil, err
	}
	w := &worker{run: run}
	if w.x, err = np.InputSlot[float32](run, ""); err != nil {
		return nil, err
	}
	w.p, err = np.OutputSlot[float32](run, "")
	return w, err
}

// newHandler compiles the model: a bad one fails here, not at the first request. Requests
// are given up after the limit.
func newHandler(m model, limit time.Duration) (http.Handler, error) {
	prog := np.Compile(m.predict)
	first, err := newWorker(context.Background(), prog)
	if err != nil {
		return nil, err
	}
	var pool sync.Pool
	pool.Put(first)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		w, ok := pool.Get().(*worker)
		if !ok { // all are busy
			var err error
			if w, err = newWorker(ctx, prog); err != nil {
				fail(rw, err)
				return
			}
		}
		defer pool.Put(w)
		var x []float32
		if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<20)).Decode(&x); err != nil || len(x) != len(w.x) {
			http.Error(rw, "an array of "+strconv.Itoa(features)+" numbers is wanted", http.StatusBadRequest)
			return
		}
		copy(w.x, x)
		if err := w.run.Run(ctx); err != nil {
			fail(rw, err)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(rw).Encode(w.p); err != nil {
			log.Print(err)
		}
	}), nil
}

func fail(rw http.ResponseWriter, err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		http.Error(rw, "too slow", http.StatusGatewayTimeout)
		return
	}
	http.Error(rw, "the model failed", http.StatusInternalServerError)
	log.Print(err)
}

func main() {
	addr := flag.String("addr", "localhost:8080", "where to listen")
	limit := flag.Duration("limit", 50*time.Millisecond, "after which a request is given up")
	flag.Parse()
	m, err := untrained(context.Background(), 1)
	if err != nil {
		log.Fatal(err)
	}
	h, err := newHandler(m, *limit)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on http://%s", *addr)
	server := &http.Server{Addr: *addr, Handler: h, ReadTimeout: time.Second}
	log.Fatal(server.ListenAndServe())
}
