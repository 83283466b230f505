package exec

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// aggregateState is GROUP BY over changes. Per group it keeps
//
//	store 0:      key codec of the group  →  uvarint length, group row (row codec), varint rows, states of the aggregates
//	store 1 + i:  key codec of the group, key codec of the value (max: complemented)  →  varint count, value (row codec)
//
// the second kind for each MIN and MAX, a count per value, so that the extreme can be taken back without a scan; and for each
// DISTINCT: its state has a value once while the count is positive. The output
// is the function "one row per group that has rows", and a round emits its change. The numbers of rows may be
// negative between commits. A group whose state is that of a group never seen is deleted.
//
// Without group columns there is one row always, in partition 0.
type aggregateState struct {
	spec      plan.AggregateSpec
	args      [][]*expr.Compiled // per aggregate, none for count(*)
	byValue   []bool             // per aggregate: MIN, MAX or DISTINCT
	query     catalog.RelationID
	node      uint16
	partition uint32
	groupType []types.Type
	outTypes  []types.Type
	empty     []byte // encoded states of a group never seen
	global    bool
}

func newAggregateState(spec plan.AggregateSpec, in []types.Type, query catalog.RelationID, node uint16, partition uint32) (*aggregateState, error) {
	a := &aggregateState{spec: spec, query: query, node: node, partition: partition, global: len(spec.GroupBy) == 0}
	for _, c := range spec.GroupBy {
		a.groupType = append(a.groupType, in[c])
	}
	a.outTypes = append(a.outTypes, a.groupType...)
	for _, agg := range spec.Aggs {
		args, err := expr.CompileAll(agg.Args)
		if err != nil {
			return nil, err
		}
		a.args = append(a.args, args)
		a.byValue = append(a.byValue, agg.Distinct || !expr.Invertible(agg.Func))
		a.outTypes = append(a.outTypes, agg.Type)
	}
	states, err := a.newStates()
	if err != nil {
		return nil, err
	}
	a.empty = appendStates(nil, states)
	return a, nil
}

// group is one group in a round.
type group struct {
	key     []byte
	row     []byte // group columns in the row codec
	count   int64
	states  []expr.Aggregate
	touched []map[string]*value
	before  []types.Datum // output before the round, nil if none
}

// value is a value of a MIN, MAX or DISTINCT that the round touches.
type value struct {
	row           []byte // row codec
	delta         int64
	before, after int64 // count
}

func (a *aggregateState) newStates() ([]expr.Aggregate, error) {
	states := make([]expr.Aggregate, len(a.spec.Aggs))
	for i, agg := range a.spec.Aggs {
		s, err := expr.NewAggregate(agg)
		if err != nil {
			return nil, err
		}
		states[i] = s
	}
	return states, nil
}

func appendStates(b []byte, states []expr.Aggregate) []byte {
	for _, s := range states {
		b = s.Append(b)
	}
	return b
}

// start returns the output of a state that has seen nothing: the row of a global aggregate.
func (a *aggregateState) start() (*types.Batch, error) {
	out := types.NewBatch(a.outTypes, 1)
	if !a.global || a.partition != 0 {
		return out, nil
	}
	states, err := a.newStates()
	if err != nil {
		return nil, err
	}
	row, err := a.result(&group{states: states})
	if err != nil {
		return nil, err
	}
	out.AppendRow(row, 1)
	return out, nil
}

// apply runs changes through the aggregation, adds the new state to c and returns the changes of the output.
func (a *aggregateState) apply(b *types.Batch, store state.Reader, ctx *expr.Context, c *Commit) (*types.Batch, error) {
	out := types.NewBatch(a.outTypes, 0)
	args, err := a.evaluate(b, ctx)
	if err != nil {
		return nil, err
	}
	groups, err := a.update(b, args, store)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if err := a.settle(g, store, c); err != nil {
			return nil, err
		}
		if err := a.emit(g, out); err != nil {
			return nil, err
		}
		a.save(g, c)
	}
	return out, nil
}

