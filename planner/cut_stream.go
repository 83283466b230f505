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
		if _, ok := pairedRows(n); ok {
			return onlyStreams(n.Left)
		}
		return notStream(nodeWord(n))
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

func notStream(what string) error {
	return pgerr.Unsupported("%s in CREATE STREAM … AS is", what).WithHint("Use CREATE MATERIALIZED VIEW.")
}
