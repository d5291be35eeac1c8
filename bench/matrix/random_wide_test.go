package matrix

import (
	"fmt"
	"slices"
	"strings"

	np "github.com/numen-go/numen/expr"
)

// wider returns a function of an array and others that step has not: operands of other
// shapes, several of them, reductions over several axes, sums of products.
func (m *maker) wider(a np.Array) np.Array {
	shape := a.Shape()
	note := func(format string, args ...any) { m.text += fmt.Sprintf(format, args...) + "; " }
	switch kind := m.IntN(18); kind {
	case 0: // b is broadcast
		b := m.leaf(m.narrower(shape))
		note("* b of %v", b.Shape())
		return np.Multiply(a, b)
	case 1:
		b := m.leaf(m.narrower(shape))
		note("- b of %v", b.Shape())
		return np.Subtract(b, a)
	case 2:
		b, c := m.leaf(shape), m.leaf(m.narrower(shape))
		note("a * b + c of %v", c.Shape())
		return np.Add(np.Multiply(a, b), c)
	case 3:
		b, c, d := m.leaf(shape), m.leaf(shape), m.leaf(shape)
		note("(a + b) * (c - d)")
		return np.Multiply(np.Add(a, b), np.Subtract(c, d))
	case 4:
		b, c, d := m.leaf(shape), m.leaf(shape), m.leaf(shape)
		note("min(a * b, c) * d")
		return np.Multiply(np.Minimum(np.Multiply(a, b), c), d)
	case 5:
		b, c := m.leaf(shape), m.leaf(shape)
		note("where a < b, a * c, b")
		return np.Where(np.Less(a, b), np.Multiply(a, c), b)
	case 6, 7, 8:
		return m.reduced(a, note)
	case 9, 10, 11:
		return m.einsum(a, note)
	case 16, 17:
		if len(shape) != 2 {
			return a
		}
		return m.sampled(a, note)
	case 12:
		if len(shape) < 2 {
			return a
		}
		order := m.Perm(len(shape))
		note("axes %v", order)
		return np.PermuteDims(a, order...)
	case 13:
		if len(shape) != 2 {
			return a
		}
		k := m.IntN(5) - 2
		note("tril %d", k)
		return np.Tril(a, k)
	case 14:
		if len(shape) == 0 || slices.Contains(shape, 0) {
			return a
		}
		axis := m.IntN(len(shape))
		note("repeat %d", axis)
		return np.Repeat(a, 2, axis)
	}
	if len(shape) == 0 || slices.Contains(shape, 0) {
		return a
	}
	axis := m.IntN(len(shape))
	note("pad %d", axis)
	widths := make([][2]int, len(shape))
	widths[axis] = [2]int{m.IntN(3), m.IntN(3)}
	return np.Pad(a, []np.PadMode{np.PadConstant, np.PadEdge, np.PadWrap}[m.IntN(3)], widths...)
}

// narrower returns a shape that broadcasts to one.
func (m *maker) narrower(shape []int) []int {
	s := slices.Clone(shape)
	for i := range s {
		if m.IntN(3) == 0 {
			s[i] = 1
		}
	}
	return s[m.IntN(len(s)+1):]
}

// reduced returns a reduction over a random set of axes.
func (m *maker) reduced(a np.Array, note func(string, ...any)) np.Array {
	var axes []int
	for i := range a.Shape() {
		if m.IntN(2) == 0 {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 {
		return a
	}
	kind := m.IntN(6)
	note("reduction %d over %v", kind, axes)
	opt := np.Axis(axes...)
	switch kind {
	case 0, 1:
		return np.Sum(a, opt)
	case 2:
		return np.Prod(a, opt)
	case 3:
		return np.AsType(np.CountNonzero(a, opt), np.Float64)
	case 4:
		return np.Sum(np.Multiply(a, m.leaf(a.Shape())), opt)
	}
	for _, x := range axes {
		if a.Shape()[x] == 0 {
			return a
		}
	}
	return np.Min(a, opt)
}

// einsum returns a sum of products with one other array or two, over random axes.
func (m *maker) einsum(a np.Array, note func(string, ...any)) np.Array {
	const letters = "ijklmnop"
	extent := map[byte]int{}
	size := 1
	for i, n := range a.Shape() {
		extent[letters[i]] = n
		size *= max(n, 1)
	}
	used := len(a.Shape())
	terms, arrays := []string{letters[:used]}, []np.Array{a}
	for range 1 + m.IntN(2) {
		var term []byte
		var shape []int
		for i := range used {
			if m.IntN(2) == 0 {
				term = append(term, letters[i])
			}
		}
		if used < 5 && size < 500 {
			n := 1 + m.IntN(4)
			term, extent[letters[used]] = append(term, letters[used]), n
			used, size = used+1, size*n
		}
		if len(term) > 3 {
			term = term[len(term)-3:]
		}
		m.Shuffle(len(term), func(i, j int) { term[i], term[j] = term[j], term[i] })
		for _, c := range term {
			shape = append(shape, extent[c])
		}
		terms, arrays = append(terms, string(term)), append(arrays, m.leaf(shape))
	}
	var out []byte
	for i := range used {
		if strings.ContainsRune(strings.Join(terms, ""), rune(letters[i])) && m.IntN(2) == 0 && len(out) < 4 {
			out = append(out, letters[i])
		}
	}
	m.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	spec := strings.Join(terms, ",") + "->" + string(out)
	note("einsum %s", spec)
	return np.Einsum(spec, arrays...)
}

// sampled returns an array times what two dense ones make, of which it may ask for no more
// than it stores.
func (m *maker) sampled(a np.Array, note func(string, ...any)) np.Array {
	rows, cols := a.Shape()[0], a.Shape()[1]
	k := []int{0, 1, 3, 20, 700}[m.IntN(5)]
	dense := func(shape ...int) np.Array {
		v := make([]float64, shape[0]*shape[1])
		for i := range v {
			v[i] = m.element()
		}
		return np.Reshape(np.FromSlice(v), shape...)
	}
	x, y := dense(rows, k), dense(cols, k)
	kind := m.IntN(5)
	note("sampled %d of %d", kind, k)
	product := np.MatMul(x, np.MatrixTranspose(y))
	switch kind {
	case 0:
		return np.Multiply(a, product)
	case 1:
		return np.Multiply(np.Exp(np.Multiply(np.MatrixTranspose(np.MatMul(y, np.MatrixTranspose(x))), 0.125)), a)
	case 2:
		return np.Sum(np.Multiply(a, np.Add(product, dense(1, cols))), np.Axis(m.IntN(2)))
	case 3: // one dense array of more axes
		far := np.Abs(np.Subtract(np.Reshape(x, rows, 1, k), np.Reshape(y, 1, cols, k)))
		return np.Multiply(np.Sum(far, np.Axis(2)), np.Multiply(a, m.leaf([]int{rows, cols})))
	}
	return np.Add(np.Multiply(a, product), m.leaf([]int{rows, cols}))
}
