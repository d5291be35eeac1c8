package ir

// The canonical orders as plain loops: how the evaluation of reductions, contractions
// and scans combines the elements along an axis. Kernels have their own expansion; the
// two are compared in tests.

// fold combines n positions into one value.
type fold struct {
	start uint64                           // merging with it changes no bit
	empty uint64                           // the value of nothing
	step  func(state uint64, k int) uint64 // the state after position k
	merge func(left, right uint64) uint64  // the state of two neighbouring ranges
}

// reduce returns the value of positions 0..n-1 in the given order. Free means that the
// order does not matter, or that the user does not care: then it is one chain.
func (f fold) reduce(order Order, n int) uint64 {
	if n == 0 {
		return f.empty
	}
	var parts []uint64 // the leaves of the tree
	switch order {
	case Lanes:
		for lo := 0; lo < n; lo += LaneBlock {
			parts = append(parts, f.lanes(lo, min(lo+LaneBlock, n)))
		}
	case Chain:
		for lo := 0; lo < n; lo += ChainBlock {
			parts = append(parts, f.chain(lo, min(lo+ChainBlock, n)))
		}
	case TreeOrder:
		for k := range n {
			parts = append(parts, f.chain(k, k+1))
		}
	default:
		return f.chain(0, n)
	}
	return tree(parts, f.merge)
}

// chain combines lo..hi-1 one after another.
func (f fold) chain(lo, hi int) uint64 {
	state := f.start
	for k := lo; k < hi; k++ {
		state = f.step(state, k)
	}
	return state
}

// lanes deals a block that starts at lo to 16 chains, position k to chain k mod 16, and
// folds the chains in halves.
func (f fold) lanes(lo, hi int) uint64 {
	var lane [LaneCount]uint64
	for l := range lane {
		lane[l] = f.start
	}
	for k := lo; k < hi; k++ {
		lane[k%LaneCount] = f.step(lane[k%LaneCount], k)
	}
	for h := LaneCount / 2; h > 0; h /= 2 {
		for l := range h {
			lane[l] = f.merge(lane[l], lane[l+h])
		}
	}
	return lane[0]
}

// tree merges parts pairwise: the left half is the largest power of two below the whole.
func tree(parts []uint64, merge func(left, right uint64) uint64) uint64 {
	if len(parts) == 1 {
		return parts[0]
	}
	m := 1
	for m*2 < len(parts) {
		m *= 2
	}
	return merge(tree(parts[:m], merge), tree(parts[m:], merge))
}

// scan returns the running combination of x: inside a group of 16 a Sklansky tree, over
// the groups of a block a chain of their totals, over blocks a chain of those.
func scan(x []uint64, start uint64, merge func(left, right uint64) uint64) []uint64 {
	out := make([]uint64, len(x))
	blocks := start
	for b := 0; b < len(x); b += LaneBlock {
		groups := start
		for g := b; g < min(b+LaneBlock, len(x)); g += ScanGroup {
			s := append([]uint64(nil), x[g:min(g+ScanGroup, len(x))]...)
			for d := 1; d < ScanGroup; d *= 2 {
				for t := range s {
					if t&d != 0 { // the last position of the half before t's
						s[t] = merge(s[t&^(2*d-1)|(d-1)], s[t])
					}
				}
			}
			for t, v := range s {
				out[g+t] = merge(blocks, merge(groups, v))
			}
			groups = merge(groups, s[len(s)-1])
		}
		blocks = merge(blocks, groups)
	}
	return out
}

// monoid is an associative scalar op with what reductions need beside it.
type monoid struct {
	op    *Op
	start func(d DType) uint64 // merging with it changes no bit
	empty func(d DType) uint64 // the value of nothing; nil: there is none
}

// The monoids of reductions and scans. A sum starts from -0, which unlike +0 keeps
// the sign of a sum of zeros, but nothing at all sums to +0.
var (
	sums     = monoid{OpAdd, func(d DType) uint64 { v, _ := zeroOrMinusZero(d); return v }, func(DType) uint64 { return 0 }}
	products = monoid{OpMul, unit, unit}
	minima   = monoid{OpMin, largest, nil}
	maxima   = monoid{OpMax, smallest, nil}
	anyOf    = monoid{OpOr, func(DType) uint64 { return 0 }, func(DType) uint64 { return 0 }}
	allOf    = monoid{OpAnd, unit, unit}
)

func unit(d DType) uint64 { v, _ := one(d); return v }

// fold returns the reduction of the given elements.
func (m monoid) fold(d DType, elems []uint64) fold {
	merge := binary(m.op, d)
	f := fold{start: m.start(d), merge: merge, step: func(state uint64, k int) uint64 { return merge(state, elems[k]) }}
	if m.empty != nil {
		f.empty = m.empty(d)
	}
	return f
}

// binary returns a primitive of two elements of d.
func binary(op *Op, d DType) func(x, y uint64) uint64 {
	e := &Expr{Kind: Apply, Op: op, DType: d, Args: []*Expr{{DType: d}, {DType: d}}}
	var in [2]uint64
	return func(x, y uint64) uint64 {
		in = [2]uint64{x, y}
		return op.Scalar.Eval(e, in[:])
	}
}
