package shards

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// measureDisk writes and reads a file around the system's cache.
func measureDisk(dir string) (s speed, err error) {
	const block = 8 << 20
	buffer, err := syscall.Mmap(-1, 0, block, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE) // aligned
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, syscall.Munmap(buffer)) }()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range buffer {
		buffer[i] = byte(r.Uint32())
	}
	name := filepath.Join(dir, "disk")
	defer os.Remove(name)
	pass := func(flags int, each func(f *os.File) (int, error)) (float64, error) {
		f, err := os.OpenFile(name, flags|syscall.O_DIRECT, 0o644)
		if err != nil {
			return 0, fmt.Errorf("the disk cannot be measured: %w", err)
		}
		start := time.Now()
		for range diskBytes / block {
			if _, err := each(f); err != nil {
				f.Close()
				return 0, fmt.Errorf("the disk cannot be measured: %w", err)
			}
		}
		err = f.Close()
		return diskBytes / time.Since(start).Seconds(), err
	}
	if s.write, err = pass(os.O_CREATE|os.O_WRONLY, func(f *os.File) (int, error) { return f.Write(buffer) }); err != nil {
		return s, err
	}
	s.read, err = pass(os.O_RDONLY, func(f *os.File) (int, error) { return f.Read(buffer) })
	return s, err
}

// forget has the system write the files of a directory and drop their pages.
func forget(dir string) error {
	return eachFile(dir, func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
}

// peak returns the most memory that this process ever had.
func peak() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return int64(u.Maxrss) << 10
}
