// Package matrix runs every program of package programs on every kind of array and
// compares the results with the evaluator's: n programs and m kinds are n + m pieces of
// code, and this holds it.
package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/numen-go/numen/bench/programs"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/passes"
	rt "github.com/numen-go/numen/runtime"
)

// Kind is a kind of array: how the operands of a program become its arrays, and what
// evaluates it.
type Kind struct {
	Name   string
	Absent string // why it cannot be had here, "" when it can
	On     []string
	// Hold returns an operand, dense on the host, as an array of this kind; nil: as it is.
	Hold func(ctx context.Context, in programs.Input, a np.Array) (np.Array, error)
}

// Cell is what came of one program on one kind of array.
type Cell struct {
	Program, Kind string
	Declined      string  // the reason why it did not run, "" when it did
	Fault         string  // what is wrong: other bits than the evaluator's, an error
	Finite        float64 // share of elements that are finite
	Distinct      int     // values that differ
	Elements      int
}

// String returns the cell in a word or two.
func (c *Cell) String() string {
	switch {
	case c.Fault != "":
		return "WRONG: " + c.Fault
	case c.Declined != "":
		return "declined: " + c.Declined
	}
	return "same bits"
}

// Run runs one program on one kind.
func Run(ctx context.Context, p *programs.Program, k *Kind) Cell {
	c := Cell{Program: p.Name, Kind: k.Name}
	if k.Absent != "" {
		c.Declined = k.Absent
		return c
	}
	if err := c.run(ctx, p, k); errors.Is(err, np.ErrDeclined) {
		c.Declined = reason(err)
	} else if err != nil {
		c.Fault = err.Error()
	}
	return c
}

// reason returns why targets declined, without places in the source.
func reason(err error) string {
	var d *lower.Declined
	if errors.As(err, &d) {
		return fmt.Sprintf("%s: %s", d.Why, d.Detail)
	}
	var c *passes.CallError
	if errors.As(err, &c) {
		return fmt.Sprintf("%s: %s", c.Op, strings.TrimSuffix(strings.TrimPrefix(c.Err.Error(), rt.ErrDeclined.Error()+": "), " ("+passes.ErrFormat.Error()+")"))
	}
	return err.Error()
}

func (c *Cell) run(ctx context.Context, p *programs.Program, k *Kind) error {
	e := rt.New(rt.Config{Targets: k.On})
	defer e.Close()
	in, err := p.Arrays(ctx)
	if err != nil {
		return err
	}
	if k.Hold != nil {
		for i, a := range in {
			if in[i], err = k.Hold(ctx, p.In[i], a); err != nil {
				return err
			}
		}
	}
	results := p.Build(in)
	nodes := make([]*ir.Node, len(results))
	for i, r := range results {
		if err := r.Err(); err != nil {
			return err
		}
		nodes[i] = np.NodeOf(r)
	}
	got, err := e.Eval(ctx, nodes, nil)
	if err != nil {
		return declined(err)
	}
	want, err := reference(ctx, e, nodes)
	if err != nil {
		return fmt.Errorf("the evaluator: %w", err)
	}
	finite := 0
	distinct := map[uint64]bool{}
	for i, a := range got {
		host, err := e.Convert(ctx, a, nil)
		if err != nil {
			return err
		}
		elems := elements(host)
		if err := differs(a.DType, elems, want[i].Elems); err != nil && c.Fault == "" {
			c.Fault = fmt.Sprintf("result %d, %v", i, err)
		}
		for _, bits := range elems {
			distinct[bits] = true
			if v := float(a.DType, bits); v-v == 0 {
				finite++
			}
		}
		c.Elements += len(elems)
	}
	c.Finite, c.Distinct = float64(finite)/float64(max(1, c.Elements)), len(distinct)
	return nil
}

// declined gives the engine's refusals the class that users see.
func declined(err error) error {
	if errors.Is(err, rt.ErrDeclined) {
		return fmt.Errorf("%w: %w", err, np.ErrDeclined)
	}
	return err
}

