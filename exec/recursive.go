package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// recursiveOp gives the rows of the first term, then those of the recursive term over the rows that came last, until there are
// none. Rows are given as they come, so whoever takes only some of an endless recursion's ends it.
type recursiveOp struct {
	env  *Env
	node *plan.Recursive
	mem  account
	op   Operator     // of the term that is being run; nil at the end
	came *types.Batch // rows that op has given
	size int64        // bytes of came, and of the rows that op reads
	last int64
	seen map[string]struct{} // all rows given, encoded; nil if equal ones are given
	buf  []byte
}

func newRecursive(n *plan.Recursive, env *Env) (Operator, error) {
	own := *env
	own.joined, own.keeps = map[*plan.Join]joinTable{}, true
	r := &recursiveOp{env: &own, node: n, mem: env.account("recursive query"), came: types.NewBatch(n.Types(), 0)}
	if !n.All {
		r.seen = map[string]struct{}{}
	}
	var err error
	r.op, err = build(n.Base, env)
	return r, err
}

func (r *recursiveOp) Next(ctx context.Context) (*types.Batch, error) {
	for r.op != nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := r.op.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			if err := r.step(); err != nil {
				return nil, err
			}
			continue
		}
		if b, err = r.fresh(b); err != nil {
			return nil, err
		}
		if b.Len > 0 {
			return b, r.keep(b)
		}
	}
	return nil, nil
}

// step begins to run the recursive term over the rows that came, if there are any.
func (r *recursiveOp) step() (err error) {
	r.op.Close()
	r.op = nil
	r.mem.shrink(r.last)
	r.last, r.size = r.size, 0
	if r.came.Len == 0 {
		return nil
	}
	r.env.run.work[r.node.ID] = r.came
	r.came = types.NewBatch(r.node.Types(), 0)
	r.op, err = build(r.node.Step, r.env)
	return err
}

// keep keeps rows for the next step.
func (r *recursiveOp) keep(b *types.Batch) error {
	n := batchBytes(b, 0, b.Len)
	r.size += n
	addRows(r.came, b)
	return r.mem.grow(n)
}

// fresh returns the rows of b that were not given before.
func (r *recursiveOp) fresh(b *types.Batch) (*types.Batch, error) {
	if r.seen == nil {
		return b, nil
	}
	var rows []int
	for i := range b.Len {
		r.buf = r.buf[:0]
		for _, v := range b.Cols {
			r.buf = types.EncodeKeyValue(r.buf, v, i)
		}
		if _, ok := r.seen[string(r.buf)]; ok {
			continue
		}
		r.seen[string(r.buf)] = struct{}{}
		if err := r.mem.grow(int64(len(r.buf)) + hashEntryBytes); err != nil {
			return nil, err
		}
		rows = append(rows, i)
	}
	if len(rows) == b.Len {
		return b, nil
	}
	return b.Gather(rows), nil
}

func (r *recursiveOp) Close() {
	if r.op != nil {
		r.op.Close()
		r.op = nil
	}
	r.mem.release()
	r.came, r.seen = nil, nil
	for _, t := range r.env.joined {
		t.mem.release()
	}
	clear(r.env.joined)
}

// workTable gives the rows that came last in the recursion that is being run.
type workTable struct {
	rows  *types.Batch
	given int
}

func (w *workTable) Next(ctx context.Context) (*types.Batch, error) {
	if w.given == w.rows.Len {
		return nil, nil
	}
	from := w.given
	w.given = min(from+BatchRows, w.rows.Len)
	return w.rows.Slice(from, w.given), ctx.Err()
}

func (w *workTable) Close() {}

// readsOpenWork reports whether a plan reads the work table of a recursion around it.
func readsOpenWork(n plan.Node) bool { return readsWork(n, nil) }

func readsWork(n plan.Node, own []int) bool {
	switch n := n.(type) {
	case *plan.WorkTable:
		for _, id := range own {
			if id == n.ID {
				return false
			}
		}
		return true
	case *plan.Recursive:
		own = append(own[:len(own):len(own)], n.ID)
	}
	exprs, inputs := planParts(n)
	for _, in := range inputs {
		if readsWork(in, own) {
			return true
		}
	}
	found := false
	for _, x := range exprs {
		walkExpr(x, func(x *plan.Expr) {
			found = found || x.Sub != nil && x.Sub.Root != nil && readsWork(x.Sub.Root, own)
		})
	}
	return found
}
