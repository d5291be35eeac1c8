package x86

import (
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// cycles is what instructions that are slow keep the processor busy for, in half cycles
// per 256 bits; others count 1, for processors start about two vector instructions in a
// cycle.
var cycles = map[asm.Op]float64{
	asm.VDIVPS: 10, asm.VDIVPD: 10, asm.VSQRTPS: 10, asm.VSQRTPD: 18,
	asm.DIV: 20, asm.IDIV: 20,
}

const nanosecondsOfHalfCycle = 0.5 / 3.7

// costs are those asked for so far, by costKey.
var costs sync.Map

type costKey struct {
	level asm.Level
	op    *ir.Op
	arg   ir.DType
}

// Cost estimates the nanoseconds that a scalar op takes an element, by the dtype of its
// last operand: what a schedule needs to know. It counts the instructions of the op.
func Cost(level asm.Level) func(op *ir.Op, d ir.DType) float64 {
	return func(op *ir.Op, d ir.DType) float64 {
		key := costKey{level, op, d}
		if c, ok := costs.Load(key); ok {
			return c.(float64)
		}
		c := 0.0
		for out := ir.Bool; out <= ir.Float64; out++ {
			if emit := opFor(level, op, out, d); emit != nil {
				c = max(c, costOf(level, op, out, d, emit))
			}
		}
		costs.Store(key, c)
		return c
	}
}

// costOf returns the cost of an op on vectors of as many positions as its dtypes allow.
func costOf(level asm.Level, op *ir.Op, out, arg ir.DType, emit emitOp) float64 {
	labels := 0
	s := &strip{emitter: &emitter{level: level, file: noFile{}, pool: asm.NewPool()}, b: asm.NewBuilder(&labels), lanes: 8}
	if level == asm.AVX512 {
		s.lanes = 16
	}
	if lane(out) == 8 || lane(arg) == 8 {
		s.lanes /= 2
	}
	var args []operand
	for _, in := range op.Scalar.In {
		class, d := asm.Vec, arg
		if !in.Has(d) {
			d = ir.Bool
		}
		if d == ir.Bool && s.wide() {
			class = asm.Mask
		}
		args = append(args, register(d, s.b.New(class)))
	}
	if op == ir.OpLookup {
		args = append(args, s.table(&ir.Table{DType: out, Entries: make([]uint64, 16)}))
	}
	emit(s, out, args)
	sum := 0.0
	for _, in := range s.b.Insts {
		c := cycles[in.Op]
		if c == 0 {
			c = 1
		}
		sum += float64(c * max(1, float64(float64(in.W)/256)))
	}
	return float64(float64(sum/float64(s.lanes)) * nanosecondsOfHalfCycle)
}

// noFile gives away no words: code that is only counted does not run.
type noFile struct{}

func (noFile) Var(*loop.Var) int                 { return 0 }
func (noFile) Array(*loop.Array) loop.ArrayWords { return loop.ArrayWords{} }
func (noFile) Temp(int) int                      { return 0 }
