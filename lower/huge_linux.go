package lower

import "syscall"

// AdviseHuge asks the system to back b with huge pages: a read of memory that misses no
// TLB is up to a third faster, what lies together does not compete for the same lines of
// a cache, and the first touch faults once in 2 MiB. A refusal costs speed only.
func AdviseHuge(b []byte) {
	const madvHugepage = 14
	_ = syscall.Madvise(b, madvHugepage)
}
