// Package data holds real input for the benchmarks. README.md states where it
// comes from and its licence.
package data

import _ "embed" // for the files below

// ElevationNPY is a .npy file of a terrain's heights in metres: int16, 344 rows
// by 403 columns, all of them positive.
//
//go:embed elevation.npy
var ElevationNPY []byte
