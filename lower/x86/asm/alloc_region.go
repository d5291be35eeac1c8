package asm

// A region that a jump goes around may need registers of values that live on after it.
// Such a value is put aside: stored in the region where its register is taken, and loaded
// at the region's end. So the way around has nothing to do, which is the one that
// counts where the region is for rare cases.

// aside is a value whose register another one has until the end of a region.
type aside struct {
	value    int32
	next     int32 // of the same region, 1 more
	reg      Reg
	since    int32
	lastRead int32
	primary  bool
}

// beside returns the region in which a value can be put aside at instruction i, or nil.
// Every way from there to the end of the region, and only such a way, leads through i.
func (a *allocator) beside(v *value, i int32) *region {
	if len(a.inside) == 0 || v.aside > 0 {
		return nil
	}
	r := &a.inside[len(a.inside)-1]
	if v.since > 2*r.from || i <= r.exit {
		return nil
	}
	if n := len(a.around); n > 0 && a.around[n-1].from > r.from {
		return nil
	}
	return r
}

// putAside takes a value out of its register from instruction i to the end of a region.
func (a *allocator) putAside(v *value, r *region, i int32) {
	n := a.holder[v.at]
	if !v.again && !v.stored {
		a.giveSlot(v)
		v.lastRead = i
		a.reloads = append(a.reloads, reload{value: n, reg: v.at, next: a.saveAt[i]})
		a.saveAt[i] = int32(len(a.reloads))
		a.stats.Spills++
	}
	a.asides = append(a.asides, aside{value: n, next: r.asides, reg: v.at, since: v.since, lastRead: v.lastRead, primary: v.primary})
	r.asides = int32(len(a.asides))
	v.aside = r.asides
	a.release(v)
}

// rejoin brings the values that were put aside in the regions that end before instruction
// i back into their registers.
func (a *allocator) rejoin(i int32) {
	for k := len(a.inside) - 1; k >= 0; k-- {
		if r := a.inside[k]; r.to == i {
			a.inside = append(a.inside[:k], a.inside[k+1:]...)
			a.bringBack(&r, i)
		}
	}
}

// bringBack loads the values of one region. A value that the region has left in such a
// register goes to memory.
func (a *allocator) bringBack(r *region, i int32) {
	for k := r.asides; k > 0; k = a.asides[k-1].next {
		s := &a.asides[k-1]
		v := &a.values[s.value]
		v.aside = 0
		a.release(v)
		c := v.class
		bit := uint32(1) << (s.reg - classBase[c])
		if v.end < 2*i {
			continue
		}
		if a.free[c]&bit == 0 {
			a.leave(&a.values[a.holder[s.reg]])
		}
		a.hold(s.value, s.since, s.reg)
		v.primary, v.lastRead = s.primary, s.lastRead
		if a.isBack(i - 1) {
			a.reload(i-1, s.value)
		} else {
			a.reload(i, s.value)
		}
	}
}
