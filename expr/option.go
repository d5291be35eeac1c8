package np

// Options are few and typed by family, so that an option a function does not
// know is a compile error: Sum(x, np.Memory(1)) does not build.

// CreateOption is a DType: the element type of the array that is made.
type CreateOption interface{ create(*Creation) }

// ReduceOption is Axis(...), KeepDims, a DType, Correction(n) or Initial(v).
type ReduceOption interface{ reduce(Reduction) Reduction }

// Creation is CreateOptions resolved; packages built on this one read it.
type Creation struct{ DType DType }

// CreationOf resolves options over a default dtype. Nil options are passed over.
func CreationOf(def DType, opts ...CreateOption) Creation {
	c := Creation{DType: def}
	for _, o := range opts {
		if o != nil {
			o.create(&c)
		}
	}
	return c
}

// Reduction is ReduceOptions resolved; packages built on this one read it.
type Reduction struct {
	Axes       []int // nil: all
	KeepDims   bool
	DType      DType   // the zero DType: the function's own
	Correction float64 // Var and Std
	Initial    Operand // nil: none
}

// ReductionOf resolves options. Nil options are passed over.
func ReductionOf(opts ...ReduceOption) Reduction {
	var r Reduction
	for _, o := range opts {
		if o != nil {
			r = o.reduce(r)
		}
	}
	return r
}

func (d DType) create(c *Creation)           { c.DType = d }
func (d DType) reduce(r Reduction) Reduction { r.DType = d; return r }

// AxisOption is made by Axis.
type AxisOption struct{ *axisList } // one pointer, so that an option boxes without allocating

// axisList is never written again, so that nodes may have it as it is.
type axisList struct{ axes []int }

// Axis picks the axes to work over; negative ones count from the end. No axes at all
// leave every element as it is.
func Axis(axes ...int) AxisOption {
	if len(axes) == 1 && uint(axes[0]+fewAxes) < 2*fewAxes {
		return AxisOption{&singleAxes[axes[0]+fewAxes]}
	}
	return AxisOption{&axisList{append([]int{}, axes...)}}
}

// fewAxes bounds the axes, counted from either end, whose options and attributes are
// made once.
const fewAxes = 4

var singleAxes = func() (all [2 * fewAxes]axisList) {
	for i := range all {
		all[i].axes = []int{i - fewAxes}
	}
	return all
}()

func (a AxisOption) reduce(r Reduction) Reduction {
	if a.axisList != nil {
		r.Axes = a.axes
	}
	return r
}

type keepDims struct{}

// KeepDims keeps reduced axes with extent 1.
var KeepDims ReduceOption = keepDims{}

func (keepDims) reduce(r Reduction) Reduction { r.KeepDims = true; return r }

type correction float64

// Correction is what Var and Std subtract from the number of elements in the divisor
// (NumPy's ddof): 1 for the estimate of a sample's variance. The default is 0.
func Correction(n float64) ReduceOption { return correction(n) }

func (c correction) reduce(r Reduction) Reduction { r.Correction = float64(c); return r }

type initial struct{ v Operand }

// Initial starts a reduction; it is what an empty Max needs. Sum and Prod combine it
// with the result of all elements, so the order of these does not change.
func Initial(v Operand) ReduceOption { return initial{v} }

func (i initial) reduce(r Reduction) Reduction { r.Initial = i.v; return r }
