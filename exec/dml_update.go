package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// RunUpdate is RunInsert for UPDATE. The key of the table holds at the end of the statement, not after each row, so that
// SET id = id + 1 works whatever the order of the rows.
func RunUpdate(ctx context.Context, p *plan.Update, env *Env, tx Tx) (int64, *types.Batch, error) {
	return runChange(ctx, env, tx, p.Relation, p.Input, p.Returning, true, (*updater).update)
}

// runChange does something with all rows of input, which has new rows too if they replace the old ones, and returns how many it was
// and what RETURNING gives of them.
func runChange(ctx context.Context, env *Env, tx Tx, rel *catalog.Relation, input *plan.Query, returning []*plan.Expr, replaces bool,
	change func(*updater, context.Context, currentRows) (*types.Batch, error)) (int64, *types.Batch, error) {
	env.begin()
	u := newUpdater(rel, env, tx, input.Root)
	u.replaces = replaces
	defer u.locks.done()
	ret, err := newReturning(returning, env)
	if err != nil {
		return 0, nil, err
	}
	rows, err := Build(input.Root, env)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	err = drain(ctx, rows, func(b *types.Batch) error {
		current, err := u.current(ctx, b)
		if err != nil {
			return err
		}
		changed, err := change(u, ctx, current)
		if err != nil {
			return err
		}
		return ret.add(ctx, changed)
	})
	if err == nil {
		err = u.finish(ctx)
	}
	return u.count, ret.result(), err
}

// updater changes and deletes rows of a table.
type updater struct {
	env   *Env
	rel   *catalog.Relation
	input plan.Node
	// replaces: the input has, behind each row, the one that takes its place.
	replaces bool
	w        *rowWriter
	locks    rowLocker
	rules    rowRules
	seen     *keySet // rows changed; nil if the input gives each once
	moves    keyMoves
	// unique are the table's other unique keys, which too hold at the end of the statement.
	unique *uniqueIndexes
	refs   *foreignKeys
	gone   goneKeys
	count  int64

	buf, newBuf []byte // encoded keys
}

func newUpdater(rel *catalog.Relation, env *Env, tx Tx, input plan.Node) *updater {
	u := &updater{env: env, rel: rel, input: input, w: newRowWriter(rel, tx), rules: newRowRules(rel, env), locks: rowLocker{env: env, rel: rel}}
	u.moves = keyMoves{rows: types.NewBatch(rel.Types(), 0), mem: env.account("update of keys")}
	u.unique = newUniqueIndexes(rel, env, tx)
	u.refs, u.gone = newForeignKeys(rel, env, tx), newGoneKeys(rel, env)
	if !givesRowsOnce(input) {
		u.seen = newKeySet(env)
	}
	return u
}

// givesRowsOnce reports whether a plan gives each row of the relation that it reads at most once: it joins nothing.
func givesRowsOnce(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return true
	case *plan.Filter:
		return givesRowsOnce(n.Input)
	case *plan.Project:
		return givesRowsOnce(n.Input)
	case *plan.Sort:
		return givesRowsOnce(n.Input)
	case *plan.Limit:
		return givesRowsOnce(n.Input)
	case *plan.Lateral:
		return n.Single && givesRowsOnce(n.Input)
	}
	return false
}

// update takes old rows side by side with new ones, and returns the new rows of those that were not changed before, with what
// RETURNING uses beside them.
func (u *updater) update(ctx context.Context, b currentRows) (*types.Batch, error) {
	before, after := u.halves(b.Batch)
	checked, err := u.rules.over(ctx, after)
	if err != nil {
		return nil, err
	}
	rows := make([]int, 0, b.Len)
	for i := range b.Len {
		key := u.w.key(u.buf, before, i)
		u.buf = key
		fresh, err := u.fresh(key)
		if err != nil {
			return nil, err
		}
		if !fresh {
			continue
		}
		if err := checked.check(i); err != nil {
			return nil, err
		}
		if err := u.updateRow(ctx, key, b.old[i], after, i); err != nil {
			return nil, err
		}
		if err := u.gone.changed(before, after, i); err != nil {
			return nil, err
		}
		rows = append(rows, i)
	}
	u.count += int64(len(rows))
	written := &types.Batch{Cols: b.Cols[len(u.rel.Columns):], Len: b.Len}
	return written.Gather(rows), u.refs.check(ctx, after, rows, before)
}

// fresh reports whether the row with the key was not changed by this statement before.
func (u *updater) fresh(key []byte) (bool, error) {
	if u.seen == nil {
		return true, nil
	}
	return u.seen.add(key)
}

func (u *updater) updateRow(ctx context.Context, key []byte, old storedRow, after *types.Batch, i int) error {
	newKey := u.w.key(u.newBuf, after, i)
	u.newBuf = newKey
	if err := u.unique.change(key, old, newKey, after, i); err != nil {
		return err
	}
	if !bytes.Equal(key, newKey) {
		return u.moves.add(key, old, after, i)
	}
	return u.w.write(ctx, u.w.partition(key), old.replace(key, u.w.value(after, i)))
}

// finish writes the rows whose keys change, and the rest.
func (u *updater) finish(ctx context.Context) error {
	if err := u.moves.write(ctx, u); err != nil {
		return err
	}
	if err := u.unique.finish(ctx); err != nil {
		return err
	}
	if err := u.refs.finish(ctx); err != nil {
		return err
	}
	return u.w.flush(ctx)
}
