package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// itemRows are the rows of a WITH item, taken from its query as the first reader wants them and kept for the others.
type itemRows struct {
	op   Operator
	rows []*types.Batch
	done bool
	mem  account
	err  error
}

// itemScan is a reader of a WITH item's rows.
type itemScan struct {
	of *itemRows
	at int
}

func newItemScan(n *plan.WithItem, env *Env) (Operator, error) {
	of := env.run.items[n.Item]
	if of == nil {
		op, err := build(n.Input, env)
		if err != nil {
			return nil, err
		}
		of = &itemRows{op: op, mem: env.account("query of WITH")}
		env.run.items[n.Item] = of
	}
	return &itemScan{of: of}, nil
}

func (s *itemScan) Next(ctx context.Context) (*types.Batch, error) {
	for s.at == len(s.of.rows) {
		if s.of.done || s.of.err != nil {
			return nil, s.of.err
		}
		if err := s.of.more(ctx); err != nil {
			s.of.err = err
		}
	}
	s.at++
	return s.of.rows[s.at-1], ctx.Err()
}

// more takes the next rows from the query.
func (i *itemRows) more(ctx context.Context) error {
	b, err := i.op.Next(ctx)
	if err != nil {
		return err
	}
	if b == nil {
		i.done = true
		i.op.Close()
		return nil
	}
	i.rows = append(i.rows, b)
	return i.mem.grow(batchBytes(b, 0, b.Len))
}

// Close leaves the rows to other readers; they go with the statement.
func (s *itemScan) Close() {}

// whole is the root of a statement's operators: with it goes what they share.
type whole struct {
	Operator
	run *run
}

func (w whole) Close() {
	w.Operator.Close()
	for item, rows := range w.run.items {
		rows.op.Close()
		rows.mem.release()
		delete(w.run.items, item)
	}
}
