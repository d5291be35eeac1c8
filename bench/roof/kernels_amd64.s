#include "textflag.h"

// A turn of the memory loops handles 256 bytes an array with eight vectors.
// Plain loops leave prefetching to the hardware. Non-temporal ones ask for the
// sources 1 KiB ahead without keeping them in the caches, which was measured a
// tenth faster on Zen 4.

#define AHEAD 1024

// func sumAVX2(a *float64, n int, lanes *[4]float64)
TEXT ·sumAVX2(SB), NOSPLIT, $0-24
	MOVQ   a+0(FP), SI
	MOVQ   n+8(FP), CX
	MOVQ   lanes+16(FP), DI
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7

loop:
	VADDPD 0(SI), Y0, Y0
	VADDPD 32(SI), Y1, Y1
	VADDPD 64(SI), Y2, Y2
	VADDPD 96(SI), Y3, Y3
	VADDPD 128(SI), Y4, Y4
	VADDPD 160(SI), Y5, Y5
	VADDPD 192(SI), Y6, Y6
	VADDPD 224(SI), Y7, Y7
	ADDQ   $256, SI
	SUBQ   $32, CX
	JNZ    loop

	VADDPD  Y1, Y0, Y0
	VADDPD  Y3, Y2, Y2
	VADDPD  Y5, Y4, Y4
	VADDPD  Y7, Y6, Y6
	VADDPD  Y2, Y0, Y0
	VADDPD  Y6, Y4, Y4
	VADDPD  Y4, Y0, Y0
	VMOVUPD Y0, (DI)
	VZEROUPPER
	RET

// COPY loads 256 bytes from SI and stores them at DI with the instruction given.
#define COPY(STORE) \
	VMOVUPD 0(SI), Y0    \
	VMOVUPD 32(SI), Y1   \
	VMOVUPD 64(SI), Y2   \
	VMOVUPD 96(SI), Y3   \
	VMOVUPD 128(SI), Y4  \
	VMOVUPD 160(SI), Y5  \
	VMOVUPD 192(SI), Y6  \
	VMOVUPD 224(SI), Y7  \
	STORE   Y0, 0(DI)    \
	STORE   Y1, 32(DI)   \
	STORE   Y2, 64(DI)   \
	STORE   Y3, 96(DI)   \
	STORE   Y4, 128(DI)  \
	STORE   Y5, 160(DI)  \
	STORE   Y6, 192(DI)  \
	STORE   Y7, 224(DI)

// func copyAVX2(dst, src *float64, n int)
TEXT ·copyAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	COPY(VMOVUPD)
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $32, CX
	JNZ  loop
	VZEROUPPER
	RET

// func copyNonTemporalAVX2(dst, src *float64, n int)
TEXT ·copyNonTemporalAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	PREFETCHNTA (AHEAD+0)(SI)
	PREFETCHNTA (AHEAD+64)(SI)
	PREFETCHNTA (AHEAD+128)(SI)
	PREFETCHNTA (AHEAD+192)(SI)
	COPY(VMOVNTPD)
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $32, CX
	JNZ  loop
	SFENCE
	VZEROUPPER
	RET

// TRIAD stores 256 bytes of (SI) + Y15*(DX) at DI with the instruction given.
#define TRIAD(STORE) \
	VMOVUPD     0(DX), Y0           \
	VMOVUPD     32(DX), Y1          \
	VMOVUPD     64(DX), Y2          \
	VMOVUPD     96(DX), Y3          \
	VMOVUPD     128(DX), Y4         \
	VMOVUPD     160(DX), Y5         \
	VMOVUPD     192(DX), Y6         \
	VMOVUPD     224(DX), Y7         \
	VFMADD213PD 0(SI), Y15, Y0      \
	VFMADD213PD 32(SI), Y15, Y1     \
	VFMADD213PD 64(SI), Y15, Y2     \
	VFMADD213PD 96(SI), Y15, Y3     \
	VFMADD213PD 128(SI), Y15, Y4    \
	VFMADD213PD 160(SI), Y15, Y5    \
	VFMADD213PD 192(SI), Y15, Y6    \
	VFMADD213PD 224(SI), Y15, Y7    \
	STORE       Y0, 0(DI)           \
	STORE       Y1, 32(DI)          \
	STORE       Y2, 64(DI)          \
	STORE       Y3, 96(DI)          \
	STORE       Y4, 128(DI)         \
	STORE       Y5, 160(DI)         \
	STORE       Y6, 192(DI)         \
	STORE       Y7, 224(DI)

