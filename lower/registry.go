package lower

import (
	"fmt"
	"slices"
	"sync"
)

var registry struct {
	sync.Mutex
	makers map[string]func() (Target, error)
	names  []string
}

// Register makes a target available by name. Targets call it from init; it panics when
// the name is taken or the maker is nil.
func Register(name string, maker func() (Target, error)) {
	registry.Lock()
	defer registry.Unlock()
	if maker == nil {
		panic("lower: Register of a nil maker for " + name)
	}
	if registry.makers[name] != nil {
		panic("lower: target " + name + " registered twice")
	}
	if registry.makers == nil {
		registry.makers = map[string]func() (Target, error){}
	}
	registry.makers[name] = maker
	registry.names = append(registry.names, name)
}

// Open makes a target that was registered. The caller closes it.
func Open(name string) (Target, error) {
	registry.Lock()
	maker := registry.makers[name]
	names := slices.Clone(registry.names)
	registry.Unlock()
	if maker == nil {
		slices.Sort(names)
		return nil, fmt.Errorf("lower: no target %q is linked in; there are %v (import its package)", name, names)
	}
	t, err := maker()
	if err == nil && t.Name() != name {
		t.Close()
		return nil, fmt.Errorf("lower: target %q calls itself %q: code is kept by that name", name, t.Name())
	}
	return t, err
}

// Names returns the registered targets, sorted.
func Names() []string {
	registry.Lock()
	defer registry.Unlock()
	names := slices.Clone(registry.names)
	slices.Sort(names)
	return names
}
