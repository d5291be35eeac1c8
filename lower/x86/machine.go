package x86

import (
	"fmt"
	"unsafe"

	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Machine makes machine code of a level.
type Machine struct{ level asm.Level }

// New returns the machine of a level, which must be Available where its code is to run.
func New(level asm.Level) *Machine { return &Machine{level} }

// Compile implements loop.Machine: all parts of a loop are one piece of code.
func (m *Machine) Compile(l *loop.Loop, parts []loop.Part, class loop.Class, file loop.File) (loop.Native, error) {
	e := &emitter{level: m.level, loop: l, class: class, file: file, pool: asm.NewPool(), literals: map[asm.Arg]int64{}, writes: map[*loop.Var]int{}}
	e.lists = listPool.Get().(*lists)
	defer listPool.Put(e.lists)
	e.count(l.Body)
	e.cold = asm.NewBuilder(&e.label)
	e.cold.Insts = e.list()
	entries := make([]asm.Arg, len(parts))
	insts := e.list()
	for i, p := range parts {
		b, entry, err := e.part(p)
		if err != nil {
			return nil, err
		}
		entries[i] = entry
		insts = append(insts, b.Insts...)
		e.drop(b.Insts)
	}
	insts = asm.Promote(insts, e.cold.Insts, e.tops, m.level, Frame, e.isWord, &e.label)
	code, err := asm.Assemble(insts, e.pool, m.level)
	e.drop(insts)
	e.drop(e.cold.Insts)
	if err != nil {
		return nil, err
	}
	t, err := load(code.Bytes)
	if err != nil {
		return nil, err
	}
	n := &native{text: t, level: m.level, size: len(code.Bytes), stats: e.stats}
	for _, l := range entries {
		n.entries = append(n.entries, t.addr+uintptr(code.Labels[l.Imm]))
	}
	return n, publish(l.Name, t, code.Bytes, func() string { return code.Listing() })
}

// count counts the assignments of variables. Those that are there before any count.
func (e *emitter) count(body []loop.Stmt) {
	for _, s := range body {
		switch s := s.(type) {
		case *loop.Par:
			for _, r := range s.Ranges {
				e.writes[r.Lo]++
				e.writes[r.Hi]++
			}
		case *loop.For:
			e.writes[s.Var]++
		case *loop.Set:
			e.writes[s.Var]++
		case *loop.Strip:
			for _, a := range s.Body {
				if a, ok := a.(*loop.Append); ok {
					e.writes[a.Count] += 2 // again and again
				}
			}
		}
		for _, b := range blocksOf(s) {
			e.count(b)
		}
	}
}

// part emits a part, and returns the label that it is entered at.
func (e *emitter) part(p loop.Part) (code *asm.Builder, entry asm.Arg, err error) {
	e.vars, e.nodes, e.arrays, e.inner = map[*loop.Var]*node{}, map[nodeKey]*node{}, map[*loop.Array]*layout{}, len(p.Ranges) > 0
	e.blocks = nil
	b := e.push()
	entry = e.b.NewLabel()
	resume := e.b.NewLabel()
	e.b.Bind(entry)
	e.code(asm.CMP, word(loop.WordResume), asm.I(0))
	e.jumpTo(asm.JNZ, resume)
	e.aside(resume, func() {
		e.code(asm.MOV, asm.R(asm.RAX), word(loop.WordResume))
		e.code(asm.MOV, word(loop.WordResume), asm.I(0))
		e.b.Op(asm.JMP, 0, asm.R(asm.RAX))
	})
	if err := e.stmts(p.Body); err != nil {
		return nil, entry, err
	}
	e.leave(loop.StatusDone, asm.Arg{})
	return b.b, entry, nil
}

// stats are what strips take of the processor.
type stats struct {
	strips          int
	registers       [3]int // by class: of the strip with most
	spills, reloads int    // instructions
}

func (s *stats) add(x asm.Stats) {
	s.strips++
	for c, n := range x.Registers {
		s.registers[c] = max(s.registers[c], n)
	}
	s.spills += x.Spills
	s.reloads += x.Reloads + x.Folded
}

// native is the machine code of a loop.
type native struct {
	text    *text
	level   asm.Level
	size    int
	entries []uintptr // of parts: addresses in the text
	stats   stats
}

// Enter implements loop.Native.
func (n *native) Enter(part int, frame unsafe.Pointer) { n.text.run(n.entries[part], frame) }

// Close implements loop.Native.
func (n *native) Close() error { return n.text.close() }

// String implements loop.Native.
func (n *native) String() string {
	width := 256
	if n.level == asm.AVX512 {
		width = 512
	}
	s := &n.stats
	return fmt.Sprintf("machine code: %d bytes, vectors of %d bits, %d pieces of straight code on at most %d general, %d vector and %d mask registers, %d spills, %d reloads\n",
		n.size, width, s.strips, s.registers[asm.GPR], s.registers[asm.Vec], s.registers[asm.Mask], s.spills, s.reloads)
}
