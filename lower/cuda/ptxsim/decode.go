package ptxsim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// decoder makes one instruction.
type decoder struct {
	e    *entry
	m    *Module
	mods []string // name and modifiers
	args []string
}

func (d *decoder) decode() (func(t *thread), error) {
	switch d.mods[0] {
	case "bra":
		return d.bra()
	case "ret", "exit":
		return func(t *thread) { t.state = exited }, d.want(0)
	case "bar", "vote":
		return d.barrier()
	case "ld", "st":
		return d.access()
	case "atom", "red":
		return d.atomic()
	case "mov":
		return d.mov()
	case "cvta":
		t := typ{'u', 8}
		if strings.Join(d.mods, ".") != "cvta.to.global.u64" {
			return nil, fmt.Errorf("unknown form")
		}
		return d.unary(t, t, func(x uint64) uint64 { return x })
	case "cvt":
		return d.cvt()
	case "setp":
		return d.setp()
	case "selp":
		return d.selp()
	}
	return d.arithmetic()
}

// barrier is a barrier of the block or of threads of a warp, or a vote at one.
func (d *decoder) barrier() (func(t *thread), error) {
	p, mask := typ{'p', 1}, typ{'b', 4}
	member := func(i int) (int, error) { return d.source(i, mask, false) }
	block := func(i int) error {
		if d.args[i] != "0" {
			return fmt.Errorf("only barrier 0")
		}
		return nil
	}
	var err error
	var r, vote, members int
	switch name := strings.Join(d.mods, "."); name {
	case "bar.sync":
		if err = d.want(1); err == nil {
			err = block(0)
		}
		return func(t *thread) { t.meets(meeting{to: -1}) }, err
	case "bar.warp.sync":
		if err = d.want(1); err == nil {
			members, err = member(0)
		}
		return func(t *thread) { t.meets(meeting{members: uint32(t.r[members]), to: -1}) }, err
	case "bar.red.or.pred", "vote.sync.any.pred":
		if err = d.want(3); err != nil {
			return nil, err
		}
		if r, err = d.dest(0, p, false); err != nil {
			return nil, err
		}
		at := 1 // of the vote
		if name == "bar.red.or.pred" {
			at = 2
			err = block(1)
		} else {
			members, err = member(2)
		}
		if err != nil {
			return nil, err
		}
		vote, err = d.source(at, p, false)
		return func(t *thread) {
			m := meeting{vote: t.r[vote] != 0, to: r}
			if at == 1 {
				m.members = uint32(t.r[members])
			}
			t.meets(m)
		}, err
	}
	return nil, fmt.Errorf("unknown form")
}

func (d *decoder) want(n int) error {
	if len(d.args) != n {
		return fmt.Errorf("%d operands, not %d", len(d.args), n)
	}
	return nil
}

// last returns the type that ends the name.
func (d *decoder) last() (typ, error) { return typeOf(d.mods[len(d.mods)-1]) }

// dest returns the register of operand i, which is written.
func (d *decoder) dest(i int, t typ, wide bool) (int, error) {
	r, ok := d.e.byName[d.args[i]]
	if !ok {
		return 0, fmt.Errorf("no register %s", d.args[i])
	}
	if !t.takes(d.e.types[r], wide) {
		return 0, fmt.Errorf("register %s is .%c%d, the instruction .%c%d", d.args[i], d.e.types[r].kind, 8*d.e.types[r].size, t.kind, 8*t.size)
	}
	return r, nil
}

// source returns the register of operand i: its own or one that holds the literal.
func (d *decoder) source(i int, t typ, wide bool) (int, error) {
	s := d.args[i]
	if strings.HasPrefix(s, "%") {
		return d.dest(i, t, wide)
	}
	v, err := literal(s, t)
	if err != nil {
		return 0, err
	}
	return d.literal(v), nil
}

func (d *decoder) literal(v uint64) int {
	key := fmt.Sprint(v)
	r, ok := d.e.consts[key]
	if !ok {
		r = len(d.e.regs)
		d.e.regs, d.e.types = append(d.e.regs, v), append(d.e.types, typ{})
		d.e.consts[key] = r
	}
	return r
}

