module github.com/numen-go/numen/examples

go 1.26.0

require github.com/numen-go/numen v0.0.0

require golang.org/x/sync v0.24.0 // indirect

replace github.com/numen-go/numen => ../
