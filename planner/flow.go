package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// flow is the part of a topology that computes one node of a plan, as it grows: stateless steps behind a relation that
// is read, or behind a task that is not finished. Its rows are physical columns; the node's columns are expressions over
// them, which become a projection only where rows leave the flow, so that filters and projections cost one step each.
type flow struct {
	rel    *catalog.Relation // read directly; nil behind a task
	system int               // how many of its system columns are read: the first ones, up to the last that is needed
	task   *plan.Task        // nil if rel is read
	steps  []plan.Step
	types  []types.Type // of the physical columns, after steps
	out    []*plan.Expr // the node's columns; those that nobody needs may be nil
	// key lists physical columns that tell the rows apart, in the multiset of the flow's rows. It is kept to the end.
	key []int
	// parts says, for each column by whose values the rows are partitioned, which physical columns hold its value. Nil:
	// not known; empty: all are in partition 0.
	parts [][]int
}

// source returns what the relation of a flow is to a topology.
func (f *flow) source() plan.Source {
	kind := plan.SourceTable
	if !f.rel.Keyed() {
		kind = plan.SourceStream
	}
	s := plan.Source{Kind: kind, Relation: f.rel.TopicRelation(), Columns: f.rel.Types()}
	if kind == plan.SourceStream {
		s.Records = plan.StreamRecords(f.rel)
		var names []string
		for _, c := range f.rel.SystemColumns()[:f.system] {
			s.Columns, names = append(s.Columns, c.Type), append(names, c.Name)
		}
		s.SetSystem(names)
	} else {
		s.Missing = f.rel.Missing()
	}
	return s
}

// leastSystem is how many of a stream's system columns are read at least: the key is among them.
const leastSystem = 3

// readFlow reads the relation of scan.
func readFlow(scan *plan.Scan, need columnSet) *flow {
	f := &flow{rel: scan.Relation}
	stored := len(f.rel.Columns)
	if !f.rel.Keyed() {
		f.system = leastSystem
	}
	for _, i := range need.list() {
		f.system = max(f.system, scan.Columns[i]+1-stored)
	}
	cols := plan.ScanColumns(f.rel)[:stored+f.system]
	for _, c := range cols {
		f.types = append(f.types, c.Type)
	}
	f.out = make([]*plan.Expr, len(scan.Columns))
	for i, c := range scan.Columns {
		if c < len(cols) {
			f.out[i] = plan.Column(c, cols[c].Type)
		}
	}
	f.key = f.rel.Key
	if !f.rel.Keyed() {
		f.key = []int{len(f.rel.Columns), len(f.rel.Columns) + 1} // _partition, _offset
	}
	if partitionedByColumns(f.rel) {
		f.parts = [][]int{}
		for _, c := range f.rel.PartitionBy {
			f.parts = append(f.parts, []int{c})
		}
	}
	return f
}

// partitionedByColumns reports whether equal values of PartitionBy mean one partition. Of a stream's key NULLs may be
// spread.
func partitionedByColumns(r *catalog.Relation) bool {
	if len(r.PartitionBy) == 0 {
		return false
	}
	for _, c := range r.PartitionBy {
		if !r.Keyed() && !r.Columns[c].NotNull {
			return false
		}
	}
	return true
}

func (f *flow) filter(pred *plan.Expr) {
	f.steps = append(f.steps, plan.Step{Filter: pred})
}

// compute makes the node's columns exprs, which are over the columns that it had; nil ones stay nil.
func (f *flow) compute(exprs []*plan.Expr) {
	var used []*plan.Expr
	for _, e := range exprs {
		if e != nil {
			used = append(used, e)
		}
	}
	if !mergeableInto(used, f.out) {
		f.settle()
	}
	out := make([]*plan.Expr, len(exprs))
	for i, e := range exprs {
		if e != nil {
			out[i] = substitute(e, f.out)
		}
	}
	f.out = out
}

// mergeableInto is mergeable where columns may be nil, and the result stays of a decent size.
func mergeableInto(above, below []*plan.Expr) bool {
	full := make([]*plan.Expr, len(below))
	size := 0
	for i, e := range below {
		if full[i] = e; e == nil {
			full[i] = plan.Const(types.Unknown, types.NullDatum)
		}
		size += exprSize(full[i])
	}
	return mergeable(above, full) && size <= maxExprSize
}

// settle computes the node's columns, so that they are physical ones.
func (f *flow) settle() {
	var used []*plan.Expr
	for _, e := range f.out {
		if e != nil {
			used = append(used, e)
		}
	}
	at := f.project(used)
	n := 0
	for i, e := range f.out {
		if e != nil {
			f.out[i] = plan.Column(at[n], e.Type)
			n++
		}
	}
}

// projection is a list of physical columns in the making.
type projection struct{ exprs []*plan.Expr }

// add returns the place of e, which is added unless it is there.
func (p *projection) add(e *plan.Expr) int {
	i := indexOf(p.exprs, e)
	if i < 0 {
		i = len(p.exprs)
		p.exprs = append(p.exprs, e)
	}
	return i
}

// project makes the physical columns exprs, each once, then those of the key that are not among them. It returns the
// places of exprs. The node's columns must be set anew.
func (f *flow) project(exprs []*plan.Expr) []int {
	p := &projection{}
	at := make([]int, len(exprs))
	for i, e := range exprs {
		at[i] = p.add(e)
	}
	f.setColumns(p)
	return at
}

// setColumns projects to p and to the key.
func (f *flow) setColumns(p *projection) {
	key := make([]int, len(f.key))
	for i, k := range f.key {
		key[i] = p.add(plan.Column(k, f.types[k]))
	}
	f.key = key
	f.moveParts(p.exprs)
	if !isIdentity(p.exprs, len(f.types)) {
		f.steps = append(f.steps, plan.Step{Project: p.exprs})
	}
	f.types = typesOf(p.exprs)
}

// moveParts follows the partitioning columns into a projection.
func (f *flow) moveParts(list []*plan.Expr) {
	if f.parts == nil {
		return
	}
	parts := make([][]int, len(f.parts))
	for i, columns := range f.parts {
		for at, e := range list {
			if e.Op == plan.OpColumn && slices.Contains(columns, e.Column) {
				parts[i] = append(parts[i], at)
			}
		}
		if parts[i] == nil {
			f.parts = nil
			return
		}
	}
	f.parts = parts
}

// partitionedBy reports whether the rows are partitioned by just these physical columns.
func (f *flow) partitionedBy(key []int) bool {
	if f.parts == nil || len(f.parts) != len(key) {
		return false
	}
	for i, k := range key {
		if !slices.Contains(f.parts[i], k) {
			return false
		}
	}
	return true
}
