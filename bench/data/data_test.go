package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// TestElevation checks the file byte by byte, without the .npy reader that the
// benchmarks use.
func TestElevation(t *testing.T) {
	const (
		start  = "\x93NUMPY\x01\x00\x76\x00" // version 1.0, 118 bytes of header
		header = "{'descr': '<i2', 'fortran_order': False, 'shape': (344, 403), }"
		sum    = "ec7dbaa170ef79c8d1891305f91d3f414334904f338a11d31297b9ff1c40c768"
	)
	if got := sha256.Sum256(ElevationNPY); hex.EncodeToString(got[:]) != sum {
		t.Errorf("SHA-256 is %x, want %s", got, sum)
	}
	if got, want := len(ElevationNPY), 128+2*344*403; got != want {
		t.Fatalf("%d bytes, want %d", got, want)
	}
	if got := string(ElevationNPY[:128]); strings.TrimRight(got, " \n") != start+header {
		t.Errorf("header is %q", got)
	}
	low, high := int16(32767), int16(-32768)
	distinct := map[int16]bool{}
	for rest := ElevationNPY[128:]; len(rest) > 0; rest = rest[2:] {
		height := int16(binary.LittleEndian.Uint16(rest))
		low, high = min(low, height), max(high, height)
		distinct[height] = true
	}
	if low != 236 || high != 1076 || len(distinct) != 817 {
		t.Errorf("heights from %d to %d, %d distinct, want 236 to 1076, 817 distinct", low, high, len(distinct))
	}
}
