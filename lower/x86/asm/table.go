package asm

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// row is the text of an instruction.
//
// name is its name, and behind a space that in the Go assembler, if it is another one: @
// stands for the letter of the width (B, W, L, Q), % for X or Y and # for X, Y or Z with a
// source in memory; ~ and * for what conversions to integers have.
//
// roles has a letter an operand: r for read, w for written, x for both, c for read and
// commuting with the other c.
//
// forms are separated by bars; the first one that fits is taken. A form has operands, how
// they are encoded, one or more encodings, the opcode, and notes:
//
//	v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.W1 58 full8
//
// Operands: r (general), b (its low byte), k (mask), v (vector of the width; v2, v4, v8: of
// half of it and so on), x (XMM), y (YMM), z (memory with a vector of indexes of the width;
// z2: of half of it), m (memory); a final m allows memory too. cl is the register, one the
// number; u8, i8, i16, i32, u32, i64 are immediates; s8 and s32 those that are extended by
// their sign; rel is a label.
//
// How: R is the field reg of ModRM, M its rm, V the field vvvv, O the low bits of the
// opcode, I an immediate, L a register in an immediate, D a distance, C nothing.
//
// An encoding is LEG, VEX or EVEX, with the widths it is for, prefix, map and W as in
// Intel's manuals; VEX.L1 is one with L set, = gives another name for the Go assembler.
// Without W0, W1 or WIG the width decides. Without widths a VEX encoding of vectors is for
// 128 and 256, and EVEX for 512 too; others are for any.
//
// Notes: /0 to /7 is the field reg. fullN, halfN say how large memory is, and that of one
// element of N bytes that is broadcast; mem, mem2, mem4, mem8 that it is as large as the
// vector, or half of it and so on; x1 to x32 are bytes; xw is the width, dup that of
// VMOVDDUP. nomask: there is no mask. For usesmask and blend see info.
type row struct {
	op    Op
	name  string
	roles string
	forms string
}

// slot is a field of an encoding that takes an operand.
type slot uint8

const (
	slotNone slot = iota
	slotReg       // of ModRM
	slotRM
	slotV      // vvvv
	slotOpcode // its low bits
	slotImm
	slotIs4 // a register in the high bits of an immediate
	slotRel
)

var slots = [...]slot{'R': slotReg, 'M': slotRM, 'V': slotV, 'O': slotOpcode, 'I': slotImm, 'L': slotIs4, 'D': slotRel, 'C': slotNone}

// pattern is the kinds of operand that a form takes at one place.
type pattern struct {
	kind  patternKind
	mem   bool  // memory, too
	shift uint8 // vectors: the operand is of the width shifted right by it
	fixed Width // vectors: the operand is of this width
}

type patternKind uint8

const (
	onlyMemory patternKind = iota
	general
	lowByte
	maskReg
	vector
	vectorIndex // memory
	isCL
	isOne
	label
	imm // the immediates: see fits
)

const (
	immU8 = imm + iota
	immI8
	immI16
	immI32
	immU32
	immI64
	immS8
	immS32
)

// immBytes are the bytes that immediates take.
var immBytes = [...]uint8{immU8: 1, immI8: 1, immI16: 2, immI32: 4, immU32: 4, immI64: 8, immS8: 1, immS32: 4}

var patterns = map[string]pattern{
	"m": {kind: onlyMemory}, "r": {kind: general}, "b": {kind: lowByte}, "k": {kind: maskReg},
	"v": {kind: vector}, "v2": {kind: vector, shift: 1}, "v4": {kind: vector, shift: 2}, "v8": {kind: vector, shift: 3},
	"x": {kind: vector, fixed: W128}, "y": {kind: vector, fixed: W256},
	"z": {kind: vectorIndex}, "z2": {kind: vectorIndex, shift: 1},
	"cl": {kind: isCL}, "one": {kind: isOne}, "rel": {kind: label},
	"u8": {kind: immU8}, "i8": {kind: immI8}, "i16": {kind: immI16}, "i32": {kind: immI32}, "u32": {kind: immU32},
	"i64": {kind: immI64}, "s8": {kind: immS8}, "s32": {kind: immS32},
}

// encoding is a kind of prefix.
type encoding uint8

const (
	legacy encoding = iota
	vex
	evex
)

// wBit is where the bit W of a prefix comes from.
type wBit uint8

const (
	wByWidth wBit = iota
	w0
	w1
)

// form is one way to encode an instruction.
type form struct {
	name     string // in the Go assembler
	args     [4]pattern
	slots    [4]slot
	n        uint8
	encoding encoding
	widths   uint8 // bit i: 8<<i; 0: any
	vectors  bool  // the width is that of vectors, and goes into L
	longL    bool  // L is set
	prefix   uint8 // 0: none, 1: 66, 2: F3, 3: F2
	opMap    uint8 // 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A
	w        wBit
	opcode   uint8
	digit    int8  // of reg; -1: none
	size     tuple // of memory, for EVEX
	elem     uint8 // bytes of one that is broadcast; 0: none is
	noMask   bool
	usesMask bool
	beyond   bool // AVX2: AVX-512 has it
}

// tuple says how many bytes of memory an instruction touches: compressed displacements
// count in them.
type tuple uint8

const (
	vectorBytes  tuple = iota // the vector's, shifted right by up to 3
	widthBytes   tuple = 4    // the width's
	movddupBytes tuple = 5
	fixedBytes   tuple = 8 // 1<<n
)

