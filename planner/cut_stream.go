package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
)

// cutStream ends a plan whose result is a stream: it has the node's columns alone, and no key.
func (c *cutter) cutStream(f *flow) *view {
	if f.rel != nil && c.placedLike(f.rel) {
		f = &flow{task: &plan.Task{Inputs: []plan.Input{{Source: f.source(), Steps: f.steps}}}, types: f.types, out: f.out}
	} else if f.rel != nil {
		f.settle()
		in := c.forward(f, f.key)
		f = &flow{task: &plan.Task{Inputs: []plan.Input{in}}, types: f.types, out: f.out}
	}
	f.arrange(f.out, nil)
	c.finish(f, plan.Sink{Kind: plan.SinkStream, Columns: f.types})
	return &view{topology: &c.topology, types: f.types}
}

// onlyStreams refuses what a stream cannot be made of, as its rows would have to be taken back.
func onlyStreams(n plan.Node) error {
	switch n := n.(type) {
	case *plan.Filter, *plan.Project, *plan.Union:
	case *plan.Scan:
		if n.Relation.Keyed() {
			return notStream(n.Relation.Word() + " " + n.Relation.Name)
		}
	case *plan.Values: // refused when it is cut
	case *plan.Join:
		return onlyEvents(n)
	default:
		return notStream(nodeWord(n))
	}
	for _, in := range inputs(n) {
		if err := onlyStreams(in); err != nil {
			return err
		}
	}
	return nil
}

// onlyEvents refuses joins that are not one of a stream, on the left, with a table.
func onlyEvents(n *plan.Join) error {
	if _, ok := pairedRows(n); ok {
		return onlyStreams(n.Left)
	}
	switch {
	case n.Kind != plan.JoinInner && n.Kind != plan.JoinLeft, len(n.LeftKeys) == 0:
		return notStream("a join that is no inner or left join of a stream with a table by an equality")
	case !isTable(n.Right):
		return notStream("a join with what is no table, or a condition and columns of one,")
	}
	return onlyStreams(n.Left)
}

// isTable reports whether n is a table or view, filtered and projected.
func isTable(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Filter, *plan.Project:
		return isTable(inputs(n)[0])
	case *plan.Scan:
		return n.Relation.Keyed()
	}
	return false
}

// eventsLeft swaps inner joins of a table with a stream.
func eventsLeft(n plan.Node) plan.Node {
	n = withInputs(n, eventsLeft)
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.JoinInner || !isTable(j.Left) || isTable(j.Right) {
		return n
	}
	nr := len(j.Right.Types())
	swapped := &plan.Join{Kind: j.Kind, Left: j.Right, Right: j.Left, LeftKeys: j.RightKeys, RightKeys: j.LeftKeys}
	refs := columnRefs(swapped.Types())
	order := append(refs[nr:len(refs):len(refs)], refs[:nr]...)
	if j.Cond != nil {
		swapped.Cond = substitute(j.Cond, order)
	}
	return &plan.Project{Input: swapped, Exprs: order}
}

func notStream(what string) error {
	return pgerr.Unsupported("%s in CREATE STREAM … AS is", what).WithHint("Use CREATE MATERIALIZED VIEW.")
}
