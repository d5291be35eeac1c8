package loop

// call runs a group's code on n <= 16 positions; the slots in g.in are set.
func (f *frame) call(g *groupCode, n int) bool {
	outer := f.n
	f.n = n
	ok := f.exec(g.code)
	f.n = outer
	return ok
}

func (f *frame) lanes(x *lanesCode) bool {
	at := 0
	if x.at >= 0 {
		at = int(f.regs[x.at]) % x.lanes
	}
	if x.fast != nil {
		last := len(x.accs) - 1
		b := f.slots[x.vals[len(x.vals)-1].slot]
		x.fast(f.base[x.accs[0]], f.base[x.accs[last]], f.slots[x.vals[0].slot], b, f.n, at)
		return true
	}
	g := x.step
	for i := 0; i < f.n; {
		lane := (at + i) % x.lanes
		n := min(x.lanes-lane, f.n-i)
		for s, a := range x.accs {
			f.slots[g.in[s]] = f.stateAt(a, g.size[s], lane)
		}
		for e, o := range x.vals {
			k := len(x.accs) + e
			f.slots[g.in[k]] = shift(f.slots[o.slot], i, g.size[k])
		}
		if !f.call(g, n) {
			return false
		}
		for s := range x.accs {
			g.move[s](f.slots[g.in[s]], f.slots[g.out[s]], nil, nil, n)
		}
		i += n
	}
	return true
}

func (f *frame) foldLanes(x *foldCode) bool {
	if x.fast != nil {
		x.fast(f.base[x.accs[0]], f.base[x.accs[len(x.accs)-1]])
		return true
	}
	g := x.merge
	for h := x.lanes / 2; h > 0; h /= 2 {
		for s, a := range x.accs {
			f.slots[g.in[s]] = f.stateAt(a, g.size[s], 0)
			f.slots[g.in[len(x.accs)+s]] = f.stateAt(a, g.size[s], h)
		}
		if !f.call(g, h) {
			return false
		}
		for s := range x.accs {
			g.move[s](f.slots[g.in[s]], f.slots[g.out[s]], nil, nil, h)
		}
	}
	return true
}

func (f *frame) prefix(x *prefixCode) bool {
	if x.fast != nil {
		out := f.at(x.array[0], f.regs[x.outs[0]])
		x.fast(f.base[x.accs[0]], out, int(int64(f.regs[x.along[0]])), f.slots[x.vals[0].slot], f.n)
		return true
	}
	g := x.merge
	for i := range f.n {
		for s, a := range x.accs {
			size := int(g.size[s])
			state := f.stateAt(a, g.size[s], 0)
			out := f.at(x.array[s], f.regs[x.outs[s]]+uint64(i)*f.regs[x.along[s]])
			copyOf(size)(out, state, nil, nil, 1)
			f.slots[g.in[s]] = state
			f.slots[g.in[len(x.accs)+s]] = shift(f.slots[x.vals[s].slot], i, g.size[s])
		}
		if !f.call(g, 1) {
			return false
		}
		for s := range x.accs {
			g.move[s](f.slots[g.in[s]], f.slots[g.out[s]], nil, nil, 1)
		}
	}
	return true
}

func (f *frame) scatter(x *scatterCode) bool {
	if x.fast != nil {
		x.fast(f.base[x.arrays[0]], f.slots[x.addrs[0].slot], f.slots[x.vals[0].slot], f.n)
		return true
	}
	g := x.step
next:
	for i := range f.n {
		for s, a := range x.arrays {
			p := one[int64](shift(f.slots[x.addrs[s].slot], i, 8))
			if p < 0 {
				continue next
			}
			f.slots[g.in[s]] = f.stateAt(a, g.size[s], int(p))
		}
		for e, o := range x.vals {
			k := len(x.arrays) + e
			f.slots[g.in[k]] = shift(f.slots[o.slot], i, g.size[k])
		}
		if !f.call(g, 1) {
			return false
		}
		for s := range x.arrays {
			g.move[s](f.slots[g.in[s]], f.slots[g.out[s]], nil, nil, 1)
		}
	}
	return true
}

func (f *frame) appendTo(x *appendCode) bool {
	cond := vec[bool](f.slots[x.cond.slot], f.n)
	n := int64(f.regs[x.count])
	for i, c := range cond {
		if !c {
			continue
		}
		for k, a := range x.arrays {
			regs := &f.code.arrays[a]
			if n >= int64(f.regs[regs.extents[0]]) {
				f.err = errFull
				return false
			}
			to := f.at(a, f.regs[regs.offset]+uint64(n)*f.regs[regs.strides[0]])
			copyOf(regs.size)(to, shift(f.slots[x.vals[k].slot], i, uint8(regs.size)), nil, nil, 1)
		}
		n++
	}
	f.regs[x.count] = uint64(n)
	return true
}
