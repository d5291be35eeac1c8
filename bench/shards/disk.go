package shards

// speed is what a disk does, in bytes a second.
type speed struct{ read, write float64 }

// diskBytes is how much is written and read to find out.
const diskBytes = 1 << 30
