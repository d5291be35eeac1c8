package shard

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bloscWant is what the frames of testdata/blosc hold. numcodecs.Blosc made them, with
// clevel=9 and blocksize=3000.
func bloscWant() []byte {
	var b []byte
	for i := range uint64(1000) {
		x := i * i * i
		if i%100 < 40 {
			x = i / 50 * 1000003
		}
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

func bloscFrames(t testing.TB) map[string][]byte {
	t.Helper()
	frames := map[string][]byte{}
	names, err := filepath.Glob("testdata/blosc/*")
	if err != nil || len(names) < 12 {
		t.Fatalf("%d frames, %v", len(names), err)
	}
	for _, name := range names {
		if frames[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return frames
}

func TestBlosc(t *testing.T) {
	want := bloscWant()
	for name, frame := range bloscFrames(t) {
		got, err := unpackBlosc(frame, make([]byte, len(want)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if _, err := unpackBlosc(frame, make([]byte, len(want)-1)); err == nil || !strings.Contains(err.Error(), "8000 bytes, more than 7999") {
			t.Errorf("%s: without room: %v", name, err)
		}
		if _, err := unpackBlosc(frame[:len(frame)-1], make([]byte, len(want))); err == nil || !strings.Contains(err.Error(), "bytes, the frame says") {
			t.Errorf("%s: its end is missing: %v", name, err)
		}
	}
}

func TestBloscRefuses(t *testing.T) {
	frame := bloscFrames(t)["lz4-bytes"]
	for part, change := range map[string]func(b []byte){
		"version 3":             func(b []byte) { b[0] = 3 },
		"codec 7":               func(b []byte) { b[2] |= 7 << 5 },
		"the frame is damaged":  func(b []byte) { b[3] = 0 },
		"block 0: lz4: the str": func(b []byte) { clear(b[40:400]) },
	} {
		b := bytes.Clone(frame)
		change(b)
		if _, err := unpackBlosc(b, make([]byte, 8000)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v", part, err)
		}
	}
}

// Whatever bytes are changed, a frame is refused or has as many bytes as it says.
func TestBloscOfNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, frame := range bloscFrames(t) {
		for range 300 {
			b := bytes.Clone(frame)
			for range 1 + r.IntN(4) {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
			around := make([]byte, 9000)
			if got, err := unpackBlosc(b, around[:8000:8000]); err == nil && len(got) > 8000 {
				t.Errorf("%s: %d bytes", name, len(got))
			}
			if !bytes.Equal(around[8000:], make([]byte, 1000)) {
				t.Fatalf("%s: it is written beyond the end", name)
			}
		}
	}
}

func FuzzBlosc(f *testing.F) {
	for _, frame := range bloscFrames(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		around := make([]byte, 9000)
		_, _ = unpackBlosc(frame, around[:8000])
		if !bytes.Equal(around[8000:], make([]byte, 1000)) {
			t.Error("it is written beyond the end")
		}
	})
}

func BenchmarkBlosc(b *testing.B) {
	dst := make([]byte, 8000)
	for name, frame := range bloscFrames(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(8000)
			for b.Loop() {
				if _, err := unpackBlosc(frame, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
