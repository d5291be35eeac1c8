package main

import (
	"time"

	"github.com/numen-go/numen/bench/roof"
	np "github.com/numen-go/numen/expr"
)

// limit is what bounds a problem from below: the bytes that it must move at the machine's
// bandwidth, or its arithmetic at the machine's peak, whichever takes longer. Bandwidth
// is that of arrays which fill as much memory as the problem's, so that a problem that
// fits a cache is held against the cache.
type limit struct {
	kind  string // read, copy, triad, fma64 or fma32; empty: the problem is too small to have one
	work  float64
	bench *roof.Bench
}

const (
	// A problem of fewer bytes and fewer operations is overhead: no roof is near.
	limitedBytes, limitedOps = 64 << 10, 1 << 18

	// inMemory is the size from which on no cache holds a problem.
	inMemory = 128 << 20
)

// limitOf finds what bounds a problem, by a few samples of each roof that may.
func limitOf(c cost, d np.DType, threads int) (*limit, error) {
	if c.bytes() < limitedBytes && c.ops < limitedOps {
		return &limit{}, nil
	}
	memory, arrays := "triad", 3
	switch {
	case 16*c.out < c.in:
		memory, arrays = "read", 1
	case c.in < 2*c.out:
		memory, arrays = "copy", 2
	}
	footprint := c.bytes() / arrays
	if c.bytes() >= inMemory {
		footprint = 0 // the roof's own choice, far above every cache
	}
	b, err := roof.New(threads, footprint)
	if err != nil {
		return nil, err
	}
	fma := "fma64"
	if d == np.Float32 {
		fma = "fma32"
	}
	moving := &limit{kind: memory, work: float64(c.bytes()), bench: b}
	computing := &limit{kind: fma, work: float64(c.ops), bench: b}
	var ratios []float64
	for range 3 {
		ratios = append(ratios, computing.time()/moving.time())
	}
	if quantile(ratios, 0.5) > 1 {
		return computing, nil
	}
	return moving, nil
}

// time samples how many nanoseconds the machine needs for the problem's work.
func (l *limit) time() float64 { return l.work / sampleRoof(l.bench, l.kind).Rate() }

func (l *limit) close() {
	if l.bench != nil {
		l.bench.Close()
	}
}

// sampleRoof takes samples until they are long enough to be told from noise, and adds
// them up.
func sampleRoof(b *roof.Bench, kind string) roof.Sample {
	take := map[string]func() roof.Sample{
		"read": b.Read, "copy": b.Copy, "triad": b.Triad, "fma64": b.FMA64, "fma32": b.FMA32,
	}[kind]
	sum := take()
	for sum.Time < shortest {
		s := take()
		sum.Bytes, sum.Flops, sum.Time = sum.Bytes+s.Bytes, sum.Flops+s.Flops, sum.Time+s.Time
	}
	return sum
}

// shortest is how long a sample lasts at least.
const shortest = 2 * time.Millisecond

// roofSamples is how often a limit is sampled for the summary of the machine.
const roofSamples = 7

// machineLimits measures the limits of this machine, for arrays far larger than caches.
func machineLimits(threads int) (rows []measurement, hugePages bool, err error) {
	b, err := roof.New(threads, 0)
	if err != nil {
		return nil, false, err
	}
	defer b.Close()
	kinds := []string{"read", "copy", "triad", "fma64", "fma32"}
	samples := make([][]roof.Sample, len(kinds))
	for range roofSamples {
		for i, kind := range kinds {
			samples[i] = append(samples[i], sampleRoof(b, kind))
		}
	}
	for i, kind := range kinds {
		// Samples of one limit differ in how much they do: the times are those of the
		// work of the first.
		first := samples[i][0]
		var ns []float64
		for _, s := range samples[i] {
			ns = append(ns, float64(first.Bytes+first.Flops)/s.Rate())
		}
		m := measurement{
			Problem: "limit/" + kind, Size: dims([]int{b.Bytes() / 8}) + " float64", Who: "roof " + b.Kernels(), Threads: threads,
			Bytes: int(first.Bytes), Flops: int(first.Flops), Versions: goVersions(),
		}
		m.summarise(ns)
		rows = append(rows, m)
	}
	return rows, b.HugePages(), nil
}
