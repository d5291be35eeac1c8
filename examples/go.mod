module github.com/numen-go/numen/examples

go 1.26.0

require github.com/numen-go/numen v0.0.0

require (
	github.com/google/uuid v1.1.1 // indirect
	github.com/klauspost/cpuid/v2 v2.4.2 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.41.0 // indirect
	gorgonia.org/cu v0.9.6 // indirect
)

replace github.com/numen-go/numen => ../
