package shard

import (
	"os"

	"golang.org/x/sys/unix"
)

// flush waits until a directory's files are on the disk. It asks for the whole file system
// at once: for each of many files that takes longer than writing them.
func flush(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}
