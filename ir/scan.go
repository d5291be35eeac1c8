package ir

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SyntaxError is a fault in a text form, with the place where it was noticed. Lines and
// columns count from one, columns in bytes.
type SyntaxError struct {
	Line, Col int
	Msg       string
}

// Error returns the message after its place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("ir: line %d, column %d: %s", e.Line, e.Col, e.Msg)
}

// maxSource bounds the text that a parser takes, and with it what a parse may allocate.
const maxSource = 64 << 20

type tokenKind uint8

const (
	tokEnd    tokenKind = iota // of the text, and for ever after a fault
	tokLine                    // line ends and semicolons
	tokName                    // letters, digits, underscores
	tokNumber                  // as in Go, without a sign
	tokString                  // double quoted, as in Go
	tokSymbol                  // punctuation, or any rune that starts nothing else
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

// scanner is the lexer under the parsers of the text forms, one token ahead. A fault is
// sticky: after the first, every further token is tokEnd, so parsers need no check after
// each step, only loops that stop at tokEnd and one look at err when they are done.
type scanner struct {
	src string
	pos int // after tok
	tok token
	err *SyntaxError
}

func newScanner(src string) *scanner {
	s := &scanner{src: src}
	if len(src) > maxSource {
		s.failAt(0, "text of %d bytes is longer than %d", len(src), maxSource)
		return s
	}
	s.lex()
	return s
}

// fail records a fault at the token ahead.
func (s *scanner) fail(format string, args ...any) { s.failAt(s.tok.pos, format, args...) }

func (s *scanner) failAt(pos int, format string, args ...any) {
	if s.err == nil {
		before := s.src[:pos]
		s.err = &SyntaxError{
			Line: 1 + strings.Count(before, "\n"),
			Col:  pos - strings.LastIndexByte(before, '\n'),
			Msg:  fmt.Sprintf(format, args...),
		}
	}
	s.pos = len(s.src)
	s.tok = token{kind: tokEnd, pos: s.pos}
}

// failure returns the first fault as an error.
func (s *scanner) failure() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

var longSymbols = []string{"->", "..", "<=", ">=", "==", "!=", "<<", ">>"}

// lex reads the token ahead.
func (s *scanner) lex() {
	for s.pos < len(s.src) && (isSpace(s.src[s.pos]) || s.src[s.pos] == '#') {
		if s.src[s.pos] != '#' {
			s.pos++
		} else if end := strings.IndexByte(s.src[s.pos:], '\n'); end >= 0 {
			s.pos += end
		} else {
			s.pos = len(s.src)
		}
	}
	if s.pos == len(s.src) {
		s.tok = token{kind: tokEnd, pos: s.pos}
		return
	}
	rest := s.src[s.pos:]
	kind, n := tokSymbol, 0
	switch c := rest[0]; {
	case c == '\n' || c == ';':
		kind = tokLine
		for n < len(rest) && (isSpace(rest[n]) || rest[n] == '\n' || rest[n] == ';') {
			n++
		}
	case isLetter(c):
		kind = tokName
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n])) {
			n++
		}
	case isDigit(c):
		kind, n = tokNumber, numberLen(rest)
	case c == '"':
		if q, err := strconv.QuotedPrefix(rest); err == nil {
			kind, n = tokString, len(q)
			break
		}
		n = 1
	default:
		for _, l := range longSymbols {
			if strings.HasPrefix(rest, l) {
				n = len(l)
			}
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(rest)
		}
	}
	s.tok = token{kind, rest[:n], s.pos}
	s.pos += n
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\r' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// numberLen returns the length of the number that s starts with: digits, letters (of an
// exponent, of a hexadecimal), a point unless it is one of two (a range), and a sign
// after an exponent's letter.
func numberLen(s string) int {
	exp := byte('e')
	if strings.HasPrefix(s, "0x") {
		exp = 'p'
	}
	n := 1
	for ; n < len(s); n++ {
		c := s[n]
		switch {
		case isLetter(c), isDigit(c):
		case c == '.' && !strings.HasPrefix(s[n:], ".."):
		case (c == '+' || c == '-') && s[n-1] == exp:
		default:
			return n
		}
	}
	return n
}

