//go:build !amd64

package roof

func pickKernels() kernels { return goKernels }