func literal(s string, t typ) (uint64, error) {
	switch {
	case strings.HasPrefix(s, "0f"):
		v, err := strconv.ParseUint(s[2:], 16, 32)
		if t != (typ{'f', 4}) || len(s) != 10 {
			err = fmt.Errorf("literal %s is no .%c%d", s, t.kind, 8*t.size)
		}
		return v, err
	case strings.HasPrefix(s, "0d"):
		v, err := strconv.ParseUint(s[2:], 16, 64)
		if t != (typ{'f', 8}) || len(s) != 18 {
			err = fmt.Errorf("literal %s is no .%c%d", s, t.kind, 8*t.size)
		}
		return v, err
	case t.kind == 'f':
		return 0, fmt.Errorf("literal %s is no float", s)
	case t.kind == 'p':
		v, err := strconv.ParseUint(s, 0, 1)
		return v, err
	}
	if strings.HasPrefix(s, "-") {
		v, err := strconv.ParseInt(s, 0, 64)
		if t.size == 4 && v < math.MinInt32 {
			err = fmt.Errorf("literal %s is too long", s)
		}
		return trim(uint64(v), t.size), err
	}
	v, err := strconv.ParseUint(s, 0, 64)
	if err == nil && t.size == 4 && v > math.MaxUint32 {
		err = fmt.Errorf("literal %s is too long", s)
	}
	return v, err
}

// trim is the low bytes of a value.
func trim(v uint64, size int) uint64 {
	if size >= 8 {
		return v
	}
	return v & (1<<(8*size) - 1)
}

// signed is the low bytes of a value, extended with their sign.
func signed(v uint64, size int) int64 {
	shift := 64 - 8*size
	return int64(v<<shift) >> shift
}

// fast is what runs most of the time, in one closure and not in two.
var fast = map[string]func(r, a, b, c int) func(t *thread){
	"mov.b64":    move,
	"mov.u64":    move,
	"mov.s64":    move,
	"mov.f64":    move,
	"add.s64":    func(r, a, b, _ int) func(t *thread) { return func(t *thread) { t.r[r] = t.r[a] + t.r[b] } },
	"sub.s64":    func(r, a, b, _ int) func(t *thread) { return func(t *thread) { t.r[r] = t.r[a] - t.r[b] } },
	"mul.lo.s64": func(r, a, b, _ int) func(t *thread) { return func(t *thread) { t.r[r] = t.r[a] * t.r[b] } },
	"mad.lo.s64": func(r, a, b, c int) func(t *thread) { return func(t *thread) { t.r[r] = t.r[a]*t.r[b] + t.r[c] } },
	"setp.ge.s64": func(r, a, b, _ int) func(t *thread) {
		return func(t *thread) { t.r[r] = truth(int64(t.r[a]) >= int64(t.r[b])) }
	},
	"setp.lt.s64": func(r, a, b, _ int) func(t *thread) {
		return func(t *thread) { t.r[r] = truth(int64(t.r[a]) < int64(t.r[b])) }
	},
	"add.rn.f64": func(r, a, b, _ int) func(t *thread) {
		return func(t *thread) { t.r[r] = b64(f64(t.r[a]) + f64(t.r[b])) }
	},
	"mul.rn.f64": func(r, a, b, _ int) func(t *thread) {
		return func(t *thread) { t.r[r] = b64(float64(f64(t.r[a]) * f64(t.r[b]))) }
	},
	"fma.rn.f64": func(r, a, b, c int) func(t *thread) {
		return func(t *thread) { t.r[r] = b64(math.FMA(f64(t.r[a]), f64(t.r[b]), f64(t.r[c]))) }
	},
}

func move(r, a, _, _ int) func(t *thread) { return func(t *thread) { t.r[r] = t.r[a] } }

// fastest returns the closure for an instruction in one piece, or slow where there is
// none. Operands were checked.
func (d *decoder) fastest(r, a, b, c int, slow func(t *thread)) func(t *thread) {
	if f := fast[strings.Join(d.mods, ".")]; f != nil {
		return f(r, a, b, c)
	}
	return slow
}

// unary is an instruction of one operand.
func (d *decoder) unary(to, from typ, f func(x uint64) uint64) (func(t *thread), error) {
	if err := d.want(2); err != nil {
		return nil, err
	}
	r, err := d.dest(0, to, false)
	if err != nil {
		return nil, err
	}
	a, err := d.source(1, from, false)
	return d.fastest(r, a, 0, 0, func(t *thread) { t.r[r] = f(t.r[a]) }), err
}