// func triadAVX2(dst, b, c *float64, n int, s float64)
TEXT ·triadAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         b+8(FP), SI
	MOVQ         c+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSD s+32(FP), Y15

loop:
	TRIAD(VMOVUPD)
	ADDQ $256, DI
	ADDQ $256, SI
	ADDQ $256, DX
	SUBQ $32, CX
	JNZ  loop
	VZEROUPPER
	RET

// func triadNonTemporalAVX2(dst, b, c *float64, n int, s float64)
TEXT ·triadNonTemporalAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         b+8(FP), SI
	MOVQ         c+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSD s+32(FP), Y15

loop:
	PREFETCHNTA (AHEAD+0)(SI)
	PREFETCHNTA (AHEAD+0)(DX)
	PREFETCHNTA (AHEAD+64)(SI)
	PREFETCHNTA (AHEAD+64)(DX)
	PREFETCHNTA (AHEAD+128)(SI)
	PREFETCHNTA (AHEAD+128)(DX)
	PREFETCHNTA (AHEAD+192)(SI)
	PREFETCHNTA (AHEAD+192)(DX)
	TRIAD(VMOVNTPD)
	ADDQ $256, DI
	ADDQ $256, SI
	ADDQ $256, DX
	SUBQ $32, CX
	JNZ  loop
	SFENCE
	VZEROUPPER
	RET

// The multiply-add loops keep more independent chains in registers than any
// current core needs to hide its latency: at most two units of latency 5.

#define LOAD12 \
	VMOVUPD 0(DI), Y0     \
	VMOVUPD 32(DI), Y1    \
	VMOVUPD 64(DI), Y2    \
	VMOVUPD 96(DI), Y3    \
	VMOVUPD 128(DI), Y4   \
	VMOVUPD 160(DI), Y5   \
	VMOVUPD 192(DI), Y6   \
	VMOVUPD 224(DI), Y7   \
	VMOVUPD 256(DI), Y8   \
	VMOVUPD 288(DI), Y9   \
	VMOVUPD 320(DI), Y10  \
	VMOVUPD 352(DI), Y11

#define STORE12 \
	VMOVUPD Y0, 0(DI)     \
	VMOVUPD Y1, 32(DI)    \
	VMOVUPD Y2, 64(DI)    \
	VMOVUPD Y3, 96(DI)    \
	VMOVUPD Y4, 128(DI)   \
	VMOVUPD Y5, 160(DI)   \
	VMOVUPD Y6, 192(DI)   \
	VMOVUPD Y7, 224(DI)   \
	VMOVUPD Y8, 256(DI)   \
	VMOVUPD Y9, 288(DI)   \
	VMOVUPD Y10, 320(DI)  \
	VMOVUPD Y11, 352(DI)

#define FMA12(OP) \
	OP Y15, Y14, Y0   \
	OP Y15, Y14, Y1   \
	OP Y15, Y14, Y2   \
	OP Y15, Y14, Y3   \
	OP Y15, Y14, Y4   \
	OP Y15, Y14, Y5   \
	OP Y15, Y14, Y6   \
	OP Y15, Y14, Y7   \
	OP Y15, Y14, Y8   \
	OP Y15, Y14, Y9   \
	OP Y15, Y14, Y10  \
	OP Y15, Y14, Y11

// func fma64AVX2(acc *[48]float64, mul, add float64, rounds int)
TEXT ·fma64AVX2(SB), NOSPLIT, $0-32
	MOVQ         acc+0(FP), DI
	VBROADCASTSD mul+8(FP), Y14
	VBROADCASTSD add+16(FP), Y15
	MOVQ         rounds+24(FP), CX
	LOAD12

