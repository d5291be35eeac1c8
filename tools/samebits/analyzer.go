package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

const doc = `report floating-point code whose bits depend on the architecture

The Go compiler may fuse x*y + z into one instruction that rounds once. It does
so on arm64, ppc64le, riscv64, s390x and amd64 with GOAMD64=v3, across
statements and inlined calls, so the same source gives other bits there. Only
an explicit conversion of the product, float64(x*y) + z, forbids it.

The rule is deliberately simple, so that it is sound without following values:
a floating-point product or quotient must stand directly inside a conversion to
a numeric type. Quotients count because a division by a power of two is
compiled as a product, even where the divisor is a constant only after inlining.

Complex products and quotients are always reported: their parts are fused
inside, where no conversion reaches. So are the functions of package math that
do not round correctly: they are assembly on some machines, fused on others.

Constants and integers are fine, and test files are not looked at.`

var analyzer = &analysis.Analyzer{
	Name:     "samebits",
	Doc:      doc,
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      run,
}

// exactMath holds the functions of package math whose result is the exact one,
// or the exact one rounded once, on every architecture.
var exactMath = map[string]bool{
	"Abs": true, "Ceil": true, "Copysign": true, "Dim": true, "FMA": true,
	"Float32bits": true, "Float32frombits": true, "Float64bits": true, "Float64frombits": true,
	"Floor": true, "Frexp": true, "Ilogb": true, "Inf": true, "IsInf": true, "IsNaN": true,
	"Ldexp": true, "Logb": true, "Max": true, "Min": true, "Mod": true, "Modf": true, "NaN": true,
	"Nextafter": true, "Nextafter32": true, "Remainder": true, "Round": true, "RoundToEven": true,
	"Signbit": true, "Sqrt": true, "Trunc": true,
}

func run(pass *analysis.Pass) (any, error) {
	root := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector).Root()
	for cur := range root.Preorder((*ast.BinaryExpr)(nil), (*ast.AssignStmt)(nil), (*ast.SelectorExpr)(nil)) {
		if strings.HasSuffix(pass.Fset.Position(cur.Node().Pos()).Filename, "_test.go") {
			continue
		}
		switch n := cur.Node().(type) {
		case *ast.BinaryExpr:
			checkExpr(pass, cur, n)
		case *ast.AssignStmt:
			checkAssign(pass, n)
		case *ast.SelectorExpr:
			checkMath(pass, n)
		}
	}
	return nil, nil
}

// names says what the two operators the rule is about yield.
var names = map[token.Token]string{
	token.MUL: "product", token.MUL_ASSIGN: "product",
	token.QUO: "quotient", token.QUO_ASSIGN: "quotient",
}

func checkExpr(pass *analysis.Pass, cur inspector.Cursor, n *ast.BinaryExpr) {
	name, watched := names[n.Op]
	tv := pass.TypesInfo.Types[n]
	if !watched || tv.Value != nil {
		return
	}
	switch info := basicInfo(tv.Type); {
	case info&types.IsComplex != 0:
		reportComplex(pass, n, name)
	case info&types.IsFloat != 0 && !converted(pass, cur):
		typ := typeName(pass, tv.Type)
		pass.Report(analysis.Diagnostic{
			Pos:            n.Pos(),
			End:            n.End(),
			Message:        "floating-point " + name + " may be fused: write " + typ + "(x" + n.Op.String() + "y)",
			SuggestedFixes: fix(n, typ),
		})
	}
}

// fix wraps n in a conversion. In a chain such as x*y*z the insertions of both
// products would meet at x, so the inner one comes first and the outer one is
// fixed by running again.
func fix(n *ast.BinaryExpr, typ string) []analysis.SuggestedFix {
	if x, ok := n.X.(*ast.BinaryExpr); ok && names[x.Op] != "" {
		return nil
	}
	return []analysis.SuggestedFix{{
		Message: "Convert to " + typ,
		TextEdits: []analysis.TextEdit{
			{Pos: n.Pos(), End: n.Pos(), NewText: []byte(typ + "(")},
			{Pos: n.End(), End: n.End(), NewText: []byte(")")},
		},
	}}
}

func checkAssign(pass *analysis.Pass, n *ast.AssignStmt) {
	name, watched := names[n.Tok]
	if !watched {
		return
	}
	op := strings.TrimSuffix(n.Tok.String(), "=")
	typ := pass.TypesInfo.TypeOf(n.Lhs[0])
	switch info := basicInfo(typ); {
	case info&types.IsComplex != 0:
		reportComplex(pass, n, name)
	case info&types.IsFloat != 0:
		pass.ReportRangef(n, "floating-point %s may be fused: write x = %s(x%sy)",
			name, typeName(pass, typ), op)
	}
}

func reportComplex(pass *analysis.Pass, n ast.Node, name string) {
	pass.ReportRangef(n, "complex %s is fused inside, and no conversion prevents it: compute the parts", name)
}

func checkMath(pass *analysis.Pass, n *ast.SelectorExpr) {
	f, ok := pass.TypesInfo.Uses[n.Sel].(*types.Func)
	if !ok || f.Pkg() == nil {
		return
	}
	if path := f.Pkg().Path(); path == "math" && !exactMath[f.Name()] || path == "math/cmplx" {
		pass.ReportRangef(n, "%s.%s gives other bits on other machines", f.Pkg().Name(), f.Name())
	}
}

// converted says whether the expression at cur is the operand of a conversion
// to a number. A conversion to an interface does not count: the compiler sees
// through it.
func converted(pass *analysis.Pass, cur inspector.Cursor) bool {
	parent := cur.Parent()
	for {
		if _, ok := parent.Node().(*ast.ParenExpr); !ok {
			break
		}
		parent = parent.Parent()
	}
	call, ok := parent.Node().(*ast.CallExpr)
	if !ok {
		return false
	}
	fun := pass.TypesInfo.Types[call.Fun]
	return fun.IsType() && basicInfo(fun.Type)&types.IsNumeric != 0
}

// typeName returns t as it is written in the package under analysis.
func typeName(pass *analysis.Pass, t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == pass.Pkg {
			return ""
		}
		return p.Name()
	})
}

// basicInfo returns the properties of the basic type under t. For a type
// parameter it joins those of every type its constraint names, which is at
// least the set of types it can be instantiated with.
func basicInfo(t types.Type) types.BasicInfo {
	if p, ok := types.Unalias(t).(*types.TypeParam); ok {
		return constraintInfo(p.Constraint())
	}
	if b, ok := t.Underlying().(*types.Basic); ok {
		return b.Info()
	}
	return 0
}

func constraintInfo(t types.Type) types.BasicInfo {
	var info types.BasicInfo
	switch u := t.Underlying().(type) {
	case *types.Basic:
		info = u.Info()
	case *types.Union:
		for term := range u.Terms() {
			info |= constraintInfo(term.Type())
		}
	case *types.Interface:
		for embedded := range u.EmbeddedTypes() {
			info |= constraintInfo(embedded)
		}
	}
	return info
}
