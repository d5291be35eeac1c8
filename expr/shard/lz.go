package shard

import "errors"

var errLZ = errors.New("the stream is damaged")

// lz fills a block from literals and from what it has before.
type lz struct {
	dst, src []byte
	at       int // in dst
	from     int // in src
}

// next returns the next byte of the stream.
func (z *lz) next() (int, bool) {
	if z.from >= len(z.src) {
		return 0, false
	}
	z.from++
	return int(z.src[z.from-1]), true
}

// more adds bytes to a length while they are 255, and the one after.
func (z *lz) more(n int) (int, bool) {
	for {
		b, ok := z.next()
		if n += b; !ok || b != 255 {
			return n, ok
		}
	}
}

// literals copies bytes of the stream.
func (z *lz) literals(n int) bool {
	if n > len(z.src)-z.from || n > len(z.dst)-z.at {
		return false
	}
	copy(z.dst[z.at:], z.src[z.from:z.from+n])
	z.at, z.from = z.at+n, z.from+n
	return true
}

// match repeats what stands before, a number of bytes back: of what it writes, too.
func (z *lz) match(back, n int) bool {
	if back <= 0 || back > z.at || n > len(z.dst)-z.at {
		return false
	}
	for start := z.at - back; n > 0; {
		k := copy(z.dst[z.at:z.at+n], z.dst[start:z.at]) // twice as much each time
		z.at, n = z.at+k, n-k
	}
	return true
}

// end reports what is wrong after the last byte of the stream.
func (z *lz) end() error {
	if z.at != len(z.dst) {
		return errLZ
	}
	return nil
}

// unpackLZ4 fills dst from a block of LZ4.
func unpackLZ4(dst, src []byte) error {
	z := lz{dst: dst, src: src}
	for {
		token, ok := z.next()
		n := token >> 4
		if ok && n == 15 {
			n, ok = z.more(n)
		}
		if !ok || !z.literals(n) {
			return errLZ
		}
		if z.from == len(src) { // a block ends with literals
			return z.end()
		}
		low, _ := z.next()
		high, ok := z.next()
		if n = token & 15; ok && n == 15 {
			n, ok = z.more(n)
		}
		if !ok || !z.match(high<<8|low, n+4) {
			return errLZ
		}
	}
}

// A match of BloscLZ that is further back than far has its distance beyond that in two
// bytes.
const far = 8191

// unpackBloscLZ fills dst from a block of BloscLZ.
func unpackBloscLZ(dst, src []byte) error {
	z := lz{dst: dst, src: src}
	for first := true; z.from < len(src); first = false {
		control, ok := z.next()
		if first {
			control &= 31
		}
		if control < 32 {
			if !z.literals(control + 1) {
				return errLZ
			}
			continue
		}
		n := control>>5 + 2
		if n == 9 {
			n, ok = z.more(n)
		}
		low, there := z.next()
		back := control&31<<8 | low
		if back == far {
			var high int
			high, _ = z.next()
			low, there = z.next()
			back += high<<8 | low
		}
		if !ok || !there || !z.match(back+1, n) {
			return errLZ
		}
	}
	return z.end()
}
