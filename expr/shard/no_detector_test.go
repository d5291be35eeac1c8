//go:build !race

package shard_test

const detector = false
