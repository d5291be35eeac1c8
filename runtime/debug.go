package rt

import (
	"fmt"
	"hash/maphash"
	"os"
	"strings"
	"sync"

	"github.com/numen-go/numen/lower"
)

// debug holds every debugging switch, read once from NUMEN_DEBUG: a comma-separated
// list of the names below. None changes a result. (NUMEN_CPU, which caps the level of
// target cpu, is that target's own.)
var debug = readDebug(os.Getenv("NUMEN_DEBUG"))

type switches struct {
	verify bool // verify: check graph and program after every pass
	alias  bool // alias: fail a run when memory shared by AliasSlice was written by its owner
}

func readDebug(list string) switches {
	var d switches
	for name := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(name) {
		case "verify":
			d.verify = true
		case "alias":
			d.alias = true
		}
	}
	return d
}

// aliased are the checksums of memory that users share, by *lower.Host. Entries stay for
// the life of the process: the switch is for tests.
var aliased sync.Map

var checksum = maphash.MakeSeed()

// Aliased notes that a's memory is a user's own slice, for switch alias.
func Aliased(a *lower.Array) {
	if debug.alias {
		h := a.Buf.(*lower.Host)
		aliased.Store(h, maphash.Bytes(checksum, h.Bytes()))
	}
}

// checkAliased reports the first parameter whose shared memory is no longer what it was.
func checkAliased(in []*lower.Array) error {
	if !debug.alias {
		return nil
	}
	for i, a := range in {
		h, ok := a.Buf.(*lower.Host)
		if !ok {
			continue
		}
		if was, ok := aliased.Load(h); ok && was != maphash.Bytes(checksum, h.Bytes()) {
			return fmt.Errorf("rt: the slice behind parameter %d was written after AliasSlice", i)
		}
	}
	return nil
}
