package exec

import (
	"context"

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

	mem    account
	byKey  map[string]int
	groups *types.Batch     // group columns, as first seen
	states []expr.Aggregate // of group g: from g*len(calls)
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
}

func newHashAgg(n *plan.Aggregate, env *Env) (Operator, error) {
	input, err := Build(n.Input, env)
	if err != nil {
		return nil, err
	}
	a := &hashAgg{env: env, node: n, input: input, mem: env.account("hash aggregate"), byKey: map[string]int{}}
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
	a.groups = types.NewBatch(n.Types()[:len(n.GroupBy)], 0)
	return a, nil
}

func newAggCall(spec plan.Agg, env *Env) (aggCall, error) {
	c := aggCall{spec: spec}
	var err error
	if c.args, err = env.compileAll(spec.Args); err != nil {
		return c, err
	}
	if spec.Filter != nil {
		if c.filter, err = env.compile(spec.Filter); err != nil {
			return c, err
		}
	}
	if spec.Distinct {
		c.seen = map[string]struct{}{}
	}
	return c, nil
}

func (a *hashAgg) Next(ctx context.Context) (*types.Batch, error) {
	if !a.done {
		if err := a.read(ctx); err != nil {
			return nil, err
		}
	}
	if a.next >= a.groups.Len {
		return nil, nil
	}
	from := a.next
	a.next = min(from+BatchRows, a.groups.Len)
	return a.results(from, a.next)
}

func (a *hashAgg) read(ctx context.Context) error {
	a.done = true
	if len(a.keys) == 0 {
		if _, err := a.newGroup(nil, 0); err != nil {
			return err
		}
	}
	return drain(ctx, a.input, func(b *types.Batch) error { return a.add(ctx, b) })
}

// add takes a batch of input.
func (a *hashAgg) add(ctx context.Context, b *types.Batch) error {
	keys, err := a.env.evalAll(ctx, a.keys, b)
	if err != nil {
		return err
	}
	groups, err := a.assign(keys, b.Len)
	if err != nil {
		return err
	}
	for c := range a.calls {
		if err := a.accumulate(ctx, c, b, groups); err != nil {
			return err
		}
	}
	return nil
}

// assign returns the group of each row; NULLs are equal here.
func (a *hashAgg) assign(keys []*types.Vector, n int) ([]int, error) {
	groups := make([]int, n)
	if len(keys) == 0 {
		return groups, nil
	}
	for i := range n {
		a.buf = a.buf[:0]
		for _, v := range keys {
			a.buf = types.EncodeKeyValue(a.buf, v, i)
		}
		g, ok := a.byKey[string(a.buf)]
		if !ok {
			var err error
			if g, err = a.newGroup(keys, i); err != nil {
				return nil, err
			}
			a.byKey[string(a.buf)] = g
		}
		groups[i] = g
	}
	return groups, nil
}

// newGroup adds a group with the values of row i of keys.
func (a *hashAgg) newGroup(keys []*types.Vector, i int) (int, error) {
	size := int64(hashEntryBytes + len(a.buf) + aggStateBytes*len(a.calls))
	for c, v := range keys {
		size += vectorBytes(v, i, i+1)
		a.groups.Cols[c].AppendFrom(v, i)
	}
	if err := a.mem.grow(size); err != nil {
		return 0, err
	}
	for _, c := range a.calls {
		s, err := expr.NewAggregate(c.spec)
		if err != nil {
			return 0, err
		}
		a.states = append(a.states, s)
	}
	a.groups.Len++
	return a.groups.Len - 1, nil
}

// accumulate adds the rows of b to aggregate c of their groups.
func (a *hashAgg) accumulate(ctx context.Context, c int, b *types.Batch, groups []int) error {
	call := &a.calls[c]
	if call.filter != nil {
		rows, err := a.env.evalRows(ctx, call.filter, b)
		if err != nil {
			return err
		}
		// Arguments are evaluated for the rows that pass only: the others may not even be valid for them.
		b = b.Gather(rows)
		passed := make([]int, len(rows))
		for i, r := range rows {
			passed[i] = groups[r]
		}
		groups = passed
	}
	args, err := a.env.evalAll(ctx, call.args, b)
	if err != nil {
		return err
	}
	var arg *types.Vector
	if len(args) > 0 {
		arg = args[0]
	}
	for i, g := range groups {
		if call.seen != nil {
			first, err := a.firstSeen(call, args, g, i)
			if err != nil {
				return err
			}
			if !first {
				continue
			}
		}
		if err := a.states[g*len(a.calls)+c].Add(arg, i, 1); err != nil {
			return err
		}
	}
	return nil
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
			d, err := a.states[g*len(a.calls)+c].Result()
			if err != nil {
				return nil, err
			}
			v.Append(d)
		}
		out.Cols = append(out.Cols, v)
	}
	return out, nil
}

func (a *hashAgg) Close() {
	a.input.Close()
	a.mem.release()
	a.byKey, a.states = nil, nil
}
