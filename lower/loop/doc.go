// Package loop is the Loop IR: a kernel as loops, with the canonical order of its
// reductions and scans written out, and the portable executor of it. Package ir says
// what a kernel means; From expands that once, for all targets, so that a target only
// has to run loops.
//
// A [Loop] is a list of statements over integers, scalars and arrays. Its leaf is the
// [Strip]: straight-line code over t < n, which the portable executor runs with one Go
// loop an op and machine code runs in vector registers. The text form is the golden
// form; [Parse] reads what String prints:
//
//	loop center(M, N, in x f64[_,_], out y f64[_,_]):
//	  par (i0, i1) = 0 to M cost 10 * N:
//	    for i = i0 to i1:
//	      reg a f64[16] = -0.0
//	      for j = 0 to N step 256:
//	        strip t < min(256, N - j):
//	          lanes(sum, a, x[i, j + t])
//	      fold(sum, a)
//	      for j = 0 to N step 256:
//	        strip t < min(256, N - j):
//	          y[i, j + t] = x[i, j + t] - a[0] / f64(N)
//
// Integers (i64) count and index, and wrap. A name that is assigned for the first time
// is a variable of the block it stands in. What a strip statement computes it computes
// for every t before the next statement starts; a value named inside a strip is
// evaluated only at the positions at which a later statement asks for it, so what stands
// inside a branch of pick is not evaluated outside it. Vector code runs a strip some
// positions at a time, so no position may read what another one stores in the strip.
//
//	par (i0, i1) = a to b step s, ... cost c:   tasks over boxes of the ranges; c estimates one position, in tenths of a nanosecond
//	par (i0, i1) = a to b cost c few:           the same, and tasks repeat some work of each other
//	for i = a to b step s:                      ascending
//	while c:                                    as long as c holds
//	merge p < pe, q < qe:                       while a cursor is left; the body moves each on, once
//	if c: ... else: ...
//	ret                                         ends the task
//	local e f64[N]                              an array of the task, contents undefined
//	reg a f64[16] = -0.0                        a small one of constant extents that may live in registers
//	require(x, 1, lo, hi, e, n)                 positions lo to hi of axis 1 of x are inside 0..e, or n is not positive
//	nonempty(n)                                 n is positive: a reduction of nothing has no value
//	x = E; o[i, j] = E                          a variable, an element
//	soon (x[i], y[j])                           a hint: elements that will be needed before long; i and j are computed, and may be outside
//	strip t < n:                                straight-line code for every t
//	lanes(sum, a, E, p)                         a[(p+t) % len(a)] = step(a[(p+t) % len(a)], E), t ascending
//	fold(sum, a)                                a[l] = merge(a[l], a[l+h]) for h = 8, 4, 2, 1, l < h
//	prefix(sum, c, o[t], E)                     o[t] = c[0]; c[0] = merge(c[0], E), t ascending
//	scatter(sum, o[E, t], F)                    o[..] = step(o[..], F), t ascending; an index of -1 drops
//	append(n, c, o, E)                          where c holds, t ascending: o[n] = E; n = n + 1
//	tile(fma, k < kn, r < m, t < n, c[r, t], (a[k, r], b[k, t]))   for every r and t: c = step(c, a, b), k ascending
//	tile(fma, k < kn, r < m, t < n, c[r, t] = -0.0, (a[k, r], b[k, t]))   the same from -0.0
//
// A combine of several states has a tuple of arrays: lanes(argmax, (v, p), (E, F)).
// Values are scalar ops (package ir), loads, variables, literals (3 is an i64, 1.5 an
// f64, others are spelled 3_u8, 1.5_f32) and
//
//	pick(c, E, F)          E where c holds, else F; the other is not evaluated there
//	rare(c, E, F)          F where c holds, else E; vector code skips F when no position needs it
//	within(t, lo, hi)      lo <= t < hi: a condition whose positions are one run
//	check(E, n, p, 3)      E as a position of an axis of extent n; outside it is 0, and fault 3 at source position p; -1 is no fault but an error
//	below(E, 4)            E at the last position of the lower half of t's group of 8, a shuffle inside groups of 16
//	bits.i64(E)            the bits of E; lookup.T(E) an entry of table T
//	x.1                    the extent of axis 1 of x
package loop
