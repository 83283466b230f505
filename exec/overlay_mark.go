package exec

import "github.com/millracedb/millrace/exec/state"

// Mark is a point in the writes of a block that RollbackTo can go back to: what a savepoint is made of.
type Mark struct {
	undo, tables, stream, checks int
	bytes, undoBytes             int64
}

// undone is what one recorded row changed: the value that the block had given to the key before, or none.
type undone struct {
	table *tableWrites
	key   string
	value []byte
	fresh bool // the block had not written the key
}

// Mark returns the point that the block is at. From now on it remembers, for each row that it writes, what was there before.
func (o *Overlay) Mark() Mark {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.marked = true
	return Mark{undo: len(o.undo), tables: len(o.order), stream: len(o.stream), checks: len(o.checks), bytes: o.bytes, undoBytes: o.undoBytes}
}

// DropMarks says that no Mark will be used any more.
func (o *Overlay) DropMarks() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes -= o.undoBytes
	o.marked, o.undo, o.undoBytes = false, nil, 0
}

// noteUndo remembers what the rows will change.
func (o *Overlay) noteUndo(t *tableWrites, rows []WriteRow) {
	written := map[string]bool{} // by these rows
	for _, r := range rows {
		u := undone{table: t, key: string(r.Key)}
		if written[u.key] {
			continue
		}
		written[u.key] = true
		if before := t.rows[u.key]; before != nil {
			u.value = before.Value
		} else {
			u.fresh = true
		}
		o.undo = append(o.undo, u)
		size := int64(len(u.key)) + writeRowBytes
		o.bytes += size
		o.undoBytes += size
	}
}

// RollbackTo takes back all that was recorded since m; marks made after it must not be used any more. What Over gave
// before it still shows what it showed. It takes time in proportion to what it takes back.
func (o *Overlay) RollbackTo(m Mark) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.undo) - 1; i >= m.undo; i-- {
		if err := o.undo[i].table.takeBack(o.undo[i]); err != nil {
			return err
		}
	}
	for _, p := range o.order[m.tables:] {
		delete(o.tables, p)
	}
	clear(o.undo[m.undo:])
	clear(o.stream[m.stream:])
	clear(o.checks[m.checks:])
	o.undo, o.order, o.stream, o.checks = o.undo[:m.undo], o.order[:m.tables], o.stream[:m.stream], o.checks[:m.checks]
	o.bytes, o.undoBytes = m.bytes, m.undoBytes
	return nil
}

// takeBack gives a key the value back that it had. Keys are taken back in the reverse of the order in which they were
// recorded, so one that goes is among the last of the table's.
func (t *tableWrites) takeBack(u undone) error {
	var b state.Batch
	row := t.rows[u.key]
	if row == nil {
		return nil // recording failed before it came to this row
	}
	key := state.RowKey(t.partition, row.Key)
	if !u.fresh {
		row.Value = u.value
		b.Put(key, row.stored())
		return t.store.Write(&b)
	}
	delete(t.rows, u.key)
	for i := len(t.order) - 1; i >= 0; i-- {
		if t.order[i] == row {
			t.order = append(t.order[:i], t.order[i+1:]...)
			break
		}
	}
	b.Delete(key)
	return t.store.Write(&b)
}