// parse makes what the program uses of a row.
func (r row) parse() info {
	intel, goName, ok := strings.Cut(r.name, " ")
	if !ok {
		goName = intel
	}
	t := info{name: intel}
	for i, c := range []byte(r.roles) {
		switch c {
		case 'r':
			t.roles[i] = reads
		case 'w':
			t.roles[i] = writes
		case 'x':
			t.roles[i] = readsWrites
		case 'c':
			t.roles[i] = reads | commutes
		}
	}
	for rest := r.forms; rest != ""; {
		var text string
		text, rest, _ = strings.Cut(rest, " | ")
		t.parseForm(goName, text)
	}
	return t
}

// parseForm adds the encodings of one form.
func (t *info) parseForm(goName, text string) {
	words := strings.Fields(text)
	f := form{name: goName, digit: -1}
	if words[0] != "-" {
		for rest := words[0]; rest != ""; f.n++ {
			var p string
			p, rest, _ = strings.Cut(rest, ",")
			t.parseArg(&f, p)
		}
	}
	if words[2] == "PSEUDO" {
		t.pseudo = true
		return
	}
	if words[1] != "ZO" {
		for i, c := range []byte(words[1]) {
			f.slots[i] = slots[c]
		}
	}
	at := 2
	for strings.HasPrefix(words[at], "LEG") || strings.HasPrefix(words[at], "VEX") || strings.HasPrefix(words[at], "EVEX") {
		at++
	}
	n, err := strconv.ParseUint(words[at], 16, 8)
	if err != nil {
		panic(fmt.Sprintf("asm: %s: opcode %q", t.name, words[at]))
	}
	f.opcode = uint8(n)
	for _, note := range words[at+1:] {
		t.parseNote(&f, note)
	}
	for _, e := range words[2:at] {
		t.forms = append(t.forms, f.encoded(e))
	}
}

func (t *info) parseArg(f *form, text string) {
	p, ok := patterns[text]
	if !ok {
		p, ok = patterns[strings.TrimSuffix(text, "m")]
		p.mem = true
	}
	if !ok {
		panic(fmt.Sprintf("asm: %s: operand %q", t.name, text))
	}
	if p.mem || p.kind == onlyMemory || p.kind == vectorIndex {
		t.memory |= 1 << f.n
		p.mem = true
	}
	f.args[f.n] = p
}

func (t *info) parseNote(f *form, note string) {
	number := func(prefix string) uint8 {
		n, err := strconv.Atoi(note[len(prefix):])
		if err != nil && note != prefix {
			panic(fmt.Sprintf("asm: %s: note %q", t.name, note))
		}
		return uint8(n)
	}
	switch {
	case note[0] == '/':
		f.digit = int8(number("/"))
	case note == "nomask":
		f.noMask = true
	case note == "usesmask":
		t.usesMask, f.usesMask = true, true
		t.distinct = t.roles[0] == readsWrites
	case note == "blend":
		t.blend = true
	case note == "dup":
		f.size = movddupBytes
	case note == "xw":
		f.size = widthBytes
	case strings.HasPrefix(note, "full"):
		f.elem = number("full")
	case strings.HasPrefix(note, "half"):
		f.elem, f.size = number("half"), 1
	case strings.HasPrefix(note, "mem"):
		f.size = log2(max(1, number("mem")))
	case note[0] == 'x':
		f.size = fixedBytes + log2(number("x"))
	default:
		panic(fmt.Sprintf("asm: %s: note %q", t.name, note))
	}
}

// log2 returns the logarithm of a power of two.
func log2(n uint8) tuple { return tuple(bits.TrailingZeros8(n)) }

// encoded returns the form with one encoding.
func (f form) encoded(text string) form {
	spec, name, ok := strings.Cut(text, "=")
	if ok {
		f.name = name
	}
	fixedW, lig, anyL := false, false, false
	for spec != "" {
		var word string
		word, spec, _ = strings.Cut(spec, ".")
		switch word {
		case "LEG":
			f.encoding = legacy
		case "VEX":
			f.encoding = vex
		case "EVEX":
			f.encoding = evex
		case "66":
			f.prefix = 1
		case "F3":
			f.prefix = 2
		case "F2":
			f.prefix = 3
		case "0F":
			f.opMap = 1
		case "0F38":
			f.opMap = 2
		case "0F3A":
			f.opMap = 3
		case "W0", "WIG":
			f.w, fixedW = w0, true
		case "W1":
			f.w, fixedW = w1, true
		case "L1":
			f.longL = true
		case "LIG":
			lig = true
		default:
			w, err := strconv.ParseUint(word, 10, 16)
			if err != nil || widthBit(Width(w)) == 0 {
				panic(fmt.Sprintf("asm: encoding %q", text))
			}
			f.widths |= widthBit(Width(w))
		}
	}
	masks := false
	for _, p := range f.args[:f.n] {
		masks = masks || p.kind == maskReg
		anyL = anyL || p.kind == vector || p.kind == vectorIndex
	}
	f.beyond = f.encoding == evex || masks
	if f.encoding == legacy {
		f.elem, f.size = 0, 0
		return f
	}
	if anyL && fixedW && !lig {
		f.vectors = true
		if f.widths == 0 {
			f.widths = widthBit(W128) | widthBit(W256)
			if f.encoding == evex {
				f.widths |= widthBit(W512)
			}
		}
	}
	return f
}

// widthBit returns the bit of a width in a set of them.
func widthBit(w Width) uint8 {
	switch w {
	case W8:
		return 1
	case W16:
		return 2
	case W32:
		return 4
	case W64:
		return 8
	case W128:
		return 16
	case W256:
		return 32
	case W512:
		return 64
	}
	return 0
}
