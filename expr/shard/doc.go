// Package shard makes arrays that are cut into chunks and may be larger than memory: from
// arrays in memory, memory-mapped files (npy.Map), generators and Zarr. Programs on them
// run on the target "sharded", which a program links in like a driver of database/sql:
//
//	import _ "github.com/numen-go/numen/lower/sharded"
//
//	u, err := shard.FromZarr("u.zarr")
//	v, err := np.Mean(np.Multiply(u, u), np.Axis(0)).Eval(ctx, np.Memory(512<<20))
//	err = shard.ToZarr(ctx, v, "means.zarr", nil)
//
// Nothing is read until a result is asked for, and of what is read only the chunks that it
// needs. np.Memory bounds what an evaluation holds: chunks that do not fit are on disk
// meanwhile; a bound that cannot hold is refused, with the numbers, before anything runs.
// Results have the bits that dense arrays give. What goes to Zarr (ToZarr, Store) goes there
// chunk by chunk, and is never whole in memory.
//
// PlanOf tells what an evaluation would do, as text, as a picture and as data; Events tells
// what its tasks do. With Keep a run that was ended, however that was, is resumed:
//
//	err = shard.ToZarr(ctx, v, "means.zarr", &shard.ZarrOptions{Eval: []np.EvalOption{shard.Keep("means.keep")}})
package shard
