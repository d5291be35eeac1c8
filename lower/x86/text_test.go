//go:build linux && amd64

package x86

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

var hammerFor = flag.Duration("hammer", 2*time.Second, "how long machine code runs under everything that Go's runtime does")

// summing is code that adds up the numbers 1 to frame[0], in a vector register and in a
// general one, and through the stack: frame[1] and frame[2] get the sum.
var summing = []byte{
	0x48, 0x8b, 0x0f, // mov rcx, [rdi]
	0x31, 0xc0, // xor eax, eax
	0xc5, 0xfd, 0xef, 0xc0, // vpxor ymm0, ymm0, ymm0
	// loop:
	0x48, 0x01, 0xc8, // add rax, rcx
	0x48, 0x89, 0x4c, 0x24, 0xf8, // mov [rsp-8], rcx
	0xc4, 0xe2, 0x7d, 0x59, 0x4c, 0x24, 0xf8, // vpbroadcastq ymm1, [rsp-8]
	0xc5, 0xfd, 0xd4, 0xc1, // vpaddq ymm0, ymm0, ymm1
	0x48, 0xff, 0xc9, // dec rcx
	0x75, 0xe8, // jnz loop
	0x48, 0x89, 0x47, 0x08, // mov [rdi+8], rax
	0xc4, 0xe3, 0x7d, 0x39, 0xc0, 0x01, // vextracti128 xmm0, ymm0, 1
	0xc5, 0xf9, 0xd6, 0x47, 0x10, // vmovq [rdi+16], xmm0
	0xc3, // ret
}

func available(t *testing.T) {
	t.Helper()
	if err := Available(1); err != nil {
		t.Skip(err)
	}
}

func TestText(t *testing.T) {
	available(t)
	before, _ := Mappings()
	code, err := load(summing)
	if err != nil {
		t.Fatal(err)
	}
	frame := [3]uint64{1000}
	code.run(code.addr, unsafe.Pointer(&frame))
	if frame[1] != 500500 || frame[2] != 500500 {
		t.Errorf("sums %d and %d, want 500500", frame[1], frame[2])
	}
	if now, _ := Mappings(); now != before+1 {
		t.Errorf("%d mappings in use, want %d", now, before+1)
	}
	for range 2 {
		if err := code.close(); err != nil {
			t.Error(err)
		}
	}
	if now, _ := Mappings(); now != before {
		t.Errorf("%d mappings in use after Close, want %d", now, before)
	}
}

// TestCleanup holds that forgotten code is unmapped.
func TestCleanup(t *testing.T) {
	available(t)
	before, _ := Mappings()
	for range 10 {
		if _, err := load(summing); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		runtime.GC()
		if now, _ := Mappings(); now == before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("forgotten code stays mapped")
}

// TestProtection holds that code is never writable.
func TestProtection(t *testing.T) {
	available(t)
	code, err := load(summing)
	if err != nil {
		t.Fatal(err)
	}
	defer code.close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	if bytes.Contains(maps, []byte(" rwx")) || bytes.Contains(maps, []byte(" -wx")) {
		t.Errorf("memory is writable and executable\n%s", maps)
	}
}

// TestHammer runs code in many goroutines while the runtime collects garbage, moves
// stacks, preempts and profiles. Sums tell whether a register or the stack was disturbed.
func TestHammer(t *testing.T) {
	available(t)
	code, err := load(summing)
	if err != nil {
		t.Fatal(err)
	}
	defer code.close()
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Log(err) // the tests are profiled already
	} else {
		defer pprof.StopCPUProfile()
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	var runs, wrong atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			for n := uint64(1); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if !deep(code, 3000+n%997, int(n%64)+i) {
					wrong.Add(1)
				}
				runs.Add(1)
			}
		})
	}
	time.Sleep(*hammerFor)
	close(stop)
	wg.Wait()
	if runs.Load() < 100 || wrong.Load() > 0 {
		t.Errorf("%d runs, %d wrong", runs.Load(), wrong.Load())
	}
	t.Logf("%d runs", runs.Load())
}

// deep runs the code at the end of a new, growing stack, on a frame that is on it.
func deep(code *text, n uint64, depth int) bool {
	result := make(chan bool)
	go func() {
		var dive func(depth int) bool
		dive = func(depth int) bool {
			var room [100]byte
			if depth > 0 {
				return dive(depth-1) && room[depth%100] == 0
			}
			frame := [3]uint64{n}
			code.run(code.addr, unsafe.Pointer(&frame))
			want := n * (n + 1) / 2
			return frame[1] == want && frame[2] == want
		}
		result <- dive(depth)
	}()
	return <-result
}
