package loop

// Strips returns statements that do what chains do, a step of all states at a time.
func (s *Chains) Strips() []Stmt {
	at := []*Val{use(s.Pos)}
	names, state := Combined(s.Combine.Step, []*Val{{Kind: Load, DType: s.Acc.DType, Array: s.Acc, Args: at}}, s.Vals, Runs)
	step := &Strip{Pos: s.Pos, N: s.N}
	for _, x := range names {
		step.Body = append(step.Body, x)
	}
	step.Body = append(step.Body, &Store{s.Acc, at, state[0]})
	steps := &For{s.Depth, intVal(0), s.K, intVal(1), []Stmt{step}}
	if s.Init == nil {
		return []Stmt{steps}
	}
	return []Stmt{&Strip{Pos: s.Pos, N: s.N, Body: []Stmt{&Store{s.Acc, at, s.Init}}}, steps}
}

// Along returns the load at depth 0, and by how much its positions move with the depth;
// not ok: they are not affine in it.
func (s *Chains) Along(load *Val) (at *Val, coefs []*Val, ok bool) {
	first := *load
	first.Args = make([]*Val, len(load.Args))
	for d, v := range load.Args {
		base, coef, ok := affine(v, s.Depth, func(v *Val) bool { return firstVar(v, func(x *Var) bool { return x == s.Depth }) != nil })
		if !ok {
			return nil, nil, false
		}
		first.Args[d] = base
		coefs = append(coefs, coef)
	}
	return &first, coefs, true
}
