package loop

import (
	"fmt"
	"strings"
)

// SyntaxError is a fault in the text of a loop. Lines and columns count from one.
type SyntaxError struct {
	Line, Col int
	Msg       string
}

// Error returns the message after its place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("loop: line %d, column %d: %s", e.Line, e.Col, e.Msg)
}

// maxSource bounds the text that Parse takes, maxDepth how deep blocks and expressions
// may nest in it.
const (
	maxSource = 16 << 20
	maxDepth  = 200
)

// line is one line of text: how deep it is indented, and its tokens.
type line struct {
	number, depth int
	tokens        []token
}

type token struct {
	text string
	col  int
}

// lines splits text into lines of tokens; empty lines and comments are left out.
func lines(src string) ([]line, error) {
	if len(src) > maxSource {
		return nil, &SyntaxError{1, 1, fmt.Sprintf("text of %d bytes is longer than %d", len(src), maxSource)}
	}
	var out []line
	for i, text := range strings.Split(src, "\n") {
		text, _, _ = strings.Cut(text, "#")
		body := strings.TrimLeft(text, " ")
		indent := len(text) - len(body)
		if strings.TrimSpace(body) == "" {
			continue
		}
		if indent%2 != 0 {
			return nil, &SyntaxError{i + 1, indent + 1, "blocks are indented by two spaces"}
		}
		l := line{number: i + 1, depth: indent / 2}
		for pos := indent; pos < len(text); {
			n := tokenLen(text[pos:])
			if text[pos] != ' ' {
				l.tokens = append(l.tokens, token{text[pos : pos+n], pos + 1})
			}
			pos += n
		}
		out = append(out, l)
	}
	return out, nil
}

var twoBytes = []string{"<=", "==", "!=", "<<", ">>"}

// tokenLen returns the length of the token that s starts with: a name, a number, an
// operator or a space.
func tokenLen(s string) int {
	switch {
	case isLetter(s[0]):
		n := 1
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
			n++
		}
		return n
	case isDigit(s[0]):
		n := 1
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '.' || (s[n] == '+' || s[n] == '-') && s[n-1] == 'e' && !strings.HasPrefix(s, "0x")) {
			n++
		}
		return n
	}
	for _, t := range twoBytes {
		if strings.HasPrefix(s, t) {
			return 2
		}
	}
	return 1
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
