// Command samebits reports floating-point code whose result depends on the
// machine it is compiled for. Run it on the packages that compute results:
//
//	go -C tools build -o "$DIR" ./samebits && "$DIR"/samebits ./ir/... ./lower/...
//
// With -fix it puts the missing conversions in; run it again for the outer
// products of a chain.
package main

import "golang.org/x/tools/go/analysis/singlechecker"

func main() { singlechecker.Main(analyzer) }
