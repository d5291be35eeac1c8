package passes

import (
	"encoding/binary"
	"slices"

	"github.com/numen-go/numen/ir"
)

// cse makes equal calls one. Dead code needs no pass: a node that no result needs is in
// no graph.
var cse = Pass{
	Name: "cse", Stage: OnGraph, Repeat: true,
	Doc: "calls of one op with equal attributes on equal operands become the first of them; operands of commutative ops are equal in either order",
	Run: onGraphs(shareEqual),
}

// shareEqual numbers nodes by value, then builds every node over the first node, in the
// order of Nodes, of each of its operands' numbers: the order of numbering does not show.
func shareEqual(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
	number := make(map[*ir.Node]int, len(nodes))
	numbers := make(map[string]int, len(nodes))
	count := 0
	var key []byte
	for _, n := range nodes {
		k, ok := 0, false
		if key = valueKey(key[:0], n, number); key != nil {
			k, ok = numbers[string(key)]
		}
		if !ok {
			k = count
			count++
			if key != nil {
				numbers[string(key)] = k
			}
		}
		number[n] = k
	}
	if count == len(nodes) {
		return g, nil
	}
	if u.random != nil {
		nodes = g.Nodes()
	}
	first := make([]*ir.Node, count)
	done := make(map[*ir.Node]*ir.Node, len(nodes))
	for _, n := range nodes {
		k := number[n]
		if first[k] == nil || !u.allow() {
			done[n] = withOperands(n, done)
			if first[k] == nil {
				first[k] = done[n]
			}
			continue
		}
		done[n] = first[k]
	}
	return replaced(g, done), nil
}

// valueKey appends what makes n's value: op, attributes and the numbers of its operands.
// It returns nil for nodes that are equal to themselves alone: parameters and ops with
// subgraphs.
func valueKey(key []byte, n *ir.Node, number map[*ir.Node]int) []byte {
	if n.Op == ir.OpParam || n.Subs != nil {
		return nil
	}
	key = append(key, n.Op.Name...)
	key = append(key, 0)
	if n.Attr != nil {
		key = attrKey(key, n.Attr)
	}
	at := len(key)
	for _, a := range n.Args {
		key = binary.BigEndian.AppendUint32(key, uint32(number[a]))
	}
	if n.Op.Algebra.Commutative && len(n.Args) == 2 && number[n.Args[0]] > number[n.Args[1]] {
		key = append(key, key[at:at+4]...)
		key = slices.Delete(key, at, at+4)
	}
	return key
}

func attrKey(key []byte, a *ir.Attr) []byte {
	key = binary.AppendUvarint(key, uint64(len(a.Axes)))
	for _, x := range a.Axes {
		key = binary.AppendVarint(key, int64(x))
	}
	for _, dims := range [...][]ir.Dim{a.Shape, a.Start, a.Step} {
		key = binary.AppendUvarint(key, uint64(len(dims)))
		for _, d := range dims {
			key = append(key, d.String()...)
			key = append(key, 0)
		}
	}
	key = append(key, byte(a.Order), byte(a.DType))
	key = append(key, a.Spec...)
	key = append(key, 0)
	if a.Combine != nil {
		key = append(key, a.Combine.Name...)
	}
	key = append(key, 0)
	key = binary.AppendUvarint(key, a.Bits)
	key = binary.AppendVarint(key, int64(a.Index))
	if a.Flag {
		key = append(key, 1)
	}
	return append(append(key, 0), a.Limit.String()...)
}
