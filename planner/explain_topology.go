package planner

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// Topology returns the topology of a view's query.
func Topology(r *catalog.Relation) (*plan.Topology, error) {
	t := &plan.Topology{}
	if err := json.Unmarshal(r.Query.Topology, t); err != nil {
		return nil, fmt.Errorf("topology of %s: %w", r.Name, err)
	}
	return t, nil
}

// ExplainTopology returns a topology as text: what each forwarder and task reads, does and writes, and what it keeps.
// cat, which may be nil, gives the names of relations.
func ExplainTopology(t *plan.Topology, cat *catalog.Catalog) string {
	return ExplainRunning(t, cat, nil)
}

// Actual names a part of a task or a forwarder: ActualInput with the number of the input from 0, or one of the others.
type Actual struct {
	Node  uint16
	Part  string
	Input int
}

// The parts of tasks and forwarders of which EXPLAIN (TOPOLOGY, ANALYZE) has something to say.
const (
	ActualInput    = "input"
	ActualOperator = "operator" // the join, the aggregate and the like
	ActualState    = "state"
	ActualSink     = "sink" // of a forwarder its target
	ActualTotal    = "total"
)

// ExplainRunning is ExplainTopology with what the parts of the running topology did, a text for each.
func ExplainRunning(t *plan.Topology, cat *catalog.Catalog, actual map[Actual]string) string {
	x := &topologyExplainer{cat: cat, topics: map[uint16]names{}, actuals: actual}
	for i := range t.Tasks {
		x.task(t, &t.Tasks[i])
	}
	return x.b.String()
}

// topologyExplainer writes tasks in the order of the flow; before each the forwarders that feed it. topics names the
// columns of internal topics, as their writers named them.
type topologyExplainer struct {
	explainer
	cat     *catalog.Catalog
	topics  map[uint16]names
	actuals map[Actual]string
}

// actual writes what a part did, if that is asked for.
func (x *topologyExplainer) actual(node uint16, part string, input int) {
	if text := x.actuals[Actual{node, part, input}]; text != "" {
		x.prop(0, "  Actual", text)
	}
}

func (x *topologyExplainer) task(t *plan.Topology, task *plan.Task) {
	for _, in := range task.Inputs {
		for i := range t.Forwarders {
			if f := &t.Forwarders[i]; in.Source.Relation == 0 && f.Target == in.Source.Topic {
				x.forwarder(f)
			}
		}
	}
	x.head(0, "Task %d", task.ID)
	var rows names
	for i, in := range task.Inputs {
		x.prop(0, fmt.Sprintf("Input %d", i+1), x.sourceText(in.Source))
		if more := x.steps(1, in.Steps, x.sourceNames(in.Source)); i == 0 || task.Join != nil {
			rows = append(rows, more...)
		}
		x.actual(task.ID, ActualInput, i)
	}
	rows = x.stateful(task, rows)
	x.actual(task.ID, ActualOperator, 0)
	x.actual(task.ID, ActualState, 0)
	rows = x.steps(0, task.After, rows)
	x.sink(task.Sink, rows)
	x.actual(task.ID, ActualSink, 0)
	x.actual(task.ID, ActualTotal, 0)
}

func (x *topologyExplainer) forwarder(f *plan.Forwarder) {
	x.head(0, "Forwarder %d", f.ID)
	x.prop(0, "Input", x.sourceText(f.Source))
	rows := x.steps(0, f.Steps, x.sourceNames(f.Source))
	x.actual(f.ID, ActualInput, 0)
	x.prop(0, "Key", columnsText(f.Key, rows))
	x.prop(0, "Target", fmt.Sprintf("topic %d (%s)", f.Target, strings.Join(rows, ", ")))
	x.topics[f.Target] = rows
	x.actual(f.ID, ActualSink, 0)
	x.actual(f.ID, ActualTotal, 0)
}

func (x *topologyExplainer) stateful(task *plan.Task, rows names) names {
	switch {
	case task.Join != nil:
		return x.join(task.Join, inputWidth(task.Inputs[0]), rows)
	case task.Aggregate != nil:
		return x.aggregate(task.Aggregate, rows)
	case task.Top != nil:
		x.top(task.Top, rows)
	case task.Last != nil:
		x.prop(0, "Last", "by "+columnsText(task.Last.GroupBy, rows))
		x.prop(0, "State", "the last row of each key")
	}
	return rows
}