func (d *decoder) binary(to, x, y typ, f func(x, y uint64) uint64) (func(t *thread), error) {
	if err := d.want(3); err != nil {
		return nil, err
	}
	r, err := d.dest(0, to, false)
	if err != nil {
		return nil, err
	}
	a, err := d.source(1, x, false)
	if err != nil {
		return nil, err
	}
	b, err := d.source(2, y, false)
	return d.fastest(r, a, b, 0, func(t *thread) { t.r[r] = f(t.r[a], t.r[b]) }), err
}

func (d *decoder) ternary(to typ, types [3]typ, f func(x, y, z uint64) uint64) (func(t *thread), error) {
	if err := d.want(4); err != nil {
		return nil, err
	}
	r, err := d.dest(0, to, false)
	if err != nil {
		return nil, err
	}
	var x [3]int
	for i := range x {
		if x[i], err = d.source(1+i, types[i], false); err != nil {
			return nil, err
		}
	}
	return d.fastest(r, x[0], x[1], x[2], func(t *thread) { t.r[r] = f(t.r[x[0]], t.r[x[1]], t.r[x[2]]) }), nil
}

func (d *decoder) bra() (func(t *thread), error) {
	if err := d.want(1); err != nil {
		return nil, err
	}
	at, ok := d.e.labels[d.args[0]]
	if !ok {
		return nil, fmt.Errorf("no label %s", d.args[0])
	}
	return func(t *thread) { t.pc = at }, nil
}

// mov copies a register, a literal, the address of memory.
func (d *decoder) mov() (func(t *thread), error) {
	t, err := d.last()
	if err != nil || len(d.mods) != 2 {
		return nil, fmt.Errorf("a mov of what type")
	}
	if len(d.args) == 2 {
		s, ok := d.e.symbols[d.args[1]]
		if !ok {
			s, ok = d.m.symbols[d.args[1]]
		}
		if ok {
			r, err := d.dest(0, typ{'u', 8}, false)
			return func(t *thread) { t.r[r] = s.at }, err
		}
	}
	return d.unary(t, t, func(x uint64) uint64 { return x })
}

// address reads "[%q1+8]" or "[name]".
func (d *decoder) address(s string) (reg int, offset uint64, err error) {
	s, ok := strings.CutPrefix(s, "[")
	s, ok2 := strings.CutSuffix(s, "]")
	if !ok || !ok2 {
		return 0, 0, fmt.Errorf("%s is no address", s)
	}
	name, off, plus := strings.Cut(s, "+")
	if plus {
		if offset, err = strconv.ParseUint(off, 0, 31); err != nil {
			return 0, 0, err
		}
	}
	if x, ok := d.e.symbols[name]; ok {
		return d.literal(x.at), offset, nil
	}
	r, ok := d.e.byName[name]
	if !ok || d.e.types[r].size != 8 || d.e.types[r].kind == 'f' {
		return 0, 0, fmt.Errorf("%s holds no address", name)
	}
	return r, offset, nil
}

