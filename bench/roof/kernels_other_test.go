//go:build !amd64

package roof

func runnableKernels() []kernels { return []kernels{goKernels} }
