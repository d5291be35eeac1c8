package ptxsim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Module is loaded code.
type Module struct {
	device  *Device
	entries map[string]*entry
	consts  []uint64 // memory of constants
	symbols map[string]symbol
}

// symbol is memory with a name.
type symbol struct {
	space string
	at    uint64
}

// entry is a kernel's code.
type entry struct {
	name    string
	params  map[string]int // by name: its number
	sizes   []int          // bytes of each parameter
	regs    []uint64       // what registers start with: garbage, and literals
	byName  map[string]int
	types   []typ
	consts  map[string]int // registers of literals
	symbols map[string]symbol
	local   uint64 // bytes of a thread's memory
	shared  uint64 // bytes of a block's memory
	granule int    // bytes of the smallest access of it
	code    []instr
	lines   []line // of the code
	labels  map[string]int
}

// The registers that tell a thread where it is come first.
const (
	regThread  = iota
	regThreads // of the block
	regBlock
	regBlocks
)

// instr is an instruction.
type instr struct {
	run   func(t *thread)
	guard int // register of the predicate; -1: none
	not   bool
}

// line is where an instruction stands.
type line struct {
	line int
	text string
}

// Load reads the text of a module.
func (d *Device) Load(text string) (*Module, error) {
	m := &Module{device: d, entries: map[string]*entry{}, symbols: map[string]symbol{}}
	p := &parser{m: m, lines: strings.Split(text, "\n")}
	if err := p.module(); err != nil {
		return nil, fmt.Errorf("ptxsim: line %d: %w: %s", p.n, err, strings.TrimSpace(p.line))
	}
	return m, nil
}

type parser struct {
	m     *Module
	lines []string
	n     int
	line  string
	heads map[string]bool
	entry *entry
}

// next returns the next line that says something, without its comment.
func (p *parser) next() (string, bool) {
	for p.n < len(p.lines) {
		p.line = p.lines[p.n]
		p.n++
		s, _, _ := strings.Cut(p.line, "//")
		if s = strings.TrimSpace(s); s != "" {
			return s, true
		}
	}
	return "", false
}

func (p *parser) module() error {
	p.heads = map[string]bool{}
	for {
		s, ok := p.next()
		if !ok {
			break
		}
		word, rest, _ := strings.Cut(s, " ")
		switch word {
		case ".version", ".target", ".address_size":
			p.heads[word] = true
		case ".const":
			if err := p.constant(rest); err != nil {
				return err
			}
		case ".visible", ".entry":
			if err := p.kernel(s); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown directive")
		}
	}
	if len(p.heads) != 3 {
		return fmt.Errorf("no .version, .target or .address_size")
	}
	return nil
}

// constant reads ".align 8 .b64 name[16] = {0x1, ...};".
func (p *parser) constant(s string) error {
	decl, list, ok := strings.Cut(strings.TrimSuffix(s, ";"), "=")
	if !ok {
		return fmt.Errorf("constants have values")
	}
	name, bytes, size, err := p.memory(decl)
	if err != nil {
		return err
	}
	at := uint64(8 * len(p.m.consts))
	p.m.consts = append(p.m.consts, make([]uint64, (bytes+7)/8)...)
	p.m.symbols[name] = symbol{"const", at}
	for i, v := range strings.Split(strings.Trim(strings.TrimSpace(list), "{}"), ",") {
		x, err := strconv.ParseUint(strings.TrimSpace(v), 0, 64)
		if err != nil || uint64(i*size) >= bytes {
			return fmt.Errorf("value %d", i)
		}
		putWord(p.m.consts, at+uint64(i*size), size, x)
	}
	return nil
}

// memory reads ".align 8 .b64 name[16]".
func (p *parser) memory(s string) (name string, bytes uint64, size int, err error) {
	f := strings.Fields(s)
	if len(f) != 4 || f[0] != ".align" {
		return "", 0, 0, fmt.Errorf("a declaration of memory")
	}
	t, err := typeOf(strings.TrimPrefix(f[2], "."))
	if err != nil {
		return "", 0, 0, err
	}
	name, n, ok := strings.Cut(strings.TrimSuffix(f[3], "]"), "[")
	count, err := strconv.ParseUint(n, 0, 32)
	if !ok || err != nil {
		return "", 0, 0, fmt.Errorf("the length of an array")
	}
	return name, count * uint64(t.size), t.size, nil
}