// next returns the token ahead and reads the one after it.
func (s *scanner) next() token {
	t := s.tok
	if t.kind != tokEnd {
		s.lex()
	}
	return t
}

// is reports whether the token ahead is the given symbol or name.
func (s *scanner) is(text string) bool {
	return s.tok.text == text && (s.tok.kind == tokSymbol || s.tok.kind == tokName)
}

// accept skips the given symbol or name and reports whether it was ahead.
func (s *scanner) accept(text string) bool {
	if !s.is(text) {
		return false
	}
	s.lex()
	return true
}

// expect skips the given symbol or name; anything else is a fault.
func (s *scanner) expect(text string) {
	if !s.accept(text) {
		s.fail("expected %q, found %s", text, s.found())
	}
}

// found describes the token ahead for messages.
func (s *scanner) found() string {
	switch s.tok.kind {
	case tokEnd:
		return "the end of the text"
	case tokLine:
		return "the end of the line"
	}
	return strconv.Quote(s.tok.text)
}

// name reads a name; what says which, for the message.
func (s *scanner) name(what string) string {
	if s.tok.kind != tokName {
		s.fail("expected %s, found %s", what, s.found())
		return ""
	}
	return s.next().text
}

// line skips the end of a line and empty lines after it, or is at the end of the text.
func (s *scanner) line() {
	if s.tok.kind != tokLine && s.tok.kind != tokEnd {
		s.fail("expected the end of the line, found %s", s.found())
	}
	s.skipLines()
}

// skipLines skips line ends.
func (s *scanner) skipLines() {
	for s.tok.kind == tokLine {
		s.lex()
	}
}

// run reads raw text from the token ahead up to white space or, outside brackets, one of
// the bytes in stop.
func (s *scanner) run(stop string) string {
	start, end, depth := s.tok.pos, s.tok.pos, 0
	for ; end < len(s.src); end++ {
		c := s.src[end]
		if c <= ' ' || depth == 0 && strings.IndexByte(stop, c) >= 0 {
			break
		}
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
	}
	s.pos = end
	s.lex()
	return s.src[start:end]
}

// integer reads a decimal integer with an optional sign that fits an int.
func (s *scanner) integer(what string) int {
	pos, sign := s.tok.pos, ""
	if s.accept("-") {
		sign = "-"
	}
	t := s.tok
	v, err := strconv.Atoi(sign + t.text)
	if t.kind != tokNumber || err != nil {
		s.failAt(pos, "expected %s, an integer", what)
		return 0
	}
	s.lex()
	return v
}

// maxDimText bounds the length of one dimension: expanding a product is more than linear.
const maxDimText = 1000

// dim reads a dimension: 3, M+2*P, ?.
func (s *scanner) dim() Dim {
	start, end := s.tok.pos, s.tok.pos
	for s.err == nil {
		if s.is("-") {
			end = s.next().end()
		}
		if s.tok.kind == tokName || s.tok.kind == tokNumber || s.is("?") {
			end = s.next().end()
		}
		if !s.is("+") && !s.is("-") && !s.is("*") {
			break
		}
		end = s.next().end()
	}
	if end-start > maxDimText {
		s.failAt(start, "a dimension longer than %d bytes", maxDimText)
		return Dim{}
	}
	d, err := ParseDim(s.src[start:end])
	if err != nil {
		s.failAt(start, "expected a dimension, found %q", s.src[start:end])
	}
	return d
}

func (t token) end() int { return t.pos + len(t.text) }

// dims reads dimensions in square brackets; never nil.
func (s *scanner) dims() []Dim {
	out := []Dim{}
	s.list("[", "]", func() { out = append(out, s.dim()) })
	return out
}

// list reads items separated by commas between two brackets.
func (s *scanner) list(open, end string, item func()) {
	s.expect(open)
	if s.accept(end) {
		return
	}
	for s.err == nil {
		item()
		if s.accept(end) {
			return
		}
		s.expect(",")
	}
}
