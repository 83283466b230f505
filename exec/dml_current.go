package exec

import (
	"bytes"
	"context"
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// currentRows are rows of the input of an UPDATE or DELETE, locked, and what is stored of each.
type currentRows struct {
	*types.Batch
	old []storedRow
}

// halves cuts rows of the input into the old row and, for an UPDATE, the new one. What is behind them is RETURNING's.
func (u *updater) halves(b *types.Batch) (before, after *types.Batch) {
	n := len(u.rel.Columns)
	end := n
	if u.replaces {
		end = 2 * n
	}
	return &types.Batch{Cols: b.Cols[:n], Len: b.Len}, &types.Batch{Cols: b.Cols[n:end], Len: b.Len}
}

// current locks the rows of b and returns them as they are then. One that has changed since the statement's snapshot is
// evaluated anew, one that is gone, or that does not meet the conditions any more, is left out.
func (u *updater) current(ctx context.Context, b *types.Batch) (currentRows, error) {
	for i := range b.Len {
		if err := u.lockRow(ctx, b, i); err != nil {
			return currentRows{}, err
		}
	}
	latest, newer, err := u.locks.settle(ctx)
	if err != nil {
		return currentRows{}, err
	}
	defer u.locks.done()
	if newer {
		u.unique.newer = true
		return u.newest(ctx, b, latest)
	}
	old := make([]storedRow, b.Len)
	for i := range old {
		if old[i], err = u.read(latest, b, i); err != nil {
			return currentRows{}, err
		}
		if old[i].row == nil {
			return currentRows{}, fmt.Errorf("table %q: row read in the same snapshot is not there", u.rel.Name)
		}
	}
	return currentRows{b, old}, nil
}

// lockRow locks row i of b: as one that goes if its key does.
func (u *updater) lockRow(ctx context.Context, b *types.Batch, i int) error {
	if !u.locks.needed() {
		return nil
	}
	before, after := u.halves(b)
	u.buf = u.w.key(u.buf, before, i)
	mode := LockRemove
	if u.replaces {
		u.newBuf = u.w.key(u.newBuf, after, i)
		if bytes.Equal(u.buf, u.newBuf) {
			mode = LockChange
		}
	}
	_, err := u.locks.lock(ctx, u.w.partition(u.buf), u.buf, mode)
	return err
}

// read returns what r has under the key of row i of b.
func (u *updater) read(r Reader, b *types.Batch, i int) (storedRow, error) {
	before, _ := u.halves(b)
	u.buf = u.w.key(u.buf, before, i)
	return readRow(r, u.rel, u.buf)
}

// newest returns rows as they are in latest.
func (u *updater) newest(ctx context.Context, b *types.Batch, latest Reader) (currentRows, error) {
	old, changed := make([]storedRow, b.Len), map[int]bool{}
	for i := range b.Len {
		now, err := u.read(latest, b, i)
		if err != nil {
			return currentRows{}, err
		}
		seen, err := readRow(u.env.Reader, u.rel, u.buf)
		if err != nil {
			return currentRows{}, err
		}
		old[i] = now
		if now.row != nil && now.offset == seen.offset {
			continue
		}
		if err := u.locks.unfrozen(u.buf, now); err != nil {
			return currentRows{}, err
		}
		changed[i] = true
	}
	if len(changed) == 0 {
		return currentRows{b, old}, nil
	}
	return u.evaluated(ctx, b, old, changed)
}

// evaluated returns rows with those that have changed, which old has as they are now, evaluated anew.
func (u *updater) evaluated(ctx context.Context, b *types.Batch, old []storedRow, changed map[int]bool) (currentRows, error) {
	out := currentRows{Batch: types.NewBatch(u.input.Types(), b.Len)}
	for i := range b.Len {
		if !changed[i] {
			out.AppendFrom(b, i, 1)
			out.old = append(out.old, old[i])
		} else if err := u.evaluateAgain(ctx, old[i], &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// evaluateAgain adds what the statement makes of a row that has changed.
func (u *updater) evaluateAgain(ctx context.Context, now storedRow, out *currentRows) error {
	if now.row == nil {
		return nil
	}
	b, err := u.env.reevaluate(ctx, u.input, map[int]pinnedRow{plan.TargetMark: {now.row}})
	if err != nil || b == nil {
		return err
	}
	out.AppendFrom(b, 0, 1)
	out.old = append(out.old, now)
	return u.lockRow(ctx, b, 0) // its key may change now
}
