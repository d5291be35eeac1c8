package asm

// The instructions of masks (AVX-512).
const (
	// Moves, also from and to general registers.
	KMOVB Op = endGeneral + iota
	KMOVW
	KMOVD
	KMOVQ

	// Logic.
	KANDB
	KANDW
	KANDD
	KANDQ
	KANDNB
	KANDNW
	KANDND
	KANDNQ
	KORB
	KORW
	KORD
	KORQ
	KXNORB
	KXNORW
	KXNORD
	KXNORQ
	KXORB
	KXORW
	KXORD
	KXORQ
	KADDB
	KADDW
	KADDD
	KADDQ
	KNOTB
	KNOTW
	KNOTD
	KNOTQ
	KORTESTB
	KORTESTW
	KORTESTD
	KORTESTQ
	KTESTB
	KTESTW
	KTESTD
	KTESTQ

	// Shifts.
	KSHIFTLB
	KSHIFTLW
	KSHIFTLD
	KSHIFTLQ
	KSHIFTRB
	KSHIFTRW
	KSHIFTRD
	KSHIFTRQ
	KUNPCKBW
	KUNPCKWD
	KUNPCKDQ

	// Between masks and vectors of all ones or zeros.
	VPMOVM2B
	VPMOVM2W
	VPMOVM2D
	VPMOVM2Q
	VPMOVB2M
	VPMOVW2M
	VPMOVD2M
	VPMOVQ2M

	endMask
)

