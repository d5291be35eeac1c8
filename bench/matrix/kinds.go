package matrix

import (
	"context"

	"github.com/numen-go/numen/bench/programs"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
	"github.com/numen-go/numen/lower/cuda"
	_ "github.com/numen-go/numen/lower/sharded"
	_ "github.com/numen-go/numen/lower/sparse"
)

func init() {
	cuda.Simulate(1 << 28)
	lower.Register("portable", func() (lower.Target, error) {
		t, err := cpu.New("portable")
		return portable{t}, err
	})
}

// portable is the cpu target without machine code.
type portable struct{ lower.Target }

func (portable) Name() string { return "portable" }

// Kinds returns every kind of array that this module brings.
func Kinds() []Kind {
	return []Kind{
		{Name: "ref", On: []string{"ref"}},
		{Name: "portable", On: []string{"portable"}},
		{Name: "cpu", On: []string{"cpu"}},
		{Name: "sharded", On: []string{"sharded"}},
		{Name: "chunks of 7", On: []string{"cpu"}, Hold: chunked},
		{Name: "sparse", On: []string{"cpu"}, Hold: compressed},
		{Name: "chunks and sparse", On: []string{"cpu"}, Hold: mixed},
		{Name: "cuda", On: []string{"cuda"}},
	}
}

// chunked returns an operand in chunks of seven elements along every axis, so that the
// edges of chunks lie inside of everything that programs do.
func chunked(ctx context.Context, in programs.Input, a np.Array) (np.Array, error) {
	f := &ir.Format{Device: "sharded"}
	for range in.Shape {
		f.Chunks = append(f.Chunks, ir.N(7))
	}
	return np.Call("chunked", ir.OpConvert, &ir.Attr{Format: f}, a).Eval(ctx)
}

// mixed returns an operand that stores what differs from its fill, those that have none
// in chunks.
func mixed(ctx context.Context, in programs.Input, a np.Array) (np.Array, error) {
	if in.Share == 1 {
		return chunked(ctx, in, a)
	}
	return compressed(ctx, in, a)
}

// compressed returns an operand that stores what differs from its fill: rows as they are,
// what is in them compressed. Operands without a value that stands out stay dense.
func compressed(ctx context.Context, in programs.Input, a np.Array) (np.Array, error) {
	if in.Share == 1 {
		return a, nil
	}
	f := &ir.Format{Fill: fillOf(in)}
	for i := range in.Shape {
		level := ir.LevelCompressed
		if i == 0 && len(in.Shape) > 1 {
			level = ir.LevelDense
		}
		f.Levels = append(f.Levels, level)
	}
	return np.Call("compressed", ir.OpConvert, &ir.Attr{Format: f}, a).Eval(ctx)
}

func fillOf(in programs.Input) uint64 {
	if d := ir.DType(in.DType); d.IsFloat() {
		return ir.Float(d, in.Fill)
	}
	return uint64(in.Fill)
}
