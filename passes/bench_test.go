package passes

import (
	"fmt"
	"testing"
	"time"

	"github.com/numen-go/numen/ir"
)

// hundred returns a program of about a hundred calls: layers of matrix products,
// normalisation and tanh, of which a part is asked for, with literals and broadcasts as
// package np makes them.
func hundred() *ir.Graph {
	m, k := ir.Sym("M"), ir.Sym("K")
	x := ir.Param(0, ir.Dense(ir.Float64, m, k), nil)
	w := ir.Param(1, ir.Dense(ir.Float64, k, k), nil)
	g := &ir.Graph{Name: "hundred", Params: []*ir.Node{x, w}}
	call := func(op *ir.Op, a *ir.Attr, args ...*ir.Node) *ir.Node {
		return ir.Must(ir.NewNode(op, a, nil, args...))
	}
	number := func(v float64) *ir.Node { return ir.ConstNode(ir.Float64, ir.Float(ir.Float64, v), nil) }
	for range 5 {
		x = call(ir.OpContract, &ir.Attr{Spec: "ij,jk->ik|j", Order: ir.Chain}, x, call(ir.OpPermute, &ir.Attr{Axes: []int{1, 0}}, w))
		mean := func(y *ir.Node) *ir.Node {
			y = call(ir.OpSum, &ir.Attr{Axes: []int{1}, Order: ir.Lanes}, y)
			y = call(ir.OpDiv, nil, y, ir.DimValueNode(k, ir.Float64, nil))
			return call(ir.OpReshape, &ir.Attr{Shape: []ir.Dim{m, ir.N(1)}}, y)
		}
		d := call(ir.OpSub, nil, x, call(ir.OpBroadcast, &ir.Attr{Shape: []ir.Dim{m, k}}, mean(x)))
		q := mean(call(ir.OpMul, nil, d, d))
		s := call(ir.OpSqrt, nil, call(ir.OpAdd, nil, q, number(1e-5)))
		y := call(ir.OpAdd, nil, call(ir.OpMul, nil, call(ir.OpDiv, nil, d, s), number(1)), call(ir.OpNeg, nil, number(0)))
		x = call(ir.OpTanh, nil, y)
	}
	g.Results = []*ir.Node{call(ir.OpSlice, &ir.Attr{Start: []ir.Dim{ir.N(0), ir.N(0)}, Shape: []ir.Dim{ir.N(5), k}}, x)}
	return g
}

// BenchmarkPasses times the whole pipeline, then its parts as they share that time.
func BenchmarkPasses(b *testing.B) {
	g := hundred()
	b.Run(fmt.Sprint(len(g.Nodes()), " nodes"), func(b *testing.B) {
		b.ReportAllocs()
		took := map[string]time.Duration{}
		for range b.N {
			log, err := Run(&Unit{Graph: g}, Options{})
			if err != nil {
				b.Fatal(err)
			}
			for _, r := range log {
				took[r.Pass] += r.Took
			}
		}
		for _, p := range pipeline {
			b.ReportMetric(float64(took[p.Name].Nanoseconds())/float64(b.N), p.Name+"-ns")
		}
	})
}
