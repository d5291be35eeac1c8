package x86

import (
	"math/bits"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// access is how the elements that a strip reads or writes lie along it, when their
// positions are affine.
type access struct {
	base    asm.Reg // address of position 0; of the first position of the group when there is a stride
	disp    int32   // bytes from there: of arrays in the frame
	stride  asm.Reg // bytes between positions; NoReg: they are contiguous
	stride3 asm.Reg // three times as much
	size    uint8
}

// accessKey names an access by its array and the address of its positions.
type accessKey struct {
	a     *loop.Array
	index **loop.Val // nil: rank 0
}

func keyOf(a *loop.Array, index []*loop.Val) accessKey {
	if len(index) == 0 {
		return accessKey{a, nil}
	}
	return accessKey{a, &index[0]}
}

// contiguous reports whether the elements at positions lie one behind the other.
func (e *emitter) contiguous(f *facts, a *loop.Array, index []*loop.Val) bool {
	along := -1
	for d, v := range index {
		_, coef, ok := loop.Affine(v, f.pos, f.varies)
		if !ok {
			return false
		}
		if n, isConst := coef.Number(); isConst && n == 0 {
			continue
		} else if along >= 0 || !isConst || n != 1 || !e.class.IsUnit(e.loop, a, d) {
			return false
		}
		along = d
	}
	return along >= 0
}

// access returns how elements lie; nil when their positions are data, or must not be
// computed unless a position asks for them.
func (s *strip) access(a *loop.Array, index []*loop.Val, at loop.Place) *access {
	key := keyOf(a, index)
	if x := s.accesses[key]; x != nil {
		return x
	}
	bases, coefs := make([]*loop.Val, len(index)), make([]*loop.Val, len(index))
	for d, v := range index {
		base, coef, ok := loop.Affine(v, s.pos, s.varies)
		if !ok || !s.isInteger(base, at) || !s.isInteger(coef, at) || s.inPlace(base, at) || s.inPlace(coef, at) {
			return nil
		}
		bases[d], coefs[d] = s.plain(base), s.plain(coef)
	}
	x := &access{size: uint8(a.DType.Size())}
	s.accesses[key] = x
	contiguous, n := s.contiguous(&s.facts, a, index), s.place(a, bases)
	if contiguous { // nothing moves its base: what is read and written in place has one
		if same := s.straight[n]; same != nil {
			s.accesses[key] = same
			return same
		}
		s.straight[n] = x
	}
	s.hoist(func() {
		start := s.startAt(n)
		x.base, x.disp = start.Reg, start.Disp
	})
	if s.one || contiguous || !slices.ContainsFunc(index, s.varies) {
		return x
	}
	s.hoist(func() {
		x.own(s)
		x.stride, x.stride3 = s.b.New(asm.GPR), s.b.New(asm.GPR)
		s.b.Op(asm.MOV, asm.W64, asm.R(x.stride), s.strideBytes(a, coefs))
		s.b.Op(asm.LEA, asm.W64, asm.R(x.stride3), asm.MX(x.stride, x.stride, 2, 0))
	})
	if s.t != asm.NoReg {
		s.advance = append(s.advance, func(group int) {
			for ; group >= 8; group -= 8 {
				s.b.Op(asm.LEA, asm.W64, asm.R(x.base), asm.MX(x.base, x.stride, 8, 0))
			}
			for range group {
				s.b.Op(asm.ADD, asm.W64, asm.R(x.base), asm.R(x.stride))
			}
		})
	}
	return x
}

// start returns the memory of an element: of the frame, or with its address in a register.
func (s *strip) start(a *loop.Array, index []*loop.Val) asm.Arg { return s.startAt(s.place(a, index)) }

// startAt returns the memory at an address.
func (s *strip) startAt(n *node) asm.Arg {
	if n.kind == inFrame {
		return asm.M(Frame, int32(n.n))
	}
	r := s.b.New(asm.GPR)
	if base, x, by, ok := s.onTheWay(n); ok {
		s.b.Op(asm.MOV, asm.W64, asm.R(r), s.memory(x))
		switch k := by.n; {
		case by.kind != literal:
			s.b.Op(asm.IMUL, asm.W64, asm.R(r), s.memory(by))
		case k != 1:
			s.b.Op(asm.SHL, asm.W64, asm.R(r), asm.I(int64(bits.TrailingZeros64(uint64(k)))))
		}
		s.b.Op(asm.ADD, asm.W64, asm.R(r), s.memory(base))
	} else {
		s.b.Op(asm.MOV, asm.W64, asm.R(r), s.memory(n))
	}
	return asm.M(r, 0)
}

// onTheWay splits an address into base + x * by, where by is a frame word or a power of 2,
// if it would be computed for the strip at hand alone: through a register of the strip,
// it is there sooner than through a frame word.
func (s *strip) onTheWay(n *node) (base, x, by *node, ok bool) {
	here := func(n *node, op *ir.Op) bool {
		return n.kind == operation && n.op == op && n.word < 0 && !n.moves && s.home(n) == s.emitter.at
	}
	if !here(n, ir.OpAdd) {
		return nil, nil, nil, false
	}
	base, x, by = n.args[0], n.args[1], s.emitter.literal(1)
	if here(x, ir.OpMul) {
		x, by = x.args[0], x.args[1]
	}
	return base, x, by, by.kind != literal || bits.OnesCount64(uint64(by.n)) == 1
}

// own gives an access a base that may be moved.
func (x *access) own(s *strip) {
	if x.base == Frame {
		r := s.b.New(asm.GPR)
		s.b.Op(asm.LEA, asm.W64, asm.R(r), asm.M(x.base, x.disp))
		x.base, x.disp = r, 0
	}
}

// at returns the memory of a position of the group, of an access that is contiguous.
func (s *strip) at(x *access, k int) asm.Arg {
	disp := x.disp + int32(k*int(x.size))
	if s.t == asm.NoReg {
		return asm.M(x.base, disp)
	}
	return asm.MX(x.base, s.t, x.size, disp)
}

// walk returns the memory of positions of the group, which are asked for in ascending
// order.
func (s *strip) walk(x *access) func(k int) asm.Arg {
	if x.stride == asm.NoReg {
		return func(k int) asm.Arg { return s.at(x, k) }
	}
	p, from := x.base, 0
	return func(k int) asm.Arg {
		for k-from >= 4 {
			q, scale := s.b.New(asm.GPR), uint8(4)
			if k-from >= 8 {
				scale = 8
			}
			s.b.Op(asm.LEA, asm.W64, asm.R(q), asm.MX(p, x.stride, scale, 0))
			p, from = q, from+int(scale)
		}
		switch k - from {
		case 0:
			return asm.M(p, 0)
		case 3:
			return asm.MX(p, x.stride3, 1, 0)
		default:
			return asm.MX(p, x.stride, uint8(k-from), 0)
		}
	}
}

// element returns the memory of an element that all positions share.
func (s *strip) element(a *loop.Array, index []*loop.Val, at loop.Place) asm.Arg {
	if x := s.access(a, index, at); x != nil {
		return asm.M(x.base, x.disp)
	}
	r := s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(r), s.addresses(a, index, at)[0])
	return asm.M(r, 0)
}

