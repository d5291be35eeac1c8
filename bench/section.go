package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// writeSection writes a part of a document, which starts with its heading "# ...": in the
// place of the part with that heading, else at the end. Other parts stay.
func writeSection(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	heading, _, _ := strings.Cut(text, "\n")
	var parts []string
	for line := range strings.Lines(string(old)) {
		if len(parts) == 0 || strings.HasPrefix(line, "# ") {
			parts = append(parts, "")
		}
		parts[len(parts)-1] += line
	}
	text = strings.TrimRight(text, "\n") + "\n"
	placed := false
	for i, p := range parts {
		p = strings.TrimRight(p, "\n") + "\n"
		if h, _, _ := strings.Cut(p, "\n"); h == heading {
			p, placed = text, true
		}
		parts[i] = p
	}
	if !placed {
		parts = append(parts, text)
	}
	return os.WriteFile(file, []byte(strings.Join(parts, "\n")), 0o644)
}
