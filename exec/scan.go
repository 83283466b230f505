package exec

import (
	"context"
	"encoding/binary"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// firstBatchRows is the size of a scan's first batch: a LIMIT or a short table should not pay for a full one. Each
// following batch is four times as large, up to BatchRows.
const firstBatchRows = 32

func newScan(n *plan.Scan, env *Env) (Operator, error) {
	rows := newRowReader(n.Relation, n.Columns)
	if pinned, ok := env.pinned[n.Mark]; ok {
		return &pinnedScan{rows: rows, row: pinned.row}, nil
	}
	switch {
	case !n.Relation.Keyed():
		return newStreamScan(n, env, rows), nil
	case n.Key != nil:
		return &keyScan{env: env, node: n, rows: rows}, nil
	case n.Access != nil:
		return &accessScan{env: env, node: n, rows: rows, size: firstBatchRows, path: newAccessPath(n, env)}, nil
	}
	first, end := env.partitions(n)
	return &tableScan{env: env, rel: n.Relation, rows: rows, size: firstBatchRows, partition: first, end: end}, nil
}

// partitions returns which partitions a scan is to read: [first, end).
func (e *Env) partitions(n *plan.Scan) (first, end int) {
	if e.part != nil && e.part.scan == n {
		return e.part.partition, e.part.partition + 1
	}
	return 0, n.Relation.Partitions()
}

// tableScan reads all rows of a table or view, partition by partition, in order of their keys.
type tableScan struct {
	env  *Env
	rel  *catalog.Relation
	rows *rowReader
	size int // of the next batch

	partition int // the next one to open
	end       int // the first that is not read
	it        state.Iterator
	waiting   storedQueue
}

func (s *tableScan) Next(ctx context.Context) (*types.Batch, error) {
	return s.rows.next(ctx, s.rel, &s.size, s.fill)
}

// fill adds the next row, if any; false at the end.
func (s *tableScan) fill(b *types.Batch) (bool, error) {
	if row := s.waiting.take(); row != nil {
		return true, s.rows.add(b, row)
	}
	for s.it == nil || !s.it.Next() {
		if err := s.closeIterator(); err != nil {
			return false, err
		}
		if s.partition == s.end {
			return false, nil
		}
		p := s.rel.Partition(s.partition)
		prefix := state.RowPrefix(p)
		s.it = s.env.Reader.Rows(p).Scan(prefix, state.PrefixEnd(prefix))
		s.partition++
	}
	if row := onlyRow(s.it.Value()); row != nil {
		return true, s.rows.add(b, row)
	}
	stored, err := state.DecodeRows(s.it.Value())
	if err != nil {
		return false, err
	}
	s.waiting.set(stored.Rows)
	return true, nil
}

// onlyRow returns the row of a stored value (state.StoredRows) that holds one row with multiplicity 1, as nearly all do; nil
// otherwise.
func onlyRow(value []byte) []byte {
	_, n := binary.Uvarint(value)
	if n <= 0 {
		return nil
	}
	count, m := binary.Varint(value[n:])
	if m <= 0 || count != 1 {
		return nil
	}
	size, l := binary.Uvarint(value[n+m:])
	if l <= 0 || size != uint64(len(value)-n-m-l) {
		return nil
	}
	return value[n+m+l:]
}

func (s *tableScan) closeIterator() error {
	if s.it == nil {
		return nil
	}
	err := s.it.Close()
	s.it = nil
	return err
}

func (s *tableScan) Close() { _ = s.closeIterator() }

// storedQueue holds the rows of one key that are still to be given: a view may have, between the commits of its sources,
// several rows under a key, or one several times. Rows that are there a negative number of times are not seen.
type storedQueue struct{ rows []state.StoredRow }

// set keeps copies of rows.
func (q *storedQueue) set(rows []state.StoredRow) {
	q.rows = q.rows[:0]
	for _, r := range rows {
		if r.Count > 0 {
			q.rows = append(q.rows, state.StoredRow{Count: r.Count, Row: append([]byte(nil), r.Row...)})
		}
	}
}

// take returns the next row, nil if there is none.
func (q *storedQueue) take() []byte {
	if len(q.rows) == 0 {
		return nil
	}
	row := q.rows[0].Row
	if q.rows[0].Count--; q.rows[0].Count == 0 {
		q.rows = q.rows[1:]
	}
	return row
}