// addresses computes the addresses of elements whose positions are data, for the members
// at hand, and returns the memory that holds them.
func (s *strip) addresses(a *loop.Array, index []*loop.Val, at loop.Place) []asm.Arg {
	return s.spilled(s.addressVectors(a, index, at, nil), ir.Int64)
}

// addressVectors computes addresses. Positions that are data are shown to data, which may
// be nil.
func (s *strip) addressVectors(a *loop.Array, index []*loop.Val, at loop.Place, data func(d int, p value)) value {
	bases := make([]*loop.Val, len(index))
	for d, v := range index {
		bases[d] = loop.Int(0)
		if !s.varies(v) && (data == nil || !touches(v)) && s.isInteger(v, at) && !s.inPlace(v, at) {
			bases[d] = s.plain(v)
		}
	}
	var sum value
	key := keyOf(a, bases)
	sum = s.spreadWord(s.address(key.a, bases))
	for d, v := range index {
		if n, ok := bases[d].Number(); !ok || n != 0 || v.Kind == loop.Const {
			continue
		}
		p := s.value(v, at)
		if data != nil {
			data(d, p)
		}
		if s.class.IsUnit(s.loop, a, d) {
			if size := a.DType.Size(); size > 1 {
				p = s.op(ir.OpMul, ir.Int64, ir.Int64, p, value{s.constant(ir.Int64, uint64(size))})
			}
		} else {
			one := make([]*loop.Val, len(index))
			for i := range one {
				one[i] = loop.Int(0)
			}
			one[d] = loop.Int(1)
			p = s.op(ir.OpMul, ir.Int64, ir.Int64, p, s.spreadWord(s.strideBytes(a, one)))
		}
		sum = s.op(ir.OpAdd, ir.Int64, ir.Int64, sum, p)
	}
	return sum
}

// spreadWord returns an integer in memory that no statement of the strip writes as one for
// all positions.
func (s *strip) spreadWord(word asm.Arg) value {
	x, ok := s.words[word]
	if !ok {
		s.hoist(func() { x = s.broadcast(ir.Int64, word) })
		s.words[word] = x
	}
	return value{register(ir.Int64, x)}
}

// spilled writes vectors of the members at hand to scratch memory, and returns where each
// position's element is. Elements take the bytes of a lane; bools those of 32 bits, and
// are 0 or 1.
func (s *strip) spilled(x value, d ir.DType) []asm.Arg {
	if d == ir.Bool {
		x, d = s.op(ir.OpCast, ir.Uint8, ir.Bool, x), ir.Uint8
	}
	at := s.scratch()
	size := int32(lane(d))
	var out []asm.Arg
	for u := range x {
		disp := at + int32(u*s.lanes)*size
		s.b.Op(move[lane(d)/8], s.width(d), asm.M(Frame, disp), asm.R(s.reg(x[u])))
		for i := range s.lanes {
			out = append(out, asm.M(Frame, disp+int32(i)*size))
		}
	}
	for len(x) == 1 && len(out) < s.members*s.lanes {
		out = append(out, out[0])
	}
	return out
}

// move is the instruction that moves vectors of elements of 4 and of 8 bytes.
var move = pair{asm.VMOVUPS, asm.VMOVUPD}
