package np

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A tree is an Array, or a struct, pointer to struct, slice, array or map of trees.
// Eval and Compile take and return any tree type, so that a model's parameters are an
// ordinary Go struct.
//
// In a struct every exported field whose type can hold an Array is part of the
// tree. Fields of other types are static: they are carried along unchanged and are
// part of Compile's key. An unexported field that holds Arrays is an error that names
// it. `np:"static"` keeps a field out.
//
// What a type's trees look like is found out once, as a plan: offsets of the Arrays in
// it. Walking a tree of structs alone is then a few loads, without reflection.

var arrayType = reflect.TypeFor[Array]()

// plan is how the trees of a type are walked, in field order.
type plan struct {
	steps   []step
	dynamic bool  // some step is not an Array in place
	static  bool  // some field is no part of the tree
	bad     error // a field that holds arrays cannot be reached
}

// step is one Array, or one slice, pointer or map of trees, at an offset.
type step struct {
	offset uintptr
	path   string
	typ    reflect.Type // of the slice, pointer or map; nil: an Array
	elem   *plan
}

// typePlan is the plan of one type.
type typePlan struct {
	t    reflect.Type
	plan *plan
}

var (
	plans  sync.Map                 // reflect.Type -> *typePlan
	latest atomic.Pointer[typePlan] // the one asked for last: a loop over steps asks for few
)

// planFor returns the plan of trees of type t.
func planFor(t reflect.Type) *plan {
	if p := latest.Load(); p != nil && p.t == t {
		return p.plan
	}
	p, ok := plans.Load(t)
	if !ok {
		p, _ = plans.LoadOrStore(t, &typePlan{t, makePlan(t, map[reflect.Type]*plan{})})
	}
	latest.Store(p.(*typePlan))
	return p.(*typePlan).plan
}

// makePlan plans a type; a type inside itself finds its plan in making.
func makePlan(t reflect.Type, making map[reflect.Type]*plan) *plan {
	if p := making[t]; p != nil {
		return p
	}
	p := &plan{}
	making[t] = p
	p.add(t, 0, "", making)
	return p
}

// add appends the steps of a value of type t at an offset.
func (p *plan) add(t reflect.Type, offset uintptr, path string, making map[reflect.Type]*plan) {
	switch {
	case t == arrayType:
		p.steps = append(p.steps, step{offset: offset, path: path})
		return
	case !holdsArray(t, map[reflect.Type]bool{}):
		p.static = true
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Tag.Get("np") == "static" {
				p.static = true
				continue
			}
			if !f.IsExported() && holdsArray(f.Type, map[reflect.Type]bool{}) {
				p.bad = fmt.Errorf("field %s of %s holds arrays but is not exported: export it or tag it np:\"static\"", f.Name, t)
				continue
			}
			p.add(f.Type, offset+f.Offset, path+"."+f.Name, making)
		}
	case reflect.Array:
		for i := range t.Len() {
			p.add(t.Elem(), offset+uintptr(i)*t.Elem().Size(), fmt.Sprintf("%s[%d]", path, i), making)
		}
	default: // slice, pointer, map
		elem := makePlan(t.Elem(), making)
		p.dynamic = true
		p.bad = cmp.Or(p.bad, elem.bad)
		p.steps = append(p.steps, step{offset, path, t, elem})
	}
}

// holdsArray reports whether a value of type t can hold an Array.
func holdsArray(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == arrayType {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("np") != "static" && holdsArray(f.Type, seen) {
				return true
			}
		}
	case reflect.Slice, reflect.Array, reflect.Pointer, reflect.Map:
		return holdsArray(t.Elem(), seen)
	}
	return false
}

// each calls f with every Array of the tree at p, of plan pl. It may replace them; with
// fresh, what slices, pointers and maps lead to is copied first, so that the tree that
// the one at p was copied from stays as it is.
func (pl *plan) each(p unsafe.Pointer, fresh bool, f func(*Array)) {
	for i := range pl.steps {
		s := &pl.steps[i]
		at := unsafe.Add(p, s.offset)
		if s.typ == nil {
			f((*Array)(at))
			continue
		}
		s.each(reflect.NewAt(s.typ, at).Elem(), fresh, f)
	}
}

// eachIn is each of the tree that t points to.
func eachIn[T any](pl *plan, t *T, fresh bool, f func(*Array)) { pl.each(unsafe.Pointer(t), fresh, f) }

