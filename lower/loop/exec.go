package loop

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// patience is how many nanoseconds of work, roughly, pass between looks at the context.
const patience = 200_000

// exec runs instructions until they end, a return, or a failure.
func (f *frame) exec(code []instr) bool {
	regs := f.regs
	for pc := 0; pc < len(code); pc++ {
		in := &code[pc]
		switch in.op {
		case opJump:
			pc += int(in.a)
		case opJumpIfNot:
			if !isTrue(&regs[in.b]) {
				pc += int(in.a)
			}
		case opMove:
			regs[in.d] = regs[in.a]
		case opAdd:
			regs[in.d] = regs[in.a] + regs[in.b]
		case opSub:
			regs[in.d] = regs[in.a] - regs[in.b]
		case opMul:
			regs[in.d] = regs[in.a] * regs[in.b]
		case opMulAdd:
			regs[in.d] = regs[in.a]*regs[in.b] + regs[in.c]
		case opMin:
			regs[in.d] = uint64(min(int64(regs[in.a]), int64(regs[in.b])))
		case opMax:
			regs[in.d] = uint64(max(int64(regs[in.a]), int64(regs[in.b])))
		case opShl:
			regs[in.d] = regs[in.a] << regs[in.b]
		case opShr:
			regs[in.d] = uint64(int64(regs[in.a]) >> regs[in.b])
		case opAnd:
			regs[in.d] = regs[in.a] & regs[in.b]
		case opLt:
			setBool(&regs[in.d], int64(regs[in.a]) < int64(regs[in.b]))
		case opLe:
			setBool(&regs[in.d], int64(regs[in.a]) <= int64(regs[in.b]))
		case opEq:
			setBool(&regs[in.d], regs[in.a] == regs[in.b])
		case opNe:
			setBool(&regs[in.d], regs[in.a] != regs[in.b])
		case opSelect:
			if isTrue(&regs[in.a]) {
				regs[in.d] = regs[in.b]
			} else {
				regs[in.d] = regs[in.c]
			}
		case opEnter:
			if int64(regs[in.d]) >= int64(regs[in.b]) {
				pc += int(in.a)
			}
		case opNext:
			regs[in.d] += regs[in.c]
			if int64(regs[in.d]) < int64(regs[in.b]) {
				pc += int(in.a)
			}
		case opWork:
			if !f.spend(int(in.a)) {
				return false
			}
		case opScalar:
			in.fn(unsafe.Pointer(&regs[in.d]), unsafe.Pointer(&regs[in.a]), unsafe.Pointer(&regs[in.b]), unsafe.Pointer(&regs[in.c]), 1)
		case opLookup:
			in.fn(unsafe.Pointer(&regs[in.d]), unsafe.Pointer(&regs[in.a]), unsafe.Pointer(in.x.(*[16]uint64)), nil, 1)
		case opFetch:
			fetch(&regs[in.d], f.at(in.c, regs[in.a]), f.code.arrays[in.c].size)
		case opPut:
			put(f.at(in.c, regs[in.a]), &regs[in.d], f.code.arrays[in.c].size)
		case opLocal:
			if !f.declare(in.d, in.x.(*localCode)) {
				return false
			}
		case opRequire:
			if !f.require(in.x.(*requireCode)) {
				return false
			}
		case opNonEmpty:
			if int64(regs[in.a]) <= 0 {
				f.err = errEmpty
				return false
			}
		case opCheckOne:
			x := in.x.(*checkCode)
			regs[in.d] = uint64(f.checked(x, int64(regs[in.a]), int64(regs[x.position])))
			if f.err != nil {
				return false
			}
		case opPar:
			if !f.par(in.x.(*parCode)) {
				return false
			}
		case opNative:
			if !f.enter(in.a) {
				return false
			}
		case opReturn:
			return true
		case opStrip:
			n := int64(regs[in.b])
			if n <= 0 {
				pc += int(in.a)
				continue
			}
			if !f.begin(int(n), int(in.c)) {
				return false
			}
		case opKern:
			if in.dom == 0 {
				in.fn(f.slots[in.d], f.slots[in.a], f.slots[in.b], f.slots[in.c], f.n)
			} else {
				f.kernIn(in)
			}
		case opLoad: // in place, usually
			if in.dom == 0 && regs[in.b] == 1 {
				f.slots[in.d] = unsafe.Add(f.base[in.c], int(regs[in.a])*int(in.size[0]))
			} else {
				f.load(in)
			}
		case opTarget:
			if regs[in.b] == 1 {
				f.slots[in.d] = unsafe.Add(f.base[in.c], int(regs[in.a])*int(in.size[0]))
			} else {
				f.slots[in.d] = f.slots[in.t]
			}
		case opFlush:
			if regs[in.b] != 1 {
				scatterRun(f.at(in.c, regs[in.a]), f.slots[in.d], int(int64(regs[in.b])), f.n, in.size[0])
			}
		default:
			if !f.stripOp(in, &pc) {
				return false
			}
		}
	}
	return true
}

