package asm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestJumps assembles random jumps over random distances and follows each one.
func TestJumps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var labels int
		b := NewBuilder(&labels)
		n := 2 + r.IntN(30)
		targets := make([]Arg, n)
		for i := range targets {
			targets[i] = b.NewLabel()
		}
		jumps := map[int]int64{} // instruction: label
		near := r.IntN(60)
		for i := range targets {
			for range r.IntN(1 + near) {
				b.Op(ADD, W64, R(RAX), I(int64(r.Uint32()>>1)))
			}
			for range r.IntN(4) {
				to := r.IntN(n)
				jumps[len(b.Insts)] = int64(to)
				switch r.IntN(3) {
				case 0:
					b.Op(JMP, 0, targets[to])
				case 1:
					b.Op(JGE, 0, targets[to])
				case 2:
					b.Op(LEALABEL, W64, R(R9), targets[to])
				}
			}
			b.Bind(targets[i])
			b.Op(MOV, W64, R(RCX), I(int64(i)))
		}
		code, err := Assemble(b.Insts, nil, AVX2)
		if err != nil {
			t.Fatal(err)
		}
		for i, label := range jumps {
			at := code.offsets[i]
			bytes := code.Bytes[at:code.offsets[i+1]]
			end := at + int32(len(bytes))
			var distance int32
			if len(bytes) == 2 {
				distance = int32(int8(bytes[1]))
			} else {
				distance = int32(binary.LittleEndian.Uint32(bytes[len(bytes)-4:]))
				short := distance // of the short form
				if distance < 0 {
					short += int32(len(bytes)) - 2
				}
				if b.Insts[i].Op != LEALABEL && max(short, -short) < 128-line { // room before loops may go when others got it
					t.Errorf("%s is long over %d bytes", &b.Insts[i], short)
				}
			}
			got := code.Bytes[end+distance:]
			want, _ := Assemble([]Inst{{Op: MOV, W: W64, N: 2, Args: [4]Arg{R(RCX), I(label)}}}, nil, AVX2)
			if !strings.HasPrefix(string(got), string(want.Bytes[:want.Size])) {
				t.Fatalf("%s does not reach its label:\n%s", &b.Insts[i], code.Listing())
			}
		}
	}
}

// TestRoom checks that short loops lie in one line, wherever they come, and that others
// get no room.
func TestRoom(t *testing.T) {
	for _, turn := range []int{1, 4, 7, 8, 30} { // instructions of 7 bytes
		for before := range 70 {
			var labels int
			b := NewBuilder(&labels)
			loop := b.NewLabel()
			for range before {
				b.Op(CDQ, W32)
			}
			b.Bind(loop)
			for range turn {
				b.Op(ADD, W64, R(RCX), I(1<<20))
			}
			b.Op(JGE, 0, loop)
			code, err := Assemble(b.Insts, nil, AVX2)
			if err != nil {
				t.Fatal(err)
			}
			from, end := code.Labels[0], int32(code.Size)
			room := from - int32(before)
			switch size := end - from; {
			case size > line && room != 0:
				t.Errorf("a loop of %d bytes has room", size)
			case size <= line && (end-1)/line > from/line:
				t.Errorf("a loop of %d bytes begins at %d", size, from)
			case room < 0 || room >= line || room > 0 && from%line != 0:
				t.Errorf("a loop of %d bytes at %d has %d bytes of room", size, from, room)
			}
		}
	}
}

