package exec

import (
	"context"
	"encoding/binary"
	"errors"
	"math"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// hashAgg groups its input in memory and gives a row for each group, in order of first appearance. Without group columns
// there is one group, also over no rows.
type hashAgg struct {
	env   *Env
	node  *plan.Aggregate
	input Operator
	keys  []*expr.Compiled
	calls []aggCall
	spine *spine // of input, if partitions can be grouped apart
	spill aggSpill

	mem    account
	byKey  map[string]int
	byInt  intCache         // in front of byKey, if there is one integer to group by
	groups *types.Batch     // group columns, as first seen
	sets   []groupSet       // one, without node.Sets
	setOf  *types.Vector    // of each group its set, if there are node.Sets
	states []expr.Aggregate // of group g: from g*len(calls); nil for ordered ones
	joins  []expr.Ordered   // the same for ordered aggregates
	buf    []byte
	done   bool
	next   int // the next group to give
}

// aggCall is one aggregate of the list.
type aggCall struct {
	spec   plan.Agg
	args   []*expr.Compiled
	filter *expr.Compiled
	seen   map[string]struct{} // DISTINCT: group and arguments
	sorted *aggSort            // ORDER BY: the rows wait there
	plain  bool                // each row goes to the state of its group, as it is
}

func newHashAgg(n *plan.Aggregate, env *Env) (*hashAgg, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	a := &hashAgg{env: env, node: n, input: input, mem: env.account("hash aggregate"), spine: aggSpine(n, env), spill: newAggSpill(n, env)}
	if a.keys, err = env.compileAll(n.GroupBy); err != nil {
		return nil, err
	}
	for _, spec := range n.Aggs {
		call, err := newAggCall(spec, env)
		if err != nil {
			return nil, err
		}
		a.calls = append(a.calls, call)
	}
	a.sets = groupSets(n)
	return a, a.forget()
}

// groupSet says which of the group columns a set has.
type groupSet struct {
	has   []bool
	empty bool
}

func groupSets(n *plan.Aggregate) []groupSet {
	if n.Sets == nil {
		all := make([]bool, len(n.GroupBy))
		for i := range all {
			all[i] = true
		}
		return []groupSet{{has: all, empty: len(all) == 0}}
	}
	var out []groupSet
	for _, columns := range n.Sets {
		s := groupSet{has: make([]bool, len(n.GroupBy)), empty: len(columns) == 0}
		for _, c := range columns {
			s.has[c] = true
		}
		out = append(out, s)
	}
	return out
}

func newAggCall(spec plan.Agg, env *Env) (aggCall, error) {
	c := aggCall{spec: spec, plain: !spec.Distinct && spec.OrderBy == nil && expr.NewOrdered(spec) == nil}
	var err error
	if c.args, err = env.compileAll(spec.Args); err != nil {
		return c, err
	}
	if spec.Filter != nil {
		if c.filter, err = env.compile(spec.Filter); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (a *hashAgg) Next(ctx context.Context) (*types.Batch, error) {
	if !a.done {
		if err := a.read(ctx); err != nil {
			return nil, err
		}
	}
	for a.next >= a.groups.Len {
		if more, err := a.nextFile(ctx); err != nil || !more {
			return nil, err
		}
	}
	from := a.next
	a.next = min(from+BatchRows, a.groups.Len)
	return a.results(from, a.next)
}

func (a *hashAgg) read(ctx context.Context) error {
	a.done = true
	if a.spine != nil && a.spine.worth(a.env) {
		if err := a.readParallel(ctx); !errors.Is(err, errSerial) {
			return err
		}
	}
	return a.readInput(ctx)
}

func (a *hashAgg) readInput(ctx context.Context) error {
	for s := range a.sets {
		if !a.sets[s].empty {
			continue
		}
		g, err := a.newGroup(s, nil, 0)
		if err != nil {
			return err
		}
		a.byKey[string(appendSet(nil, s))] = g
	}
	return a.group(ctx, a.input)
}

// group groups the rows of input, but for those that are set aside.
func (a *hashAgg) group(ctx context.Context, input Operator) error {
	if err := drain(ctx, input, func(b *types.Batch) error { return a.add(ctx, b) }); err != nil {
		return err
	}
	if err := a.queue(); err != nil {
		return err
	}
	for c := range a.calls {
		if s := a.calls[c].sorted; s != nil {
			if err := s.each(func(g, row int) error { return a.addOrdered(c, g, s.args, row) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// addOrdered adds a row to the ordered aggregate c of group g.
func (a *hashAgg) addOrdered(c, g int, args []*types.Vector, row int) error {
	n, err := a.joins[g*len(a.calls)+c].AddRow(args, row)
	if err != nil {
		return err
	}
	return a.mem.grow(n)
}

// add takes a batch of input.
func (a *hashAgg) add(ctx context.Context, b *types.Batch) error {
	keys, err := a.env.evalAll(ctx, a.keys, b)
	if err != nil {
		return err
	}
	groups := make([][]int, 0, len(a.sets))
	for s := range a.sets {
		if a.spill.only >= 0 && a.spill.only != s {
			continue
		}
		of, err := a.assign(s, keys, b)
		if err != nil {
			return err
		}
		groups = append(groups, of)
	}
	for c := range a.calls {
		if err := a.accumulate(ctx, c, b, groups); err != nil {
			return err
		}
	}
	return nil
}

// appendSet starts the key of a group in set s.
func appendSet(dst []byte, s int) []byte { return binary.AppendUvarint(dst, uint64(s)) }

// assign returns the group of each row of b in set s, -1 for one that is set aside; NULLs are equal here.
func (a *hashAgg) assign(s int, keys []*types.Vector, b *types.Batch) ([]int, error) {
	groups := make([]int, b.Len)
	set := &a.sets[s]
	if set.empty {
		g := a.byKey[string(appendSet(nil, s))]
		for i := range groups {
			groups[i] = g
		}
		return groups, nil
	}
	if len(keys) == 1 && len(a.sets) == 1 && keys[0].Type.Class() == types.ClassInt {
		return groups, a.assignInts(keys, b, groups)
	}
	for i := range groups {
		var err error
		if groups[i], err = a.groupOf(s, keys, b, i); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// assignInts is assign for a key that is one integer.
func (a *hashAgg) assignInts(keys []*types.Vector, b *types.Batch, groups []int) error {
	key := keys[0]
	for i := range groups {
		known := !key.IsNull(i)
		if known {
			if g, ok := a.byInt.get(key.Int[i]); ok {
				groups[i] = int(g)
				continue
			}
		}
		g, err := a.groupOf(0, keys, b, i)
		if err != nil {
			return err
		}
		if groups[i] = g; known && g >= 0 && g <= math.MaxInt32 {
			a.byInt.put(key.Int[i], int32(g))
		}
	}
	return nil
}

// groupOf returns the group of row i of b in set s, a new one if need be; -1 if the row is set aside.
func (a *hashAgg) groupOf(s int, keys []*types.Vector, b *types.Batch, i int) (int, error) {
	a.buf = appendSet(a.buf[:0], s)
	for c, v := range keys {
		if a.sets[s].has[c] {
			a.buf = types.EncodeKeyValue(a.buf, v, i)
		}
	}
	if g, ok := a.byKey[string(a.buf)]; ok {
		return g, nil
	}
	g, err := a.newGroup(s, keys, i)
	switch {
	case err != nil:
		return 0, err
	case g < 0:
		return g, a.setAside(s, a.buf, b, i)
	}
	a.byKey[string(a.buf)] = g
	return g, nil
}

// newGroup adds a group of set s with the values of row i of keys, and returns its number; -1 if it has no room.
func (a *hashAgg) newGroup(s int, keys []*types.Vector, i int) (int, error) {
	size := int64(hashEntryBytes + len(a.buf) + aggStateBytes*len(a.calls))
	for c, v := range keys {
		if a.sets[s].has[c] {
			size += vectorBytes(v, i, i+1)
		}
	}
	if full, err := a.full(size); full || err != nil {
		return -1, err
	}
	for c, out := range a.groups.Cols {
		if !a.sets[s].has[c] {
			out.Append(types.NullDatum)
			continue
		}
		out.AppendFrom(keys[c], i)
	}
	if a.setOf != nil {
		a.setOf.Append(types.IntDatum(int64(s)))
	}
	if err := a.mem.grow(size); err != nil {
		return 0, err
	}
	for _, c := range a.calls {
		join := expr.NewOrdered(c.spec)
		a.joins = append(a.joins, join)
		if join != nil {
			a.states = append(a.states, nil)
			continue
		}
		s, err := expr.NewAggregate(c.spec)
		if err != nil {
			return 0, err
		}
		a.states = append(a.states, s)
	}
	a.groups.Len++
	return a.groups.Len - 1, nil
}

// accumulate adds the rows of b to aggregate c of their groups, which are given for each set.
func (a *hashAgg) accumulate(ctx context.Context, c int, b *types.Batch, groups [][]int) error {
	call := &a.calls[c]
	if call.filter != nil {
		rows, err := a.env.evalRows(ctx, call.filter, b)
		if err != nil {
			return err
		}
		// Arguments are evaluated for the rows that pass only: the others may not even be valid for them.
		b = b.Gather(rows)
		passed := make([][]int, len(groups))
		for s := range groups {
			passed[s] = make([]int, len(rows))
			for i, r := range rows {
				passed[s][i] = groups[s][r]
			}
		}
		groups = passed
	}
	args, err := a.env.evalAll(ctx, call.args, b)
	if err != nil {
		return err
	}
	var order []*types.Vector
	if call.sorted != nil {
		if order, err = a.env.evalAll(ctx, call.sorted.order, b); err != nil {
			return err
		}
	}
	for _, of := range groups {
		if err := a.addTo(c, args, order, of); err != nil {
			return err
		}
	}
	return nil
}

// addTo adds the arguments of aggregate c to the groups of one set.
func (a *hashAgg) addTo(c int, args, order []*types.Vector, groups []int) error {
	call := &a.calls[c]
	var arg *types.Vector
	if len(args) > 0 {
		arg = args[0]
	}
	if call.plain {
		return a.addPlain(c, arg, groups)
	}
	for i, g := range groups {
		if g < 0 {
			continue
		}
		if call.seen != nil {
			first, err := a.firstSeen(call, args, g, i)
			if err != nil {
				return err
			}
			if !first {
				continue
			}
		}
		if err := a.addRow(c, g, args, order, arg, i); err != nil {
			return err
		}
	}
	return nil
}

// addPlain is addTo for an aggregate to whose states rows go as they are.
func (a *hashAgg) addPlain(c int, arg *types.Vector, groups []int) error {
	n := len(a.calls)
	for i, g := range groups {
		if g < 0 {
			continue
		}
		if err := a.states[g*n+c].Add(arg, i, 1); err != nil {
			return err
		}
	}
	return nil
}

// addRow adds row i to aggregate c of group g, or keeps it until all rows are there to be sorted.
func (a *hashAgg) addRow(c, g int, args, order []*types.Vector, arg *types.Vector, i int) error {
	switch n := g*len(a.calls) + c; {
	case a.calls[c].sorted != nil:
		return a.mem.grow(a.calls[c].sorted.add(g, args, order, i))
	case a.joins[n] != nil:
		return a.addOrdered(c, g, args, i)
	default:
		return a.states[n].Add(arg, i, 1)
	}
}

// firstSeen reports whether group g has not had these arguments before.
func (a *hashAgg) firstSeen(call *aggCall, args []*types.Vector, g, i int) (bool, error) {
	a.buf = types.EncodeKeyDatum(a.buf[:0], types.Int8, types.IntDatum(int64(g)))
	for _, v := range args {
		a.buf = types.EncodeKeyValue(a.buf, v, i)
	}
	if _, ok := call.seen[string(a.buf)]; ok {
		return false, nil
	}
	call.seen[string(a.buf)] = struct{}{}
	return true, a.mem.grow(int64(len(a.buf)) + hashEntryBytes)
}

// results returns the rows of groups [from, to).
func (a *hashAgg) results(from, to int) (*types.Batch, error) {
	out := a.groups.Slice(from, to)
	for c, call := range a.calls {
		v := types.NewVector(call.spec.Type, to-from)
		for g := from; g < to; g++ {
			d, err := a.result(g*len(a.calls) + c)
			if err != nil {
				return nil, err
			}
			v.Append(d)
		}
		out.Cols = append(out.Cols, v)
	}
	if a.setOf != nil {
		out.Cols = append(out.Cols, a.setOf.Slice(from, to))
	}
	return out, nil
}

// result returns the value of state n.
func (a *hashAgg) result(n int) (types.Datum, error) {
	if a.joins[n] != nil {
		return a.joins[n].Result()
	}
	return a.states[n].Result()
}

func (a *hashAgg) Close() {
	a.input.Close()
	a.mem.release()
	a.spill.close()
	a.byKey, a.states, a.joins, a.calls = nil, nil, nil, nil
}
