package planner

import (
	"fmt"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// textContext says what columns are called: those of the rows, and of the queries around, the nearest first.
type textContext struct {
	rows  names
	outer []names
}

func nameAt(ns names, i int) string {
	if i < len(ns) {
		return ns[i]
	}
	return fmt.Sprintf("#%d", i)
}

// exprText returns e as SQL, for people: constants show their type where PostgreSQL's do.
func exprText(e *plan.Expr, c textContext) string {
	switch e.Op {
	case plan.OpConst:
		return constText(e)
	case plan.OpColumn:
		return nameAt(c.rows, e.Column)
	case plan.OpOuter:
		if e.Depth <= len(c.outer) {
			return nameAt(c.outer[e.Depth-1], e.Column)
		}
		return fmt.Sprintf("outer%d.#%d", e.Depth, e.Column)
	case plan.OpParam:
		return fmt.Sprintf("$%d", e.Column+1)
	case plan.OpCall:
		return callText(e, c)
	case plan.OpAnd:
		return chainText(e, " AND ", c)
	case plan.OpOr:
		return chainText(e, " OR ", c)
	case plan.OpNot:
		return "(NOT " + exprText(e.Args[0], c) + ")"
	}
	return formText(e, c)
}

func formText(e *plan.Expr, c textContext) string {
	switch e.Op {
	case plan.OpIsNull:
		return "(" + exprText(e.Args[0], c) + " IS NULL)"
	case plan.OpCase:
		return caseText(e, c)
	case plan.OpCoalesce:
		return "COALESCE(" + listText(e.Args, c) + ")"
	case plan.OpDistinct:
		return "(" + exprText(e.Args[0], c) + " IS DISTINCT FROM " + exprText(e.Args[1], c) + ")"
	case plan.OpIn:
		return "(" + exprText(e.Args[0], c) + " IN (" + listText(e.Args[1:], c) + "))"
	case plan.OpAny, plan.OpAll:
		return "(" + exprText(e.Args[0], c) + " " + funcs.Symbol(e.Func) + " " + strings.ToUpper(string(e.Op)) + " (" + exprText(e.Args[1], c) + "))"
	case plan.OpArrayQuery:
		return "ARRAY(SubPlan)"
	case plan.OpSubquery:
		return "(SubPlan)"
	case plan.OpExists:
		return "EXISTS (SubPlan)"
	case plan.OpInQuery:
		left := listText(e.Args, c)
		if len(e.Args) > 1 {
			left = "(" + left + ")"
		}
		return "(" + left + " IN (SubPlan))"
	}
	return string(e.Op)
}

func listText(es []*plan.Expr, c textContext) string { return strings.Join(exprNames(es, c), ", ") }

func chainText(e *plan.Expr, op string, c textContext) string {
	return "(" + strings.Join(exprNames(e.Args, c), op) + ")"
}

func callText(e *plan.Expr, c textContext) string {
	args := exprNames(e.Args, c)
	symbol := funcs.Symbol(e.Func)
	switch {
	case symbol != "" && len(args) == 2:
		return "(" + args[0] + " " + symbol + " " + args[1] + ")"
	case symbol != "":
		return "(" + symbol + " " + args[0] + ")"
	case e.Func == funcs.MakeArray:
		return "ARRAY[" + strings.Join(args, ", ") + "]"
	case e.Func == funcs.Subscript:
		return args[0] + "[" + args[1] + "]"
	case e.Func == funcs.Slice:
		return args[0] + "[" + args[1] + ":" + args[2] + "]"
	case strings.HasPrefix(e.Func, "cast("):
		return "(" + args[0] + ")::" + e.Type.String()
	}
	return funcName(e.Func) + "(" + strings.Join(args, ", ") + ")"
}

func funcName(id string) string {
	if sig := funcs.ByID(id); sig != nil {
		return sig.Name
	}
	return id
}

func caseText(e *plan.Expr, c textContext) string {
	var b strings.Builder
	b.WriteString("CASE")
	last := len(e.Args) - 1
	for i := 0; i < last; i += 2 {
		b.WriteString(" WHEN " + exprText(e.Args[i], c) + " THEN " + exprText(e.Args[i+1], c))
	}
	b.WriteString(" ELSE " + exprText(e.Args[last], c) + " END")
	return b.String()
}

func constText(e *plan.Expr) string {
	if e.Value.Null {
		return "NULL::" + e.Type.String()
	}
	text := string(types.FormatText(nil, e.Type, *e.Value, types.Scope{}))
	if e.Type.Class() == types.ClassInt && e.Value.Str != "" {
		text = e.Value.Str
	}
	switch e.Type.ID {
	case types.IDBool:
		return map[bool]string{true: "true", false: "false"}[e.Value.Int != 0]
	case types.IDInt4, types.IDNumeric:
		if !strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "N") && !strings.HasPrefix(text, "I") {
			return text
		}
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'::" + e.Type.String()
}

func aggText(a plan.Agg, c textContext) string {
	args := listText(a.Args, c)
	if len(a.Args) == 0 {
		args = "*"
	}
	if a.Distinct {
		args = "DISTINCT " + args
	}
	if a.OrderBy != nil {
		args += " ORDER BY " + sortText(a.OrderBy, c)
	}
	text := funcName(a.Func) + "(" + args + ")"
	if a.Filter != nil {
		text += " FILTER (WHERE " + exprText(a.Filter, c) + ")"
	}
	return text
}

// windowText writes a window function's call, and its frame if it is not the default one.
func windowText(c plan.WindowCall, t textContext) string {
	args := c.Args
	text := funcName(c.Func) + "(" + listText(args, t) + ")"
	if len(args) == 0 && c.Func != funcName(c.Func) {
		text = funcName(c.Func) + "(*)"
	}
	if c.Filter != nil {
		text += " FILTER (WHERE " + exprText(c.Filter, t) + ")"
	}
	if c.Frame == plan.DefaultFrame {
		return text
	}
	bound := func(b plan.FrameBound) string {
		if b.Offset != nil {
			return exprText(b.Offset, t) + " " + strings.ToUpper(string(b.Kind))
		}
		return strings.ToUpper(string(b.Kind))
	}
	text += " " + strings.ToUpper(string(c.Frame.Mode)) + " BETWEEN " + bound(c.Frame.Start) + " AND " + bound(c.Frame.End)
	if c.Frame.Exclude != "" {
		text += " EXCLUDE " + strings.ToUpper(c.Frame.Exclude)
	}
	return text
}

func systemNames(n *plan.SystemScan) names {
	sys := catalog.SystemRelation(n.Schema, n.Name)
	var out names
	for _, c := range n.Columns {
		if sys == nil {
			out = append(out, fmt.Sprintf("#%d", c))
			continue
		}
		out = append(out, n.Name+"."+sys.Columns[c].Name)
	}
	return out
}
