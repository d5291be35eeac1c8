package loop

// Memory for the values of a strip.

// allocate gives the strip's values temporaries. A value may take the place of an
// operand that is mentioned for the last time, where that is read in step.
func (c *stripCompiler) allocate(code []instr) {
	for i := range code {
		for _, o := range code[i].mentions() {
			c.values[*o-firstValue].last = i
		}
	}
	for i := len(c.values) - 1; i >= 0; i-- { // what a value shows must live as long
		for _, u := range c.values[i].under {
			if u.slot >= firstValue {
				v := &c.values[u.slot-firstValue]
				v.last = max(v.last, c.values[i].last)
			}
		}
	}
	var free []int32
	used := int32(0)
	ends := map[int][]int32{}
	for i := range code {
		in := &code[i]
		if in.op == opKern && in.inStep() {
			free = append(free, ends[i]...)
			delete(ends, i)
		}
		for _, o := range in.mentions() {
			v := &c.values[*o-firstValue]
			if v.temp >= 0 {
				continue
			}
			if n := len(free); n > 0 {
				v.temp, free = free[n-1], free[:n-1]
			} else {
				v.temp = used
				used++
			}
			ends[v.last] = append(ends[v.last], v.temp)
		}
		free = append(free, ends[i]...)
		delete(ends, i)
	}
	kind, temps, refs, count := slotTemp, c.tempSlots, c.refSlots, &c.compiler.code.temps
	if c.small {
		kind, temps, refs, count = slotSmall, c.smallSlots, c.smallRefSlots, &c.compiler.code.small
	}
	*count = max(*count, int(used))
	for i := range code {
		in := &code[i]
		for _, o := range in.mentions() {
			v := &c.values[*o-firstValue]
			temp := c.slot(temps, kind, v.temp)
			if !v.ref {
				*o = temp
				continue
			}
			if in.op == opLoad || in.op == opTarget || in.op == opFlush || in.op == opJoin || in.op == opRare {
				if o == &in.d {
					in.t = temp
				}
			}
			*o = c.slot(refs, slotRef, v.temp)
		}
	}
}

// inStep reports whether a kern reads and writes elements of one size only.
func (in *instr) inStep() bool {
	for _, s := range in.size[1:] {
		if s != 0 && s != in.size[0] {
			return false
		}
	}
	return true
}

// mentions returns where an instruction names values.
func (in *instr) mentions() []*int32 {
	var out []*int32
	all := []*int32{&in.a, &in.b, &in.c}
	if x, ok := in.x.(interface{ operands() []*int32 }); ok {
		all = append(all, x.operands()...)
	}
	for _, p := range append(all, &in.d) {
		if *p >= firstValue {
			out = append(out, p)
		}
	}
	return out
}
