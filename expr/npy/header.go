package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	np "github.com/numen-go/numen/expr"
)

// header is what a file says about its data.
type header struct {
	dtype   np.DType
	swap    bool // big-endian elements
	fortran bool // the first axis varies fastest
	shape   []int
	bytes   int64 // of data
	offset  int64 // of data in the file
}

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 16 // no header of plain data is longer; one that claims to be is refused unread
	maxRank   = 64
)

var errHeader = errors.New("not a .npy header")

// readHeader reads the magic string, version and dictionary at the start of r.
func readHeader(r io.Reader) (*header, error) {
	var fixed [8]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return nil, fmt.Errorf("the file ends inside its first 8 bytes: %w", noEOF(err))
	}
	if string(fixed[:6]) != magic {
		return nil, fmt.Errorf("the file does not begin with the .npy magic string")
	}
	var size int64
	lengthBytes := 4
	switch major := fixed[6]; major {
	case 1:
		lengthBytes = 2
	case 2, 3:
	default:
		return nil, fmt.Errorf("format version %d.%d is not known", major, fixed[7])
	}
	var length [4]byte
	if _, err := io.ReadFull(r, length[:lengthBytes]); err != nil {
		return nil, fmt.Errorf("the file ends inside the header's length: %w", noEOF(err))
	}
	size = int64(binary.LittleEndian.Uint32(length[:]))
	if size > maxHeader {
		return nil, fmt.Errorf("the header claims %d bytes, the most is %d", size, maxHeader)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("the file ends inside its header: %w", noEOF(err))
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return nil, err
	}
	h.offset = 8 + int64(lengthBytes) + size
	return h, nil
}

// noEOF makes the end of a file an error that nobody takes for a proper end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseHeader reads the dictionary: a Python literal with the keys descr,
// fortran_order and shape.
func parseHeader(text string) (*header, error) {
	p := &literal{rest: text}
	h := &header{}
	seen := map[string]bool{}
	p.expect("{")
	for p.err == nil && !p.accept("}") {
		key := p.str()
		if seen[key] {
			p.fail("key %q twice", key)
		}
		seen[key] = true
		p.expect(":")
		switch key {
		case "descr":
			if p.peek() == '[' {
				return nil, fmt.Errorf("structured dtypes are not arrays of numbers: save the fields one by one")
			}
			descr := p.str()
			if p.err == nil {
				if err := h.setDType(descr); err != nil {
					return nil, err
				}
			}
		case "fortran_order":
			h.fortran = p.boolean()
		case "shape":
			h.shape = p.ints()
		default:
			p.fail("unknown key %q", key)
		}
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("text after the dictionary")
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("want the keys descr, fortran_order and shape")
	}
	if p.err != nil {
		return nil, p.err
	}
	return h, h.size()
}

// size works out the bytes of data and refuses what cannot be addressed.
func (h *header) size() error {
	n, empty := int64(1), false
	for _, d := range h.shape {
		if d == 0 {
			empty = true
			continue
		}
		if n > math.MaxInt64/32/int64(d) {
			return fmt.Errorf("shape %v has more elements than can be addressed", h.shape)
		}
		n *= int64(d)
	}
	if empty {
		n = 0
	}
	h.bytes = n * int64(h.dtype.Size())
	return nil
}

// dtypes are NumPy's type strings without the byte order.
var dtypes = map[string]np.DType{
	"b1": np.Bool, "?": np.Bool,
	"i1": np.Int8, "i2": np.Int16, "i4": np.Int32, "i8": np.Int64,
	"u1": np.Uint8, "u2": np.Uint16, "u4": np.Uint32, "u8": np.Uint64,
	"f4": np.Float32, "f8": np.Float64, "c8": np.Complex64, "c16": np.Complex128,
}

func (h *header) setDType(descr string) error {
	order, name := byte('|'), descr
	if descr != "" && strings.IndexByte("<>|=", descr[0]) >= 0 {
		order, name = descr[0], descr[1:]
	}
	d, ok := dtypes[name]
	switch {
	case strings.HasPrefix(name, "O"):
		return fmt.Errorf("dtype %q holds Python objects, which cannot be read safely: convert it to numbers in Python", descr)
	case !ok:
		return fmt.Errorf("dtype %q is not supported; there are bool, integers, float32, float64 and complex", descr)
	}
	h.dtype, h.swap = d, order == '>' && d.Size() > 1
	return nil
}

// descr returns a dtype's type string.
func descr(d np.DType) string {
	for name, e := range dtypes {
		if e == d && name != "?" {
			if d.Size() == 1 {
				return "|" + name
			}
			return "<" + name
		}
	}
	return ""
}

// appendHeader returns the start of a file of the given array, padded so that data
// begins at a multiple of 64 bytes as NumPy writes it.
func appendHeader(d np.DType, shape []int) []byte {
	var dims strings.Builder
	for _, n := range shape {
		dims.WriteString(strconv.Itoa(n) + ", ")
	}
	tuple := strings.TrimSuffix(dims.String(), " ")
	if len(shape) != 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr(d), tuple)
	start := len(magic) + 2 + 2
	pad := 63 - (start+len(dict))%64
	text := dict + strings.Repeat(" ", pad) + "\n"
	out := append([]byte(magic), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(text)))
	return append(out, text...)
}

// literal reads the few kinds of Python literal that a header is made of.
type literal struct {
	rest string
	err  error
}

func (p *literal) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: %s", errHeader, fmt.Sprintf(format, args...))
	}
	p.rest = ""
}

func (p *literal) peek() byte {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *literal) accept(s string) bool {
	p.peek()
	if !strings.HasPrefix(p.rest, s) {
		return false
	}
	p.rest = p.rest[len(s):]
	return true
}

func (p *literal) expect(s string) {
	if !p.accept(s) {
		p.fail("%q is missing before %.20q", s, p.rest)
	}
}

// str reads a quoted string without escapes: no key or dtype has any.
func (p *literal) str() string {
	q := p.peek()
	if q != '\'' && q != '"' {
		p.fail("a string is missing before %.20q", p.rest)
		return ""
	}
	end := strings.IndexByte(p.rest[1:], q)
	if end < 0 {
		p.fail("a string has no end")
		return ""
	}
	s := p.rest[1 : 1+end]
	p.rest = p.rest[end+2:]
	return s
}

func (p *literal) boolean() bool {
	switch {
	case p.accept("True"):
		return true
	case p.accept("False"):
	default:
		p.fail("want True or False before %.20q", p.rest)
	}
	return false
}

// ints reads a tuple of sizes.
func (p *literal) ints() []int {
	out := []int{}
	p.expect("(")
	for p.err == nil && !p.accept(")") {
		p.peek()
		n := strings.IndexFunc(p.rest, func(r rune) bool { return r < '0' || r > '9' })
		if n < 0 {
			n = len(p.rest)
		}
		v, err := strconv.ParseInt(p.rest[:n], 10, strconv.IntSize)
		if err != nil {
			p.fail("%.20q is no size", p.rest)
			break
		}
		p.rest = strings.TrimPrefix(p.rest[n:], "L") // Python 2 wrote long integers so
		if out = append(out, int(v)); len(out) > maxRank {
			p.fail("more than %d dimensions", maxRank)
		}
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	return out
}