// TestPool checks what operands in the pool address.
func TestPool(t *testing.T) {
	pool := NewPool()
	var b Builder
	one, eight := []byte{1, 2, 3, 4, 5, 6, 7, 8}, bytes.Repeat([]byte{9}, 64)
	literals := [][]byte{one, eight, one[:4], one, eight}
	for _, l := range literals {
		b.Op(VCMPPDK, W512, R(K0+1), R(V0+1), pool.Add(l), I(3)) // an immediate behind the address
	}
	code, err := Assemble(b.Insts, pool, AVX512)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range literals {
		end := int32(code.Size)
		if i+1 < len(literals) {
			end = code.offsets[i+1]
		}
		at := end + int32(binary.LittleEndian.Uint32(code.Bytes[end-5:]))
		if got := code.Bytes[at:]; !bytes.HasPrefix(got, l) || at%int32(len(l)) != 0 {
			t.Errorf("literal %d is at %d", i, at)
		}
	}
	if want := 64*3 + 64*2; len(code.Bytes) > want {
		t.Errorf("%d bytes: equal literals must share memory", len(code.Bytes))
	}
}

// TestRefused checks instructions that must not be assembled, and why.
func TestRefused(t *testing.T) {
	masked := func(in *Inst, mask Reg, zero bool) Inst {
		in.Mask, in.Zero = mask, zero
		return *in
	}
	var b Builder
	add := func(op Op, w Width, args ...Arg) *Inst { return b.Op(op, w, args...) }
	v := func(n int) Arg { return R(V0 + Reg(n)) }
	broadcast := M(RAX, 0)
	broadcast.Broadcast = true
	for _, c := range []struct {
		in    Inst
		level Level
		want  error
	}{
		{*add(VADDPD, W512, v(0), v(1), v(2)), AVX2, errLevel},
		{*add(VADDPD, W256, v(0), v(1), v(16)), AVX2, errLevel},
		{*add(VADDPD, W256, v(0), v(1), broadcast), AVX2, errLevel},
		{masked(add(VADDPD, W256, v(0), v(1), v(2)), K0+1, false), AVX2, errLevel},
		{*add(KMOVW, 0, R(RAX), R(K0+1)), AVX2, errLevel},
		{masked(add(VADDPD, W256, v(0), v(1), v(2)), K0, false), AVX512, errOperands},
		{masked(add(VADDPD, W256, v(0), v(1), v(2)), NoReg, true), AVX512, errOperands},
		{masked(add(VMOVUPD, W512, M(RAX, 0), v(2)), K0+1, true), AVX512, errOperands},
		{masked(add(VCMPPDK, W512, R(K0+2), v(1), v(2), I(0)), K0+1, true), AVX512, errOperands},
		{*add(VADDPD, W64, v(0), v(1), v(2)), AVX512, errOperands},
		{*add(VADDPD, W256, v(0), v(1)), AVX512, errOperands},
		{*add(VADDPD, W256, v(0), v(1), v(32)), AVX512, errOperands},
		{*add(VADDPD, W256, R(RAX), v(1), v(2)), AVX512, errOperands},
		{*add(VADDPD, W256, v(0), M(RAX, 0), v(2)), AVX512, errOperands},
		{*add(VADDPD, W256, v(0), v(1), R(Virtual(Vec, 3))), AVX512, errVirtual},
		{*add(VADDPD, W256, v(0), v(1), M(Virtual(GPR, 3), 0)), AVX512, errVirtual},
		{masked(add(VADDPD, W256, v(0), v(1), v(2)), Virtual(Mask, 0), false), AVX512, errVirtual},
		{*add(ADD, W64, R(RAX), I(1<<40)), AVX2, errOperands},
		{*add(ADD, W8, R(RAX), I(256)), AVX2, errOperands},
		{*add(MOV, W64, MX(RAX, RSP, 1, 0), R(RAX)), AVX2, errOperands},
		{*add(MOV, W64, MX(RAX, RCX, 3, 0), R(RAX)), AVX2, errOperands},
		{*add(MOV, W64, R(RAX), M(RIP, 0)), AVX2, errPool},
		{*add(SHL, W64, R(RAX), R(RDX)), AVX2, errOperands},
		{*add(VGATHERQPD, W256, v(0), MX(RAX, V0, 8, 0), v(2)), AVX2, errDistinct},
		{*add(VGATHERQPD, W256, v(0), MX(RAX, V0+1, 8, 0), v(1)), AVX2, errDistinct},
		{*add(VGATHERQPD, W512, v(0), MX(RAX, V0+1, 8, 0)), AVX512, errOperands},
		{*add(FMADDPD, W256, v(0), v(1), v(2), v(3)), AVX512, errPseudo},
		{*add(LABEL, 0, I(0)), AVX2, errLabel},
		{*add(LABEL, 0, Arg{Kind: LabelRef, Imm: -1}), AVX2, errLabel},
		{*add(Op(60000), W64), AVX512, errOperands},
	} {
		if _, err := Assemble([]Inst{c.in}, nil, c.level); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", &c.in, err, c.want)
		}
	}
	if _, err := Assemble([]Inst{*add(JMP, 0, Arg{Kind: LabelRef, Imm: 2})}, nil, AVX2); err == nil {
		t.Error("a jump to nowhere assembles")
	}
}

