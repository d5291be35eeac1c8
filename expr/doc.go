// Package np builds array programs lazily and runs them on any kind of array.
//
// It lives in folder expr and its name is np, so that compiler errors, go doc and
// completion say what you type:
//
//	import np "github.com/numen-go/numen/expr"
//
//	y := np.Dot(x.T(), np.Add(np.Log(x), 1))
//	z := np.Subtract(y, np.Mean(y, np.Axis(0)))
//	v, err := z.Slice(np.To(5)).Eval(ctx)
//
// # Five rules
//
//  1. An [Array] never changes. Functions return new Arrays and do no work;
//     Eval, Value, Values and Program.Call do the work.
//  2. Building never panics and returns no error pair: a bad call yields an
//     Array that carries the first error, with both shapes and your file:line.
//     [Array.Err] and every evaluation return it.
//  3. A Go number never widens an array: Add(f32, 1.5) is float32 whatever the
//     Go type of the number. It may raise the kind (int array + 1.5 is
//     float64). See [Operand]; [Scalar] makes a number that does count.
//  4. Go slices are copied when they come in, and handed over when they go
//     out. Only names that begin with Alias share memory.
//  5. A required axis is an int argument; optional axes are [Axis].
//
// Results are the same bits on every target, with any number of threads: package ir
// says what they are. Names are those of NumPy and the Array API standard in Go
// spelling, and so is what they mean, except where their comments say otherwise:
// integers become float64 where a function needs floats, whatever their width; a bare
// number that does not fit the array's dtype is an error.
//
// # Topics
//
// Arrays from values: [Of], [FromSlice], [FromRows], [FromNested], [Scalar],
// [AliasSlice], [Spec].
//
// Arrays from nothing: [Zeros], [Ones], [Full], [ZerosLike], [OnesLike], [FullLike],
// [Eye], [Arange], [Linspace], [Tri], [Tril], [Triu].
//
// Arithmetic: [Add], [Subtract], [Multiply], [Divide], [FloorDivide], [Remainder],
// [Pow], [FMA], [Negative], [Abs], [Sign], [Square], [Sqrt], [Reciprocal], [Maximum],
// [Minimum], [Clip], [CopySign].
//
// Functions: [Exp], [Exp2], [Expm1], [Log], [Log2], [Log10], [Log1p], [Sin], [Cos],
// [Tanh], [Erf].
//
// Rounding: [Floor], [Ceil], [Trunc], [Round].
//
// Comparison and choice: [Equal], [NotEqual], [Less], [LessEqual], [Greater],
// [GreaterEqual], [Where], [IsNaN], [IsInf], [IsFinite], [SignBit].
//
// Logic and bits: [LogicalAnd], [LogicalOr], [LogicalXor], [LogicalNot], [BitwiseAnd],
// [BitwiseOr], [BitwiseXor], [BitwiseInvert], [BitwiseLeftShift], [BitwiseRightShift].
//
// Reductions: [Sum], [Prod], [Mean], [Var], [Std], [Max], [Min], [Any], [All],
// [ArgMax], [ArgMin], [CountNonzero], with [Axis], [KeepDims], [Correction], [Initial].
//
// Along an axis: [CumSum], [CumProd], [CumMax], [CumMin], [Diff].
//
// Products of arrays: [Dot], [MatMul], [VecDot], [Outer], [TensorDot], [Einsum].
//
// Shape: [Reshape], [Ravel], [Array.T], [MatrixTranspose], [PermuteDims], [MoveAxis],
// [SwapAxes], [ExpandDims], [Squeeze], [BroadcastTo], [BroadcastArrays], [Flip], [Roll].
//
// Joining and repeating: [Concat], [Stack], [Split], [Unstack], [Tile], [Repeat],
// [Pad], [SlidingWindow].
//
// Parts: [Array.Slice], [Array.Index], [Array.At], with [At], [To], [From], [Range],
// [Whole], [NewAxis], [Ellipsis]; [Take], [TakeAlongAxis].
//
// Types: [AsType], [DTypeOf].
//
// Running: [Array.Eval], [Eval], [Values], [Value], [ValuesInto], [AliasValues],
// [Array.Explain], [Must], with [On], [Threads], [Memory], [Watch], [Use], [NewEngine].
//
// Programs: [Compile], [Program.Call], [Program.Bind], [InputSlot], [OutputSlot].
//
// Trees of arrays: [TreeMap], [TreeMap2], [Leaves].
//
// For packages built on this one: [Helper], [Fail], [Call], [Leaf], [RandomBits], [Chunking], [ChunkingOf],
// [CreationOf], [ReductionOf], [AliasBytes], [Bytes], [NodeOf].
package np
