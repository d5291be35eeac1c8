package rt

import "syscall"

// adviseHuge asks the kernel to back b with huge pages: a read of memory that misses no
// TLB is up to a third faster, and the first touch faults once in 2 MiB. A refusal
// costs speed only.
func adviseHuge(b []byte) {
	const madvHugepage = 14
	_ = syscall.Madvise(b, madvHugepage)
}
