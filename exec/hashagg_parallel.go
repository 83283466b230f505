package exec

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// aggSpine returns the spine below an aggregate whose parts can be merged, nil if there is none.
func aggSpine(n *plan.Aggregate, env *Env) *spine {
	exprs := n.GroupBy[:len(n.GroupBy):len(n.GroupBy)]
	for _, a := range n.Aggs {
		state, err := expr.NewAggregate(a)
		if err != nil || a.Distinct || a.OrderBy != nil || expr.NewOrdered(a) != nil {
			return nil
		}
		if _, ok := state.(expr.Merger); !ok {
			return nil
		}
		exprs = append(append(exprs, a.Args...), a.Filter)
	}
	return spineOf(n.Input, exprs, env)
}

// readParallel groups each partition apart and merges the groups in the order of the partitions, which makes them and their order
// those of a single pass. After an error nothing is kept. Errors: errSerial.
func (a *hashAgg) readParallel(ctx context.Context) error {
	parts := make([]*hashAgg, a.spine.scan.Relation.Partitions())
	defer func() {
		for _, p := range parts {
			if p != nil {
				p.Close()
			}
		}
	}()
	err := a.spine.run(ctx, a.env, func(ctx context.Context, env *Env, partition int) error {
		part, err := newHashAgg(a.node, env)
		if err != nil {
			return err
		}
		parts[partition] = part
		return part.readInput(ctx)
	})
	for p := 0; p < len(parts) && err == nil; p++ {
		err = a.merge(parts[p])
	}
	if err == nil {
		return nil
	}
	a.mem.release()
	if e := a.forget(); e != nil {
		return e
	}
	if pgerr.Code(err) == pgerr.OutOfMemory {
		return errors.Join(errSerial, err)
	}
	return err
}

// merge takes in the groups of o, which is of no use then.
func (a *hashAgg) merge(o *hashAgg) error {
	if a.groups.Len == 0 {
		a.byKey, a.groups, a.setOf, a.states, a.joins = o.byKey, o.groups, o.setOf, o.states, o.joins
		a.byInt.clear()
		a.mem.used += o.mem.used
		o.mem.used = 0
		return nil
	}
	keys := make([]string, o.groups.Len)
	for key, g := range o.byKey {
		keys[g] = key
	}
	n := len(a.calls)
	for g, key := range keys {
		mine, ok := a.byKey[key]
		if !ok {
			if err := a.adopt(key, o, g); err != nil {
				return err
			}
			continue
		}
		for c := range n {
			a.states[mine*n+c].(expr.Merger).Merge(o.states[g*n+c])
		}
	}
	o.mem.release()
	return nil
}

// adopt takes group g of o, which is not here.
func (a *hashAgg) adopt(key string, o *hashAgg, g int) error {
	size := int64(hashEntryBytes + len(key) + aggStateBytes*len(a.calls))
	for c, v := range o.groups.Cols {
		a.groups.Cols[c].AppendFrom(v, g)
		size += vectorBytes(v, g, g+1)
	}
	if a.setOf != nil {
		a.setOf.AppendFrom(o.setOf, g)
	}
	n := len(a.calls)
	a.states = append(a.states, o.states[g*n:(g+1)*n]...)
	a.joins = append(a.joins, o.joins[g*n:(g+1)*n]...)
	a.byKey[key] = a.groups.Len
	a.groups.Len++
	return a.mem.grow(size)
}

// forget makes the aggregate one without groups.
func (a *hashAgg) forget() (err error) {
	for c := range a.calls {
		call := &a.calls[c]
		if call.spec.Distinct {
			call.seen = map[string]struct{}{}
		}
		if call.spec.OrderBy != nil {
			if call.sorted, err = newAggSort(call.spec, a.env); err != nil {
				return err
			}
		}
	}
	a.byKey, a.states, a.joins = map[string]int{}, nil, nil
	a.byInt.clear()
	a.groups = types.NewBatch(a.node.Types()[:len(a.node.GroupBy)], 0)
	if a.node.Sets != nil {
		a.setOf = types.NewVector(types.Int4, 0)
	}
	return nil
}
