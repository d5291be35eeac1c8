// Package ir is the language of Numen: types, ops, and the four representations a
// program passes through, each with a verifier, a printer and a parser.
//
//   - A [Graph] is pure tensor SSA. A [Node] is one call: an [Op], a [Type], operands,
//     attributes, the user's call site. Extents are numbers, symbols, or Unknown until
//     the run ([Dim]); a [Format] says what kind of array a value is.
//   - A [Kernel] is the pivot between the language and its targets: statements over axes
//     with a body DAG of scalar ops ([Expr]), affine or value-dependent accesses, guards,
//     and a sink: store, reduce, scan, scatter, append. It has no schedule and knows no
//     array functions. Package passes rewrites kernels, targets compile them.
//   - Loops (package lower/loop) are a kernel with its canonical order written out.
//   - A [Program] is the host's side: allocate, view, launch, call, convert, bind a
//     symbol, branch, loop.
//
// An op is defined once, in an op_*.go file, with all its facts: inference, algebra,
// scalar meaning or kernel rule, derivative rules, evaluation, samples. EvalGraph and
// EvalKernel are the evaluator: slow, clear, and the judge of every target.
//
// # What a result is
//
// Same program, same bits: on the evaluator, on portable Go, on every instruction set,
// for any number of threads, tiles and memory bounds. The rules below fix what a result
// IS. The evaluator follows them with plain loops; Kernel to Loop expands them once for
// all targets. Constants: 16 lanes ([LaneCount]) for every dtype, blocks of 1024
// ([LaneBlock]) and, in chains, of 512 ([ChainBlock]).
//
// An order depends on the op, its order attribute, the reduced extent and the operand's
// type (shape and format): never on strides, on where the axis stands, on kept extents,
// target, threads, tiles or memory. The attribute is set when the graph is built, from
// rank alone, and every rewrite keeps it.
//
// Tree(p0..pn-1) is p0 for one part, else Tree(first m) + Tree(rest) with m the largest
// power of two below n. It is a binary counter; any power-of-two aligned range is an
// independent task. A piece without elements is no leaf.
//
//   - lanes: blocks of 1024; in a block, lane l combines the elements whose position
//     modulo 16 is l, in ascending order, starting from the exact identity (-0.0 for a
//     sum, 1 for a product); then lane[l] op= lane[l+h] for h = 8, 4, 2, 1; Tree over
//     blocks. A sum of nothing is +0. A combine without an exact identity is seeded by its
//     first element.
//   - Several axes are reduced one at a time, innermost first; they are never flattened.
//     Only a reshape makes one reduction of two axes.
//   - chain, for contractions whose operands both have a free label: acc = fma(a, b, acc)
//     from -0.0 in ascending position, in blocks of 512, Tree over blocks. Contracted
//     labels are flattened in canonical order, which is the order of first appearance.
//   - Contractions with an operand without a free label (dot, matrix-vector) use lanes
//     with fma. Batch labels do not count.
//   - scan: groups of 16 by a Sklansky tree; a chain of group totals C inside a block of
//     1024; a chain of block totals E; the result is E + (C + s).
//   - Complex values are componentwise; a contraction steps
//     re = fma(-ai, bi, fma(ar, br, re)), im = fma(ai, br, fma(ar, bi, im)); an
//     elementwise product uses no fma.
//   - Integers, any, all, min, max, argmin and argmax do not depend on order: argmin and
//     argmax give the lowest index, and the first NaN if there is one. mean = sum / n; var
//     is the two-pass composite.
//   - stored and stored1 are the chains over the entries that a sparse operand stores;
//     if a position was implicit, +0.0 is added once at the end.
//   - Scatter combines in ascending source position, one chain from the initial value.
//
// Elementwise: IEEE operations correctly rounded, subnormals kept, fma only where the IR
// says fma. (Go's compiler fuses x*y + z on some platforms, so products and quotients in
// this module stand inside explicit conversions; an analyzer and a disassembly check hold
// that.) Functions are expansions in scalar ops, the same on every target and at most
// 1 ULP from the exact value, float32 functions in float32 arithmetic.
//
// Conversions from float to integer truncate and saturate, NaN gives 0. min and max are
// IEEE 754-2019 minimum and maximum: NaN propagates and -0 is less than +0. signbit,
// copysign and bitcast canonicalise NaN first; payloads of NaN mean nothing. Integer
// overflow wraps. Integer division by zero gives 0; shifts beyond the width give 0 or the
// sign. A dim used as a number is converted with one rounding. Random bits are Philox
// 4x32-10 of the key and the element's number, so they do not depend on who computes them.
//
// An element that a sparse format does not store is structural: in a product it
// annihilates even NaN and infinity.
package ir
