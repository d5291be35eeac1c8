//go:build race

package shard_test

// detector is whether the race detector runs, which maps memory of its own.
const detector = true
