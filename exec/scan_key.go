package exec

import (
	"context"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// keyScan looks one key up.
type keyScan struct {
	env     *Env
	node    *plan.Scan
	rows    *rowReader
	done    bool // looked up
	waiting storedQueue
}

func (s *keyScan) Next(ctx context.Context) (*types.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.done {
		s.done = true
		if err := s.lookUp(ctx); err != nil {
			return nil, fmt.Errorf("look up in relation %q: %w", s.node.Relation.Name, err)
		}
	}
	b := s.rows.batch(1)
	for b.Len < BatchRows {
		row := s.waiting.take()
		if row == nil {
			break
		}
		if err := s.rows.add(b, row); err != nil {
			return nil, fmt.Errorf("relation %q: %w", s.node.Relation.Name, err)
		}
	}
	if b.Len == 0 {
		return nil, nil
	}
	return s.rows.finish(b), nil
}

func (s *keyScan) lookUp(ctx context.Context) error {
	key, err := s.key(ctx)
	if err != nil || key == nil {
		return err
	}
	rel := s.node.Relation
	first, last := 0, rel.Partitions()-1
	if slices.Equal(rel.PartitionBy, rel.Key) {
		first = int(types.Partition(key, rel.Partitions()))
		last = first
	}
	var found []state.StoredRow
	for p := first; p <= last; p++ {
		stored, err := getStored(s.env.Reader, rel.Partition(p), key)
		if err != nil {
			return err
		}
		found = append(found, stored.Rows...)
	}
	s.waiting.set(found)
	return nil
}

// key returns the encoded key, nil if a part of it is NULL: nothing equals NULL.
func (s *keyScan) key(ctx context.Context) ([]byte, error) {
	key := []byte{}
	for _, x := range s.node.Key {
		d, err := s.env.evalOne(ctx, x)
		if err != nil || d.Null {
			return nil, err
		}
		key = types.EncodeKeyDatum(key, x.Type, d)
	}
	return key, nil
}

func (s *keyScan) Close() {}
