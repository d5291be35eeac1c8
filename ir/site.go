package ir

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Position returns the file and line of the call, "" and 0 when they are not known.
func (s *Site) Position() (file string, line int) {
	if s == nil {
		return "", 0
	}
	if s.PC == 0 {
		return s.File, s.Line
	}
	f, _ := runtime.CallersFrames([]uintptr{s.PC}).Next()
	return f.File, f.Line
}

// String returns the text form, the innermost call first: model.go:12 < main.go:7.
func (s *Site) String() string {
	var b strings.Builder
	for ; s != nil; s = s.Outer {
		if b.Len() > 0 {
			b.WriteString(" < ")
		}
		file, line := s.Position()
		if file == "" || strings.ContainsFunc(file, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"#,()[]`, r) }) {
			file = strconv.Quote(file)
		}
		fmt.Fprintf(&b, "%s:%d", file, line)
	}
	return b.String()
}

// Under returns s with outer at the end of its chain: what a node's site becomes when the
// node is copied on behalf of the call at outer.
func (s *Site) Under(outer *Site) *Site {
	if s == nil {
		return outer
	}
	if outer == nil {
		return s
	}
	c := *s
	c.Outer = s.Outer.Under(outer)
	return &c
}

// site reads the text form of a chain of calls.
func (s *scanner) site() *Site {
	var first *Site
	for next := &first; s.err == nil; next = &(*next).Outer {
		*next = s.frame()
		if !s.accept("<") {
			break
		}
	}
	return first
}

// frame reads file:line, the file quoted when it is not plain.
func (s *scanner) frame() *Site {
	pos, file := s.tok.pos, ""
	if s.tok.kind == tokString {
		file, _ = strconv.Unquote(s.next().text)
		s.expect(":")
		return &Site{File: file, Line: s.integer("a line number")}
	}
	text := s.run(",)")
	colon := strings.LastIndexByte(text, ':')
	line, err := strconv.Atoi(text[colon+1:])
	if colon <= 0 || err != nil {
		s.failAt(pos, "expected file:line, found %q", text)
		return nil
	}
	return &Site{File: text[:colon], Line: line}
}
