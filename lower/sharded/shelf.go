package sharded

import (
	"fmt"
	"os"
	"sync"
)

// shelf is where chunks are spilled to. It is safe for many goroutines.
type shelf interface {
	put(data []byte) (slot, error)
	read(s slot, p []byte, offset int64) error
	drop(s slot)
	close() error
}

// slot is where a chunk is on a shelf.
type slot struct{ offset, size int64 }

// scratch is a shelf in one file without a name: the system removes it with the process,
// however that ends. Room of dropped chunks is used again.
type scratch struct {
	mu   sync.Mutex
	file *os.File
	end  int64
	free map[int64][]int64 // offsets by size
}

func newScratch(dir string) (*scratch, error) {
	f, err := os.CreateTemp(dir, "numen-spill-*")
	if err != nil {
		return nil, fmt.Errorf("sharded: no room to spill: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, fmt.Errorf("sharded: no room to spill: %w", err)
	}
	return &scratch{file: f, free: map[int64][]int64{}}, nil
}

func (s *scratch) put(data []byte) (slot, error) {
	at := slot{size: int64(len(data))}
	s.mu.Lock()
	if l := s.free[at.size]; len(l) > 0 {
		at.offset = l[len(l)-1]
		s.free[at.size] = l[:len(l)-1]
	} else {
		at.offset = s.end
		s.end += at.size
	}
	s.mu.Unlock()
	if _, err := s.file.WriteAt(data, at.offset); err != nil {
		s.drop(at)
		return slot{}, fmt.Errorf("sharded: a chunk of %d bytes could not be spilled: %w", len(data), err)
	}
	return at, nil
}

func (s *scratch) read(at slot, p []byte, offset int64) error {
	if _, err := s.file.ReadAt(p, at.offset+offset); err != nil {
		return fmt.Errorf("sharded: a spilled chunk could not be read: %w", err)
	}
	return nil
}

func (s *scratch) drop(at slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[at.size] = append(s.free[at.size], at.offset)
}

func (s *scratch) close() error { return s.file.Close() }
