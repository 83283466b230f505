package expr

import "github.com/millracedb/millrace/sql/types"

// logicNode is AND (decides at 0) and OR (decides at 1), three-valued. An argument is evaluated only for rows that the ones
// before have not decided, unless it is safe.
type logicNode struct {
	args    []arg
	decides int64
}

func (n logicNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	if n.allSafe() {
		return n.evalAll(ev, b)
	}
	out := types.MakeVector(types.Bool, b.Len)
	for i := range out.Int {
		out.Int[i] = 1 - n.decides
	}
	open := allRows(b.Len)
	for i := range n.args {
		if len(open) == 0 {
			break
		}
		v, err := n.args[i].evalRows(ev, b, open)
		if err != nil {
			return column{}, err
		}
		open = n.settle(out, v, open)
	}
	return perRow(out), nil
}

func (n logicNode) allSafe() bool {
	for i := range n.args {
		if !n.args[i].safe {
			return false
		}
	}
	return true
}

// evalAll evaluates every argument for all rows.
func (n logicNode) evalAll(ev *evaluation, b *types.Batch) (column, error) {
	out := types.MakeVector(types.Bool, b.Len)
	for i := range out.Int {
		out.Int[i] = 1 - n.decides
	}
	for i := range n.args {
		v, err := n.args[i].eval(ev, b)
		if err != nil {
			return column{}, err
		}
		n.combine(out, v)
	}
	return perRow(out), nil
}

// combine adds an argument's values to what the ones before gave.
func (n logicNode) combine(out *types.Vector, v column) {
	if v.Nulls == nil && out.Nulls == nil {
		if n.decides == 0 {
			for i := range out.Int {
				out.Int[i] &= v.Int[i&v.mask]
			}
			return
		}
		for i := range out.Int {
			out.Int[i] |= v.Int[i&v.mask]
		}
		return
	}
	for i := range out.Int {
		switch null := v.null(i); {
		case !out.IsNull(i) && out.Int[i] == n.decides:
		case !null && v.Int[i&v.mask] == n.decides:
			out.Int[i] = n.decides
			if out.Nulls != nil {
				out.Nulls[i] = false
			}
		case null:
			out.SetNull(i)
		}
	}
}

// settle takes an argument's values for the open rows and returns those that are still open.
func (n logicNode) settle(out *types.Vector, v some, open []int) []int {
	left := open[:0]
	for k, r := range open {
		switch {
		case v.nullAt(k):
			out.SetNull(r)
		case v.Int[v.place(k)] == n.decides:
			out.Int[r] = n.decides
			if out.Nulls != nil {
				out.Nulls[r] = false
			}
			continue
		}
		left = append(left, r)
	}
	return left
}

type notNode struct{ arg node }

func (n notNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	v, err := n.arg.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	out := types.MakeVector(types.Bool, len(v.Int))
	out.Nulls = v.Nulls
	for i, x := range v.Int {
		out.Int[i] = 1 - x
	}
	return column{out, v.mask}, nil
}

type isNullNode struct{ arg node }

func (n isNullNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	v, err := n.arg.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	out := types.MakeVector(types.Bool, v.Len())
	for i, null := range v.Nulls {
		if null {
			out.Int[i] = 1
		}
	}
	return column{out, v.mask}, nil
}

// caseNode is CASE: condition, result, …, else. A result is evaluated only for the rows whose condition is the first to
// hold, a condition only for the rows that are left.
type caseNode struct {
	t    types.Type
	args []arg
}

func (n caseNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	out := types.MakeVector(n.t, b.Len)
	open := allRows(b.Len)
	last := len(n.args) - 1
	for i := 0; i < last && len(open) > 0; i += 2 {
		cond, err := n.args[i].evalRows(ev, b, open)
		if err != nil {
			return column{}, err
		}
		hold, left := split(cond, open)
		if err := fill(&n.args[i+1], ev, b, hold, out); err != nil {
			return column{}, err
		}
		open = left
	}
	return perRow(out), fill(&n.args[last], ev, b, open, out)
}

// split returns the rows for which a condition holds, and the others.
func split(cond some, rows []int) (hold, left []int) {
	for k, r := range rows {
		if !cond.nullAt(k) && cond.Int[cond.place(k)] != 0 {
			hold = append(hold, r)
		} else {
			left = append(left, r)
		}
	}
	return hold, left
}

// fill sets rows of out to the values of a.
func fill(a *arg, ev *evaluation, b *types.Batch, rows []int, out *types.Vector) error {
	if len(rows) == 0 {
		return nil
	}
	v, err := a.evalRows(ev, b, rows)
	if err != nil {
		return err
	}
	for k, r := range rows {
		put(out, r, v.Vector, v.place(k))
	}
	return nil
}

// coalesceNode is the first argument that is not NULL; the ones after it are not evaluated.
type coalesceNode struct {
	t    types.Type
	args []arg
}

func (n coalesceNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	out := types.MakeVector(n.t, b.Len)
	open := allRows(b.Len)
	for i := range n.args {
		if len(open) == 0 {
			break
		}
		v, err := n.args[i].evalRows(ev, b, open)
		if err != nil {
			return column{}, err
		}
		left := open[:0:0]
		for k, r := range open {
			if v.nullAt(k) {
				left = append(left, r)
				continue
			}
			put(out, r, v.Vector, v.place(k))
		}
		open = left
	}
	for _, r := range open {
		out.SetNull(r)
	}
	return perRow(out), nil
}

// distinctNode is IS DISTINCT FROM.
type distinctNode struct{ left, right node }

func (n distinctNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	l, err := n.left.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	r, err := n.right.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	out := types.MakeVector(types.Bool, b.Len)
	for i := range out.Int {
		ln, rn := l.null(i), r.null(i)
		if ln != rn || !ln && types.CompareValues(l.Vector, l.at(i), r.Vector, r.at(i)) != 0 {
			out.Int[i] = 1
		}
	}
	return perRow(out), nil
}
