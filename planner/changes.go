package planner

import (
	"fmt"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// changesFields lead the rows that EMIT CHANGES gives of a table or view.
var changesFields = []plan.Field{{Name: "_op", Type: types.Text}, {Name: "_timestamp", Type: types.Timestamptz}}

// planChanges plans SELECT … EMIT CHANGES: a filter and a projection of one relation.
func planChanges(sel *ast.Select, env *Env) (*plan.Query, error) {
	if sel.Emit != "changes" {
		return nil, pgerr.Unsupported("EMIT %s is", strings.ToUpper(sel.Emit)).At(sel.EmitPos)
	}
	plain := *sel
	plain.Emit, plain.EmitOptions = "", nil
	b := newBinder(env)
	q, err := b.bindQuery(&plain, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	ts, err := b.finishParams()
	if err != nil {
		return nil, err
	}
	root := mapNodeExprs(q.node, b.params.typed)
	if env.Unoptimized {
		return &plan.Query{Root: root}, nil
	}
	root = applyRules(root, logical)
	if err := refuseChanges(root); err != nil {
		return nil, err.At(sel.EmitPos)
	}
	scan, steps := changesSteps(root)
	fields := q.fields()
	if scan.Relation.Keyed() {
		fields = append(append([]plan.Field{}, changesFields...), fields...)
	}
	changes := &plan.Changes{Relation: scan.Relation, Steps: steps, Snapshot: true}
	if err := changesOptions(changes, sel.EmitOptions, env); err != nil {
		return nil, err
	}
	if changes.Progress {
		fields = append([]plan.Field{{Name: "_frontier", Type: types.Text}}, fields...)
	}
	return &plan.Query{Fields: fields, Params: ts, Reads: b.reads, Changes: changes}, nil
}

// refuseChanges names what stands in the way of following the changes of a query.
func refuseChanges(n plan.Node) *pgerr.Error {
	what := ""
	switch n := n.(type) {
	case *plan.Scan:
		return nil
	case *plan.Filter, *plan.Project:
		var sub bool
		withExprs(n, func(e *plan.Expr) *plan.Expr {
			sub = sub || hasSubquery(e)
			return e
		})
		if !sub {
			return refuseChanges(inputs(n)[0])
		}
		what = "a subquery"
	case *plan.SystemScan:
		what = "a system relation"
	default:
		what = nodeWord(n)
	}
	return pgerr.Unsupported("EMIT CHANGES with %s is", what).
		WithHint("Create a materialized view of the query, and follow its changes.")
}

// nodeWord returns what the user calls the operator n.
func nodeWord(n plan.Node) string {
	switch n := n.(type) {
	case *plan.Join:
		return "a join"
	case *plan.Aggregate:
		if n.Sets != nil {
			return "GROUPING SETS"
		}
		if len(n.Aggs) == 0 {
			return "DISTINCT or GROUP BY"
		}
		return "an aggregate"
	case *plan.Sort:
		return "ORDER BY"
	case *plan.Limit:
		return "LIMIT or OFFSET"
	case *plan.Union:
		return "UNION"
	case *plan.SetOp:
		return strings.ToUpper(string(n.Kind))
	case *plan.Lateral:
		return "LATERAL"
	case *plan.Window:
		return "window function " + funcName(n.Calls[0].Func)
	case *plan.LockRows:
		return "FOR UPDATE or FOR SHARE"
	case *plan.Unique:
		return "SELECT DISTINCT ON"
	case *plan.FuncScan:
		return "function " + funcName(n.Calls[0].Func) + " in FROM"
	case *plan.Values:
		return "rows that come from no relation"
	}
	return fmt.Sprintf("%T", n)
}

// changesSteps turns projections and filters into steps over all that the scan's relation has, the lowest first.
func changesSteps(n plan.Node) (*plan.Scan, []plan.Step) {
	switch n := n.(type) {
	case *plan.Filter:
		scan, steps := changesSteps(n.Input)
		return scan, append(steps, plan.Step{Filter: n.Pred})
	case *plan.Project:
		scan, steps := changesSteps(n.Input)
		return scan, append(steps, plan.Step{Project: n.Exprs})
	}
	scan := n.(*plan.Scan)
	refs := make([]*plan.Expr, len(scan.Columns))
	cols := plan.ScanColumns(scan.Relation)
	for i, c := range scan.Columns {
		refs[i] = plan.Column(c, cols[c].Type)
	}
	if isIdentity(refs, len(cols)) {
		return scan, nil
	}
	return scan, []plan.Step{{Project: refs}}
}

func explainChanges(c *plan.Changes) string {
	x := &explainer{}
	x.head(0, "Changes of %s %s", c.Relation.Kind, c.Relation.Name)
	if !c.Snapshot {
		x.prop(0, "Snapshot", "false")
	}
	if c.From != nil {
		x.prop(0, "From", plan.FrontierText(c.Relation.ID, c.From))
	}
	var ns names
	for _, col := range plan.ScanColumns(c.Relation) {
		ns = append(ns, col.Name)
	}
	x.steps(0, c.Steps, ns)
	return x.b.String()
}

// steps writes stateless steps over rows with the given names, and returns the names of what comes out.
func (x *explainer) steps(level int, steps []plan.Step, ns names) names {
	for _, s := range steps {
		c := textContext{rows: ns}
		if s.Filter != nil {
			x.prop(level, "Filter", exprText(s.Filter, c))
			continue
		}
		if s.Pair != nil {
			x.prop(level, "Pair with", fmt.Sprintf("%d constant rows", len(s.Pair.Rows)))
			for i := range s.Pair.Types {
				ns = append(ns[:len(ns):len(ns)], fmt.Sprintf("pair.%d", i+1))
			}
			ns = append(ns, "pair.number")
			continue
		}
		x.prop(level, "Project", listText(s.Project, c))
		ns = exprNames(s.Project, c)
	}
	return ns
}
