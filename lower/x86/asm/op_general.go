package asm

// The instructions of general purpose.
const (
	// Moves. MOVZX and MOVSX say by a letter what they extend: a byte, word or doubleword.
	MOV Op = 1 + iota
	MOVZXB
	MOVZXW
	MOVSXB
	MOVSXW
	MOVSXD
	LEA
	LEALABEL

	// Arithmetic. IMUL3 takes an immediate. MUL, DIV, IDIV, CDQ and CQO take and leave RAX
	// and RDX too, and MULX takes RDX.
	ADD
	OR
	ADC
	SBB
	AND
	SUB
	XOR
	CMP
	TEST
	NEG
	NOT
	IMUL
	IMUL3
	MUL
	DIV
	IDIV
	MULX
	CDQ
	CQO

	// Bits. A shift is by an immediate or by RCX.
	ROL
	ROR
	SHL
	SHR
	SAR
	SHLX
	SHRX
	SARX
	RORX
	LZCNT
	TZCNT
	POPCNT
	BT
	ANDN
	BLSR
	BZHI
	PDEP
	PEXT

	// Conditions. SETcc writes a byte of its register.
	CMOVO
	CMOVNO
	CMOVB
	CMOVAE
	CMOVZ
	CMOVNZ
	CMOVBE
	CMOVA
	CMOVS
	CMOVNS
	CMOVP
	CMOVNP
	CMOVL
	CMOVGE
	CMOVLE
	CMOVG
	SETO
	SETNO
	SETB
	SETAE
	SETZ
	SETNZ
	SETBE
	SETA
	SETS
	SETNS
	SETP
	SETNP
	SETL
	SETGE
	SETLE
	SETG

	// Jumps, to a label, or to the address in a register or memory.
	JMP
	JO
	JNO
	JB
	JAE
	JZ
	JNZ
	JBE
	JA
	JS
	JNS
	JP
	JNP
	JL
	JGE
	JLE
	JG
	RET

	// Memory.
	PREFETCHT0
	PREFETCHT1
	PREFETCHNTA
	SFENCE
	VZEROUPPER

	endGeneral
)

