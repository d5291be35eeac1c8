package ir

import "testing"

func TestNodeMap(t *testing.T) {
	var m NodeMap[int]
	nodes := make([]*Node, 5*shortList)
	for i := range nodes {
		nodes[i] = &Node{}
		if m.Has(nodes[i]) {
			t.Fatalf("node %d is there before it was put", i)
		}
		m.Put(nodes[i], -1)
		m.Put(nodes[i], i)
		for j := range i + 1 {
			if v, ok := m.Get(nodes[j]); !ok || v != j {
				t.Fatalf("of %d nodes, number %d has %d, %v", i+1, j, v, ok)
			}
		}
	}
}
