package passes

// pipeline is every pass in order.
var pipeline = []Pass{
	inline, contract, legalise,
	cse, simplify, fold, narrow,
	kernels, formats, fuse, memory, collapse,
}

// constraints are the pairs of passes whose order matters, and why. A test holds the
// pipeline to them.
var constraints = []struct{ before, after, reason string }{
	{"inline", "contract", "a call's contractions are paths of the program like any other"},
	{"contract", "simplify", "paths are part of the meaning, so what they are must not depend on optional passes"},
	{"contract", "legalise", "the decomposition of a contraction of many operands is its path"},
	{"legalise", "simplify", "whether a program is refused must not depend on optional passes; what ops decompose into is simplified too"},
	{"cse", "simplify", "rules compare operands by identity"},
	{"simplify", "fold", "rules bring literals together that broadcasts and casts kept apart"},
	{"simplify", "narrow", "slices of slices and of everything are gone"},
	{"cse", "narrow", "two users that take the same of equal calls are users of one call"},
	{"legalise", "kernels", "an op that decomposes has no kernel"},
	{"kernels", "fuse", "fusion joins launches"},
	{"fuse", "memory", "what is fused needs no buffer, and where a buffer dies is known when launches are final"},
	{"memory", "collapse", "a buffer that is reused in place is one value, before views give it several names"},
	{"kernels", "formats", "what an array is stored as follows from how kernels read and write it"},
	{"formats", "fuse", "launches join where the same target holds what they make"},
	{"narrow", "kernels", "kernels compute what is asked for and no more"},
}
