package ptxsim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

const head = ".version 6.3\n.target sm_75\n.address_size 64\n"

// kernel is an entry with a parameter, an address in %q0, and thread numbers in %r0.
func kernel(decl, body string) string {
	return head + ".visible .entry k(.param .u64 arg)\n{\n\t.reg .pred %p<4>;\n\t.reg .b32 %r<8>;\n\t.reg .b64 %q<8>;\n\t.reg .f32 %f<4>;\n\t.reg .f64 %d<4>;\n" +
		decl + "\tld.param.u64 %q0, [arg];\n\tmov.u32 %r0, %tid.x;\n\tcvt.u64.u32 %q1, %r0;\n" + body + "\tret;\n}\n"
}

// run launches an entry with an array of n words, and returns them.
func run(t *testing.T, text string, threads, n int) ([]uint64, error) {
	t.Helper()
	d := NewDevice(1 << 20)
	m, err := d.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Alloc(int64(8 * n))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Launch("k", 1, threads, p)
	out := make([]byte, 8*n)
	if failed := d.Read(out, p); failed != nil {
		t.Fatal(failed)
	}
	words := make([]uint64, n)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(out[8*i:])
	}
	return words, err
}

const mine = "\tmad.lo.s64 %q2, %q1, 8, %q0;\n" // the thread's word

// TestShared reverses the numbers of threads by way of shared memory.
func TestShared(t *testing.T) {
	text := kernel("\t.shared .align 8 .b8 s[512];\n", mine+`
	mov.u64 %q3, s;
	mad.lo.s64 %q3, %q1, 8, %q3;
	st.shared.u64 [%q3], %q1;
	bar.sync 0;
	sub.s64 %q4, 63, %q1;
	mov.u64 %q3, s;
	mad.lo.s64 %q3, %q4, 8, %q3;
	ld.shared.u64 %q5, [%q3];
	st.global.u64 [%q2], %q5;
`)
	got, err := run(t, text, 64, 64)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v != uint64(63-i) {
			t.Errorf("word %d is %d", i, v)
		}
	}
	_, err = run(t, strings.Replace(text, "\tbar.sync 0;\n", "", 1), 64, 64)
	wantFault(t, err, "a race")
}

func wantFault(t *testing.T, err error, what string) {
	t.Helper()
	var f *Fault
	if !errors.As(err, &f) || !strings.Contains(f.What, what) || f.Line == 0 {
		t.Errorf("error %v, want %s", err, what)
	}
}

func TestFaults(t *testing.T) {
	for what, body := range map[string]string{
		"a barrier that thread": "\tsetp.eq.u32 %p0, %r0, 3;\n\t@%p0 bra L1;\n\tbar.sync 0;\nL1:\n",
		"illegal address":       mine + "\tst.global.u64 [%q2+32], %q1;\n",
		"misaligned":            "\tld.global.u64 %q3, [%q0+4];\n",
		"bytes of local memory": "\tmov.u64 %q3, 16;\n\tst.local.u64 [%q3], %q1;\n",
	} {
		_, err := run(t, kernel("\t.local .align 8 .b8 l[16];\n", body), 4, 4)
		wantFault(t, err, what)
	}
	_, err := run(t, kernel("", mine+"\tst.global.u64 [%q2+24], %q1;\n"), 1, 4)
	if err != nil {
		t.Errorf("inside: %v", err)
	}
}

// TestStrict loads what devices' assemblers refuse, or what computes something else.
func TestStrict(t *testing.T) {
	for _, body := range []string{
		"mov.u64 %q2, %r0",             // 32 bits for 64
		"mov.u32 %r1, %q1",             //
		"add.s32 %r1, %r0, %f0",        // a float for an integer
		"add.rn.f32 %f0, %f1, %d0",     //
		"add.f32 %f0, %f1, %f2",        // may be contracted
		"add.rn.ftz.f32 %f0, %f1, %f2", // loses subnormals
		"add.rn.f32 %f0, %f1, 1",       // an integer literal
		"add.rn.f32 %f0, %f1, 0d3FF0000000000000",
		"setp.lt.b32 %p0, %r0, %r1", // bits have no order
		"setp.ne.f32 %p0, %f0, %f1", // false of a NaN
		"selp.b32 %r1, %r0, %r0, %r0",
		"shl.b64 %q2, %q1, %q1", // the count has 32 bits
		"cvt.f64.s64 %d0, %q1",  // rounds, and does not say how
		"cvt.rn.f64.f32 %d0, %f0",
		"cvt.s64.s32 %r1, %r0",
		"ld.global.u64 %r1, [%q0]",
		"ld.global.u64 %q1, [%r0]",
		"st.const.u64 [%q0], %q1",
		"and.b32 %p0, %p0, %p1",
		"bra nowhere",
		"@%r0 bra L",
		"mov.u64 %q9, %q1",
		"frobnicate.u32 %r0, %r1",
	} {
		if _, err := NewDevice(1 << 10).Load(kernel("", "L:\n\t"+body+";\n")); err == nil {
			t.Errorf("took %s", body)
		}
	}
}

// TestGarbage reads what nobody wrote: it is neither zero nor a small number.
func TestGarbage(t *testing.T) {
	got, err := run(t, kernel("", "\tst.global.u64 [%q0], %q7;\n"), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v < 1<<32 {
			t.Errorf("word %d is %#x", i, v)
		}
	}
}