// reference returns the evaluator's results of the kernels of a program, each on its own:
// formats say what is stored and in which order sums go, everything else is plain loops.
func reference(ctx context.Context, e *rt.Engine, results []*ir.Node) ([]*ir.Tensor, error) {
	g, params, scalars, err := rt.Read(results)
	if err != nil {
		return nil, err
	}
	in := make([]*ir.Tensor, len(params))
	for i, n := range params {
		a := n.Data.(*lower.Array)
		if a.Format != nil {
			if a, err = e.Convert(ctx, a, nil); err != nil {
				return nil, err
			}
		}
		in[i] = &ir.Tensor{DType: a.DType, Elems: elements(a)}
		for _, x := range a.Extents {
			in[i].Shape = append(in[i].Shape, int(x))
		}
	}
	u := &passes.Unit{Graph: g}
	if _, err := passes.Run(u, passes.Options{Until: "formats"}); err != nil {
		return nil, err
	}
	return ir.EvalProgram(u.Program, in, ir.Env{Scalars: scalars})
}

// elements returns the elements of a dense contiguous array as ir.Scalar describes them.
func elements(a *lower.Array) []uint64 {
	n := int64(1)
	for _, x := range a.Extents {
		n *= x
	}
	out := make([]uint64, n)
	h := a.Buf.(*lower.Host)
	for i := range out {
		at := a.Offset + int64(i)
		switch a.DType {
		case ir.Bool, ir.Uint8:
			out[i] = uint64(lower.Slice[uint8](h)[at])
		case ir.Int8:
			out[i] = uint64(lower.Slice[int8](h)[at])
		case ir.Int16:
			out[i] = uint64(lower.Slice[int16](h)[at])
		case ir.Uint16:
			out[i] = uint64(lower.Slice[uint16](h)[at])
		case ir.Int32:
			out[i] = uint64(lower.Slice[int32](h)[at])
		case ir.Uint32, ir.Float32:
			out[i] = uint64(lower.Slice[uint32](h)[at])
		default:
			out[i] = lower.Slice[uint64](h)[at]
		}
	}
	return out
}

// same compares bits; all NaNs count as one.
func same(d ir.DType, x, y uint64) bool {
	return x == y || math.IsNaN(float(d, x)) && math.IsNaN(float(d, y))
}

// differs returns the first difference between elements, nil when there is none.
func differs(d ir.DType, got, want []uint64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d elements, the evaluator has %d", len(got), len(want))
	}
	for i, bits := range got {
		if !same(d, bits, want[i]) {
			return fmt.Errorf("element %d is %v, the evaluator's %v", i, float(d, bits), float(d, want[i]))
		}
	}
	return nil
}

// float returns an element as a number to look at.
func float(d ir.DType, bits uint64) float64 {
	switch d {
	case ir.Float32:
		return float64(math.Float32frombits(uint32(bits)))
	case ir.Float64:
		return math.Float64frombits(bits)
	}
	return float64(int64(bits))
}

// All runs every program on every kind, and reports whether none is wrong.
func All(ctx context.Context, kinds []Kind) (cells []Cell, ok bool) {
	all := programs.All()
	ok = true
	for i := range all {
		for j := range kinds {
			c := Run(ctx, &all[i], &kinds[j])
			cells, ok = append(cells, c), ok && c.Fault == ""
		}
	}
	return cells, ok
}

// Print writes a row a program with a mark a kind, and below it the reasons.
func Print(w io.Writer, kinds []Kind, cells []Cell) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "program")
	for _, k := range kinds {
		fmt.Fprintf(t, "\t%s", k.Name)
	}
	number := map[string]int{}
	var reasons []string
	for i, c := range cells {
		if i%len(kinds) == 0 {
			fmt.Fprintf(t, "\n%s", c.Program)
		}
		mark := "="
		if text := c.String(); c.Fault != "" || c.Declined != "" {
			if number[text] == 0 {
				reasons = append(reasons, text)
				number[text] = len(reasons)
			}
			mark = fmt.Sprintf("(%d)", number[text])
		}
		fmt.Fprintf(t, "\t%s", mark)
	}
	fmt.Fprintln(t)
	t.Flush()
	fmt.Fprintln(w, "= the bits of the evaluator")
	for i, r := range reasons {
		fmt.Fprintf(w, "(%d) %s\n", i+1, strings.ReplaceAll(r, "\n", "\n    "))
	}
}
