package expr

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// compileIn returns a search in a set if all values are constants, else a comparison with one after the other.
func compileIn(e *plan.Expr, args []arg) node {
	set := setNode{arg: args[0].node, keys: map[string]struct{}{}}
	for _, v := range e.Args[1:] {
		switch {
		case v.Op != plan.OpConst:
			return inNode{args}
		case v.Value.Null:
			set.null = true
		case v.Type.Class() == types.ClassFloat || v.Type.ID == types.IDNumeric:
			return inNode{args} // their comparison is not that of their keys' bytes in all cases
		default:
			set.keys[string(types.EncodeKeyDatum(nil, v.Type, *v.Value))] = struct{}{}
		}
	}
	return set
}

// setNode is x = ANY over constants.
type setNode struct {
	arg  node
	keys map[string]struct{} // key codec
	null bool                // NULL is among them
}

func (n setNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	x, err := n.arg.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	return n.search(x), nil
}

func (n setNode) search(x column) column {
	out := types.MakeVector(types.Bool, x.Len())
	var key []byte
	for i := range out.Int {
		key = types.EncodeKeyValue(key[:0], x.Vector, i)
		_, found := n.keys[string(key)]
		switch {
		case x.IsNull(i), !found && n.null:
			out.SetNull(i)
		case found:
			out.Int[i] = 1
		}
	}
	return column{out, x.mask}
}

// inNode is args[0] = ANY (args[1:]), three-valued. A value is evaluated only for rows that none before was equal to.
type inNode struct{ args []arg }

func (n inNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	x, err := n.args[0].eval(ev, b)
	if err != nil {
		return column{}, err
	}
	out := types.MakeVector(types.Bool, b.Len)
	var open []int
	for i := range b.Len {
		if x.null(i) {
			out.SetNull(i)
		} else {
			open = append(open, i)
		}
	}
	for i := 1; i < len(n.args) && len(open) > 0; i++ {
		v, err := n.args[i].evalRows(ev, b, open)
		if err != nil {
			return column{}, err
		}
		open = matchRows(out, x, v, open)
	}
	return perRow(out), nil
}

// matchRows compares x with v for the open rows and returns those that are not equal.
func matchRows(out *types.Vector, x column, v some, open []int) (left []int) {
	for k, r := range open {
		switch {
		case v.nullAt(k):
			out.SetNull(r)
		case types.CompareValues(x.Vector, x.at(r), v.Vector, v.place(k)) == 0:
			out.Int[r] = 1
			if out.Nulls != nil {
				out.Nulls[r] = false
			}
			continue
		}
		left = append(left, r)
	}
	return left
}
