// Package numen is the root of a lazy array compiler for Go. It holds no code:
// programs import github.com/numen-go/numen/expr, whose package name is np.
// The tests beside this file hold the shape of the whole repository: which
// package may import which, what each one exports, and that it is documented.
package numen
