package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// RunDelete is RunInsert for DELETE.
func RunDelete(ctx context.Context, p *plan.Delete, env *Env, tx Tx) (int64, *types.Batch, error) {
	return runChange(ctx, env, tx, p.Relation, p.Input, p.Returning, false, (*updater).delete)
}

// delete deletes rows and returns those that were not deleted before.
func (u *updater) delete(ctx context.Context, b currentRows) (*types.Batch, error) {
	rows := make([]int, 0, b.Len)
	for i := range b.Len {
		key := u.w.key(u.buf, b.Batch, i)
		u.buf = key
		fresh, err := u.fresh(key)
		if err != nil {
			return nil, err
		}
		if !fresh {
			continue
		}
		if err := u.unique.change(key, b.old[i], nil, nil, 0); err != nil {
			return nil, err
		}
		if err := u.w.write(ctx, u.w.partition(key), b.old[i].replace(key, nil)); err != nil {
			return nil, err
		}
		if err := u.gone.deleted(b.Batch, i); err != nil {
			return nil, err
		}
		rows = append(rows, i)
	}
	u.count += int64(len(rows))
	return b.Gather(rows), u.unique.finish(ctx) // nobody comes, so this does not wait for the other rows
}
