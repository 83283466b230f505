package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// cutter cuts the plan of a continuous query into tasks and forwarders. It runs twice: first to find a relation that
// could be read without an exchange if the result were placed as it is, then with the placement decided.
type cutter struct {
	placement []catalog.ShardID   // of the result; nil in the first run
	alike     []*catalog.Relation // found in the first run
	topology  plan.Topology
	topics    uint16
	nodes     uint16
}

// view is a cut plan: the columns behind those of the query are its key's.
type view struct {
	topology    *plan.Topology
	types       []types.Type
	key         []int
	partitionBy []int
}

// cutView cuts root, whose result is a view. placement is nil in the first run.
func (c *cutter) cutView(root plan.Node) (*view, error) {
	c.topology.Version = plan.TopologyVersion
	need := newColumnSet(len(root.Types()))
	need.addAll()
	f, err := c.cut(root, need)
	if err != nil {
		return nil, err
	}
	f.result()
	if f.rel != nil {
		f = c.stateless(f)
	}
	v := &view{topology: &c.topology, types: f.types, key: f.key, partitionBy: f.partitionColumns()}
	c.finish(f, plan.Sink{Kind: plan.SinkView, Key: noNil(f.key), Columns: f.types})
	return v, nil
}

// result projects to the node's columns, each in its place, then the key's that are not among them.
func (f *flow) result() {
	f.setColumns(&projection{exprs: slices.Clone(f.out)})
}

// partitionColumns returns the first column for each of parts.
func (f *flow) partitionColumns() []int {
	var out []int
	for _, columns := range f.parts {
		out = append(out, columns[0])
	}
	return out
}

// stateless makes the task of a query that keeps no state: it reads the relation's partitions as they are if the result
// is placed alike.
func (c *cutter) stateless(f *flow) *flow {
	in := plan.Input{Source: f.source(), Steps: f.steps}
	if !c.placedLike(f.rel) {
		in = c.forward(f, f.key)
		f.parts = columnParts(f.key)
	}
	return &flow{task: &plan.Task{Inputs: []plan.Input{in}}, types: f.types, key: f.key, parts: f.parts}
}

func columnParts(columns []int) [][]int {
	parts := make([][]int, len(columns))
	for i, c := range columns {
		parts[i] = []int{c}
	}
	return parts
}

// placedLike reports whether the result's partitions lie where r's do. The first run assumes so.
func (c *cutter) placedLike(r *catalog.Relation) bool {
	if c.placement == nil {
		c.alike = append(c.alike, r)
		return true
	}
	return slices.Equal(c.placement, r.Placement)
}

// input makes an input of a task: rows of f partitioned by physical columns key.
func (c *cutter) input(f *flow, key []int) plan.Input {
	direct := f.partitionedBy(key)
	switch {
	case !direct || f.rel != nil && !c.placedLike(f.rel):
		return c.forward(f, key)
	case f.rel != nil:
		return plan.Input{Source: f.source(), Steps: f.steps}
	}
	return plan.Input{Source: c.internal(f)}
}

// internal finishes the task of f with a topic of its own shard, and returns the topic as a source.
func (c *cutter) internal(f *flow) plan.Source {
	topic := c.topic()
	c.finish(f, plan.Sink{Kind: plan.SinkChanges, Topic: topic, Columns: f.types})
	return plan.Source{Kind: plan.SourceChanges, Topic: topic, Columns: f.types}
}

// forward sends f's rows to a repartition topic by key.
func (c *cutter) forward(f *flow, key []int) plan.Input {
	fw := plan.Forwarder{Key: noNil(key)}
	if f.rel != nil {
		fw.Source, fw.Steps = f.source(), f.steps
	} else {
		fw.Source = c.internal(f)
	}
	fw.ID, fw.Target = c.node(), c.topic()
	c.topology.Forwarders = append(c.topology.Forwarders, fw)
	return plan.Input{Source: plan.Source{Kind: plan.SourceChanges, Topic: fw.Target, Columns: f.types}}
}