// access is a load or a store.
func (d *decoder) access() (func(t *thread), error) {
	t, err := d.last()
	if err != nil {
		return nil, err
	}
	if err := d.want(2); err != nil {
		return nil, err
	}
	mods := d.mods[1 : len(d.mods)-1]
	volatile := len(mods) == 2 && mods[0] == "volatile"
	if volatile {
		mods = mods[1:]
	}
	if len(mods) != 1 {
		return nil, fmt.Errorf("an access of what memory")
	}
	space, load := mods[0], d.mods[0] == "ld"
	value, place := 0, 1
	if !load {
		value, place = 1, 0
	}
	var r int
	if load {
		r, err = d.dest(value, t, true)
	} else {
		r, err = d.source(value, t, true)
	}
	if err != nil {
		return nil, err
	}
	if space == "param" {
		n, ok := d.e.params[strings.Trim(d.args[1], "[]")]
		if !load || !ok || d.e.sizes[n] != t.size {
			return nil, fmt.Errorf("no such parameter")
		}
		return func(th *thread) { th.r[r] = th.run.args[n] }, nil
	}
	a, off, err := d.address(d.args[place])
	if err != nil {
		return nil, err
	}
	if space == "shared" {
		d.e.granule = min(d.e.granule, t.size)
	}
	wide, slot := d.e.types[r].size, len(d.e.code)
	get := func(th *thread, v uint64) {
		if t.kind == 's' {
			v = trim(uint64(signed(v, t.size)), wide)
		}
		th.r[r] = v
	}
	switch {
	case space == "global" && load && volatile:
		return func(th *thread) { get(th, th.volatile(slot, th.r[a]+off, t.size)) }, nil
	case space == "global" && load && t.size == 8:
		return func(th *thread) {
			if x, at := th.global(slot, th.r[a]+off, 8); x != nil {
				th.r[r] = x.words[at/8]
			}
		}, nil
	case space == "global" && load:
		return func(th *thread) {
			if x, at := th.global(slot, th.r[a]+off, uint64(t.size)); x != nil {
				get(th, x.get(at, t.size))
			}
		}, nil
	case space == "global":
		return func(th *thread) {
			if x, at := th.global(slot, th.r[a]+off, uint64(t.size)); x != nil {
				x.put(at, t.size, th.r[r])
			}
		}, nil
	case space == "const" && load:
		return func(th *thread) {
			if at := th.r[a] + off; th.inside(at, t.size, uint64(8*len(d.m.consts)), "constant") {
				get(th, getWord(d.m.consts, at, t.size))
			}
		}, nil
	case space == "local" && load:
		return func(th *thread) {
			if at := th.r[a] + off; th.inside(at, t.size, d.e.local, "local") {
				get(th, getWord(th.local, at, t.size))
			}
		}, nil
	case space == "local":
		return func(th *thread) {
			if at := th.r[a] + off; th.inside(at, t.size, d.e.local, "local") {
				putWord(th.local, at, t.size, th.r[r])
			}
		}, nil
	case space == "shared" && load:
		return func(th *thread) {
			if at := th.r[a] + off; th.inside(at, t.size, d.e.shared, "shared") && th.block.reads(th, at, t.size) {
				get(th, getWord(th.block.shared, at, t.size))
			}
		}, nil
	case space == "shared":
		return func(th *thread) {
			if at := th.r[a] + off; th.inside(at, t.size, d.e.shared, "shared") && th.block.writes(th, at, t.size) {
				putWord(th.block.shared, at, t.size, th.r[r])
			}
		}, nil
	}
	return nil, fmt.Errorf("no %s of %s memory", d.mods[0], space)
}

// atomic is an atom or red of global memory: cas, max, add, exch.
func (d *decoder) atomic() (func(t *thread), error) {
	t, err := d.last()
	if err != nil || len(d.mods) != 4 || d.mods[1] != "global" || t.size < 4 {
		return nil, fmt.Errorf("unknown form")
	}
	var f func(old, x, y uint64) uint64
	n := 1
	switch d.mods[2] {
	case "cas":
		n = 2
		f = func(old, x, y uint64) uint64 {
			if old == x {
				return y
			}
			return old
		}
	case "max":
		if t.kind != 'u' {
			return nil, fmt.Errorf("unknown form")
		}
		f = func(old, x, _ uint64) uint64 { return max(old, x) }
	case "add":
		f = func(old, x, _ uint64) uint64 { return trim(old+x, t.size) }
	case "exch":
		f = func(_, x, _ uint64) uint64 { return x }
	default:
		return nil, fmt.Errorf("unknown form")
	}
	if d.mods[0] == "red" {
		d.args = append([]string{""}, d.args...)
	}
	if err := d.want(2 + n); err != nil {
		return nil, err
	}
	r := -1
	if d.mods[0] == "atom" {
		if r, err = d.dest(0, t, false); err != nil {
			return nil, err
		}
	}
	a, off, err := d.address(d.args[1])
	if err != nil {
		return nil, err
	}
	x, err := d.source(2, t, false)
	if err != nil {
		return nil, err
	}
	y := x
	if n == 2 {
		if y, err = d.source(3, t, false); err != nil {
			return nil, err
		}
	}
	slot := len(d.e.code)
	return func(th *thread) {
		if m, at := th.global(slot, th.r[a]+off, uint64(t.size)); m != nil {
			old := m.get(at, t.size)
			m.put(at, t.size, f(old, th.r[x], th.r[y]))
			if r >= 0 {
				th.r[r] = old
			}
		}
	}, nil
}
