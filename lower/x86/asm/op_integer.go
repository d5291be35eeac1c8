package asm

// The instructions of integers in vectors.
const (
	// Arithmetic.
	VPADDB Op = endConvert + iota
	VPADDW
	VPADDD
	VPADDQ
	VPSUBB
	VPSUBW
	VPSUBD
	VPSUBQ
	VPMULLW
	VPMULLD
	VPMULLQ
	VPMULHW
	VPMULHUW
	VPMULUDQ
	VPMULDQ
	VPMADDWD
	VPSADBW
	VPMINSB
	VPMINSW
	VPMINSD
	VPMINSQ
	VPMINUB
	VPMINUW
	VPMINUD
	VPMINUQ
	VPMAXSB
	VPMAXSW
	VPMAXSD
	VPMAXSQ
	VPMAXUB
	VPMAXUW
	VPMAXUD
	VPMAXUQ
	VPABSB
	VPABSW
	VPABSD
	VPABSQ
	VPLZCNTD
	VPLZCNTQ
	VPCONFLICTD
	VPCONFLICTQ

	// Logic. VPAND and so on are of AVX2, those with D and Q of AVX-512: they become the former
	// where they can.
	VPAND
	VPANDD
	VPANDQ
	VPANDN
	VPANDND
	VPANDNQ
	VPOR
	VPORD
	VPORQ
	VPXOR
	VPXORD
	VPXORQ
	VPTERNLOGD
	VPTERNLOGQ

	// Shifts: by an immediate or the low quadword of an XMM register, or (V) each by its own.
	VPSLLW
	VPSLLD
	VPSLLQ
	VPSRLW
	VPSRLD
	VPSRLQ
	VPSRAW
	VPSRAD
	VPSRAQ
	VPSLLDQ
	VPSRLDQ
	VPSLLVW
	VPSLLVD
	VPSLLVQ
	VPSRLVW
	VPSRLVD
	VPSRLVQ
	VPSRAVW
	VPSRAVD
	VPSRAVQ
	VPRORD
	VPRORQ
	VPROLD
	VPROLQ
	VPRORVD
	VPRORVQ
	VPROLVD
	VPROLVQ

	// Comparisons, to a vector or (K) to a mask.
	VPCMPEQB
	VPCMPEQW
	VPCMPEQD
	VPCMPEQQ
	VPCMPGTB
	VPCMPGTW
	VPCMPGTD
	VPCMPGTQ
	VPCMPBK
	VPCMPWK
	VPCMPDK
	VPCMPQK
	VPCMPUBK
	VPCMPUWK
	VPCMPUDK
	VPCMPUQK
	VPTESTMB
	VPTESTMW
	VPTESTMD
	VPTESTMQ
	VPTESTNMB
	VPTESTNMW
	VPTESTNMD
	VPTESTNMQ
	VPTEST
	VPMOVMSKB

	// Selections, by the signs of the bytes of a vector, by an immediate or by the mask.
	VPBLENDVB
	VPBLENDD
	VPBLENDW
	VPBLENDMB
	VPBLENDMW
	VPBLENDMD
	VPBLENDMQ

	endInteger
)