loop:
	FMA12(VFMADD213PD)
	DECQ CX
	JNZ  loop
	STORE12
	VZEROUPPER
	RET

// func fma32AVX2(acc *[96]float32, mul, add float32, rounds int)
TEXT ·fma32AVX2(SB), NOSPLIT, $0-24
	MOVQ         acc+0(FP), DI
	VBROADCASTSS mul+8(FP), Y14
	VBROADCASTSS add+12(FP), Y15
	MOVQ         rounds+16(FP), CX
	LOAD12

loop:
	FMA12(VFMADD213PS)
	DECQ CX
	JNZ  loop
	STORE12
	VZEROUPPER
	RET

#define LOAD16 \
	VMOVUPD 0(DI), Z0     \
	VMOVUPD 64(DI), Z1    \
	VMOVUPD 128(DI), Z2   \
	VMOVUPD 192(DI), Z3   \
	VMOVUPD 256(DI), Z4   \
	VMOVUPD 320(DI), Z5   \
	VMOVUPD 384(DI), Z6   \
	VMOVUPD 448(DI), Z7   \
	VMOVUPD 512(DI), Z8   \
	VMOVUPD 576(DI), Z9   \
	VMOVUPD 640(DI), Z10  \
	VMOVUPD 704(DI), Z11  \
	VMOVUPD 768(DI), Z12  \
	VMOVUPD 832(DI), Z13  \
	VMOVUPD 896(DI), Z14  \
	VMOVUPD 960(DI), Z15

#define STORE16 \
	VMOVUPD Z0, 0(DI)     \
	VMOVUPD Z1, 64(DI)    \
	VMOVUPD Z2, 128(DI)   \
	VMOVUPD Z3, 192(DI)   \
	VMOVUPD Z4, 256(DI)   \
	VMOVUPD Z5, 320(DI)   \
	VMOVUPD Z6, 384(DI)   \
	VMOVUPD Z7, 448(DI)   \
	VMOVUPD Z8, 512(DI)   \
	VMOVUPD Z9, 576(DI)   \
	VMOVUPD Z10, 640(DI)  \
	VMOVUPD Z11, 704(DI)  \
	VMOVUPD Z12, 768(DI)  \
	VMOVUPD Z13, 832(DI)  \
	VMOVUPD Z14, 896(DI)  \
	VMOVUPD Z15, 960(DI)

#define FMA16(OP) \
	OP Z31, Z30, Z0   \
	OP Z31, Z30, Z1   \
	OP Z31, Z30, Z2   \
	OP Z31, Z30, Z3   \
	OP Z31, Z30, Z4   \
	OP Z31, Z30, Z5   \
	OP Z31, Z30, Z6   \
	OP Z31, Z30, Z7   \
	OP Z31, Z30, Z8   \
	OP Z31, Z30, Z9   \
	OP Z31, Z30, Z10  \
	OP Z31, Z30, Z11  \
	OP Z31, Z30, Z12  \
	OP Z31, Z30, Z13  \
	OP Z31, Z30, Z14  \
	OP Z31, Z30, Z15

// func fma64AVX512(acc *[128]float64, mul, add float64, rounds int)
TEXT ·fma64AVX512(SB), NOSPLIT, $0-32
	MOVQ         acc+0(FP), DI
	VBROADCASTSD mul+8(FP), Z30
	VBROADCASTSD add+16(FP), Z31
	MOVQ         rounds+24(FP), CX
	LOAD16

loop:
	FMA16(VFMADD213PD)
	DECQ CX
	JNZ  loop
	STORE16
	VZEROUPPER
	RET

// func fma32AVX512(acc *[256]float32, mul, add float32, rounds int)
TEXT ·fma32AVX512(SB), NOSPLIT, $0-24
	MOVQ         acc+0(FP), DI
	VBROADCASTSS mul+8(FP), Z30
	VBROADCASTSS add+12(FP), Z31
	MOVQ         rounds+16(FP), CX
	LOAD16

loop:
	FMA16(VFMADD213PS)
	DECQ CX
	JNZ  loop
	STORE16
	VZEROUPPER
	RET