var generalRows = []row{
	{MOV, "MOV MOV@", "wr", "rm,r MR LEG.8 88 | " +
		"rm,r MR LEG.16.32.64 89 | " +
		"r,m RM LEG.8 8A | " +
		"r,m RM LEG.16.32.64 8B | " +
		"r,i8 OI LEG.8 B0 | " +
		"m,i8 MI LEG.8 C6 /0 | " +
		"r,i16 OI LEG.16 B8 | " +
		"m,i16 MI LEG.16 C7 /0 | " +
		"r,i32 OI LEG.32 B8 | " +
		"m,i32 MI LEG.32 C7 /0 | " +
		"r,u32 OI LEG.64.W0=MOVL B8 | " +
		"rm,s32 MI LEG.64 C7 /0 | " +
		"r,i64 OI LEG.64 B8"},
	{MOVZXB, "MOVZXB MOVB@ZX", "wr", "r,bm RM LEG.16.32.64.0F B6"},
	{MOVZXW, "MOVZXW MOVW@ZX", "wr", "r,rm RM LEG.32.64.0F B7"},
	{MOVSXB, "MOVSXB MOVB@SX", "wr", "r,bm RM LEG.16.32.64.0F BE"},
	{MOVSXW, "MOVSXW MOVW@SX", "wr", "r,rm RM LEG.32.64.0F BF"},
	{MOVSXD, "MOVSXD MOVLQSX", "wr", "r,rm RM LEG.64 63"},
	{LEA, "LEA LEA@", "wr", "r,m RM LEG.16.32.64 8D"},
	{LEALABEL, "LEALABEL LEAQ", "wr", "r,rel RM LEG.64 8D"},

	{ADD, "ADD ADD@", "xr", "rm,s8 MI LEG.16.32.64 83 /0 | " +
		"rm,i8 MI LEG.8 80 /0 | " +
		"rm,i16 MI LEG.16 81 /0 | " +
		"rm,i32 MI LEG.32 81 /0 | " +
		"rm,s32 MI LEG.64 81 /0 | " +
		"rm,r MR LEG.8 00 | " +
		"rm,r MR LEG.16.32.64 01 | " +
		"r,m RM LEG.8 02 | " +
		"r,m RM LEG.16.32.64 03"},
	{OR, "OR OR@", "xr", "rm,s8 MI LEG.16.32.64 83 /1 | " +
		"rm,i8 MI LEG.8 80 /1 | " +
		"rm,i16 MI LEG.16 81 /1 | " +
		"rm,i32 MI LEG.32 81 /1 | " +
		"rm,s32 MI LEG.64 81 /1 | " +
		"rm,r MR LEG.8 08 | " +
		"rm,r MR LEG.16.32.64 09 | " +
		"r,m RM LEG.8 0A | " +
		"r,m RM LEG.16.32.64 0B"},
	{ADC, "ADC ADC@", "xr", "rm,s8 MI LEG.16.32.64 83 /2 | " +
		"rm,i8 MI LEG.8 80 /2 | " +
		"rm,i16 MI LEG.16 81 /2 | " +
		"rm,i32 MI LEG.32 81 /2 | " +
		"rm,s32 MI LEG.64 81 /2 | " +
		"rm,r MR LEG.8 10 | " +
		"rm,r MR LEG.16.32.64 11 | " +
		"r,m RM LEG.8 12 | " +
		"r,m RM LEG.16.32.64 13"},
	{SBB, "SBB SBB@", "xr", "rm,s8 MI LEG.16.32.64 83 /3 | " +
		"rm,i8 MI LEG.8 80 /3 | " +
		"rm,i16 MI LEG.16 81 /3 | " +
		"rm,i32 MI LEG.32 81 /3 | " +
		"rm,s32 MI LEG.64 81 /3 | " +
		"rm,r MR LEG.8 18 | " +
		"rm,r MR LEG.16.32.64 19 | " +
		"r,m RM LEG.8 1A | " +
		"r,m RM LEG.16.32.64 1B"},
	{AND, "AND AND@", "xr", "rm,s8 MI LEG.16.32.64 83 /4 | " +
		"rm,i8 MI LEG.8 80 /4 | " +
		"rm,i16 MI LEG.16 81 /4 | " +
		"rm,i32 MI LEG.32 81 /4 | " +
		"rm,s32 MI LEG.64 81 /4 | " +
		"rm,r MR LEG.8 20 | " +
		"rm,r MR LEG.16.32.64 21 | " +
		"r,m RM LEG.8 22 | " +
		"r,m RM LEG.16.32.64 23"},
	{SUB, "SUB SUB@", "xr", "rm,s8 MI LEG.16.32.64 83 /5 | " +
		"rm,i8 MI LEG.8 80 /5 | " +
		"rm,i16 MI LEG.16 81 /5 | " +
		"rm,i32 MI LEG.32 81 /5 | " +
		"rm,s32 MI LEG.64 81 /5 | " +
		"rm,r MR LEG.8 28 | " +
		"rm,r MR LEG.16.32.64 29 | " +
		"r,m RM LEG.8 2A | " +
		"r,m RM LEG.16.32.64 2B"},
	{XOR, "XOR XOR@", "xr", "rm,s8 MI LEG.16.32.64 83 /6 | " +
		"rm,i8 MI LEG.8 80 /6 | " +
		"rm,i16 MI LEG.16 81 /6 | " +
		"rm,i32 MI LEG.32 81 /6 | " +
		"rm,s32 MI LEG.64 81 /6 | " +
		"rm,r MR LEG.8 30 | " +
		"rm,r MR LEG.16.32.64 31 | " +
		"r,m RM LEG.8 32 | " +
		"r,m RM LEG.16.32.64 33"},
	{CMP, "CMP CMP@", "rr", "rm,s8 MI LEG.16.32.64 83 /7 | " +
		"rm,i8 MI LEG.8 80 /7 | " +
		"rm,i16 MI LEG.16 81 /7 | " +
		"rm,i32 MI LEG.32 81 /7 | " +
		"rm,s32 MI LEG.64 81 /7 | " +
		"rm,r MR LEG.8 38 | " +
		"rm,r MR LEG.16.32.64 39 | " +
		"r,m RM LEG.8 3A | " +
		"r,m RM LEG.16.32.64 3B"},
	{TEST, "TEST TEST@", "rr", "rm,i8 MI LEG.8 F6 /0 | " +
		"rm,i16 MI LEG.16 F7 /0 | " +
		"rm,i32 MI LEG.32 F7 /0 | " +
		"rm,s32 MI LEG.64 F7 /0 | " +
		"rm,r MR LEG.8 84 | " +
		"rm,r MR LEG.16.32.64 85"},
	{NEG, "NEG NEG@", "x", "rm M LEG.8 F6 /3 | rm M LEG.16.32.64 F7 /3"},
	{NOT, "NOT NOT@", "x", "rm M LEG.8 F6 /2 | rm M LEG.16.32.64 F7 /2"},
	{IMUL, "IMUL IMUL@", "xr", "r,rm RM LEG.16.32.64.0F AF"},
	{IMUL3, "IMUL3 IMUL3@", "wrr", "r,rm,s8 RMI LEG.16.32.64 6B | " +
		"r,rm,i16 RMI LEG.16 69 | " +
		"r,rm,i32 RMI LEG.32 69 | " +
		"r,rm,s32 RMI LEG.64 69"},
	{MUL, "MUL MUL@", "r", "rm M LEG.16.32.64 F7 /4"},
	{DIV, "DIV DIV@", "r", "rm M LEG.16.32.64 F7 /6"},
	{IDIV, "IDIV IDIV@", "r", "rm M LEG.16.32.64 F7 /7"},
	{MULX, "MULX MULX@", "wwr", "r,r,rm RVM VEX.32.64.F2.0F38 F6"},
	{CDQ, "CDQ", "", "- ZO LEG.32 99"},
	{CQO, "CQO", "", "- ZO LEG.64 99"},

	{ROL, "ROL ROL@", "xr", "rm,one MC LEG.8 D0 /0 | " +
		"rm,one MC LEG.16.32.64 D1 /0 | " +
		"rm,u8 MI LEG.8 C0 /0 | " +
		"rm,u8 MI LEG.16.32.64 C1 /0 | " +
		"rm,cl MC LEG.8 D2 /0 | " +
		"rm,cl MC LEG.16.32.64 D3 /0"},
	{ROR, "ROR ROR@", "xr", "rm,one MC LEG.8 D0 /1 | " +
		"rm,one MC LEG.16.32.64 D1 /1 | " +
		"rm,u8 MI LEG.8 C0 /1 | " +
		"rm,u8 MI LEG.16.32.64 C1 /1 | " +
		"rm,cl MC LEG.8 D2 /1 | " +
		"rm,cl MC LEG.16.32.64 D3 /1"},
	{SHL, "SHL SHL@", "xr", "rm,one MC LEG.8 D0 /4 | " +
		"rm,one MC LEG.16.32.64 D1 /4 | " +
		"rm,u8 MI LEG.8 C0 /4 | " +
		"rm,u8 MI LEG.16.32.64 C1 /4 | " +
		"rm,cl MC LEG.8 D2 /4 | " +
		"rm,cl MC LEG.16.32.64 D3 /4"},
	{SHR, "SHR SHR@", "xr", "rm,one MC LEG.8 D0 /5 | " +
		"rm,one MC LEG.16.32.64 D1 /5 | " +
		"rm,u8 MI LEG.8 C0 /5 | " +
		"rm,u8 MI LEG.16.32.64 C1 /5 | " +
		"rm,cl MC LEG.8 D2 /5 | " +
		"rm,cl MC LEG.16.32.64 D3 /5"},
	{SAR, "SAR SAR@", "xr", "rm,one MC LEG.8 D0 /7 | " +
		"rm,one MC LEG.16.32.64 D1 /7 | " +
		"rm,u8 MI LEG.8 C0 /7 | " +
		"rm,u8 MI LEG.16.32.64 C1 /7 | " +
		"rm,cl MC LEG.8 D2 /7 | " +
		"rm,cl MC LEG.16.32.64 D3 /7"},
	{SHLX, "SHLX SHLX@", "wrr", "r,rm,r RMV VEX.32.64.66.0F38 F7"},
	{SHRX, "SHRX SHRX@", "wrr", "r,rm,r RMV VEX.32.64.F2.0F38 F7"},
	{SARX, "SARX SARX@", "wrr", "r,rm,r RMV VEX.32.64.F3.0F38 F7"},
	{RORX, "RORX RORX@", "wrr", "r,rm,u8 RMI VEX.32.64.F2.0F3A F0"},
	{LZCNT, "LZCNT LZCNT@", "wr", "r,rm RM LEG.16.32.64.F3.0F BD"},
	{TZCNT, "TZCNT TZCNT@", "wr", "r,rm RM LEG.16.32.64.F3.0F BC"},
	{POPCNT, "POPCNT POPCNT@", "wr", "r,rm RM LEG.16.32.64.F3.0F B8"},
	{BT, "BT BT@", "rr", "r,r MR LEG.16.32.64.0F A3 | rm,s8 MI LEG.16.32.64.0F BA /4"},
	{ANDN, "ANDN ANDN@", "wrr", "r,r,rm RVM VEX.32.64.0F38 F2"},
	{BLSR, "BLSR BLSR@", "wr", "r,rm VM VEX.32.64.0F38 F3 /1"},
	{BZHI, "BZHI BZHI@", "wrr", "r,rm,r RMV VEX.32.64.0F38 F5"},
	{PDEP, "PDEP PDEP@", "wrr", "r,r,rm RVM VEX.32.64.F2.0F38 F5"},
	{PEXT, "PEXT PEXT@", "wrr", "r,r,rm RVM VEX.32.64.F3.0F38 F5"},

	{CMOVO, "CMOVO CMOV@OS", "xr", "r,rm RM LEG.16.32.64.0F 40"},
	{CMOVNO, "CMOVNO CMOV@OC", "xr", "r,rm RM LEG.16.32.64.0F 41"},
	{CMOVB, "CMOVB CMOV@CS", "xr", "r,rm RM LEG.16.32.64.0F 42"},
	{CMOVAE, "CMOVAE CMOV@CC", "xr", "r,rm RM LEG.16.32.64.0F 43"},
	{CMOVZ, "CMOVZ CMOV@EQ", "xr", "r,rm RM LEG.16.32.64.0F 44"},
	{CMOVNZ, "CMOVNZ CMOV@NE", "xr", "r,rm RM LEG.16.32.64.0F 45"},
	{CMOVBE, "CMOVBE CMOV@LS", "xr", "r,rm RM LEG.16.32.64.0F 46"},
	{CMOVA, "CMOVA CMOV@HI", "xr", "r,rm RM LEG.16.32.64.0F 47"},
	{CMOVS, "CMOVS CMOV@MI", "xr", "r,rm RM LEG.16.32.64.0F 48"},
	{CMOVNS, "CMOVNS CMOV@PL", "xr", "r,rm RM LEG.16.32.64.0F 49"},
	{CMOVP, "CMOVP CMOV@PS", "xr", "r,rm RM LEG.16.32.64.0F 4A"},
	{CMOVNP, "CMOVNP CMOV@PC", "xr", "r,rm RM LEG.16.32.64.0F 4B"},
	{CMOVL, "CMOVL CMOV@LT", "xr", "r,rm RM LEG.16.32.64.0F 4C"},
	{CMOVGE, "CMOVGE CMOV@GE", "xr", "r,rm RM LEG.16.32.64.0F 4D"},
	{CMOVLE, "CMOVLE CMOV@LE", "xr", "r,rm RM LEG.16.32.64.0F 4E"},
	{CMOVG, "CMOVG CMOV@GT", "xr", "r,rm RM LEG.16.32.64.0F 4F"},
	{SETO, "SETO SETOS", "w", "bm M LEG.0F 90 /0"},
	{SETNO, "SETNO SETOC", "w", "bm M LEG.0F 91 /0"},
	{SETB, "SETB SETCS", "w", "bm M LEG.0F 92 /0"},
	{SETAE, "SETAE SETCC", "w", "bm M LEG.0F 93 /0"},
	{SETZ, "SETZ SETEQ", "w", "bm M LEG.0F 94 /0"},
	{SETNZ, "SETNZ SETNE", "w", "bm M LEG.0F 95 /0"},
	{SETBE, "SETBE SETLS", "w", "bm M LEG.0F 96 /0"},
	{SETA, "SETA SETHI", "w", "bm M LEG.0F 97 /0"},
	{SETS, "SETS SETMI", "w", "bm M LEG.0F 98 /0"},
	{SETNS, "SETNS SETPL", "w", "bm M LEG.0F 99 /0"},
	{SETP, "SETP SETPS", "w", "bm M LEG.0F 9A /0"},
	{SETNP, "SETNP SETPC", "w", "bm M LEG.0F 9B /0"},
	{SETL, "SETL SETLT", "w", "bm M LEG.0F 9C /0"},
	{SETGE, "SETGE", "w", "bm M LEG.0F 9D /0"},
	{SETLE, "SETLE", "w", "bm M LEG.0F 9E /0"},
	{SETG, "SETG SETGT", "w", "bm M LEG.0F 9F /0"},

	{JMP, "JMP", "r", "rel D LEG EB | rm M LEG FF /4"},
	{JO, "JO JOS", "r", "rel D LEG 70"},
	{JNO, "JNO JOC", "r", "rel D LEG 71"},
	{JB, "JB JCS", "r", "rel D LEG 72"},
	{JAE, "JAE JCC", "r", "rel D LEG 73"},
	{JZ, "JZ JEQ", "r", "rel D LEG 74"},
	{JNZ, "JNZ JNE", "r", "rel D LEG 75"},
	{JBE, "JBE JLS", "r", "rel D LEG 76"},
	{JA, "JA JHI", "r", "rel D LEG 77"},
	{JS, "JS JMI", "r", "rel D LEG 78"},
	{JNS, "JNS JPL", "r", "rel D LEG 79"},
	{JP, "JP JPS", "r", "rel D LEG 7A"},
	{JNP, "JNP JPC", "r", "rel D LEG 7B"},
	{JL, "JL JLT", "r", "rel D LEG 7C"},
	{JGE, "JGE", "r", "rel D LEG 7D"},
	{JLE, "JLE", "r", "rel D LEG 7E"},
	{JG, "JG JGT", "r", "rel D LEG 7F"},
	{RET, "RET", "", "- ZO LEG C3"},

	{PREFETCHT0, "PREFETCHT0", "r", "m M LEG.0F 18 /1"},
	{PREFETCHT1, "PREFETCHT1", "r", "m M LEG.0F 18 /2"},
	{PREFETCHNTA, "PREFETCHNTA", "r", "m M LEG.0F 18 /0"},
	{SFENCE, "SFENCE", "", "- ZO LEG.0F AE /7"},
	{VZEROUPPER, "VZEROUPPER", "", "- ZO VEX.0F.WIG 77"},
}
