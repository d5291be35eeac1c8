package np

// returns gives two return addresses: that of the function that calls it, and that of
// the function which this one returns to.
func returns() (callee, caller uintptr)
