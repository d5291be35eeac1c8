package loop

import "github.com/numen-go/numen/ir"

// scanning is one scan statement on its way to loops. Positions count from 0 in the
// direction of the scan. Inside a group of 16 a tree combines what came before; C is the
// chain of the groups of a block, E the chain of blocks; a result is E + (C + s).
type scanning struct {
	*lowering
	s     *ir.Stmt
	a     int  // the scanned axis
	v     int  // the strip's axis, -1: none
	n     *Val // positions side by side: 1 along the scanned axis
	total *Val
	state ir.DType
	e, c  *Array
}

// scan lowers a scan statement whose strips run along axis v, -1: none.
func (l *lowering) scan(s *ir.Stmt, v int) {
	kept, along := domain(l.k, s)
	x := &scanning{lowering: l, s: s, a: along[0], v: v, n: intVal(1), state: stateTypes(s)[0]}
	x.total = sub(l.hi[x.a], l.lo[x.a])
	switch v {
	case x.a:
		l.loops(kept, func() { x.run(x.alongStrip) })
	case -1:
		l.loops(kept, func() { x.run(x.byRows) })
	default:
		l.loops(without(kept, v), func() {
			l.pieces(v, l.s.Strip, func(lo, hi *Val) {
				from, to := l.from[v], l.to[v]
				l.from[v], l.to[v] = lo, hi
				x.n = l.set("n", sub(hi, lo))
				x.run(x.byRows)
				l.from[v], l.to[v] = from, to
			})
		})
	}
}

// position returns where in the array the q-th position of the scan is.
func (x *scanning) position(q *Val) *Val {
	if x.s.Scan == ir.Backward {
		return sub(sub(x.hi[x.a], intVal(1)), q)
	}
	return add(x.lo[x.a], q)
}

func (x *scanning) array(name string, extents ...*Val) *Array {
	a := &Array{x.name(name), x.state, len(extents), ir.Local}
	x.emit(&Local{Array: a, Extents: extents})
	return a
}

// side emits a strip over what stands side by side, at the q-th position of the scan; q
// is nil where it does not matter.
func (x *scanning) side(q *Val, f func(t *Val)) {
	x.strip(x.n, func(t *Val) {
		if x.n.isInt(1) {
			t = intVal(0)
		}
		if x.v >= 0 && x.v != x.a {
			x.at[x.v] = add(x.from[x.v], t)
			defer func() { x.at[x.v] = nil }()
		}
		if q != nil {
			x.at[x.a] = x.position(q)
			defer func() { x.at[x.a] = nil }()
		}
		f(t)
	})
}

func (x *scanning) merge(left, right *Val) *Val {
	return x.combined(x.s.Combine.Merge, []*Val{left}, []*Val{right})[0]
}

func (x *scanning) literal(bits uint64) *Val { return &Val{Kind: Const, DType: x.state, Bits: bits} }

// run emits the scan of one line, or of lines side by side.
func (x *scanning) run(blocks func(lo, hi *Val)) {
	id, _ := x.s.Combine.Identity([]ir.DType{x.state})
	carried := len(x.s.Targets) == 2
	x.e, x.c = x.array("e", x.n), x.array("c", x.n)
	x.side(nil, func(t *Val) {
		v := x.literal(id[0])
		if carried {
			c := &x.s.Targets[1]
			v = load(x.arrays[c.Operand], x.positions(c, nil)...)
		}
		x.emit(&Store{x.e, []*Val{t}, v})
	})
	if x.s.Scan == ir.Exclusive {
		x.first(carried)
	}
	x.forRange("b", intVal(0), x.total, ir.LaneBlock, func(b *Val) {
		x.side(nil, func(t *Val) { x.emit(&Store{x.c, []*Val{t}, x.literal(id[0])}) })
		blocks(b, x.set("be", minVal(add(b, intVal(ir.LaneBlock)), x.total)))
		x.side(nil, func(t *Val) {
			x.emit(&Store{x.e, []*Val{t}, x.merge(load(x.e, t), load(x.c, t))})
		})
	})
	if carried {
		x.side(nil, func(t *Val) { x.assign(&x.s.Targets[1], load(x.e, t)) })
	}
}

// first emits the first result of an exclusive scan: that of nothing, where the axis
// starts; else the state it goes on from.
func (x *scanning) first(carried bool) {
	put := func(v func(t *Val) *Val) []Stmt {
		return x.block(func() { x.side(intVal(0), func(t *Val) { x.assign(&x.s.Targets[0], v(t)) }) })
	}
	body := put(func(t *Val) *Val { return load(x.e, t) })
	if empty, ok := x.s.Combine.Empty([]ir.DType{x.state}); ok {
		nothing := put(func(*Val) *Val { return x.literal(empty[0]) })
		if carried {
			body = []Stmt{&If{intOp(ir.OpEq, x.lo[x.a], intVal(0)), nothing, body}}
		} else {
			body = nothing
		}
	}
	x.emit(&If{Cond: intOp(ir.OpLt, intVal(0), x.total), Then: body})
}

