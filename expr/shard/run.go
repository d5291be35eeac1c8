package shard

import (
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/lower"
)

// Event is something that happened to a task.
type Event = lower.Event

// Keep is an option of evaluations in chunks: what tasks have finished is kept in a
// directory, so that the same program can go on where a run before was ended, however that
// was. Kept are results and what takes more to compute than to read; ToZarr takes up the
// chunks that it has written. Files are named by the kernels, numbers and inputs that their
// elements come from and have checksums: what fits nothing is not used. One run at a time
// has a directory; when it is done, remove it.
func Keep(dir string) np.EvalOption {
	return np.Chunking(func(c *lower.Chunking) { c.Keep = dir })
}

// Spill is an option of evaluations in chunks: chunks that the bound of np.Memory does not
// hold go to a file without a name in a directory; without it in the system's for temporary files.
func Spill(dir string) np.EvalOption {
	return np.Chunking(func(c *lower.Chunking) { c.Spill = dir })
}

// Events is an option of evaluations in chunks: f gets what happens to each task, one call
// at a time. The run waits for it.
func Events(f func(Event)) np.EvalOption {
	return np.Chunking(func(c *lower.Chunking) { c.Event = f })
}
