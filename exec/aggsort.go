package exec

import (
	"bytes"
	"slices"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// aggSort keeps the rows of an aggregate with ORDER BY until all are there.
type aggSort struct {
	spec   plan.Agg
	order  []*expr.Compiled
	args   []*types.Vector
	groups []int    // of each row
	keys   [][]byte // of each row, encoded as for a sort
}

func newAggSort(spec plan.Agg, env *Env) (*aggSort, error) {
	s := &aggSort{spec: spec}
	for _, k := range spec.OrderBy {
		c, err := env.compile(k.Expr)
		if err != nil {
			return nil, err
		}
		s.order = append(s.order, c)
	}
	for _, x := range spec.Args {
		s.args = append(s.args, types.NewVector(x.Type, 0))
	}
	return s, nil
}

// add keeps row i for group g, and returns how many bytes it takes.
func (s *aggSort) add(g int, args, order []*types.Vector, i int) int64 {
	size := int64(32)
	for c, v := range args {
		s.args[c].AppendFrom(v, i)
		size += vectorBytes(v, i, i+1)
	}
	var key []byte
	for k, v := range order {
		key = types.EncodeOrder(key, v, i, s.spec.OrderBy[k].Desc, s.spec.OrderBy[k].NullsFirst)
	}
	s.groups, s.keys = append(s.groups, g), append(s.keys, key)
	return size + int64(len(key))
}

// each calls f with the rows of args in their order.
func (s *aggSort) each(f func(g, row int) error) error {
	order := numbers(len(s.keys))
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(s.keys[a], s.keys[b]) })
	for _, row := range order {
		if err := f(s.groups[row], row); err != nil {
			return err
		}
	}
	return nil
}
