package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
)

// retractable are the aggregates that a continuous query may have: they can take a row back; all but those to
// JSON and arrays leave NULLs out.
var retractable = map[string]bool{
	"count": true, "sum": true, "avg": true, "min": true, "max": true, "bool_and": true, "bool_or": true, "every": true,
	"string_agg": true, "json_agg": true, "jsonb_agg": true, "array_agg": true, "bit_and": true, "bit_or": true, "bit_xor": true,
	"var_pop": true, "var_samp": true, "variance": true, "stddev_pop": true, "stddev_samp": true, "stddev": true,
}

// zoneOnly are functions that look at the session for nothing but its settings, which are kept with a view.
var zoneOnly = map[string]bool{
	"date_trunc": true, "extract": true, "date_part": true, "to_char": true, "make_timestamptz": true, "timezone": true,
	"timestamptz_pl_interval": true, "interval_pl_timestamptz": true, "timestamptz_mi_interval": true, "textanycat": true, "anytextcat": true, "quote_literal": true, "concat": true, "concat_ws": true, "format": true, "to_timestamp": true,
	"to_date": true, "to_json": true, "to_jsonb": true, "json_build_array": true, "jsonb_build_array": true, "json_build_object": true,
	"jsonb_build_object": true, "convert_from": true, "convert_to": true, "array_to_string": true, "array_to_json": true,
}

// refuseExpressions names the first expression of a plan that a continuous query cannot have.
func refuseExpressions(n plan.Node) error {
	for _, in := range inputs(n) {
		if err := refuseExpressions(in); err != nil {
			return err
		}
	}
	switch n := n.(type) {
	case *plan.Lateral:
		if f, ok := n.Sub.Sub.Root.(*plan.FuncScan); ok {
			return notContinuous(nodeWord(f))
		}
		return notContinuous(nodeWord(n))
	case *plan.FuncScan:
		return notContinuous(nodeWord(n))
	}
	if a, ok := n.(*plan.Aggregate); ok {
		for _, agg := range a.Aggs {
			if err := refuseAgg(agg); err != nil {
				return err
			}
		}
	}
	var err error
	withExprs(n, func(e *plan.Expr) *plan.Expr {
		walkExpr(e, func(x *plan.Expr, _ int) {
			if err == nil {
				err = refuseExpr(x)
			}
		})
		return e
	})
	return err
}

func refuseAgg(a plan.Agg) error {
	name := funcName(a.Func)
	switch {
	case !retractable[name] && !funcs.IsPairAggregate(name):
		return notContinuous("aggregate " + name)
	case a.OrderBy != nil:
		return notContinuous("ORDER BY in " + name)
	case a.Filter != nil && strings.HasPrefix(name, "json"):
		return notContinuous(name + " with FILTER")
	case len(a.Args) > 1 && a.Args[1].Op != plan.OpConst:
		return notContinuous(name + " with a separator that is not constant").At(a.Args[1].Pos)
	}
	return nil
}

func refuseExpr(e *plan.Expr) error {
	switch {
	case e.Sub != nil:
		return notContinuous("a subquery").WithHint("Use a join, or IN, EXISTS or NOT EXISTS as a condition of WHERE or HAVING.").At(e.Pos)
	case (e.Op == plan.OpCall || e.Op == plan.OpAny || e.Op == plan.OpAll) && !deterministic(funcs.ByID(e.Func)):
		return notContinuous("function " + funcName(e.Func)).
			WithDetail("Its result depends on when it is computed.").
			WithHint("Store the value in a column when the row is written, for example by a DEFAULT.").At(e.Pos)
	}
	return nil
}

// deterministic reports whether a function gives the same whenever it is computed, with the settings that are kept.
func deterministic(sig *funcs.Signature) bool {
	if sig == nil || sig.Volatility == funcs.Volatile {
		return false
	}
	return sig.Volatility == funcs.Immutable || zoneOnly[sig.Name] || strings.HasPrefix(sig.ID, "cast(") || strings.HasPrefix(sig.ID, "cut(")
}