// join writes a join whose left side has nl columns.
func (x *topologyExplainer) join(j *plan.JoinSpec, nl int, rows names) names {
	var conds []string
	for i := range j.LeftKey {
		conds = append(conds, nameAt(rows, j.LeftKey[i])+" = "+nameAt(rows, nl+j.RightKey[i]))
	}
	kind := string(j.Kind)
	if j.Events {
		kind += ", each event once,"
	}
	x.prop(0, "Join", kind+" on "+strings.Join(conds, " AND "))
	if j.Cond != nil {
		x.prop(0, "Join Filter", exprText(j.Cond, textContext{rows: rows}))
	}
	if j.Events {
		x.prop(0, "State", "right rows")
		return rows
	}
	x.prop(0, "State", "left rows, right rows")
	if j.Kind == plan.JoinSemi || j.Kind == plan.JoinAnti {
		return rows[:nl:nl]
	}
	return rows
}

func (x *topologyExplainer) top(t *plan.TopSpec, rows names) {
	var keys []plan.SortKey
	for _, k := range t.Keys {
		keys = append(keys, plan.SortKey{Expr: plan.Column(k.Column, types.Unknown), Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	x.prop(0, "Group Key", columnsText(t.GroupBy, rows))
	x.prop(0, "Sort Key", sortText(keys, textContext{rows: rows}))
	x.prop(0, "Top", fmt.Sprintf("%d from %d", t.Limit, t.Offset))
	x.prop(0, "State", "rows in order")
}

func (x *topologyExplainer) aggregate(a *plan.AggregateSpec, rows names) names {
	var out names
	for _, c := range a.GroupBy {
		out = append(out, nameAt(rows, c))
	}
	x.prop(0, "Group Key", columnsText(a.GroupBy, rows))
	for _, agg := range a.Aggs {
		text := aggText(agg, textContext{rows: rows})
		x.prop(0, "Aggregate", text)
		out = append(out, text)
	}
	x.prop(0, "State", "groups")
	return out
}

func (x *topologyExplainer) sink(s plan.Sink, rows names) {
	text := string(s.Kind)
	if s.Kind == plan.SinkChanges {
		text = fmt.Sprintf("topic %d", s.Topic)
		x.topics[s.Topic] = rows
	}
	x.prop(0, "Sink", fmt.Sprintf("%s (%s)", text, strings.Join(rows, ", ")))
	if s.Kind == plan.SinkView {
		x.prop(0, "Key", columnsText(s.Key, rows))
	}
}

func inputWidth(in plan.Input) int {
	ts := in.Source.Columns
	for _, s := range in.Steps {
		ts = s.Output(ts)
	}
	return len(ts)
}

func columnsText(columns []int, rows names) string {
	if len(columns) == 0 {
		return "none"
	}
	var out []string
	for _, c := range columns {
		out = append(out, nameAt(rows, c))
	}
	return strings.Join(out, ", ")
}

func (x *topologyExplainer) sourceText(s plan.Source) string {
	if s.Relation == 0 {
		return fmt.Sprintf("topic %d", s.Topic)
	}
	if r := x.relation(s); r != nil {
		id, f := r.Reads()
		text := string(r.Kind) + " " + r.Name
		if t := x.cat.ByID(id); t != nil {
			text += " over topic " + t.Name
		}
		if s.Records != nil && s.Records.Deletes {
			text = "topic " + x.cat.ByID(id).Name + ", format " + string(f)
		} else if f != catalog.FormatNative && r.Kind == catalog.KindStream {
			text += ", format " + string(f)
		}
		return text
	}
	return fmt.Sprintf("relation %d", s.Relation)
}

// relation returns the relation that a source reads, as the user knows it.
func (x *topologyExplainer) relation(s plan.Source) *catalog.Relation {
	if x.cat == nil {
		return nil
	}
	if s.Records != nil {
		return x.cat.ByID(s.Records.Stream)
	}
	return x.cat.ByID(s.Relation)
}

func (x *topologyExplainer) sourceNames(s plan.Source) names {
	if s.Relation == 0 && x.topics[s.Topic] != nil {
		return x.topics[s.Topic]
	}
	r := x.relation(s)
	if r == nil {
		return valueNames(s.Columns)
	}
	var out names
	for _, c := range r.Columns {
		out = append(out, r.Name+"."+c.Name)
	}
	if s.Kind == plan.SourceStream {
		for _, name := range s.SystemColumns() {
			out = append(out, r.Name+"."+name)
		}
	}
	return out
}
