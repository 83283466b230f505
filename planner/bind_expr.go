package planner

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// exprContext is where an expression stands.
type exprContext struct {
	scope *scope
	// clause and word are what errors call the place: "not allowed in …", "argument of …"; word is clause unless given.
	clause, word string
	// aggs collects aggregates; nil where they are not allowed.
	aggs *grouping
	// windows collects window functions; nil where they are not allowed.
	windows *windowing
	// sets collects set-returning functions; nil where they are not allowed.
	sets *setCalls
	// inWindow says that this is inside a window function's arguments.
	inWindow bool
	// inAggregate says that this is inside an aggregate's arguments.
	inAggregate bool
}

func (c *exprContext) argumentOf() string {
	if c.word != "" {
		return c.word
	}
	return c.clause
}

// bindCondition binds a boolean expression.
func (b *binder) bindCondition(e ast.Expr, c *exprContext) (*plan.Expr, error) {
	x, err := b.bindExpr(e, c)
	if err != nil {
		return nil, err
	}
	return b.coerceClause(x, types.Bool, c.argumentOf(), e.Position())
}

// bindExpr binds e. An untyped literal, or a parameter not typed yet, has type unknown; whoever uses it coerces it.
func (b *binder) bindExpr(e ast.Expr, c *exprContext) (*plan.Expr, error) {
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	switch e := e.(type) {
	case *ast.Literal:
		x, err := b.bindLiteral(e.Kind, e.Text, e.Pos)
		return x, at(err, e.Pos)
	case *ast.TypedLiteral:
		return b.bindTyped(e)
	case *ast.ColumnRef:
		x, _, err := c.scope.resolve(e)
		return x, at(err, e.Pos)
	case *ast.Param:
		return b.params.bind(e)
	case *ast.Unary:
		return b.bindUnary(e, c)
	case *ast.Binary:
		return b.bindBinary(e, c)
	case *ast.Cast:
		return b.bindCast(e, c)
	case *ast.Call:
		return b.bindCall(e, c)
	case *ast.Collate:
		return b.bindCollate(e, c)
	}
	return b.bindForm(e, c)
}

// bindForm binds what has a grammar of its own.
func (b *binder) bindForm(e ast.Expr, c *exprContext) (*plan.Expr, error) {
	switch e := e.(type) {
	case *ast.IsTest:
		return b.bindIsTest(e, c)
	case *ast.Between:
		return b.bindBetween(e, c)
	case *ast.In:
		return b.bindIn(e, c)
	case *ast.Case:
		return b.bindCase(e, c)
	case *ast.Subquery:
		return b.bindScalar(e, c)
	case *ast.Exists:
		return b.bindExists(e, c)
	case *ast.Quantified:
		return b.bindQuantified(e, c)
	case *ast.Default:
		return nil, pgerr.New(pgerr.SyntaxError, "DEFAULT is not allowed in this context").At(e.Pos)
	case *ast.Array:
		return b.bindArray(e, c)
	case *ast.Subscript:
		return b.bindSubscript(e, c)
	case *ast.Row:
		return nil, pgerr.Unsupported("row values here are").At(e.Pos)
	case *ast.Star:
		return nil, pgerr.New(pgerr.SyntaxError, "row expansion via \"*\" is not supported here").At(e.Pos)
	}
	return nil, pgerr.Unsupported("this expression is").At(e.Position())
}

func (b *binder) bindLiteral(kind ast.LiteralKind, text string, pos int) (*plan.Expr, error) {
	switch kind {
	case ast.LitNull:
		return constAt(types.Unknown, types.NullDatum, pos), nil
	case ast.LitTrue:
		return constAt(types.Bool, types.Datum{Int: 1}, pos), nil
	case ast.LitFalse:
		return constAt(types.Bool, types.Datum{Int: 0}, pos), nil
	case ast.LitString:
		return constAt(types.Unknown, types.Datum{Str: text}, pos), nil
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		t := types.Int8
		if v == int64(int32(v)) {
			t = types.Int4
		}
		return constAt(t, types.Datum{Int: v}, pos), nil
	}
	d, err := types.ParseText(types.Numeric, text, types.Scope{})
	return constAt(types.Numeric, d, pos), err
}