// alongStrip emits positions lo..hi of a block in strips along the scanned axis.
func (x *scanning) alongStrip(lo, hi *Val) {
	width := x.width()
	s := x.array("s", width)
	chain := x.array("g", intVal(int64(x.lowering.s.Strip/ir.ScanGroup)))
	x.forRange(x.k.Axes[x.a].Name, lo, hi, int64(x.lowering.s.Strip), func(j *Val) {
		n := x.set("n", minVal(width, sub(hi, j)))
		x.strip(n, func(t *Val) {
			x.at[x.a] = x.position(add(j, t))
			v := x.share(x.values(x.s.Args)[0])
			x.at[x.a] = nil
			for d := 1; d < ir.ScanGroup; d *= 2 {
				before := &Val{Kind: Below, DType: v.DType, Args: []*Val{v}, N: d}
				upper := intOp(ir.OpNe, intOp(ir.OpAnd, t, intVal(int64(d))), intVal(0))
				v = apply(ir.OpSelect, v.DType, upper, x.merge(before, v), v)
				if 2*d < ir.ScanGroup {
					v = x.share(v)
				}
			}
			x.emit(&Store{s, []*Val{t}, v})
		})
		groups := x.set("w", intOp(ir.OpShr, n, intVal(4)))
		prefix := func(n, out, last *Val) []Stmt {
			return x.block(func() {
				x.strip(n, func(t *Val) {
					x.emit(&Prefix{x.s.Combine, []*Array{x.c}, []Element{{chain, []*Val{add(out, t)}}}, []*Val{load(s, add(mul(intVal(16), t), last))}})
				})
			})
		}
		x.emit(prefix(groups, intVal(0), intVal(15))...)
		rest := intOp(ir.OpNe, intOp(ir.OpAnd, n, intVal(15)), intVal(0))
		x.emit(&If{Cond: rest, Then: prefix(intVal(1), groups, sub(n, intVal(1)))})
		shift, count := intVal(0), n
		if x.s.Scan == ir.Exclusive {
			shift = intVal(1)
			count = minVal(n, sub(sub(x.total, intVal(1)), j))
		}
		x.strip(count, func(t *Val) {
			x.at[x.a] = x.position(add(add(j, t), shift))
			in := x.merge(load(chain, intOp(ir.OpShr, t, intVal(4))), load(s, t))
			x.assign(&x.s.Targets[0], x.merge(load(x.e, intVal(0)), in))
			x.at[x.a] = nil
		})
	})
}

// byRows emits positions lo..hi of a block, a group of rows after the other.
func (x *scanning) byRows(lo, hi *Val) {
	s := x.array("s", intVal(ir.ScanGroup), x.n)
	x.forRange("g", lo, hi, ir.ScanGroup, func(g *Val) {
		m := x.set("m", minVal(intVal(ir.ScanGroup), sub(hi, g)))
		x.forRange("r", intVal(0), m, 1, func(r *Val) {
			x.side(add(g, r), func(t *Val) { x.emit(&Store{s, []*Val{r, t}, x.values(x.s.Args)[0]}) })
		})
		for d := 1; d < ir.ScanGroup; d *= 2 {
			x.forRange("r", intVal(0), m, 1, func(r *Val) {
				before := intOp(ir.OpOr, intOp(ir.OpAnd, r, intVal(int64(^(2*d-1)))), intVal(int64(d-1)))
				upper := intOp(ir.OpNe, intOp(ir.OpAnd, r, intVal(int64(d))), intVal(0))
				x.emit(&If{Cond: upper, Then: x.block(func() {
					x.side(nil, func(t *Val) {
						x.emit(&Store{s, []*Val{r, t}, x.merge(load(s, before, t), load(s, r, t))})
					})
				})})
			})
		}
		x.forRange("r", intVal(0), m, 1, func(r *Val) {
			q := add(g, r)
			out := func() {
				x.side(q, func(t *Val) {
					x.assign(&x.s.Targets[0], x.merge(load(x.e, t), x.merge(load(x.c, t), load(s, r, t))))
				})
			}
			if x.s.Scan != ir.Exclusive {
				out()
				return
			}
			q = add(q, intVal(1))
			x.emit(&If{Cond: intOp(ir.OpLt, q, x.total), Then: x.block(out)})
		})
		x.side(nil, func(t *Val) {
			x.emit(&Store{x.c, []*Val{t}, x.merge(load(x.c, t), load(s, sub(m, intVal(1)), t))})
		})
	})
}