// evaluate computes the argument of each aggregate; nil for count(*).
func (a *aggregateState) evaluate(b *types.Batch, ctx *expr.Context) ([]*types.Vector, error) {
	out := make([]*types.Vector, len(a.args))
	for i, args := range a.args {
		if len(args) == 0 {
			continue
		}
		v, err := args[0].Eval(ctx, b)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// update adds all changes to their groups, which it loads, and returns the groups in order of first appearance.
func (a *aggregateState) update(b *types.Batch, args []*types.Vector, store state.Reader) ([]*group, error) {
	byKey := map[string]*group{}
	var groups []*group
	var kbuf, vbuf []byte
	for i := range b.Len {
		kbuf = types.EncodeKey(kbuf[:0], b, a.spec.GroupBy, i)
		g := byKey[string(kbuf)]
		if g == nil {
			var err error
			if g, err = a.load(append([]byte{}, kbuf...), b, i, store); err != nil {
				return nil, err
			}
			byKey[string(kbuf)] = g
			groups = append(groups, g)
		}
		diff := b.Diff(i)
		g.count += diff
		for n, s := range g.states {
			if a.byValue[n] {
				vbuf = a.touch(g, n, args[n], i, diff, vbuf)
			} else if err := s.Add(args[n], i, diff); err != nil {
				return nil, err
			}
		}
	}
	return groups, nil
}

// touch notes a change of a value of MIN, MAX or DISTINCT.
func (a *aggregateState) touch(g *group, n int, v *types.Vector, i int, diff int64, buf []byte) []byte {
	if v.IsNull(i) && !expr.KeepsNulls(a.spec.Aggs[n].Func) {
		return buf
	}
	one := &types.Batch{Cols: []*types.Vector{v}, Len: v.Len()}
	buf = types.EncodeKey(buf[:0], one, []int{0}, i)
	if a.isMax(n) {
		complement(buf)
	}
	if g.touched[n] == nil {
		g.touched[n] = map[string]*value{}
	}
	e := g.touched[n][string(buf)]
	if e == nil {
		e = &value{row: types.EncodeRow(nil, one, i)}
		g.touched[n][string(buf)] = e
	}
	e.delta += diff
	return buf
}

// isMax reports whether aggregate n, a MIN or MAX, is a MAX.
func (a *aggregateState) isMax(n int) bool { return funcs.ByID(a.spec.Aggs[n].Func).Name == "max" }

func complement(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// load reads the group of row i of b.
func (a *aggregateState) load(key []byte, b *types.Batch, i int, store state.Reader) (*group, error) {
	g := &group{key: key, touched: make([]map[string]*value, len(a.spec.Aggs))}
	var err error
	if g.states, err = a.newStates(); err != nil {
		return nil, err
	}
	stored, err := store.Get(a.groupKey(key))
	if err != nil {
		return nil, err
	}
	if stored == nil {
		cols := make([]*types.Vector, len(a.spec.GroupBy))
		for n, c := range a.spec.GroupBy {
			cols[n] = b.Cols[c]
		}
		g.row = types.EncodeRow(nil, &types.Batch{Cols: cols, Len: b.Len}, i)
	} else if err := a.decode(g, stored); err != nil {
		return nil, fmt.Errorf("group of query %d, node %d: %w", a.query, a.node, err)
	}
	if g.count > 0 || a.global {
		g.before, err = a.result(g)
	}
	return g, err
}

func (a *aggregateState) decode(g *group, value []byte) error {
	size, n := binary.Uvarint(value)
	if n <= 0 || size > uint64(len(value)-n) {
		return state.ErrCorrupt
	}
	g.row, value = value[n:n+int(size)], value[n+int(size):]
	if g.count, n = binary.Varint(value); n <= 0 {
		return state.ErrCorrupt
	}
	value = value[n:]
	for _, s := range g.states {
		var err error
		if value, err = s.Decode(value); err != nil {
			return err
		}
	}
	return nil
}

// result returns the output row of g.
func (a *aggregateState) result(g *group) ([]types.Datum, error) {
	row := make([]types.Datum, 0, len(a.outTypes))
	if !a.global {
		one := types.NewBatch(a.groupType, 1)
		if err := types.DecodeRow(g.row, one); err != nil {
			return nil, err
		}
		row = append(row, one.Row(0)...)
	}
	for _, s := range g.states {
		d, err := s.Result()
		if err != nil {
			return nil, err
		}
		row = append(row, d)
	}
	return row, nil
}

// emit adds the change of g's output row to out.
func (a *aggregateState) emit(g *group, out *types.Batch) error {
	var after []types.Datum
	if g.count > 0 || a.global {
		var err error
		if after, err = a.result(g); err != nil {
			return err
		}
	}
	if g.before != nil {
		out.AppendRow(g.before, -1)
	}
	if after != nil {
		out.AppendRow(after, 1)
	}
	return nil
}

// save adds the new state of g to c.
func (a *aggregateState) save(g *group, c *Commit) {
	states := appendStates(nil, g.states)
	if g.count == 0 && string(states) == string(a.empty) {
		c.State.Delete(a.groupKey(g.key))
		return
	}
	value := binary.AppendUvarint(nil, uint64(len(g.row)))
	value = append(value, g.row...)
	value = binary.AppendVarint(value, g.count)
	c.State.Put(a.groupKey(g.key), append(value, states...))
}

func (a *aggregateState) groupKey(key []byte) []byte {
	return append(state.TaskPrefix(a.query, a.partition, a.node, 0), key...)
}