func (b *binder) typeOf(n ast.TypeName) (types.Type, error) {
	t, err := funcs.ParseTypeName(n.Schema, n.Name, n.Mods, n.Array)
	if err != nil {
		if t, found, enumErr := b.enumType(n); found {
			return t, at(enumErr, n.Pos)
		}
	}
	if pgerr.Code(err) == pgerr.UndefinedObject && n.Schema != "" && n.Schema != schemaCatalog && b.env.Catalog != nil && b.env.Catalog.Schema(n.Schema) == nil {
		err = noSchema(n.Schema)
	}
	return t, at(err, n.Pos)
}

func (b *binder) bindTyped(e *ast.TypedLiteral) (*plan.Expr, error) {
	text := &ast.Literal{P: e.P, Kind: ast.LitString, Text: e.Text}
	return b.bindCast(&ast.Cast{P: e.P, Arg: text, Type: e.Type}, &exprContext{scope: &scope{}})
}

func (b *binder) bindCast(e *ast.Cast, c *exprContext) (*plan.Expr, error) {
	t, typeErr := b.typeOf(e.Type)
	if array, ok := e.Arg.(*ast.Array); ok && typeErr == nil && array.Query == nil && t.IsArray() {
		return b.bindArrayOf(array, t, c)
	}
	x, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	err = typeErr
	if err != nil && e.Type.Array && pgerr.Code(err) == pgerr.FeatureNotSupported {
		return b.refusal(pgerr.From(err), types.TextArray, e.Pos)
	}
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(e.Type.Name, "reg") && t == types.OID && x.Op == plan.OpConst && x.Type.IsString() && !x.Value.Null {
		if _, err := strconv.ParseUint(x.Value.Str, 10, 32); err != nil {
			return nil, pgerr.Unsupported("a name of type %s is", e.Type.Name).At(e.Pos)
		}
	}
	r, err := b.cast(x, t, funcs.CastExplicit)
	if err == nil && r == nil {
		err = pgerr.New(pgerr.CannotCoerce, "cannot cast type %s to %s", x.Type, t).At(e.Pos)
	}
	return r, err
}

// bindUnary folds a sign into a literal, so that the least bigint is one.
func (b *binder) bindUnary(e *ast.Unary, c *exprContext) (*plan.Expr, error) {
	if lit, ok := e.Arg.(*ast.Literal); ok && e.Op == "-" && (lit.Kind == ast.LitInteger || lit.Kind == ast.LitNumeric) {
		x, err := b.bindLiteral(lit.Kind, "-"+lit.Text, e.Pos)
		return x, at(err, e.Pos)
	}
	if e.Op == "not" {
		return b.bindNot(e, c)
	}
	x, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	return b.operator(e.Op, nil, x, e.Pos)
}

func (b *binder) bindNot(e *ast.Unary, c *exprContext) (*plan.Expr, error) {
	x, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	if x, err = b.coerceClause(x, types.Bool, "NOT", e.Arg.Position()); err != nil {
		return nil, err
	}
	return not(x), nil
}

func not(e *plan.Expr) *plan.Expr {
	return &plan.Expr{Op: plan.OpNot, Type: types.Bool, Args: []*plan.Expr{e}, Pos: e.Pos}
}

// checkCollation refuses a collation that a column cannot have. Errors: 42704, 42804.
func checkCollation(name ast.Name, t types.Type) error {
	if err := knownCollation(name, name.Pos); err != nil {
		return err
	}
	if !t.IsString() && !(t.IsArray() && t.Element().IsString()) {
		return pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", t.Base()).At(name.Pos)
	}
	return nil
}

// knownCollation refuses a collation under which text would not compare by its bytes. Error: 42704.
func knownCollation(name ast.Name, pos int) error {
	if collations[name.Last()] {
		return nil
	}
	return pgerr.New(pgerr.UndefinedObject, "collation \"%s\" for encoding \"UTF8\" does not exist", strings.Join(name.Parts, ".")).
		WithHint("Text compares by its bytes, as under collation \"C\".").At(pos)
}

// collations are those under which text compares by its bytes, as all text here does.
var collations = map[string]bool{"C": true, "POSIX": true, "default": true, "ucs_basic": true}

func (b *binder) bindCollate(e *ast.Collate, c *exprContext) (*plan.Expr, error) {
	x, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	if err := knownCollation(e.Collation, e.Pos); err != nil {
		return nil, err
	}
	if x.Type.ID == types.IDUnknown {
		return b.coerceUnknown(x, types.Text)
	}
	if !x.Type.IsString() {
		return nil, pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", x.Type).At(e.Pos)
	}
	return x, nil
}