func (s *step) each(v reflect.Value, fresh bool, f func(*Array)) {
	if v.IsNil() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if fresh {
			c := reflect.New(s.typ.Elem())
			c.Elem().Set(v.Elem())
			v.Set(c)
		}
		s.elem.each(v.UnsafePointer(), fresh, f)
	case reflect.Slice:
		if fresh {
			c := reflect.MakeSlice(s.typ, v.Len(), v.Len())
			reflect.Copy(c, v)
			v.Set(c)
		}
		for i := range v.Len() {
			s.elem.each(v.Index(i).Addr().UnsafePointer(), fresh, f)
		}
	case reflect.Map: // values of a map have no address: work on copies
		into := v
		if fresh {
			into = reflect.MakeMapWithSize(s.typ, v.Len())
		}
		for _, k := range sortedKeys(v) {
			c := reflect.New(s.typ.Elem())
			c.Elem().Set(v.MapIndex(k))
			s.elem.each(c.UnsafePointer(), fresh, f)
			if fresh {
				into.SetMapIndex(k, c.Elem())
			}
		}
		if fresh {
			v.Set(into)
		}
	}
}

// paths appends the path of every Array of the tree at p, in the order of each.
func (pl *plan) paths(p unsafe.Pointer, prefix string, out []string) []string {
	for i := range pl.steps {
		s := &pl.steps[i]
		at := unsafe.Add(p, s.offset)
		if s.typ == nil {
			out = append(out, prefix+s.path)
			continue
		}
		v := reflect.NewAt(s.typ, at).Elem()
		if v.IsNil() {
			continue
		}
		switch v.Kind() {
		case reflect.Pointer:
			out = s.elem.paths(v.UnsafePointer(), prefix+s.path, out)
		case reflect.Slice:
			for i := range v.Len() {
				out = s.elem.paths(v.Index(i).Addr().UnsafePointer(), fmt.Sprintf("%s%s[%d]", prefix, s.path, i), out)
			}
		case reflect.Map:
			for _, k := range sortedKeys(v) {
				c := reflect.New(s.typ.Elem())
				c.Elem().Set(v.MapIndex(k))
				out = s.elem.paths(c.UnsafePointer(), fmt.Sprintf("%s%s[%v]", prefix, s.path, k), out)
			}
		}
	}
	return out
}

// sortedKeys returns a map's keys in the order in which they print.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch {
		case a.CanInt() && b.CanInt():
			return cmp.Compare(a.Int(), b.Int())
		case a.CanUint() && b.CanUint():
			return cmp.Compare(a.Uint(), b.Uint())
		}
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}

// TreeMap returns t with f applied to every Array in it; t itself, and what its slices,
// pointers and maps lead to, stay as they are. When T hides Arrays in an unexported
// field, every Array that can be reached carries the error; when none can, TreeMap
// panics: a fault of the type alone, so the first test finds it.
func TreeMap[T any](t T, f func(Array) Array) T {
	pl := planFor(reflect.TypeFor[T]())
	if pl.bad == nil && !pl.dynamic {
		for i := range pl.steps {
			a := (*Array)(unsafe.Add(unsafe.Pointer(&t), pl.steps[i].offset))
			*a = f(*a)
		}
		return t
	}
	if pl.bad != nil {
		f = poison(pl)
	}
	c := new(T)
	*c = t
	eachIn(pl, c, true, func(a *Array) { *a = f(*a) })
	return *c
}

// poison returns what TreeMap does to the Arrays of a tree that has a hidden one.
func poison(pl *plan) func(Array) Array {
	bad := begin("TreeMap").fail(ErrOperand, "%v", pl.bad)
	if len(pl.steps) == 0 {
		panic(bad.Data)
	}
	return func(Array) Array { return Array{n: bad} }
}

// TreeMap2 returns f of the Arrays of a and b, pair by pair: an optimiser's step. Trees
// of different structure give Arrays with ErrShape.
func TreeMap2[T any](a, b T, f func(x, y Array) Array) T {
	pl := planFor(reflect.TypeFor[T]())
	if pl.bad == nil && !pl.dynamic {
		for i := range pl.steps {
			x := (*Array)(unsafe.Add(unsafe.Pointer(&a), pl.steps[i].offset))
			*x = f(*x, *(*Array)(unsafe.Add(unsafe.Pointer(&b), pl.steps[i].offset)))
		}
		return a
	}
	px, _ := Leaves(a)
	py, ys := Leaves(b)
	if !slices.Equal(px, py) {
		bad := begin("TreeMap2").fail(ErrShape, "the trees differ: the arrays %v and %v", px, py)
		return TreeMap(a, func(Array) Array { return Array{n: bad} })
	}
	i := 0
	return TreeMap(a, func(x Array) Array {
		i++
		return f(x, ys[i-1])
	})
}

// Leaves returns the Arrays of a tree with their paths, in field order (map keys
// sorted): "" for a bare Array, ".W" for field W, ".Layers[2].B".
func Leaves[T any](t T) (paths []string, arrays []Array) {
	pl := planFor(reflect.TypeFor[T]())
	c := new(T)
	*c = t
	eachIn(pl, c, false, func(a *Array) { arrays = append(arrays, *a) })
	return pl.paths(unsafe.Pointer(c), "", nil), arrays
}
