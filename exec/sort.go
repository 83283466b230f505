package exec

import (
	"bytes"
	"context"
	"slices"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// maxTopRows is up to which LIMIT a sort forgets rows that cannot be among the first.
const maxTopRows = 1 << 16

// sortOp orders its input, stable. The sort keys of a row are encoded into bytes whose order is the order wanted.
type sortOp struct {
	env   *Env
	input Operator
	types []types.Type
	specs []plan.SortKey
	keys  []*expr.Compiled
	first int // how many rows are wanted; 0: all

	mem    account
	rows   *types.Batch
	encs   [][]byte // of each row
	sorted bool
	order  []int // places in rows still to be given
}

func newSort(n *plan.Sort, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	s := &sortOp{env: env, input: input, types: n.Types(), specs: n.Keys, mem: env.account("sort")}
	s.rows = types.NewBatch(s.types, 0)
	for _, k := range n.Keys {
		c, err := env.compile(k.Expr)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, c)
	}
	return s, nil
}

func (s *sortOp) Next(ctx context.Context) (*types.Batch, error) {
	if !s.sorted {
		if err := drain(ctx, s.input, func(b *types.Batch) error { return s.add(ctx, b) }); err != nil {
			return nil, err
		}
		s.order, s.encs, s.sorted = s.sortedOrder(), nil, true
		if s.first > 0 && len(s.order) > s.first {
			s.order = s.order[:s.first]
		}
	}
	n := min(len(s.order), BatchRows)
	if n == 0 {
		return nil, nil
	}
	b := s.rows.Gather(s.order[:n])
	s.order = s.order[n:]
	return b, nil
}

// add takes a batch of input.
func (s *sortOp) add(ctx context.Context, b *types.Batch) error {
	cols, err := s.env.evalAll(ctx, s.keys, b)
	if err != nil {
		return err
	}
	size := batchBytes(b, 0, b.Len)
	var arena []byte
	for i := range b.Len {
		start := len(arena)
		for k, v := range cols {
			arena = types.EncodeOrder(arena, v, i, s.specs[k].Desc, s.specs[k].NullsFirst)
		}
		s.encs = append(s.encs, arena[start:len(arena):len(arena)])
	}
	if err := s.mem.grow(size + int64(len(arena)+24*b.Len)); err != nil {
		return err
	}
	addRows(s.rows, b)
	if s.first > 0 && s.rows.Len >= 2*s.first+BatchRows {
		s.cut()
	}
	return nil
}

// cut forgets all but the first rows.
func (s *sortOp) cut() {
	order := s.sortedOrder()[:s.first]
	encs := make([][]byte, len(order))
	size := int64(0)
	for i, r := range order {
		encs[i] = append([]byte(nil), s.encs[r]...)
		size += int64(len(encs[i])) + 24
	}
	s.rows, s.encs = s.rows.Gather(order), encs
	s.mem.release()
	_ = s.mem.grow(size + batchBytes(s.rows, 0, s.rows.Len)) // less than was released
}

// sortedOrder returns the places of the rows in their order.
func (s *sortOp) sortedOrder() []int {
	order := numbers(s.rows.Len)
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(s.encs[a], s.encs[b]) })
	return order
}

func (s *sortOp) Close() {
	s.input.Close()
	s.mem.release()
	s.rows, s.encs, s.order = nil, nil, nil
}
