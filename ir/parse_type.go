package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// typ reads a type: f64[M,3], f64[M,N] csr, (f64[], i64[]).
func (s *scanner) typ() Type {
	if s.is("(") {
		t := Type{Tuple: []Type{}}
		s.list("(", ")", func() { t.Tuple = append(t.Tuple, s.arrayType()) })
		return t
	}
	return s.arrayType()
}

func (s *scanner) arrayType() Type {
	pos := s.tok.pos
	name := s.name("a dtype")
	d, ok := ParseDType(name)
	if !ok && s.err == nil {
		s.failAt(pos, "%q is not a dtype", name)
	}
	t := Type{DType: d, Shape: s.dims()}
	// A format starts with a name, or with a device: an @ that no space follows.
	if s.tok.kind == tokName || s.is("@") && s.pos < len(s.src) && s.src[s.pos] > ' ' {
		pos := s.tok.pos
		f, err := parseFormat(s.run(",);"))
		if err != nil {
			s.failAt(pos, "%v", err)
		}
		t.Format = f
	}
	return t
}

// parseFormat reads the text form of a format.
func parseFormat(text string) (*Format, error) {
	f := &Format{}
	if text == "dense" {
		return nil, nil
	}
	for _, part := range strings.Split(text, "/") {
		name, arg, _ := strings.Cut(part, "=")
		if err := f.parsePart(name, arg); err != nil {
			return nil, fmt.Errorf("format %q: %w", text, err)
		}
	}
	if f.String() != text {
		return nil, fmt.Errorf("format %q is written %q", text, f)
	}
	return f, nil
}

func (f *Format) parsePart(name, arg string) error {
	for _, s := range formatSpellings {
		if s.name == name {
			f.Levels, f.Axes = slices.Clone(s.levels), slices.Clone(s.axes)
			return nil
		}
	}
	switch {
	case name == "fill":
		bits, err := strconv.ParseUint(arg, 0, 64)
		f.Fill = bits
		return err
	case strings.HasPrefix(name, "levels("):
		levels, axes, hasAxes := strings.Cut(name, "axes")
		f.Levels = []Level{}
		err := inBrackets(strings.TrimPrefix(levels, "levels"), "()", func(item string) error {
			l := slices.Index(levelNames[:], item)
			if l < 0 {
				return fmt.Errorf("%q is not a kind of level", item)
			}
			f.Levels = append(f.Levels, Level(l))
			return nil
		})
		if err != nil || !hasAxes {
			return err
		}
		f.Axes = []int{}
		return inBrackets(axes, "()", func(item string) error {
			a, err := strconv.Atoi(item)
			f.Axes = append(f.Axes, a)
			return err
		})
	case strings.HasPrefix(name, "chunks["):
		f.Chunks = []Dim{}
		return inBrackets(strings.TrimPrefix(name, "chunks"), "[]", func(item string) error {
			if len(item) > maxDimText {
				return fmt.Errorf("a dimension longer than %d bytes", maxDimText)
			}
			d, err := ParseDim(item)
			f.Chunks = append(f.Chunks, d)
			return err
		})
	case strings.HasPrefix(name, "@"):
		f.Device = name[1:]
		return nil
	}
	return fmt.Errorf("%q is not part of a format", name)
}

// inBrackets calls f with every item of a comma separated list between the two brackets.
func inBrackets(text, brackets string, f func(item string) error) error {
	inner, ok := strings.CutPrefix(text, brackets[:1])
	if !ok || !strings.HasSuffix(inner, brackets[1:]) {
		return fmt.Errorf("%q is not in %s", text, brackets)
	}
	inner = strings.TrimSuffix(inner, brackets[1:])
	if inner == "" {
		return nil
	}
	for _, item := range strings.Split(inner, ",") {
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}
