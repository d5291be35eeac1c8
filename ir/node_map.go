package ir

// NodeMap maps nodes to values. Most graphs are of few nodes, whose list is searched
// faster than a map is made; the zero NodeMap is empty.
type NodeMap[V any] struct {
	keys   []*Node
	values []V
	many   map[*Node]int // places in the lists; nil while they are short
}

const shortList = 24

// Get returns the value of n, and whether it has one.
func (m *NodeMap[V]) Get(n *Node) (v V, ok bool) {
	if i := m.place(n); i >= 0 {
		return m.values[i], true
	}
	return v, false
}

// Has reports whether n has a value.
func (m *NodeMap[V]) Has(n *Node) bool { return m.place(n) >= 0 }

// Put gives n a value, in the place of one that it has.
func (m *NodeMap[V]) Put(n *Node, v V) {
	if i := m.place(n); i >= 0 {
		m.values[i] = v
		return
	}
	if m.keys == nil {
		m.keys, m.values = make([]*Node, 0, shortList), make([]V, 0, shortList)
	}
	m.keys, m.values = append(m.keys, n), append(m.values, v)
	switch {
	case m.many != nil:
		m.many[n] = len(m.keys) - 1
	case len(m.keys) > shortList:
		m.many = make(map[*Node]int, 4*shortList)
		for i, k := range m.keys {
			m.many[k] = i
		}
	}
}

func (m *NodeMap[V]) place(n *Node) int {
	if m.many != nil {
		if i, ok := m.many[n]; ok {
			return i
		}
		return -1
	}
	for i, k := range m.keys {
		if k == n {
			return i
		}
	}
	return -1
}
