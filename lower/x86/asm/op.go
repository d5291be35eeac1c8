package asm

// Op is an instruction's name: a row of the table of encodings.
type Op uint16

// LABEL is no instruction: it marks a place.
const LABEL Op = 0