// TestArithmetic runs instructions on values whose results are written down.
func TestArithmetic(t *testing.T) {
	f := func(v float64) string { return fmt.Sprintf("0d%016X", math.Float64bits(v)) }
	for body, want := range map[string]uint64{
		"mov.s64 %q3, -7;\n\tshr.s64 %q2, %q3, 1":                                                                math.MaxUint64 - 3,
		"mov.s64 %q3, -7;\n\tshr.s64 %q2, %q3, 99":                                                               math.MaxUint64,
		"mov.s64 %q3, -7;\n\tdiv.s64 %q2, %q3, 2":                                                                math.MaxUint64 - 2,
		"mov.u64 %q3, -1;\n\tmul.hi.u64 %q2, %q3, %q3":                                                           math.MaxUint64 - 1,
		"mov.b32 %r1, 200;\n\tcvt.s32.s8 %r1, %r1;\n\tcvt.s64.s32 %q2, %r1":                                      math.MaxUint64 - 55,
		"mov.b32 %r1, 1;\n\tclz.b32 %r1, %r1;\n\tcvt.u64.u32 %q2, %r1":                                           31,
		"mov.f64 %d0, " + f(-2.5) + ";\n\tcvt.rni.s64.f64 %q2, %d0":                                              math.MaxUint64 - 1,
		"mov.f64 %d0, " + f(1e300) + ";\n\tcvt.rzi.s64.f64 %q2, %d0":                                             math.MaxInt64,
		"mov.f64 %d0, " + f(-1) + ";\n\tcvt.rzi.u64.f64 %q2, %d0":                                                0,
		"mov.f64 %d0, " + f(0.1) + ";\n\tfma.rn.f64 %d1, %d0, " + f(10) + ", " + f(-1) + ";\n\tmov.b64 %q2, %d1": math.Float64bits(0x1p-54),
		"mov.f64 %d0, " + f(0.1) + ";\n\tcvt.rn.f32.f64 %f0, %d0;\n\tcvt.f64.f32 %d1, %f0;\n\tmov.b64 %q2, %d1":  math.Float64bits(float64(float32(0.1))),
	} {
		got, err := run(t, kernel("", "\t"+body+";\n\tst.global.u64 [%q0], %q2;\n"), 1, 1)
		if err != nil || got[0] != want {
			t.Errorf("%s: %#x (%v), want %#x", body, got, err, want)
		}
	}
}

func TestMemory(t *testing.T) {
	d := NewDevice(1000)
	p, err := d.Alloc(600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Alloc(600); !errors.Is(err, ErrMemory) {
		t.Errorf("1200 bytes of 1000: %v", err)
	}
	if err := d.Write(p+599, []byte{1, 2}); !errors.Is(err, ErrPointer) {
		t.Errorf("beyond the end: %v", err)
	}
	if err := d.Free(p); err != nil {
		t.Error(err)
	}
	if err := d.Free(p); !errors.Is(err, ErrPointer) {
		t.Errorf("twice: %v", err)
	}
	if n, bytes := d.Live(); n != 0 || bytes != 0 {
		t.Errorf("%d allocations of %d bytes are left", n, bytes)
	}
}

// TestTeams has each half of a warp reverse its numbers by way of shared memory, and vote.
func TestTeams(t *testing.T) {
	text := kernel("\t.shared .align 8 .b8 s[512];\n", mine+`
	mov.u64 %q3, s;
	mad.lo.s64 %q3, %q1, 8, %q3;
	and.b32 %r1, %r0, 16;
	shl.b32 %r1, 65535, %r1;
	st.shared.u64 [%q3], %q1;
	bar.warp.sync %r1;
	xor.b64 %q4, %q1, 15;
	mov.u64 %q3, s;
	mad.lo.s64 %q3, %q4, 8, %q3;
	ld.shared.u64 %q5, [%q3];
	setp.eq.u64 %p0, %q1, 40;
	vote.sync.any.pred %p1, %p0, %r1;
	selp.b64 %q5, -1, %q5, %p1;
	bar.red.or.pred %p2, 0, %p0;
	selp.b64 %q5, %q5, 0, %p2;
	st.global.u64 [%q2], %q5;
`)
	got, err := run(t, text, 64, 64)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		want := uint64(i ^ 15)
		if i/16 == 40/16 {
			want = math.MaxUint64
		}
		if v != want {
			t.Errorf("word %d is %d, want %d", i, int64(v), int64(want))
		}
	}
	for what, change := range map[string][2]string{
		"a race: shared memory":   {"xor.b64 %q4, %q1, 15", "xor.b64 %q4, %q1, 16"}, // the other half's
		"a race: shared":          {"bar.red.or.pred %p2, 0, %p0", "bar.red.or.pred %p2, 0, %p0;\n\tld.shared.u64 %q6, [%q3];\n\txor.b64 %q3, %q3, 8;\n\tst.shared.u64 [%q3], %q6"},
		"a barrier that thread":   {"st.shared.u64 [%q3], %q1;", "setp.eq.u64 %p3, %q1, 3;\n\t@%p3 bra L;\n\tst.shared.u64 [%q3], %q1;"},
		"a barrier of others":     {"shl.b32 %r1, 65535, %r1", "shl.b32 %r1, 255, %r1"},
		"of a barrier after memb": {"vote.sync.any.pred %p1, %p0, %r1", "vote.sync.any.pred %p1, %p0, -1"},
	} {
		text := strings.Replace(text, change[0], change[1], 1)
		text = strings.Replace(text, "\tret;", "L:\n\tret;", 1)
		_, err := run(t, text, 64, 64)
		wantFault(t, err, what)
	}
}