var integerRows = []row{
	{VPADDB, "VPADDB", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG FC mem"},
	{VPADDW, "VPADDW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG FD mem"},
	{VPADDD, "VPADDD", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.W0 FE full4"},
	{VPADDQ, "VPADDQ", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.W1 D4 full8"},
	{VPSUBB, "VPSUBB", "wrr", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG F8 mem"},
	{VPSUBW, "VPSUBW", "wrr", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG F9 mem"},
	{VPSUBD, "VPSUBD", "wrr", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.W0 FA full4"},
	{VPSUBQ, "VPSUBQ", "wrr", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.W1 FB full8"},
	{VPMULLW, "VPMULLW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG D5 mem"},
	{VPMULLD, "VPMULLD", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.W0 40 full4"},
	{VPMULLQ, "VPMULLQ", "wcc", "v,v,vm RVM EVEX.66.0F38.W1 40 full8"},
	{VPMULHW, "VPMULHW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG E5 mem"},
	{VPMULHUW, "VPMULHUW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG E4 mem"},
	{VPMULUDQ, "VPMULUDQ", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.W1 F4 full8"},
	{VPMULDQ, "VPMULDQ", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.W1 28 full8"},
	{VPMADDWD, "VPMADDWD", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG F5 mem"},
	{VPSADBW, "VPSADBW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG F6 mem nomask"},
	{VPMINSB, "VPMINSB", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.WIG 38 mem"},
	{VPMINSW, "VPMINSW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG EA mem"},
	{VPMINSD, "VPMINSD", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.W0 39 full4"},
	{VPMINSQ, "VPMINSQ", "wcc", "v,v,vm RVM EVEX.66.0F38.W1 39 full8"},
	{VPMINUB, "VPMINUB", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG DA mem"},
	{VPMINUW, "VPMINUW", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.WIG 3A mem"},
	{VPMINUD, "VPMINUD", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.W0 3B full4"},
	{VPMINUQ, "VPMINUQ", "wcc", "v,v,vm RVM EVEX.66.0F38.W1 3B full8"},
	{VPMAXSB, "VPMAXSB", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.WIG 3C mem"},
	{VPMAXSW, "VPMAXSW", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG EE mem"},
	{VPMAXSD, "VPMAXSD", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.W0 3D full4"},
	{VPMAXSQ, "VPMAXSQ", "wcc", "v,v,vm RVM EVEX.66.0F38.W1 3D full8"},
	{VPMAXUB, "VPMAXUB", "wcc", "v,v,vm RVM VEX.66.0F.WIG EVEX.66.0F.WIG DE mem"},
	{VPMAXUW, "VPMAXUW", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.WIG 3E mem"},
	{VPMAXUD, "VPMAXUD", "wcc", "v,v,vm RVM VEX.66.0F38.WIG EVEX.66.0F38.W0 3F full4"},
	{VPMAXUQ, "VPMAXUQ", "wcc", "v,v,vm RVM EVEX.66.0F38.W1 3F full8"},
	{VPABSB, "VPABSB", "wr", "v,vm RM VEX.66.0F38.WIG EVEX.66.0F38.WIG 1C mem"},
	{VPABSW, "VPABSW", "wr", "v,vm RM VEX.66.0F38.WIG EVEX.66.0F38.WIG 1D mem"},
	{VPABSD, "VPABSD", "wr", "v,vm RM VEX.66.0F38.WIG EVEX.66.0F38.W0 1E full4"},
	{VPABSQ, "VPABSQ", "wr", "v,vm RM EVEX.66.0F38.W1 1F full8"},
	{VPLZCNTD, "VPLZCNTD", "wr", "v,vm RM EVEX.66.0F38.W0 44 full4"},
	{VPLZCNTQ, "VPLZCNTQ", "wr", "v,vm RM EVEX.66.0F38.W1 44 full8"},
	{VPCONFLICTD, "VPCONFLICTD", "wr", "v,vm RM EVEX.66.0F38.W0 C4 full4"},
	{VPCONFLICTQ, "VPCONFLICTQ", "wr", "v,vm RM EVEX.66.0F38.W1 C4 full8"},

	{VPAND, "VPAND", "wcc", "v,v,vm RVM VEX.66.0F.WIG DB"},
	{VPANDD, "VPANDD", "wcc", "v,v,vm RVM VEX.66.0F.WIG=VPAND EVEX.66.0F.W0 DB full4"},
	{VPANDQ, "VPANDQ", "wcc", "v,v,vm RVM VEX.66.0F.WIG=VPAND EVEX.66.0F.W1 DB full8"},
	{VPANDN, "VPANDN", "wrr", "v,v,vm RVM VEX.66.0F.WIG DF"},
	{VPANDND, "VPANDND", "wrr", "v,v,vm RVM VEX.66.0F.WIG=VPANDN EVEX.66.0F.W0 DF full4"},
	{VPANDNQ, "VPANDNQ", "wrr", "v,v,vm RVM VEX.66.0F.WIG=VPANDN EVEX.66.0F.W1 DF full8"},
	{VPOR, "VPOR", "wcc", "v,v,vm RVM VEX.66.0F.WIG EB"},
	{VPORD, "VPORD", "wcc", "v,v,vm RVM VEX.66.0F.WIG=VPOR EVEX.66.0F.W0 EB full4"},
	{VPORQ, "VPORQ", "wcc", "v,v,vm RVM VEX.66.0F.WIG=VPOR EVEX.66.0F.W1 EB full8"},
	{VPXOR, "VPXOR", "wcc", "v,v,vm RVM VEX.66.0F.WIG EF"},
	{VPXORD, "VPXORD", "wcc", "v,v,vm RVM VEX.66.0F.WIG=VPXOR EVEX.66.0F.W0 EF full4"},
	{VPXORQ, "VPXORQ", "wcc", "v,v,vm RVM VEX.66.0F.WIG=VPXOR EVEX.66.0F.W1 EF full8"},
	{VPTERNLOGD, "VPTERNLOGD", "xrrr", "v,v,vm,u8 RVMI EVEX.66.0F3A.W0 25 full4"},
	{VPTERNLOGQ, "VPTERNLOGQ", "xrrr", "v,v,vm,u8 RVMI EVEX.66.0F3A.W1 25 full8"},

	{VPSLLW, "VPSLLW", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 71 /6 | " +
		"v,vm,u8 VMI EVEX.66.0F.WIG 71 /6 mem | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.WIG F1 x16"},
	{VPSLLD, "VPSLLD", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 72 /6 | " +
		"v,vm,u8 VMI EVEX.66.0F.W0 72 /6 full4 | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.W0 F2 x16"},
	{VPSLLQ, "VPSLLQ", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 73 /6 | " +
		"v,vm,u8 VMI EVEX.66.0F.W1 73 /6 full8 | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.W1 F3 x16"},
	{VPSRLW, "VPSRLW", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 71 /2 | " +
		"v,vm,u8 VMI EVEX.66.0F.WIG 71 /2 mem | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.WIG D1 x16"},
	{VPSRLD, "VPSRLD", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 72 /2 | " +
		"v,vm,u8 VMI EVEX.66.0F.W0 72 /2 full4 | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.W0 D2 x16"},
	{VPSRLQ, "VPSRLQ", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 73 /2 | " +
		"v,vm,u8 VMI EVEX.66.0F.W1 73 /2 full8 | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.W1 D3 x16"},
	{VPSRAW, "VPSRAW", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 71 /4 | " +
		"v,vm,u8 VMI EVEX.66.0F.WIG 71 /4 mem | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.WIG E1 x16"},
	{VPSRAD, "VPSRAD", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 72 /4 | " +
		"v,vm,u8 VMI EVEX.66.0F.W0 72 /4 full4 | " +
		"v,v,xm RVM VEX.66.0F.WIG EVEX.66.0F.W0 E2 x16"},
	{VPSRAQ, "VPSRAQ", "wrr", "v,vm,u8 VMI EVEX.66.0F.W1 72 /4 full8 | v,v,xm RVM EVEX.66.0F.W1 E2 x16"},
	{VPSLLDQ, "VPSLLDQ", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 73 /7 | v,vm,u8 VMI EVEX.66.0F.WIG 73 /7 mem nomask"},
	{VPSRLDQ, "VPSRLDQ", "wrr", "v,v,u8 VMI VEX.66.0F.WIG 73 /3 | v,vm,u8 VMI EVEX.66.0F.WIG 73 /3 mem nomask"},
	{VPSLLVW, "VPSLLVW", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 12 mem"},
	{VPSLLVD, "VPSLLVD", "wrr", "v,v,vm RVM VEX.66.0F38.W0 EVEX.66.0F38.W0 47 full4"},
	{VPSLLVQ, "VPSLLVQ", "wrr", "v,v,vm RVM VEX.66.0F38.W1 EVEX.66.0F38.W1 47 full8"},
	{VPSRLVW, "VPSRLVW", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 10 mem"},
	{VPSRLVD, "VPSRLVD", "wrr", "v,v,vm RVM VEX.66.0F38.W0 EVEX.66.0F38.W0 45 full4"},
	{VPSRLVQ, "VPSRLVQ", "wrr", "v,v,vm RVM VEX.66.0F38.W1 EVEX.66.0F38.W1 45 full8"},
	{VPSRAVW, "VPSRAVW", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 11 mem"},
	{VPSRAVD, "VPSRAVD", "wrr", "v,v,vm RVM VEX.66.0F38.W0 EVEX.66.0F38.W0 46 full4"},
	{VPSRAVQ, "VPSRAVQ", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 46 full8"},
	{VPRORD, "VPRORD", "wrr", "v,vm,u8 VMI EVEX.66.0F.W0 72 /0 full4"},
	{VPRORQ, "VPRORQ", "wrr", "v,vm,u8 VMI EVEX.66.0F.W1 72 /0 full8"},
	{VPROLD, "VPROLD", "wrr", "v,vm,u8 VMI EVEX.66.0F.W0 72 /1 full4"},
	{VPROLQ, "VPROLQ", "wrr", "v,vm,u8 VMI EVEX.66.0F.W1 72 /1 full8"},
	{VPRORVD, "VPRORVD", "wrr", "v,v,vm RVM EVEX.66.0F38.W0 14 full4"},
	{VPRORVQ, "VPRORVQ", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 14 full8"},
	{VPROLVD, "VPROLVD", "wrr", "v,v,vm RVM EVEX.66.0F38.W0 15 full4"},
	{VPROLVQ, "VPROLVQ", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 15 full8"},

	{VPCMPEQB, "VPCMPEQB", "wcc", "v,v,vm RVM VEX.66.0F.WIG 74"},
	{VPCMPEQW, "VPCMPEQW", "wcc", "v,v,vm RVM VEX.66.0F.WIG 75"},
	{VPCMPEQD, "VPCMPEQD", "wcc", "v,v,vm RVM VEX.66.0F.WIG 76"},
	{VPCMPEQQ, "VPCMPEQQ", "wcc", "v,v,vm RVM VEX.66.0F38.WIG 29"},
	{VPCMPGTB, "VPCMPGTB", "wrr", "v,v,vm RVM VEX.66.0F.WIG 64"},
	{VPCMPGTW, "VPCMPGTW", "wrr", "v,v,vm RVM VEX.66.0F.WIG 65"},
	{VPCMPGTD, "VPCMPGTD", "wrr", "v,v,vm RVM VEX.66.0F.WIG 66"},
	{VPCMPGTQ, "VPCMPGTQ", "wrr", "v,v,vm RVM VEX.66.0F38.WIG 37"},
	{VPCMPBK, "VPCMPBK VPCMPB", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W0 3F mem"},
	{VPCMPWK, "VPCMPWK VPCMPW", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W1 3F mem"},
	{VPCMPDK, "VPCMPDK VPCMPD", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W0 1F full4"},
	{VPCMPQK, "VPCMPQK VPCMPQ", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W1 1F full8"},
	{VPCMPUBK, "VPCMPUBK VPCMPUB", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W0 3E mem"},
	{VPCMPUWK, "VPCMPUWK VPCMPUW", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W1 3E mem"},
	{VPCMPUDK, "VPCMPUDK VPCMPUD", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W0 1E full4"},
	{VPCMPUQK, "VPCMPUQK VPCMPUQ", "wrrr", "k,v,vm,u8 RVMI EVEX.66.0F3A.W1 1E full8"},
	{VPTESTMB, "VPTESTMB", "wcc", "k,v,vm RVM EVEX.66.0F38.W0 26 mem"},
	{VPTESTMW, "VPTESTMW", "wcc", "k,v,vm RVM EVEX.66.0F38.W1 26 mem"},
	{VPTESTMD, "VPTESTMD", "wcc", "k,v,vm RVM EVEX.66.0F38.W0 27 full4"},
	{VPTESTMQ, "VPTESTMQ", "wcc", "k,v,vm RVM EVEX.66.0F38.W1 27 full8"},
	{VPTESTNMB, "VPTESTNMB", "wcc", "k,v,vm RVM EVEX.F3.0F38.W0 26 mem"},
	{VPTESTNMW, "VPTESTNMW", "wcc", "k,v,vm RVM EVEX.F3.0F38.W1 26 mem"},
	{VPTESTNMD, "VPTESTNMD", "wcc", "k,v,vm RVM EVEX.F3.0F38.W0 27 full4"},
	{VPTESTNMQ, "VPTESTNMQ", "wcc", "k,v,vm RVM EVEX.F3.0F38.W1 27 full8"},
	{VPTEST, "VPTEST", "rr", "v,vm RM VEX.66.0F38.WIG 17"},
	{VPMOVMSKB, "VPMOVMSKB", "wr", "r,v RM VEX.66.0F.WIG D7"},

	{VPBLENDVB, "VPBLENDVB", "wrrr", "v,v,vm,v RVML VEX.66.0F3A.W0 4C"},
	{VPBLENDD, "VPBLENDD", "wrrr", "v,v,vm,u8 RVMI VEX.66.0F3A.W0 02"},
	{VPBLENDW, "VPBLENDW", "wrrr", "v,v,vm,u8 RVMI VEX.66.0F3A.WIG 0E"},
	{VPBLENDMB, "VPBLENDMB", "wrr", "v,v,vm RVM EVEX.66.0F38.W0 66 mem blend"},
	{VPBLENDMW, "VPBLENDMW", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 66 mem blend"},
	{VPBLENDMD, "VPBLENDMD", "wrr", "v,v,vm RVM EVEX.66.0F38.W0 64 full4 blend"},
	{VPBLENDMQ, "VPBLENDMQ", "wrr", "v,v,vm RVM EVEX.66.0F38.W1 64 full8 blend"},
}
