package rt

import (
	"os"
	"strings"
)

// debug holds every debugging switch, read once from NUMEN_DEBUG: a comma-separated
// list of the names below. None changes a result.
var debug = readDebug(os.Getenv("NUMEN_DEBUG"))

type switches struct {
	verify bool // verify: check graph and program after every pass
	alias  bool // alias: checksum memory shared by AliasSlice before and after each run
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

// DebugAlias reports whether shared memory is to be checked for writes by its owner.
func DebugAlias() bool { return debug.alias }
