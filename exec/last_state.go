package exec

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// lastState keeps the last row of each group of a stream: a table over a topic.
//
//	store 0:  key codec of the group  →  for each partition of the stream that has a last row which does not delete, in
//	          ascending order: uvarint partition, varint timestamp, uvarint length, row (row codec)
//
// Nearly always that is one partition, as equal keys go to one. The output is the function "of these rows the one with the
// greatest timestamp, and of such the one of the highest partition". It does not depend on how the partitions' rows were
// interleaved on their way here: those of one partition come in their order, and what is kept of a partition depends on its
// own rows alone. A round emits the change of the output.
type lastState struct {
	spec   plan.LastSpec
	types  []types.Type
	prefix []byte
}

func newLastState(spec plan.LastSpec, in []types.Type, c ConsumerID) *lastState {
	return &lastState{spec: spec, types: in, prefix: state.TaskPrefix(c.Query, c.Partition, c.Node, 0)}
}

// lastRow is the last row of a partition.
type lastRow struct {
	partition uint64
	timestamp int64
	row       []byte
}

// lastGroup is what a round does to a group.
type lastGroup struct {
	key  []byte // in the store
	rows []lastRow
	was  []byte // the output before; nil: none
}

// apply runs rows through, adds the new state to c and returns the changes of the output.
func (l *lastState) apply(b *types.Batch, store state.Reader, c *Commit) (*types.Batch, error) {
	groups, err := l.collect(b, store)
	if err != nil {
		return nil, err
	}
	out := types.NewBatch(l.types, 2*len(groups))
	for _, g := range groups {
		if len(g.rows) == 0 {
			c.State.Delete(g.key)
		} else {
			c.State.Put(g.key, appendLastRows(nil, g.rows))
		}
		is := newest(g.rows)
		if string(is) == string(g.was) {
			continue
		}
		if err := appendReplaced(out, g.was, is); err != nil {
			return nil, fmt.Errorf("last rows: %w", err)
		}
	}
	return out, nil
}

// collect takes in the rows, in their order, and returns the groups that they are of.
func (l *lastState) collect(b *types.Batch, store state.Reader) ([]*lastGroup, error) {
	byKey := map[string]*lastGroup{}
	var groups []*lastGroup
	var buf []byte
	for i := range b.Len {
		if b.Diff(i) != 1 {
			return nil, fmt.Errorf("BUG: last rows of what is no stream")
		}
		buf = types.EncodeKey(append(buf[:0], l.prefix...), b, l.spec.GroupBy, i)
		g := byKey[string(buf)]
		if g == nil {
			g = &lastGroup{key: slices.Clone(buf)}
			if err := g.load(store); err != nil {
				return nil, err
			}
			byKey[string(buf)] = g
			groups = append(groups, g)
		}
		g.set(uint64(b.Cols[l.spec.Partition].Int[i]), b.Cols[l.spec.Deleted].Int[i] != 0, func() lastRow {
			return lastRow{timestamp: b.Cols[l.spec.Timestamp].Int[i], row: types.EncodeRow(nil, b, i)}
		})
	}
	return groups, nil
}

func (g *lastGroup) load(store state.Reader) error {
	value, err := store.Get(g.key)
	if err != nil {
		return err
	}
	if g.rows, err = decodeLastRows(slices.Clone(value)); err != nil {
		return fmt.Errorf("last rows: %w", err)
	}
	g.was = newest(g.rows)
	return nil
}

// set makes row the last of a partition, or none if the partition's last one deletes.
func (g *lastGroup) set(partition uint64, deleted bool, row func() lastRow) {
	at, found := slices.BinarySearchFunc(g.rows, partition, func(r lastRow, p uint64) int { return int(r.partition) - int(p) })
	switch {
	case deleted && found:
		g.rows = slices.Delete(g.rows, at, at+1)
		return
	case deleted:
		return
	case !found:
		g.rows = slices.Insert(g.rows, at, lastRow{})
	}
	g.rows[at] = row()
	g.rows[at].partition = partition
}

// newest returns the row that counts, nil if there is none.
func newest(rows []lastRow) []byte {
	var out []byte
	at := int64(0)
	for _, r := range rows {
		if out == nil || r.timestamp >= at {
			out, at = r.row, r.timestamp
		}
	}
	return out
}

// appendReplaced takes away the row was and gives the row is, of which each may be nil.
func appendReplaced(out *types.Batch, was, is []byte) error {
	if was != nil {
		if err := appendEncodedRow(out, was, nil, -1); err != nil {
			return err
		}
	}
	if is == nil {
		return nil
	}
	return appendEncodedRow(out, is, nil, 1)
}

func appendLastRows(dst []byte, rows []lastRow) []byte {
	for _, r := range rows {
		dst = binary.AppendVarint(binary.AppendUvarint(dst, r.partition), r.timestamp)
		dst = append(binary.AppendUvarint(dst, uint64(len(r.row))), r.row...)
	}
	return dst
}

// decodeLastRows reads what appendLastRows wrote. The rows alias b.
func decodeLastRows(b []byte) (rows []lastRow, err error) {
	for len(b) > 0 {
		partition, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, state.ErrCorrupt
		}
		timestamp, m := binary.Varint(b[n:])
		if m <= 0 {
			return nil, state.ErrCorrupt
		}
		size, k := binary.Uvarint(b[n+m:])
		if b = b[min(n+m+max(k, 0), len(b)):]; k <= 0 || size > uint64(len(b)) {
			return nil, state.ErrCorrupt
		}
		rows = append(rows, lastRow{partition, timestamp, b[:size:size]})
		b = b[size:]
	}
	return rows, nil
}
