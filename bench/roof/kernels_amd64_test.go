package roof

func runnableKernels() []kernels {
	switch best := pickKernels(); best.name {
	case "avx512":
		return []kernels{goKernels, avx2Kernels, avx512Kernels}
	case "avx2":
		return []kernels{goKernels, avx2Kernels}
	}
	return []kernels{goKernels}
}