func isTrue(r *uint64) bool { return *(*bool)(unsafe.Pointer(r)) }

func setBool(r *uint64, v bool) { *(*bool)(unsafe.Pointer(r)) = v }

// fetch and put move an element between memory and a register.
func fetch(r *uint64, p unsafe.Pointer, size int) {
	switch size {
	case 1:
		*(*uint8)(unsafe.Pointer(r)) = *(*uint8)(p)
	case 2:
		*(*uint16)(unsafe.Pointer(r)) = *(*uint16)(p)
	case 4:
		*(*uint32)(unsafe.Pointer(r)) = *(*uint32)(p)
	default:
		*r = *(*uint64)(p)
	}
}

func put(p unsafe.Pointer, r *uint64, size int) {
	switch size {
	case 1:
		*(*uint8)(p) = *(*uint8)(unsafe.Pointer(r))
	case 2:
		*(*uint16)(p) = *(*uint16)(unsafe.Pointer(r))
	case 4:
		*(*uint32)(p) = *(*uint32)(unsafe.Pointer(r))
	default:
		*(*uint64)(p) = *r
	}
}

// at returns where element address of an array is.
func (f *frame) at(array int32, address uint64) unsafe.Pointer {
	return unsafe.Add(f.base[array], int(address)*f.code.arrays[array].size)
}

// spend counts work done, and looks at the context when it was much.
func (f *frame) spend(nanoseconds int) bool {
	f.work -= nanoseconds
	if f.work > 0 {
		return true
	}
	f.work = patience
	if err := ended(f.run.ctx); err != nil {
		f.err = err
		return false
	}
	return true
}

// ended returns the error of a context that is over. The timer that ends one may be late,
// for nothing interrupts machine code to run it.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return nil
}

// declare makes the memory of a local array.
func (f *frame) declare(n int32, x *localCode) bool {
	a := &f.code.arrays[n]
	if x.words >= 0 {
		f.reserve(n, x.words)
		if x.init >= 0 {
			fillOf(a.size)(f.base[n], unsafe.Pointer(&f.regs[x.init]), nil, nil, x.words*8/a.size)
		}
		return true
	}
	total := int64(1)
	for d := len(x.extents) - 1; d >= 0; d-- {
		f.regs[a.strides[d]] = uint64(total)
		e := max(int64(f.regs[x.extents[d]]), 0)
		f.regs[a.extents[d]] = uint64(e)
		var ok bool
		if total, ok = ir.MulOK(total, e); !ok || total > maxLocal {
			f.err = errTooBig
			return false
		}
	}
	f.reserve(n, (int(total)*a.size+7)/8)
	if x.init >= 0 && total > 0 {
		fillOf(a.size)(f.base[n], unsafe.Pointer(&f.regs[x.init]), nil, nil, int(total))
	}
	return true
}

// reserve gives a local array memory. Frames are used again, so what is large lies on huge
// pages: packed elements that are read many times from a cache that knows physical
// addresses took a tenth longer on small ones.
func (f *frame) reserve(n int32, words int) {
	if len(f.local[n]) < words {
		f.local[n] = room(words + words/4)
	}
	f.place(n)
}

// room returns memory for at least n words.
func room(n int) []uint64 {
	const page = lower.HugePage / 8
	if n < page/2 {
		return alignedWords(n)
	}
	return lower.Lasting[uint64]((n + page - 1) / page * page)
}

// The ways in which a run ends that are no fault of positions.
var (
	errEmpty  = errors.New("loop: a reduction of nothing has no value")
	errFull   = errors.New("loop: append: more elements than the target has room for")
	errTooBig = fmt.Errorf("loop: a local array of more than %d elements", int64(maxLocal))
)

func errOutside(position, limit int64) error {
	return fmt.Errorf("loop: position %d, which is data, is outside an axis of extent %d", position, limit)
}

// maxLocal bounds the elements of a local array.
const maxLocal = 1 << 33

// require fails the run when positions are outside an axis.
func (f *frame) require(x *requireCode) bool {
	if int64(f.regs[x.when]) <= 0 {
		return true
	}
	lo, ok1 := x.lo(f.regs)
	hi, ok2 := x.hi(f.regs)
	extent, ok3 := x.extent(f.regs)
	if !ok1 || !ok2 || !ok3 || lo <= hi && (lo < 0 || hi >= extent) {
		f.err = &lower.Unproven{Array: x.Name, Axis: x.Axis, Lo: lo, Hi: hi, Extent: extent}
		return false
	}
	return true
}

// checked returns a position that is data, inside its axis: negative ones wrap, and
// what is outside then is recorded.
func (f *frame) checked(x *checkCode, v, position int64) int64 {
	limit := int64(f.regs[x.limit])
	p := v
	if p < 0 && x.number != trusted {
		p += limit
	}
	if p >= 0 && p < limit {
		return p
	}
	if x.number == trusted {
		f.err = errOutside(v, limit)
		return 0
	}
	g := fault{x.number, position, v, limit}
	if g.before(&f.fault) {
		f.fault = g
	}
	return 0
}
