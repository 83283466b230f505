// Package plan is what the planner makes and execution runs: bound expressions, query plans, and the topologies of
// continuous queries. Pure data; topologies and their expressions are kept in the catalog as JSON, so field names here
// are a format: add, never rename.
package plan

import "github.com/millracedb/millrace/sql/types"

// Op says what an expression is.
type Op string

// The expressions.
const (
	OpConst    Op = "const"  // Value
	OpColumn   Op = "column" // column number Column of the input
	OpOuter    Op = "outer"  // column number Column of the enclosing query's row, Depth levels out (correlated subqueries)
	OpParam    Op = "param"  // parameter number Column, from 0
	OpCall     Op = "call"   // Func over Args
	OpAnd      Op = "and"    // Args, three-valued
	OpOr       Op = "or"
	OpNot      Op = "not"
	OpIsNull   Op = "is_null" // never NULL
	OpCase     Op = "case"    // Args: cond, result, cond, result, …, else (always there)
	OpCoalesce Op = "coalesce"
	// OpDistinct is IS DISTINCT FROM over two Args of one type; never NULL.
	OpDistinct Op = "distinct"
	// OpIn is Args[0] = ANY (Args[1:]), all of one type, three-valued.
	OpIn Op = "in"
	// OpAny and OpAll are Args[0] Func ANY (Args[1]) and ALL (Args[1]) over the elements of an array, three-valued.
	OpAny Op = "any"
	OpAll Op = "all"
	// OpSubquery, OpExists, OpInQuery, OpArrayQuery run Sub for each row (Args are the left side of IN); only in queries, not
	// in topologies. OpArrayQuery is the array of the query's rows.
	OpSubquery Op = "subquery"
	OpExists   Op = "exists"
	OpInQuery  Op = "in_query"

	OpArrayQuery Op = "array_query"
)

// Expr is a bound expression. Casts are calls of cast functions, operators calls of their functions.
type Expr struct {
	Op     Op           `json:"op"`
	Type   types.Type   `json:"type"`
	Args   []*Expr      `json:"args,omitempty"`
	Func   string       `json:"func,omitempty"` // funcs.Signature.ID
	Column int          `json:"column,omitempty"`
	Depth  int          `json:"depth,omitempty"`
	Value  *types.Datum `json:"value,omitempty"`
	Sub    *Query       `json:"-"`
	// Pos is the place in the user's text for run-time errors; 0 if unknown.
	Pos int `json:"pos,omitempty"`
}

// Const returns a constant.
func Const(t types.Type, d types.Datum) *Expr { return &Expr{Op: OpConst, Type: t, Value: &d} }

// Column returns a reference to input column i.
func Column(i int, t types.Type) *Expr { return &Expr{Op: OpColumn, Type: t, Column: i} }

// Agg is an aggregate call. Func is the funcs.Signature.ID; Args are over the input.
type Agg struct {
	Func     string     `json:"func"`
	Type     types.Type `json:"type"`
	Args     []*Expr    `json:"args,omitempty"`
	Distinct bool       `json:"distinct,omitempty"`
	Filter   *Expr      `json:"filter,omitempty"`
	// OrderBy is the order in which an aggregate to which it matters takes its rows; only in queries.
	OrderBy []SortKey `json:"-"`
}
