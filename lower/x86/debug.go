package x86

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Two switches of the environment help to see what machine code does. NUMEN_PERF=1 tells
// perf the names of kernels, in the file that it reads them from; NUMEN_DUMP=DIR writes
// the code of every kernel to DIR/NAME.bin and its text to DIR/NAME.txt:
//
//	objdump -D -b binary -m i386:x86-64 DIR/NAME.bin

// perfMap is the file of names, nil when it is not asked for.
var perfMap = sync.OnceValue(func() *os.File {
	if os.Getenv("NUMEN_PERF") == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join("/", "tmp", fmt.Sprintf("perf-%d.map", os.Getpid())), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil
	}
	return f
})

var dumpDir = sync.OnceValue(func() string { return os.Getenv("NUMEN_DUMP") })

// dumped numbers the kernels of one name.
var dumped atomic.Int64

// publish shows code to whoever asked for it by the environment. The listing is made only
// then.
func publish(name string, t *text, code []byte, listing func() string) error {
	if f := perfMap(); f != nil {
		if _, err := fmt.Fprintf(f, "%x %x numen.%s\n", t.addr, len(code), name); err != nil {
			return err
		}
	}
	dir := dumpDir()
	if dir == "" {
		return nil
	}
	base := filepath.Join(dir, fmt.Sprintf("%s-%d", strings.Map(fileRune, name), dumped.Add(1)))
	if err := os.WriteFile(base+".bin", code, 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".txt", []byte(listing()), 0o644)
}

// fileRune keeps what is fit for the name of a file.
func fileRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
		return r
	}
	return '-'
}
