package asm

import (
	"slices"
	"testing"
)

func TestDropUnread(t *testing.T) {
	labels := 0
	b := NewBuilder(&labels)
	v := func() Reg { return b.New(Vec) }
	x, y, unread, chained, sum, idiom := v(), v(), v(), v(), v(), v()
	k, unreadMask := b.New(Mask), b.New(Mask)
	g := b.New(GPR)
	b.Op(VMOVUPD, W512, R(x), M(RDI, 0))
	b.Op(VMULPD, W512, R(chained), R(x), R(x)) // for unread alone
	b.Op(VXORPD, W512, R(unread), R(chained), M(RDI, 64))
	b.Op(VPXORD, W512, R(idiom), R(idiom), R(idiom)) // a constant that nobody reads
	b.Op(VCMPPDK, W512, R(k), R(x), R(x), I(0))
	b.Op(VCMPPDK, W512, R(unreadMask), R(x), R(x), I(0))
	b.Op(VMOVUPD, W512, R(y), R(x)).Mask = k // reads k, and y
	b.Op(MOV, W64, R(g), M(RDI, 8))          // not of the kind that is dropped
	b.Op(VMOVUPD, W512, R(sum), R(x))
	b.Op(VFMADD231PD, W512, R(sum), R(x), R(y))
	b.Op(VMOVUPD, W512, M(RDI, 128), R(sum))
	var ops []Op
	for _, in := range DropUnread(b.Insts) {
		ops = append(ops, in.Op)
	}
	want := []Op{VMOVUPD, VCMPPDK, VMOVUPD, MOV, VMOVUPD, VFMADD231PD, VMOVUPD}
	if !slices.Equal(ops, want) {
		t.Errorf("left %v, want %v", ops, want)
	}
}
