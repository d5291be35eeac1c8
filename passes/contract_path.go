package passes

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// The order of pairwise contractions. The cost of a contraction is the number of
// positions of all its labels together, times its products at each, twice where something
// is summed (a product and a sum); a path is better when it costs less, then when its
// largest intermediate is smaller.
// Up to maxOptimal operands the best path is found by dynamic programming, above by
// greedy searches of which the best is taken. Nothing but labels and extents matters.
// Numbers are floats because products of many extents pass 2^63; each product is
// rounded on its own, so every machine finds the same path.

const maxOptimal = 8

// path is an order of pairwise contractions.
type path struct {
	steps   []pathStep
	flops   float64
	largest float64 // elements of the largest intermediate or of the result
}

// pathStep contracts two of the operands that are left; the result takes the place of
// left, which comes first, and right goes away.
type pathStep struct{ left, right int }

// network is a contraction as sets of labels.
type network struct {
	size []float64 // extent of each label
	in   []labelSet
	out  labelSet
}

// labelSet is a set of labels by number.
type labelSet []uint64

func (s labelSet) with(t labelSet) labelSet {
	r := slices.Clone(s)
	for i := range t {
		r[i] |= t[i]
	}
	return r
}

func (s labelSet) only(t labelSet) labelSet {
	r := slices.Clone(s)
	for i := range t {
		r[i] &= t[i]
	}
	return r
}

// labels calls f with the number of each label of s.
func (s labelSet) labels(f func(label int)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(64*i + bits.TrailingZeros64(w))
		}
	}
}

func (s labelSet) meets(t labelSet) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

// elements returns the positions of all labels of s together.
func (net *network) elements(s labelSet) float64 {
	n := 1.0
	s.labels(func(label int) { n = float64(n * net.size[label]) })
	return n
}

// pairFlops returns the cost of contracting a and b to kept.
func (net *network) pairFlops(a, b, kept labelSet) float64 {
	all := a.with(b)
	n := net.elements(all)
	if !slices.Equal(all, kept) {
		n = float64(2 * n)
	}
	return n
}

func newNetwork(s ir.Spec, size map[rune]float64) *network {
	net := &network{}
	number := map[rune]int{}
	for _, c := range strings.Join(s.In, "") {
		if _, ok := number[c]; !ok {
			number[c] = len(net.size)
			net.size = append(net.size, size[c])
		}
	}
	set := func(labels string) labelSet {
		r := make(labelSet, (len(net.size)+63)/64)
		for _, c := range labels {
			r[number[c]/64] |= 1 << (number[c] % 64)
		}
		return r
	}
	for _, in := range s.In {
		net.in = append(net.in, set(in))
	}
	net.out = set(s.Out)
	return net
}

// specFlops returns the cost of s as one loop nest over all its labels.
func specFlops(s ir.Spec, size map[rune]float64) float64 {
	n := float64(positions(strings.Join(s.In, ""), size) * float64(max(1, len(s.In)-1)))
	if s.Sum != "" && len(s.In) > 1 {
		n = float64(2 * n)
	}
	return n
}

// positions returns the positions of labels together, each label counted once.
func positions(labels string, size map[rune]float64) float64 {
	n := 1.0
	for i, c := range labels {
		if !strings.ContainsRune(labels[:i], c) {
			n = float64(n * size[c])
		}
	}
	return n
}

// findPath returns the order in which the operands of s are contracted.
func findPath(s ir.Spec, size map[rune]float64) []pathStep { return newNetwork(s, size).path().steps }

func (net *network) path() *path {
	if len(net.in) <= maxOptimal {
		return net.optimal()
	}
	var best *path
	for _, weight := range greedyWeights {
		if p := net.greedy(weight); best == nil || p.betterThan(best) {
			best = p
		}
	}
	return best
}

func (p *path) betterThan(q *path) bool {
	return p.flops < q.flops || p.flops == q.flops && p.largest < q.largest
}

