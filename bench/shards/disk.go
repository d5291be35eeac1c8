package shards

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/numen-go/numen/lower"
)

// A disk is read and written by several streams at a time, in blocks.
const (
	readers = 4
	writers = 2
	block   = 1 << 20
)

// plain reads files and writes others of so many bytes, both at a time and nothing else:
// what no program that moves the same bytes is much faster than. It returns seconds until
// they are on the disk.
func plain(ctx context.Context, from []string, sizes []int64, dir string) (float64, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	noise := make([]byte, block)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	start := time.Now()
	done := make(chan error)
	go func() {
		done <- lower.Parallel(ctx, writers, int64(len(sizes)), func(i int64) error {
			return writePlain(filepath.Join(dir, strconv.FormatInt(i, 10)), sizes[i], noise)
		})
	}()
	err := readPlain(ctx, from)
	err = errors.Join(err, <-done, forget(dir))
	return time.Since(start).Seconds(), err
}

func writePlain(name string, size int64, data []byte) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for size > 0 && err == nil {
		n := min(size, int64(len(data)))
		_, err = f.Write(data[:n])
		size -= n
	}
	return err
}

func readPlain(ctx context.Context, from []string) error {
	type piece struct {
		file *os.File
		at   int64
		n    int64
	}
	var pieces []piece
	for _, name := range from {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		for at := int64(0); at < info.Size(); at += block {
			pieces = append(pieces, piece{f, at, min(block, info.Size()-at)})
		}
	}
	buffers := make(chan []byte, readers)
	for range readers {
		buffers <- make([]byte, block)
	}
	return lower.Parallel(ctx, readers, int64(len(pieces)), func(i int64) error {
		b := <-buffers
		_, err := pieces[i].file.ReadAt(b[:pieces[i].n], pieces[i].at)
		buffers <- b
		return err
	})
}
