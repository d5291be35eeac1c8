package rt

import (
	"fmt"
	"testing"
)

// TestGenerations holds that what is used stays, what is not goes, and that there is
// never more than twice the limit.
func TestGenerations(t *testing.T) {
	g := generations[int]{limit: 10}
	for i := range 1000 {
		if v, added := g.put(fmt.Sprint(i), i); v != i || !added {
			t.Fatalf("%d was kept in the place of %d", v, i)
		}
		if v, ok := g.get("0"); !ok || v != 0 {
			t.Fatalf("what is used was forgotten after %d more", i)
		}
		if n := len(g.young) + len(g.old); n > 20 {
			t.Fatalf("%d are kept", n)
		}
	}
	if v, added := g.put("0", 7); v != 0 || added {
		t.Errorf("%d replaced what is kept", v)
	}
	if _, ok := g.get("1"); ok {
		t.Error("what was not used is still there")
	}
	seen := map[int]int{}
	g.drop(func(v int) { seen[v]++ })
	if seen[0] != 1 || len(g.young)+len(g.old) != 0 {
		t.Errorf("dropped %v", seen)
	}
}
