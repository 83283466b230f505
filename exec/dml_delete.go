package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// RunDelete is RunInsert for DELETE.
func RunDelete(ctx context.Context, p *plan.Delete, env *Env, tx Tx) (int64, *types.Batch, error) {
	env.begin()
	u := newUpdater(p.Relation, env, tx, p.Input.Root)
	ret, err := newReturning(p.Returning, env)
	if err != nil {
		return 0, nil, err
	}
	input, err := Build(p.Input.Root, env)
	if err != nil {
		return 0, nil, err
	}
	defer input.Close()
	err = drain(ctx, input, func(b *types.Batch) error {
		rows, err := u.delete(ctx, b)
		if err != nil {
			return err
		}
		return ret.add(ctx, rows)
	})
	if err == nil {
		err = u.finish(ctx)
	}
	return u.count, ret.result(), err
}

// delete deletes rows and returns those that were not deleted before.
func (u *updater) delete(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	rows := make([]int, 0, b.Len)
	for i := range b.Len {
		key := u.w.key(u.buf, b, i)
		u.buf = key
		fresh, err := u.fresh(key)
		if err != nil {
			return nil, err
		}
		if !fresh {
			continue
		}
		old, err := u.read(key)
		if err != nil {
			return nil, err
		}
		if err := u.w.write(ctx, u.w.partition(key), old.replace(key, nil)); err != nil {
			return nil, err
		}
		rows = append(rows, i)
	}
	u.count += int64(len(rows))
	return b.Gather(rows), nil
}
