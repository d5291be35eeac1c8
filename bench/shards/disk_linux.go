package shards

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

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
