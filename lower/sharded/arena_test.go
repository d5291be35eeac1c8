package sharded

import "testing"

// What is idle is used again, and given back before more than the bound is held.
func TestArenaHoldsTheBound(t *testing.T) {
	a := newArena()
	defer a.bound(0)
	a.bound(4 << 20)
	get := func(n int64) []byte {
		t.Helper()
		b, err := a.get(n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	x, y := get(1<<20), get(1<<20)
	first := &x[0]
	a.put(x)
	if x = get(1<<20 - 7); &x[0] != first {
		t.Error("idle memory was not used again")
	}
	a.put(x)
	a.put(y)
	if a.kept != 2<<20 || a.held != 2<<20 {
		t.Errorf("%d bytes idle of %d", a.kept, a.held)
	}
	z, small := get(3<<20), get(100<<10)
	if a.kept != 0 || a.held != 3<<20+100<<10 {
		t.Errorf("%d bytes idle of %d beside 3.1 MiB in use", a.kept, a.held)
	}
	a.put(z)
	a.put(small)
	if a.bound(0); a.kept != 0 || a.held != 0 {
		t.Errorf("%d bytes idle of %d at the end", a.kept, a.held)
	}
}