// finish adds the task of f.
func (c *cutter) finish(f *flow, sink plan.Sink) {
	f.task.ID, f.task.After, f.task.Sink = c.node(), f.steps, sink
	c.topology.Tasks = append(c.topology.Tasks, *f.task)
}

func (c *cutter) topic() uint16 { c.topics++; return c.topics }
func (c *cutter) node() uint16  { c.nodes++; return c.nodes }

// noNil is for lists that are written as JSON, where none is not the same as an empty one.
func noNil(list []int) []int { return append([]int{}, list...) }

// cut makes a flow of n with at least the columns in need.
func (c *cutter) cut(n plan.Node, need columnSet) (*flow, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return readFlow(n), nil
	case *plan.Filter:
		return c.cutFilter(n, need)
	case *plan.Project:
		return c.cutProject(n, need)
	case *plan.Join:
		return c.cutJoin(n, need)
	case *plan.Aggregate:
		return c.cutAggregate(n, need)
	case *plan.SystemScan:
		return nil, notContinuous("system relation " + n.Name)
	}
	return nil, notContinuous(nodeWord(n))
}

func notContinuous(what string) *pgerr.Error {
	return pgerr.Unsupported("%s in a continuous query is", what)
}

func (c *cutter) cutFilter(n *plan.Filter, need columnSet) (*flow, error) {
	below := append(columnSet(nil), need...)
	below.addExprs(n.Pred)
	f, err := c.cut(n.Input, below)
	if err != nil {
		return nil, err
	}
	if !mergeableInto([]*plan.Expr{n.Pred}, f.out) {
		f.settle()
	}
	f.filter(substitute(n.Pred, f.out))
	return f, nil
}

func (c *cutter) cutProject(n *plan.Project, need columnSet) (*flow, error) {
	exprs := make([]*plan.Expr, len(n.Exprs))
	below := newColumnSet(len(n.Input.Types()))
	for _, i := range need.list() {
		exprs[i] = n.Exprs[i]
		below.addExprs(n.Exprs[i])
	}
	f, err := c.cut(n.Input, below)
	if err == nil {
		f.compute(exprs)
	}
	return f, err
}

func (c *cutter) cutJoin(n *plan.Join, need columnSet) (*flow, error) {
	if err := refuseJoin(n); err != nil {
		return nil, err
	}
	nl := len(n.Left.Types())
	all := append(columnSet(nil), need...)
	if n.Cond != nil {
		all.addExprs(n.Cond)
	}
	l, leftKey, err := c.cutSide(n.Left, n.LeftKeys, all[:nl:nl])
	if err != nil {
		return nil, err
	}
	r, rightKey, err := c.cutSide(n.Right, n.RightKeys, all[nl:])
	if err != nil {
		return nil, err
	}
	task := &plan.Task{Join: &plan.JoinSpec{Kind: n.Kind, LeftKey: leftKey, RightKey: rightKey}}
	task.Inputs = []plan.Input{c.input(l, leftKey), c.input(r, rightKey)}
	f := joined(task, l, r)
	if n.Cond != nil {
		f.filter(substitute(n.Cond, f.out))
	}
	return f, nil
}

func refuseJoin(n *plan.Join) error {
	switch {
	case n.Kind == plan.JoinRight || n.Kind == plan.JoinFull:
		return notContinuous("a " + string(n.Kind) + " join")
	case len(n.LeftKeys) == 0:
		return notContinuous("a join without an equality of both sides")
	case n.Kind == plan.JoinLeft && n.Cond != nil:
		return notContinuous("a left join with a condition other than equalities of both sides, or on the right side alone,")
	}
	return nil
}

