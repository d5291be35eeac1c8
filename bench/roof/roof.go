// Package roof measures the limits of the machine it runs on: the memory
// bandwidth of reading, copying and the triad a = b + s*c, and the peak rate
// of fused multiply-adds.
//
// Each method of [Bench] takes one short sample, because the bandwidth of a
// shared machine drifts within minutes: a harness alternates samples of a
// limit with samples of the candidate and compares pairs.
//
// On amd64 with AVX2 and FMA the kernels are assembly. Elsewhere they are
// plain Go loops, whose rates are lower than the machine's limits: hand-written
// vector code can exceed them. [Bench.Kernels] says which ones run.
package roof

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/klauspost/cpuid/v2"
)

const (
	// chunk is the number of elements that one kernel call covers. Assembly
	// cannot be preempted, so calls must be short for the garbage collector:
	// 256 KiB an array take less than 200 microseconds.
	chunk = 32 << 10

	// block is the number of elements that every share is a multiple of, which
	// keeps shares on whole cache lines and vector loops without remainders.
	block = 512

	// fmaRounds is the length of one call of a multiply-add kernel, some tens
	// of microseconds; fmaTime is the length of a sample.
	fmaRounds = 10_000
	fmaTime   = 10 * time.Millisecond

	// leastBytes is what a thread moves in a sample of bandwidth at least, in as many
	// passes over its share as that takes: threads do not start within a microsecond of
	// one another, which would show in a sample of a few.
	leastBytes = 32 << 20

	maxThreads = 4096
	maxBytes   = 1 << 40
)

// Sample is one measurement of one limit.
type Sample struct {
	Bytes int64         // bytes read plus bytes written, 0 for a sample of FMA
	Flops int64         // operations, two a multiply-add, 0 for bandwidth
	Time  time.Duration // from the first thread's start to the last one's end

	// NonTemporal says that stores past the caches were the faster ones.
	NonTemporal bool
}

// Rate returns GB/s (1e9 bytes) for bandwidth and GFLOP/s for FMA.
func (s Sample) Rate() float64 {
	return float64(s.Bytes+s.Flops) / float64(s.Time.Nanoseconds())
}

// Bench holds the arrays and threads that samples are taken with. It is not
// safe for concurrent use, and takes no samples after Close.
type Bench struct {
	kernels kernels
	memory  *memory
	workers []*worker
	passes  int          // over the arrays, in a sample of bandwidth
	waiting atomic.Int32 // workers that have not reached the sample's start yet
	done    chan span
}

// worker is a goroutine on a thread of its own with its share of the arrays.
type worker struct {
	dst, b, c []float64
	acc64     []float64 // accumulators of the multiply-add kernels
	acc32     []float32
	sum       float64 // keeps the result of a read alive
	jobs      chan job
}

// job does one worker's part of a sample and returns its bytes or flops.
type job func(*worker) int64

// span says when a worker ran its job and how much the job did.
type span struct {
	start, end time.Time
	work       int64
}

// New returns a Bench for the given number of threads and arrays of about the
// given number of bytes each, of which there are three. With bytes = 0 the
// size is chosen well above the caches: 128 MiB, four times the last-level
// cache or 16 MiB a thread, whichever is most.
func New(threads, bytes int) (*Bench, error) {
	if threads < 1 || threads > maxThreads {
		return nil, fmt.Errorf("roof: %d threads, want 1 to %d", threads, maxThreads)
	}
	if bytes == 0 {
		bytes = max(128<<20, 4*cpuid.CPU.Cache.L3, threads*16<<20)
	}
	if bytes < 0 || int64(bytes) > min(maxBytes, math.MaxInt/4) {
		return nil, fmt.Errorf("roof: arrays of %d bytes", bytes)
	}
	share := max(1, bytes/8/threads/block) * block
	mem, err := newMemory(share * threads)
	if err != nil {
		return nil, err
	}
	b := &Bench{kernels: pickKernels(), memory: mem, passes: (leastBytes + 8*share - 1) / (8 * share), done: make(chan span)}
	for lo := 0; lo < len(mem.dst); lo += share {
		w := &worker{
			dst:   mem.dst[lo : lo+share],
			b:     mem.b[lo : lo+share],
			c:     mem.c[lo : lo+share],
			acc64: make([]float64, b.kernels.lanes64),
			acc32: make([]float32, b.kernels.lanes32),
			jobs:  make(chan job),
		}
		b.workers = append(b.workers, w)
		go b.serve(w)
	}
	// Each worker writes its share first, so that the pages lie near it. No
	// page may be left untouched: those are all one page of zeros.
	b.run(func(w *worker) int64 {
		for i := range w.dst {
			w.dst[i], w.b[i], w.c[i] = 1, float64(1+i%7), float64(1+i%5)
		}
		return 0
	})
	return b, nil
}

