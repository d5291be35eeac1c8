//go:build !unix

package npy

import np "github.com/numen-go/numen/expr"

// Map is Load where the system has no memory mapping.
func Map(path string) (np.Array, error) { return Load(path) }