var maskRows = []row{
	{KMOVB, "KMOVB", "wr", "k,km RM VEX.66.0F.W0 90 | " +
		"m,k MR VEX.66.0F.W0 91 | " +
		"k,r RM VEX.66.0F.W0 92 | " +
		"r,k RM VEX.66.0F.W0 93"},
	{KMOVW, "KMOVW", "wr", "k,km RM VEX.0F.W0 90 | " +
		"m,k MR VEX.0F.W0 91 | " +
		"k,r RM VEX.0F.W0 92 | " +
		"r,k RM VEX.0F.W0 93"},
	{KMOVD, "KMOVD", "wr", "k,km RM VEX.66.0F.W1 90 | " +
		"m,k MR VEX.66.0F.W1 91 | " +
		"k,r RM VEX.F2.0F.W0 92 | " +
		"r,k RM VEX.F2.0F.W0 93"},
	{KMOVQ, "KMOVQ", "wr", "k,km RM VEX.0F.W1 90 | " +
		"m,k MR VEX.0F.W1 91 | " +
		"k,r RM VEX.F2.0F.W1 92 | " +
		"r,k RM VEX.F2.0F.W1 93"},

	{KANDB, "KANDB", "wcc", "k,k,k RVM VEX.L1.66.0F.W0 41"},
	{KANDW, "KANDW", "wcc", "k,k,k RVM VEX.L1.0F.W0 41"},
	{KANDD, "KANDD", "wcc", "k,k,k RVM VEX.L1.66.0F.W1 41"},
	{KANDQ, "KANDQ", "wcc", "k,k,k RVM VEX.L1.0F.W1 41"},
	{KANDNB, "KANDNB", "wrr", "k,k,k RVM VEX.L1.66.0F.W0 42"},
	{KANDNW, "KANDNW", "wrr", "k,k,k RVM VEX.L1.0F.W0 42"},
	{KANDND, "KANDND", "wrr", "k,k,k RVM VEX.L1.66.0F.W1 42"},
	{KANDNQ, "KANDNQ", "wrr", "k,k,k RVM VEX.L1.0F.W1 42"},
	{KORB, "KORB", "wcc", "k,k,k RVM VEX.L1.66.0F.W0 45"},
	{KORW, "KORW", "wcc", "k,k,k RVM VEX.L1.0F.W0 45"},
	{KORD, "KORD", "wcc", "k,k,k RVM VEX.L1.66.0F.W1 45"},
	{KORQ, "KORQ", "wcc", "k,k,k RVM VEX.L1.0F.W1 45"},
	{KXNORB, "KXNORB", "wcc", "k,k,k RVM VEX.L1.66.0F.W0 46"},
	{KXNORW, "KXNORW", "wcc", "k,k,k RVM VEX.L1.0F.W0 46"},
	{KXNORD, "KXNORD", "wcc", "k,k,k RVM VEX.L1.66.0F.W1 46"},
	{KXNORQ, "KXNORQ", "wcc", "k,k,k RVM VEX.L1.0F.W1 46"},
	{KXORB, "KXORB", "wcc", "k,k,k RVM VEX.L1.66.0F.W0 47"},
	{KXORW, "KXORW", "wcc", "k,k,k RVM VEX.L1.0F.W0 47"},
	{KXORD, "KXORD", "wcc", "k,k,k RVM VEX.L1.66.0F.W1 47"},
	{KXORQ, "KXORQ", "wcc", "k,k,k RVM VEX.L1.0F.W1 47"},
	{KADDB, "KADDB", "wcc", "k,k,k RVM VEX.L1.66.0F.W0 4A"},
	{KADDW, "KADDW", "wcc", "k,k,k RVM VEX.L1.0F.W0 4A"},
	{KADDD, "KADDD", "wcc", "k,k,k RVM VEX.L1.66.0F.W1 4A"},
	{KADDQ, "KADDQ", "wcc", "k,k,k RVM VEX.L1.0F.W1 4A"},
	{KNOTB, "KNOTB", "wr", "k,k RM VEX.66.0F.W0 44"},
	{KNOTW, "KNOTW", "wr", "k,k RM VEX.0F.W0 44"},
	{KNOTD, "KNOTD", "wr", "k,k RM VEX.66.0F.W1 44"},
	{KNOTQ, "KNOTQ", "wr", "k,k RM VEX.0F.W1 44"},
	{KORTESTB, "KORTESTB", "cc", "k,k RM VEX.66.0F.W0 98"},
	{KORTESTW, "KORTESTW", "cc", "k,k RM VEX.0F.W0 98"},
	{KORTESTD, "KORTESTD", "cc", "k,k RM VEX.66.0F.W1 98"},
	{KORTESTQ, "KORTESTQ", "cc", "k,k RM VEX.0F.W1 98"},
	{KTESTB, "KTESTB", "rr", "k,k RM VEX.66.0F.W0 99"},
	{KTESTW, "KTESTW", "rr", "k,k RM VEX.0F.W0 99"},
	{KTESTD, "KTESTD", "rr", "k,k RM VEX.66.0F.W1 99"},
	{KTESTQ, "KTESTQ", "rr", "k,k RM VEX.0F.W1 99"},

	{KSHIFTLB, "KSHIFTLB", "wrr", "k,k,u8 RMI VEX.66.0F3A.W0 32"},
	{KSHIFTLW, "KSHIFTLW", "wrr", "k,k,u8 RMI VEX.66.0F3A.W1 32"},
	{KSHIFTLD, "KSHIFTLD", "wrr", "k,k,u8 RMI VEX.66.0F3A.W0 33"},
	{KSHIFTLQ, "KSHIFTLQ", "wrr", "k,k,u8 RMI VEX.66.0F3A.W1 33"},
	{KSHIFTRB, "KSHIFTRB", "wrr", "k,k,u8 RMI VEX.66.0F3A.W0 30"},
	{KSHIFTRW, "KSHIFTRW", "wrr", "k,k,u8 RMI VEX.66.0F3A.W1 30"},
	{KSHIFTRD, "KSHIFTRD", "wrr", "k,k,u8 RMI VEX.66.0F3A.W0 31"},
	{KSHIFTRQ, "KSHIFTRQ", "wrr", "k,k,u8 RMI VEX.66.0F3A.W1 31"},
	{KUNPCKBW, "KUNPCKBW", "wrr", "k,k,k RVM VEX.L1.66.0F.W0 4B"},
	{KUNPCKWD, "KUNPCKWD", "wrr", "k,k,k RVM VEX.L1.0F.W0 4B"},
	{KUNPCKDQ, "KUNPCKDQ", "wrr", "k,k,k RVM VEX.L1.0F.W1 4B"},

	{VPMOVM2B, "VPMOVM2B", "wr", "v,k RM EVEX.F3.0F38.W0 28 nomask"},
	{VPMOVM2W, "VPMOVM2W", "wr", "v,k RM EVEX.F3.0F38.W1 28 nomask"},
	{VPMOVM2D, "VPMOVM2D", "wr", "v,k RM EVEX.F3.0F38.W0 38 nomask"},
	{VPMOVM2Q, "VPMOVM2Q", "wr", "v,k RM EVEX.F3.0F38.W1 38 nomask"},
	{VPMOVB2M, "VPMOVB2M", "wr", "k,v RM EVEX.F3.0F38.W0 29 nomask"},
	{VPMOVW2M, "VPMOVW2M", "wr", "k,v RM EVEX.F3.0F38.W1 29 nomask"},
	{VPMOVD2M, "VPMOVD2M", "wr", "k,v RM EVEX.F3.0F38.W0 39 nomask"},
	{VPMOVQ2M, "VPMOVQ2M", "wr", "k,v RM EVEX.F3.0F38.W1 39 nomask"},
}