// kernel reads an entry up to its closing brace.
func (p *parser) kernel(s string) error {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, ".visible"), " "))
	s, ok := strings.CutPrefix(s, ".entry ")
	name, params, ok2 := strings.Cut(s, "(")
	if !ok || !ok2 || !strings.HasSuffix(params, ")") {
		return fmt.Errorf("the head of an entry")
	}
	e := &entry{name: strings.TrimSpace(name), params: map[string]int{}, byName: map[string]int{}, consts: map[string]int{}, symbols: map[string]symbol{}, labels: map[string]int{}, granule: 8}
	for _, x := range strings.Split(strings.TrimSuffix(params, ")"), ",") {
		f := strings.Fields(x)
		if len(f) != 3 || f[0] != ".param" {
			return fmt.Errorf("a parameter: %s", x)
		}
		t, err := typeOf(strings.TrimPrefix(f[1], "."))
		if err != nil {
			return err
		}
		e.params[f[2]] = len(e.sizes)
		e.sizes = append(e.sizes, t.size)
	}
	for _, s := range []string{regThread: "%tid.x", regThreads: "%ntid.x", regBlock: "%ctaid.x", regBlocks: "%nctaid.x"} {
		e.declare(s, typ{'u', 4})
	}
	if s, _ := p.next(); s != "{" {
		return fmt.Errorf("a body")
	}
	p.entry = e
	start := p.n
	for pass := range 2 { // declarations and labels, then code
		p.n = start
		count := 0
		for {
			s, ok := p.next()
			if !ok {
				return fmt.Errorf("entry %s does not end", e.name)
			}
			if s == "}" {
				break
			}
			if l, ok := strings.CutSuffix(s, ":"); ok {
				if _, twice := e.labels[l]; twice && pass == 0 {
					return fmt.Errorf("label %s is there twice", l)
				}
				e.labels[l] = count
				continue
			}
			s, ok = strings.CutSuffix(s, ";")
			if !ok {
				return fmt.Errorf("no ;")
			}
			if strings.HasPrefix(s, ".") {
				if pass == 0 {
					if err := p.declaration(s); err != nil {
						return err
					}
				}
				continue
			}
			count++
			if pass == 1 {
				if err := p.instruction(s); err != nil {
					return err
				}
			}
		}
	}
	e.code = append(e.code, instr{run: func(t *thread) { t.fail("the code of %s has no end", e.name) }, guard: -1})
	e.lines = append(e.lines, line{p.n, "}"})
	p.m.entries[e.name] = e
	return nil
}

// garbage is what a register holds that nothing was written to.
const garbage = 0x7ff5_dead_beef_7fc5

func (e *entry) declare(name string, t typ) {
	e.byName[name] = len(e.regs)
	g := uint64(garbage)
	switch {
	case t.kind == 'p':
		g = 1
	case t.size == 4:
		g &= math.MaxUint32
	}
	e.regs, e.types = append(e.regs, g), append(e.types, t)
}

func (p *parser) declaration(s string) error {
	e := p.entry
	word, rest, _ := strings.Cut(s, " ")
	switch word {
	case ".reg":
		tname, names, _ := strings.Cut(rest, " ")
		t, err := typeOf(strings.TrimPrefix(tname, "."))
		if err != nil {
			return err
		}
		for _, n := range strings.Split(names, ",") {
			n = strings.TrimSpace(n)
			stem, count, many := strings.Cut(strings.TrimSuffix(n, ">"), "<")
			if !many {
				e.declare(n, t)
				continue
			}
			k, err := strconv.Atoi(count)
			if err != nil {
				return err
			}
			for i := range k {
				e.declare(stem+strconv.Itoa(i), t)
			}
		}
		return nil
	case ".local", ".shared":
		name, bytes, _, err := p.memory(rest)
		if err != nil {
			return err
		}
		at := &e.local
		if word == ".shared" {
			at = &e.shared
		}
		e.symbols[name] = symbol{word[1:], *at}
		*at += (bytes + 7) / 8 * 8
		return nil
	}
	return fmt.Errorf("unknown directive")
}

// instruction reads "@%p1 bra L1" and the like.
func (p *parser) instruction(s string) error {
	in := instr{guard: -1}
	at := line{p.n, s}
	if strings.HasPrefix(s, "@") {
		g, rest, _ := strings.Cut(s[1:], " ")
		if g, in.not = strings.CutPrefix(g, "!"); true {
			r, ok := p.entry.byName[g]
			if !ok || p.entry.types[r].kind != 'p' {
				return fmt.Errorf("%s is no predicate", g)
			}
			in.guard = r
		}
		s = strings.TrimSpace(rest)
	}
	name, rest, _ := strings.Cut(s, " ")
	var args []string
	if rest = strings.TrimSpace(rest); rest != "" {
		for _, a := range strings.Split(rest, ",") {
			args = append(args, strings.TrimSpace(a))
		}
	}
	d := &decoder{e: p.entry, m: p.m, mods: strings.Split(name, "."), args: args}
	run, err := d.decode()
	if err != nil {
		return err
	}
	in.run = run
	p.entry.code, p.entry.lines = append(p.entry.code, in), append(p.entry.lines, at)
	return nil
}

// typ is a type: kind b, s, u, f or p, and its bytes.
type typ struct {
	kind byte
	size int
}

func typeOf(s string) (typ, error) {
	if s == "pred" {
		return typ{'p', 1}, nil
	}
	if len(s) >= 2 && strings.IndexByte("bsuf", s[0]) >= 0 {
		if n, err := strconv.Atoi(s[1:]); err == nil && (n == 8 || n == 16 || n == 32 || n == 64) && (s[0] != 'f' || n >= 32) {
			return typ{s[0], n / 8}, nil
		}
	}
	return typ{}, fmt.Errorf("no type %s", s)
}

// takes reports whether an operand of an instruction of type t may be a register of type
// r. Loads, stores and conversions take wider ones.
func (t typ) takes(r typ, wide bool) bool {
	if t.kind == 'p' || r.kind == 'p' {
		return t.kind == r.kind
	}
	if r.size != t.size && !(wide && r.size > t.size && t.kind != 'f' && r.kind != 'f') {
		return false
	}
	return t.kind == 'b' || r.kind == 'b' || (t.kind == 'f') == (r.kind == 'f')
}
