package exec

import (
	"context"
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// systemScan reads a relation that is made from the catalog.
type systemScan struct {
	node   *plan.SystemScan
	env    *Env
	opened bool
	rows   [][]types.Datum
}

func (s *systemScan) Next(ctx context.Context) (*types.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.opened {
		if s.env.System == nil {
			return nil, fmt.Errorf("no system relations for %s.%s", s.node.Schema, s.node.Name)
		}
		rows, err := s.env.System(s.node.Schema, s.node.Name)
		if err != nil {
			return nil, err
		}
		s.rows, s.opened = rows, true
	}
	n := min(len(s.rows), BatchRows)
	if n == 0 {
		return nil, nil
	}
	b := types.NewBatch(s.node.Types(), n)
	for _, row := range s.rows[:n] {
		for i, c := range s.node.Columns {
			b.Cols[i].Append(row[c])
		}
	}
	b.Len = n
	s.rows = s.rows[n:]
	return b, nil
}

func (s *systemScan) Close() { s.rows = nil }