// optimal returns a best path, by dynamic programming over sets of operands: a set is
// best contracted as two of its parts, each best contracted.
func (net *network) optimal() *path {
	n := len(net.in)
	type state struct {
		kept labelSet // of the set's result
		left int      // the part with the set's first operand
		cost path     // without steps
	}
	sets := make([]state, 1<<n)
	for set := 1; set < 1<<n; set++ {
		var has labelSet
		needed := net.out
		for i, in := range net.in {
			switch {
			case set>>i&1 == 0:
				needed = needed.with(in)
			case has == nil:
				has = in
			default:
				has = has.with(in)
			}
		}
		st := &sets[set]
		st.kept = has.only(needed)
		if set&(set-1) == 0 {
			st.kept = has // an operand as it is
			continue
		}
		st.cost.flops = math.Inf(1)
		elements := net.elements(st.kept)
		first := set & -set
		for left := (set - 1) & set; left > 0; left = (left - 1) & set {
			if left&first == 0 {
				continue
			}
			l, r := &sets[left], &sets[set&^left]
			c := path{flops: l.cost.flops + r.cost.flops + net.pairFlops(l.kept, r.kept, st.kept), largest: max(l.cost.largest, r.cost.largest, elements)}
			if c.betterThan(&st.cost) {
				st.left, st.cost = left, c
			}
		}
	}
	p := &path{flops: sets[1<<n-1].cost.flops, largest: sets[1<<n-1].cost.largest}
	alive := make([]int, n) // sets that stand at the places of operands
	for i := range alive {
		alive[i] = 1 << i
	}
	var build func(set int)
	build = func(set int) {
		st := &sets[set]
		if st.left == 0 {
			return
		}
		build(st.left)
		build(set &^ st.left)
		i, j := slices.Index(alive, st.left), slices.Index(alive, set&^st.left)
		if i > j {
			i, j = j, i
		}
		p.steps = append(p.steps, pathStep{i, j})
		alive[i] = set
		alive = slices.Delete(alive, j, j+1)
	}
	build(1<<n - 1)
	return p
}

// greedyWeights are the variants of the greedy search: how much the operands that a
// pair removes count against the result that it makes. 1 is the change of memory, 0 the
// size of the result alone.
var greedyWeights = []float64{1, 0, 0.5, 2, 4, 16}

// greedy contracts the pair that costs least, again and again: of pairs with a label in
// common, and where there are none left of all pairs.
func (net *network) greedy(weight float64) *path {
	alive := slices.Clone(net.in)
	users := make([]int, len(net.size)) // how many alive operands have a label, and the result
	for _, s := range append(slices.Clone(alive), net.out) {
		s.labels(func(label int) { users[label]++ })
	}
	kept := func(a, b labelSet) labelSet {
		all := a.with(b)
		r := slices.Clone(all)
		all.labels(func(label int) {
			w, bit := label/64, uint64(1)<<(label%64)
			here := int(a[w]&bit>>(label%64)) + int(b[w]&bit>>(label%64))
			if users[label] == here {
				r[w] &^= bit
			}
		})
		return r
	}
	cost := func(a, b labelSet) float64 {
		removed := net.elements(a) + net.elements(b)
		return net.elements(kept(a, b)) - float64(weight*removed)
	}
	type candidate struct {
		i, j int // numbers of operands: those of the network, then results in order
		cost float64
	}
	var candidates []candidate
	ids := make([]int, len(alive))
	sets := slices.Clone(alive) // by number
	for i := range ids {
		ids[i] = i
	}
	propose := func(i, j int) {
		if sets[i].meets(sets[j]) {
			candidates = append(candidates, candidate{i, j, cost(sets[i], sets[j])})
		}
	}
	for i := range ids {
		for j := i + 1; j < len(ids); j++ {
			propose(i, j)
		}
	}
	p := &path{}
	for len(ids) > 1 {
		if len(candidates) == 0 { // nothing in common: outer products, small ones first
			for a, i := range ids {
				for _, j := range ids[a+1:] {
					candidates = append(candidates, candidate{i, j, cost(sets[i], sets[j])})
				}
			}
		}
		best := candidates[0]
		for _, c := range candidates[1:] {
			if c.cost < best.cost {
				best = c
			}
		}
		a, b := sets[best.i], sets[best.j]
		result := kept(a, b)
		p.flops += net.pairFlops(a, b, result)
		p.largest = max(p.largest, net.elements(result))
		for _, s := range []labelSet{a, b} {
			s.labels(func(label int) { users[label]-- })
		}
		result.labels(func(label int) { users[label]++ })

		i, j := slices.Index(ids, best.i), slices.Index(ids, best.j)
		if i > j {
			i, j = j, i
		}
		p.steps = append(p.steps, pathStep{i, j})
		ids[i] = len(sets)
		ids = slices.Delete(ids, j, j+1)
		sets = append(sets, result)
		candidates = slices.DeleteFunc(candidates, func(c candidate) bool {
			return c.i == best.i || c.j == best.i || c.i == best.j || c.j == best.j
		})
		for _, k := range ids {
			if k != len(sets)-1 {
				propose(k, len(sets)-1)
			}
		}
	}
	return p
}
