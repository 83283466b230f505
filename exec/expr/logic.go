package expr

import (
	"github.com/millracedb/millrace/sql/types"
)

// isTrue reports whether value i of a boolean vector is true.
func isTrue(v *types.Vector, i int) bool { return !v.IsNull(i) && v.Int[i] != 0 }

// allRows returns 0 … n-1.
func allRows(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// evalRows evaluates n for some rows of b only, in the order given.
func evalRows(n node, c *Context, b *types.Batch, rows []int) (*types.Vector, error) {
	if len(rows) == b.Len {
		return n.eval(c, b)
	}
	return n.eval(c.forRows(rows), b.Gather(rows))
}

// put sets value at of dst to value i of src.
func put(dst *types.Vector, at int, src *types.Vector, i int) {
	if src.IsNull(i) {
		dst.SetNull(at)
		return
	}
	switch dst.Type.Class() {
	case types.ClassInt:
		dst.Int[at] = src.Int[i]
	case types.ClassFloat:
		dst.Float[at] = src.Float[i]
	case types.ClassString:
		dst.Str[at] = src.Str[i]
	case types.ClassDecimal:
		dst.Dec[at].Set(&src.Dec[i])
	}
}

// logicNode is AND (decides at 0) and OR (decides at 1), three-valued. An argument is evaluated only for rows that the ones
// before have not decided.
type logicNode struct {
	args    []node
	decides int64
}

func (n logicNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	out := types.MakeVector(types.Bool, b.Len)
	for i := range out.Int {
		out.Int[i] = 1 - n.decides
	}
	rows := allRows(b.Len)
	for _, a := range n.args {
		if len(rows) == 0 {
			break
		}
		v, err := evalRows(a, c, b, rows)
		if err != nil {
			return nil, err
		}
		open := rows[:0:0]
		for k, r := range rows {
			switch {
			case v.IsNull(k):
				out.SetNull(r)
				open = append(open, r)
			case v.Int[k] == n.decides:
				out.Int[r] = n.decides
				if out.Nulls != nil {
					out.Nulls[r] = false
				}
			default:
				open = append(open, r)
			}
		}
		rows = open
	}
	return out, nil
}

type notNode struct{ arg node }

func (n notNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	v, err := n.arg.eval(c, b)
	if err != nil {
		return nil, err
	}
	out := types.MakeVector(types.Bool, b.Len)
	out.Nulls = v.Nulls
	for i, x := range v.Int {
		out.Int[i] = 1 - x
	}
	return out, nil
}

type isNullNode struct{ arg node }

func (n isNullNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	v, err := n.arg.eval(c, b)
	if err != nil {
		return nil, err
	}
	out := types.MakeVector(types.Bool, b.Len)
	for i := range out.Int {
		if v.IsNull(i) {
			out.Int[i] = 1
		}
	}
	return out, nil
}

// caseNode is CASE: condition, result, …, else. A result is evaluated only for the rows whose condition is the first to hold.
type caseNode struct {
	t    types.Type
	args []node
}

func (n caseNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	out := types.MakeVector(n.t, b.Len)
	rows := allRows(b.Len)
	for i := 0; i+1 < len(n.args) && len(rows) > 0; i += 2 {
		cond, err := evalRows(n.args[i], c, b, rows)
		if err != nil {
			return nil, err
		}
		var hold, rest []int
		for k, r := range rows {
			if isTrue(cond, k) {
				hold = append(hold, r)
			} else {
				rest = append(rest, r)
			}
		}
		if err := n.fill(c, b, n.args[i+1], hold, out); err != nil {
			return nil, err
		}
		rows = rest
	}
	return out, n.fill(c, b, n.args[len(n.args)-1], rows, out)
}

func (n caseNode) fill(c *Context, b *types.Batch, result node, rows []int, out *types.Vector) error {
	if len(rows) == 0 {
		return nil
	}
	v, err := evalRows(result, c, b, rows)
	if err != nil {
		return err
	}
	for k, r := range rows {
		put(out, r, v, k)
	}
	return nil
}

// coalesceNode is the first argument that is not NULL.
type coalesceNode struct {
	t    types.Type
	args []node
}

func (n coalesceNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	out := types.MakeVector(n.t, b.Len)
	rows := allRows(b.Len)
	for _, a := range n.args {
		if len(rows) == 0 {
			return out, nil
		}
		v, err := evalRows(a, c, b, rows)
		if err != nil {
			return nil, err
		}
		var open []int
		for k, r := range rows {
			if v.IsNull(k) {
				open = append(open, r)
				continue
			}
			put(out, r, v, k)
		}
		rows = open
	}
	for _, r := range rows {
		out.SetNull(r)
	}
	return out, nil
}

// distinctNode is IS DISTINCT FROM.
type distinctNode struct{ left, right node }

func (n distinctNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	l, err := n.left.eval(c, b)
	if err != nil {
		return nil, err
	}
	r, err := n.right.eval(c, b)
	if err != nil {
		return nil, err
	}
	out := types.MakeVector(types.Bool, b.Len)
	for i := range out.Int {
		if l.IsNull(i) != r.IsNull(i) || !l.IsNull(i) && types.Compare(l.Type, l.Datum(i), r.Datum(i)) != 0 {
			out.Int[i] = 1
		}
	}
	return out, nil
}

// inNode is args[0] = ANY (args[1:]), three-valued.
type inNode struct{ args []node }

func (n inNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	x, err := n.args[0].eval(c, b)
	if err != nil {
		return nil, err
	}
	out := types.MakeVector(types.Bool, b.Len)
	var open []int
	for i := range b.Len {
		if x.IsNull(i) {
			out.SetNull(i)
		} else {
			open = append(open, i)
		}
	}
	for _, a := range n.args[1:] {
		if len(open) == 0 {
			break
		}
		v, err := evalRows(a, c, b, open)
		if err != nil {
			return nil, err
		}
		var rest []int
		for k, r := range open {
			switch {
			case v.IsNull(k):
				out.SetNull(r)
				rest = append(rest, r)
			case types.Compare(x.Type, x.Datum(r), v.Datum(k)) == 0:
				out.Int[r] = 1
				if out.Nulls != nil {
					out.Nulls[r] = false
				}
			default:
				rest = append(rest, r)
			}
		}
		open = rest
	}
	return out, nil
}
