package passes

// pipeline is every pass in order.
var pipeline = []Pass{kernels}