// cutSide makes one side of a join: the keys, then what is needed. It returns the places of the keys.
func (c *cutter) cutSide(n plan.Node, keys []*plan.Expr, need columnSet) (*flow, []int, error) {
	below := append(columnSet(nil), need...)
	below.addExprs(keys...)
	f, err := c.cut(n, below)
	if err != nil {
		return nil, nil, err
	}
	if !mergeableInto(keys, f.out) {
		f.settle()
	}
	exprs := mapList(keys, func(e *plan.Expr) *plan.Expr { return substitute(e, f.out) })
	columns := need.list()
	for _, i := range columns {
		exprs = append(exprs, f.out[i])
	}
	at := f.project(exprs)
	out := make([]*plan.Expr, len(f.out))
	for i, column := range columns {
		p := at[len(keys)+i]
		out[column] = plan.Column(p, f.types[p])
	}
	f.out = out
	return f, at[:len(keys):len(keys)], nil
}

// joined is the flow behind a join of l and r. Behind a left join a right key may be NULL where the left one is not.
func joined(task *plan.Task, l, r *flow) *flow {
	nl := len(l.types)
	f := &flow{task: task, types: append(slices.Clone(l.types), r.types...), key: slices.Clone(l.key)}
	for _, k := range r.key {
		f.key = append(f.key, nl+k)
	}
	f.out = append(f.out, l.out...)
	for _, e := range r.out {
		if e != nil {
			e = shift(e, nl)
		}
		f.out = append(f.out, e)
	}
	for i, k := range task.Join.LeftKey {
		same := []int{k}
		if task.Join.Kind == plan.JoinInner {
			same = append(same, nl+task.Join.RightKey[i])
		}
		f.parts = append(f.parts, same)
	}
	return f
}

func (c *cutter) cutAggregate(n *plan.Aggregate, need columnSet) (*flow, error) {
	ng := len(n.GroupBy)
	aggs, places := neededAggs(n, need)
	exprs := append([]*plan.Expr(nil), n.GroupBy...)
	for _, a := range aggs {
		exprs = append(exprs, a.Args...)
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
		for j := range aggs[i].Args {
			aggs[i].Args[j] = plan.Column(rest[0], in.types[rest[0]])
			rest = rest[1:]
		}
	}
	task := &plan.Task{Aggregate: &plan.AggregateSpec{GroupBy: noNil(group), Aggs: aggs}}
	task.Inputs = []plan.Input{c.input(in, group)}
	return aggregated(task, pick(in.types, group), places), nil
}

// aggregated is the flow behind an aggregation by columns of the given types; places says which of the node's columns
// each aggregate is.
func aggregated(task *plan.Task, group []types.Type, places []int) *flow {
	f := &flow{task: task, types: group, parts: [][]int{}}
	for i := range group {
		f.key = append(f.key, i)
		f.parts = append(f.parts, []int{i})
	}
	f.out = columnRefs(group)
	for i, a := range task.Aggregate.Aggs {
		f.types = append(f.types, a.Type)
		for len(f.out) <= places[i] {
			f.out = append(f.out, nil)
		}
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
			aggs, places = append(aggs, withoutFilter(a)), append(places, ng+i)
		}
	}
	return aggs, places
}

// withoutFilter makes a condition of FILTER one on the argument: all aggregates that a continuous query may have leave
// NULLs out.
func withoutFilter(a plan.Agg) plan.Agg {
	a.Args = append([]*plan.Expr(nil), a.Args...)
	if a.Filter == nil {
		return a
	}
	arg := boolConst(true, 0)
	if len(a.Args) > 0 {
		arg = a.Args[0]
	} else if sig, err := funcs.Resolve("count", []types.Type{types.Bool}); err == nil {
		a.Func = sig.ID
	}
	null := plan.Const(arg.Type, types.NullDatum)
	a.Args = []*plan.Expr{caseOf([]*plan.Expr{a.Filter}, []*plan.Expr{arg}, null, arg.Type, 0)}
	a.Filter = nil
	return a
}
