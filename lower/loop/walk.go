package loop

// walk calls f with every value in the statements, operands before users.
func walk(body []Stmt, f func(*Val)) {
	for _, s := range body {
		for _, v := range operands(s) {
			walkVal(v, f)
		}
		for _, b := range blocks(s) {
			walk(*b, f)
		}
	}
}

func walkVal(v *Val, f func(*Val)) {
	for _, a := range v.Args {
		walkVal(a, f)
	}
	f(v)
}

// blocks returns the blocks inside a statement.
func blocks(s Stmt) []*[]Stmt {
	switch s := s.(type) {
	case *Par:
		return []*[]Stmt{&s.Body}
	case *For:
		return []*[]Stmt{&s.Body}
	case *While:
		return []*[]Stmt{&s.Body}
	case *Merge:
		return []*[]Stmt{&s.Body}
	case *If:
		return []*[]Stmt{&s.Then, &s.Else}
	case *Strip:
		return []*[]Stmt{&s.Body}
	}
	return nil
}

// operands returns the values that stand in a statement itself, in the order of its text.
func operands(s Stmt) []*Val {
	var out []*Val
	elements := func(es []Element) {
		for _, e := range es {
			out = append(out, e.Index...)
		}
	}
	switch s := s.(type) {
	case *Par:
		for _, r := range s.Ranges {
			out = append(out, r.From, r.To, r.Step)
		}
		out = append(out, s.Cost)
	case *For:
		out = append(out, s.Lo, s.Hi, s.Step)
	case *While:
		out = append(out, s.Cond)
	case *Merge:
		out = append(out, s.Ends...)
	case *If:
		out = append(out, s.Cond)
	case *Local:
		out = append(out, s.Extents...)
		if s.Init != nil {
			out = append(out, s.Init)
		}
	case *Require:
		out = append(out, s.Lo, s.Hi, s.Extent, s.When)
	case *NonEmpty:
		out = append(out, s.N)
	case *Set:
		out = append(out, s.Val)
	case *Store:
		out = append(append(out, s.Index...), s.Val)
	case *Strip:
		out = append(out, s.N)
	case *Lanes:
		out = append(out, s.Vals...)
		if s.At != nil {
			out = append(out, s.At)
		}
	case *Prefix:
		elements(s.Outs)
		out = append(out, s.Vals...)
	case *Scatter:
		elements(s.Targets)
		out = append(out, s.Vals...)
	case *Append:
		out = append(append(out, s.Cond), s.Vals...)
	case *Tile:
		out = append(out, s.K, s.M, s.N)
		if s.Init != nil {
			out = append(out, s.Init)
		}
		elements(s.Accs)
		out = append(out, s.Vals...)
		if s.Left != nil {
			out = append(append(out, s.When), s.Left.Index...)
		}
	case *Soon:
		out = append(out, s.Loads...)
	case *Chains:
		out = append(out, s.N, s.K)
		if s.Init != nil {
			out = append(out, s.Init)
		}
		out = append(append(out, s.Vals...), s.Soon...)
	}
	return out
}