// FuzzAssemble checks that no instruction, however malformed, makes Assemble panic, and
// that what it assembles at AVX2 it assembles to the same bytes at AVX-512.
func FuzzAssemble(f *testing.F) {
	for seed := range uint64(2000) {
		f.Add(seed)
	}
	pool := NewPool()
	pool.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		var insts []Inst
		for range 20 {
			in := Inst{Op: Op(r.IntN(int(opCount) + 2)), W: Width(8 << r.IntN(8)), N: uint8(r.IntN(5)), Zero: r.IntN(4) == 0}
			if r.IntN(100) == 0 {
				in.N, in.W = uint8(r.Uint32()), Width(r.Uint32())
			}
			if r.IntN(3) == 0 {
				in.Mask = Reg(r.IntN(140))
			}
			for i := range in.Args {
				in.Args[i] = Arg{
					Kind: ArgKind(r.IntN(6)), Scale: uint8(r.IntN(10)), Broadcast: r.IntN(4) == 0,
					Reg: Reg(r.IntN(140)), Index: Reg(r.IntN(140)), Disp: int32(r.Uint32()), Imm: int64(r.IntN(20)) - 1,
				}
			}
			insts = append(insts, in)
		}
		for i := range insts {
			one := insts[i : i+1]
			_ = one[0].String()
			low, err := Assemble(one, pool, AVX2)
			high, err512 := Assemble(one, pool, AVX512)
			if err == nil && (err512 != nil || !bytes.Equal(low.Bytes, high.Bytes)) {
				t.Errorf("%s: %x, and with AVX-512 %v", &one[0], low.Bytes, err512)
			}
			if err512 == nil {
				_ = high.Listing()
			}
		}
	})
}

func BenchmarkAssemble(b *testing.B) {
	insts := samples(3, 1)[:1000]
	if _, err := Assemble(insts, nil, AVX512); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Assemble(insts, nil, AVX512); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(insts)), "ns/inst")
}

func ExampleAssemble() {
	var labels int
	b := NewBuilder(&labels)
	again := b.NewLabel()
	b.Op(VXORPD, W256, R(V0), R(V0), R(V0))
	b.Bind(again)
	b.Op(VADDPD, W256, R(V0), R(V0), MX(RSI, RCX, 8, 0))
	b.Op(SUB, W64, R(RCX), I(4))
	b.Op(JNZ, 0, again)
	b.Op(RET, 0)
	code, err := Assemble(b.Insts, NewPool(), AVX2)
	if err != nil {
		panic(err)
	}
	fmt.Print(code.Listing())
	// Output:
	//      0  c5fd57c0                  VXORPD Y0, Y0, Y0
	// L0:
	//      4  c5fd5804ce                VADDPD (SI)(CX*8), Y0, Y0
	//      9  4883e904                  SUBQ $4, CX
	//      d  75f5                      JNE L0
	//      f  c3                        RET
}
