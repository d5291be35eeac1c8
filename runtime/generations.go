package rt

import "sync"

// generations keeps what was used lately: a generation of at most limit entries, and the
// one before it, from which what is asked for again moves up.
type generations[V any] struct {
	limit      int
	mu         sync.RWMutex
	young, old map[string]V
}

// get returns the value of a key.
func (g *generations[V]) get(key string) (V, bool) {
	g.mu.RLock()
	v, ok := g.young[key]
	g.mu.RUnlock()
	if ok {
		return v, true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if v, ok = g.young[key]; !ok {
		if v, ok = g.old[key]; ok {
			g.add(key, v)
		}
	}
	return v, ok
}

// put keeps a value, unless there is one for the key. It returns what is kept and whether
// that is v.
func (g *generations[V]) put(key string, v V) (kept V, added bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if kept, ok := g.young[key]; ok {
		return kept, false
	}
	kept, ok := g.old[key]
	if !ok {
		kept = v
	}
	g.add(key, kept)
	return kept, !ok
}

func (g *generations[V]) add(key string, v V) {
	if len(g.young) >= g.limit {
		g.young, g.old = nil, g.young
	}
	if g.young == nil {
		g.young = map[string]V{}
	}
	g.young[key] = v
}

// drop forgets everything, and calls f with each value.
func (g *generations[V]) drop(f func(v V)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.young {
		f(v)
	}
	for key, v := range g.old {
		if _, moved := g.young[key]; !moved {
			f(v)
		}
	}
	g.young, g.old = nil, nil
}