// Close ends the threads and frees the arrays.
func (b *Bench) Close() error {
	for _, w := range b.workers {
		close(w.jobs)
	}
	return release(b.memory.raw)
}

// Kernels names the implementation: "avx512", "avx2" or "go".
func (b *Bench) Kernels() string { return b.kernels.name }

// HugePages says whether the system agreed to back the arrays with huge pages.
func (b *Bench) HugePages() bool { return b.memory.huge }

// Bytes returns the size of each of the three arrays.
func (b *Bench) Bytes() int { return 8 * len(b.memory.dst) }

// Read samples the bandwidth of summing one array.
func (b *Bench) Read() Sample {
	s := b.run(b.repeated(1, func(w *worker) {
		w.sum = 0
		for lo := 0; lo < len(w.b); lo += chunk {
			w.sum += b.kernels.sum(w.b[lo:min(lo+chunk, len(w.b))])
		}
	}))
	return Sample{Bytes: s.work, Time: s.end.Sub(s.start)}
}

// Copy samples the bandwidth of copying one array to another, two accesses an
// element. It copies with plain and then with non-temporal stores and returns
// the faster run.
func (b *Bench) Copy() Sample {
	return b.faster(2, func(st *stores, w *worker) {
		for lo := 0; lo < len(w.dst); lo += chunk {
			hi := min(lo+chunk, len(w.dst))
			st.copy(w.dst[lo:hi], w.b[lo:hi])
		}
	})
}

// Triad samples the bandwidth of a = b + s*c, three accesses an element, in
// the same two ways as Copy.
func (b *Bench) Triad() Sample {
	return b.faster(3, func(st *stores, w *worker) {
		for lo := 0; lo < len(w.dst); lo += chunk {
			hi := min(lo+chunk, len(w.dst))
			st.triad(w.dst[lo:hi], w.b[lo:hi], w.c[lo:hi], 3)
		}
	})
}

// FMA64 samples the peak rate of float64 multiply-adds in registers.
func (b *Bench) FMA64() Sample {
	return b.fma(func(w *worker) int {
		b.kernels.fma64(w.acc64, 0.5, 1, fmaRounds)
		return len(w.acc64)
	})
}

// FMA32 samples the peak rate of float32 multiply-adds in registers.
func (b *Bench) FMA32() Sample {
	return b.fma(func(w *worker) int {
		b.kernels.fma32(w.acc32, 0.5, 1, fmaRounds)
		return len(w.acc32)
	})
}

// fma repeats call, which does fmaRounds multiply-adds on as many lanes as it
// returns, for fmaTime.
func (b *Bench) fma(call func(*worker) int) Sample {
	s := b.run(func(w *worker) (flops int64) {
		for start := time.Now(); time.Since(start) < fmaTime; {
			flops += 2 * fmaRounds * int64(call(w))
		}
		return flops
	})
	return Sample{Flops: s.work, Time: s.end.Sub(s.start)}
}

// repeated returns a job that makes passes over a worker's share, each of which moves so
// many accesses an element.
func (b *Bench) repeated(accesses int64, pass func(*worker)) job {
	return func(w *worker) int64 {
		for range b.passes {
			pass(w)
		}
		return accesses * 8 * int64(len(w.dst)) * int64(b.passes)
	}
}

// faster makes passes with each kind of stores that there is.
func (b *Bench) faster(accesses int64, pass func(*stores, *worker)) Sample {
	var best Sample
	for _, st := range b.kernels.stores {
		s := b.run(b.repeated(accesses, func(w *worker) { pass(&st, w) }))
		d := s.end.Sub(s.start)
		if best.Time == 0 || d < best.Time {
			best = Sample{Bytes: s.work, Time: d, NonTemporal: st.nonTemporal}
		}
	}
	return best
}

// run lets every worker do the job and adds up what they did, from the first
// start to the last end.
func (b *Bench) run(j job) span {
	b.waiting.Store(int32(len(b.workers)))
	for _, w := range b.workers {
		w.jobs <- j
	}
	all := <-b.done
	for range len(b.workers) - 1 {
		s := <-b.done
		all.work += s.work
		if s.start.Before(all.start) {
			all.start = s.start
		}
		if s.end.After(all.end) {
			all.end = s.end
		}
	}
	return all
}

// serve runs a worker's jobs until Close.
func (b *Bench) serve(w *worker) {
	runtime.LockOSThread()
	for j := range w.jobs {
		// Start together: waking a thread takes long enough to show in a
		// sample of a few milliseconds.
		for b.waiting.Add(-1); b.waiting.Load() > 0; {
			runtime.Gosched()
		}
		start := time.Now()
		work := j(w)
		b.done <- span{start, time.Now(), work}
	}
}
