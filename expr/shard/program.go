package shard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// FromProgram returns an array whose chunks a program makes when they are needed:
// np.Arange, the numbers of package random, or anything of dense arrays. They have the
// bits that the program gives as a whole.
//
//	x, err := shard.FromProgram(random.Normal(key, np.Shape{1e6, 1e4}), 1e4, 1e3)
func FromProgram(a np.Array, chunks ...int) (np.Array, error) {
	const fn = "shard.FromProgram"
	if err := a.Err(); err != nil {
		return np.Array{}, err
	}
	d := a.DType()
	return generated(fn, "a program", d, a.Shape(), chunks, nil, func() (string, error) { return programIdentity(a) },
		func(ctx context.Context, lo, hi []int64, dst []byte) error {
			return slabs(lo, hi, int64(d.Size()), func(lo, hi []int64, at, n int64) error {
				return evaluate(ctx, a, lo, hi, dst[at:at+n])
			})
		})
}

// slabBytes is how much of a program is evaluated at once: it is held beside the chunk.
const slabBytes = 1 << 20

// slabs cuts a box along its first axis, and calls f with each part and its bytes in the box.
func slabs(lo, hi []int64, size int64, f func(lo, hi []int64, at, n int64) error) error {
	for d := 1; d < len(lo); d++ {
		size *= hi[d] - lo[d]
	}
	if len(lo) == 0 || size == 0 {
		return f(lo, hi, 0, size)
	}
	step := max(slabBytes/size, 1)
	from, to := append([]int64(nil), lo...), append([]int64(nil), hi...)
	for i := lo[0]; i < hi[0]; i += step {
		from[0], to[0] = i, min(i+step, hi[0])
		if err := f(from, to, (i-lo[0])*size, (to[0]-i)*size); err != nil {
			return err
		}
	}
	return nil
}

// evaluate computes a box of a program into dst, on this goroutine.
func evaluate(ctx context.Context, a np.Array, lo, hi []int64, dst []byte) error {
	if len(dst) == 0 {
		return nil
	}
	index := make([]np.Index, len(lo))
	for d := range lo {
		index[d] = np.Range(int(lo[d]), int(hi[d]))
	}
	v, err := a.Slice(index...).Eval(ctx, np.Threads(1))
	if err != nil {
		return err
	}
	data, err := np.Bytes(v)
	if err != nil {
		return err
	}
	if len(data) < len(dst) {
		return fmt.Errorf("%d bytes of %d", len(data), len(dst))
	}
	copy(dst, data)
	return nil
}

// programIdentity names a program and the elements of its inputs.
func programIdentity(a np.Array) (string, error) {
	g := &ir.Graph{Results: []*ir.Node{np.NodeOf(a)}}
	h := sha256.New()
	fmt.Fprintln(h, g)
	for _, n := range g.Nodes() {
		x, ok := n.Data.(*lower.Array)
		if !ok {
			continue
		}
		host, ok := x.Buf.(*lower.Host)
		if !ok {
			return "", fmt.Errorf("nobody can tell whether %T has the same elements in another run", x.Buf)
		}
		fmt.Fprintln(h, x.Offset, x.Strides, x.Extents)
		h.Write(host.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
