package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// cutter cuts the plan of a continuous query into tasks and forwarders. It runs twice: first to find a relation that
// could be read without an exchange if the result were placed as it is, then with the placement decided.
type cutter struct {
	kind      catalog.Kind        // of the result
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
	if c.kind == catalog.KindStream {
		return c.cutStream(f), nil
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
		return readFlow(n, need), nil
	case *plan.Filter:
		return c.cutFilter(n, need)
	case *plan.Project:
		return c.cutProject(n, need)
	case *plan.Join:
		return c.cutJoin(n, need)
	case *plan.Aggregate:
		return c.cutAggregate(n, need)
	case *plan.Union:
		return c.cutUnion(n, need)
	case *plan.Limit:
		return c.cutLimit(n, need)
	case *plan.Unique:
		return c.cutUnique(n, need)
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
