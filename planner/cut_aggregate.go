package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// cutAggregate makes a task of an aggregation: groups and arguments are computed before the exchange, but for the separator
// of string_agg, which is constant.
func (c *cutter) cutAggregate(n *plan.Aggregate, need columnSet) (*flow, error) {
	if n.Sets != nil {
		return nil, notContinuous(nodeWord(n))
	}
	ng := len(n.GroupBy)
	aggs, places := neededAggs(n, need)
	exprs := append([]*plan.Expr(nil), n.GroupBy...)
	for _, a := range aggs {
		exprs = append(exprs, a.Args[:min(1, len(a.Args))]...)
	}
	below := newColumnSet(len(n.Input.Types()))
	below.addExprs(exprs...)
	in, err := c.cut(n.Input, below)
	if err != nil {
		return nil, err
	}
	in.compute(exprs)
	at := in.project(in.out)
	group := at[:ng:ng]
	rest := at[ng:]
	for i := range aggs {
		if len(aggs[i].Args) > 0 {
			aggs[i].Args[0] = plan.Column(rest[0], in.types[rest[0]])
			rest = rest[1:]
		}
	}
	task := &plan.Task{Aggregate: &plan.AggregateSpec{GroupBy: noNil(group), Aggs: aggs}}
	task.Inputs = []plan.Input{c.input(in, group)}
	return aggregated(task, pick(in.types, group), places, len(n.Types())), nil
}

// aggregated is the flow behind an aggregation by columns of the given types; places says which of the node's columns,
// of which there are width, each aggregate is.
func aggregated(task *plan.Task, group []types.Type, places []int, width int) *flow {
	f := &flow{task: task, types: group, parts: [][]int{}}
	for i := range group {
		f.key = append(f.key, i)
		f.parts = append(f.parts, []int{i})
	}
	f.out = append(columnRefs(group), make([]*plan.Expr, width-len(group))...)
	for i, a := range task.Aggregate.Aggs {
		f.types = append(f.types, a.Type)
		f.out[places[i]] = plan.Column(len(group)+i, a.Type)
	}
	return f
}

// neededAggs returns the aggregates of n that are needed, FILTER made part of their arguments, and which of n's columns
// they are.
func neededAggs(n *plan.Aggregate, need columnSet) (aggs []plan.Agg, places []int) {
	ng := len(n.GroupBy)
	for i, a := range n.Aggs {
		if need[ng+i] {
			aggs, places = append(aggs, withoutDistinct(withoutFilter(a))), append(places, ng+i)
		}
	}
	return aggs, places
}

// withoutDistinct drops a DISTINCT that makes no difference, and would cost a count for each value.
func withoutDistinct(a plan.Agg) plan.Agg {
	switch funcName(a.Func) {
	case "min", "max", "bool_and", "bool_or", "every":
		a.Distinct = false
	}
	return a
}

// withoutFilter makes a condition of FILTER one on the argument: all aggregates that a continuous query may have with one
// leave NULLs out. array_agg does so over arrays of one element.
func withoutFilter(a plan.Agg) plan.Agg {
	a.Args = append([]*plan.Expr(nil), a.Args...)
	if a.Filter == nil {
		return a
	}
	arg := boolConst(true, 0)
	if len(a.Args) > 0 {
		arg = a.Args[0]
		if funcName(a.Func) == "array_agg" {
			a.Func = funcs.ArrayAggElements
			arg = &plan.Expr{Op: plan.OpCall, Type: a.Type, Func: funcs.MakeArray, Args: []*plan.Expr{arg}}
		}
	} else if sig, err := funcs.Resolve("count", []types.Type{types.Bool}); err == nil {
		a.Func = sig.ID
	}
	null := plan.Const(arg.Type, types.NullDatum)
	arg = caseOf([]*plan.Expr{a.Filter}, []*plan.Expr{arg}, null, arg.Type, 0)
	a.Args = append([]*plan.Expr{arg}, a.Args[min(1, len(a.Args)):]...)
	a.Filter = nil
	return a
}
