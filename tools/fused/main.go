// Command fused compiles packages for the architectures on which Go fuses
// products and sums, reads the compiler's listing, and reports every fused
// multiply-add that does not come from an explicit call of math.FMA. It judges
// what the compiler really does, where samebits judges the source.
//
// Run it at the root of the module:
//
//	go -C tools build -o "$DIR" ./fused && "$DIR"/fused ./ir/... ./lower/...
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: fused packages...")
		os.Exit(2)
	}
	clean := true
	for _, t := range targets {
		r, err := check(".", t, os.Args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, f := range r.faults {
			fmt.Printf("%s:%d: %s on %s, and no math.FMA on this line: convert the product\n", f.file, f.line, f.op, t.name)
			clean = false
		}
		fmt.Printf("%s: %d functions read, %d explicit and %d unasked fused multiply-adds\n",
			t.name, r.functions, r.explicit, len(r.faults))
	}
	if !clean {
		os.Exit(1)
	}
}
