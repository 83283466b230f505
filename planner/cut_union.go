package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// cutUnion makes a task that reads all inputs of a UNION ALL, each as it lies if it can. Its rows are the columns that are
// needed, then their key: the number of the input, and slots for the key of each. What an input has no key column for is NULL.
func (c *cutter) cutUnion(n *plan.Union, need columnSet) (*flow, error) {
	columns := need.list()
	u := &union{types: pick(n.Types(), columns), slots: []types.Type{types.Int4}}
	for _, in := range n.Inputs {
		f, err := c.cut(in, need)
		if err != nil {
			return nil, err
		}
		u.add(f)
	}
	task := &plan.Task{}
	out := &flow{task: task, types: append(slices.Clone(u.types), u.slots...)}
	for i, f := range u.inputs {
		f.arrange(u.row(i, columns))
		task.Inputs = append(task.Inputs, c.asItLies(f))
		out.parts = agreedParts(i, out.parts, f.parts)
	}
	for i := range u.slots {
		out.key = append(out.key, len(columns)+i)
	}
	out.out = make([]*plan.Expr, len(need))
	for i, column := range columns {
		out.out[column] = plan.Column(i, u.types[i])
	}
	return out, nil
}

// union is a UNION ALL in the making.
type union struct {
	types  []types.Type
	slots  []types.Type // of the key; the first is the number of the input
	inputs []*flow
	places [][]int // for each column of each input's key, its slot
}

// add takes in an input. Its key goes into slots of the same types that others use too, or into new ones.
func (u *union) add(f *flow) {
	used := []bool{true}
	var places []int
	for _, k := range f.key {
		t := f.types[k].Base()
		slot := 0
		for slot < len(u.slots) && (slot < len(used) && used[slot] || u.slots[slot] != t) {
			slot++
		}
		if slot == len(u.slots) {
			u.slots = append(u.slots, t)
		}
		for len(used) <= slot {
			used = append(used, false)
		}
		used[slot] = true
		places = append(places, slot)
	}
	u.inputs, u.places = append(u.inputs, f), append(u.places, places)
}

// row returns what the rows of input i are, and which of it is its key.
func (u *union) row(i int, columns []int) (exprs []*plan.Expr, key []int) {
	f := u.inputs[i]
	for _, column := range columns {
		exprs = append(exprs, f.out[column])
	}
	slots := make([]*plan.Expr, len(u.slots))
	slots[0] = plan.Const(types.Int4, types.Datum{Int: int64(i)})
	for j, k := range f.key {
		slots[u.places[i][j]] = plan.Column(k, f.types[k])
	}
	for j := range slots {
		if slots[j] == nil {
			slots[j] = plan.Const(u.slots[j], types.NullDatum)
		}
		key = append(key, len(columns)+j)
	}
	return append(exprs, slots...), key
}

// arrange makes f's physical columns exprs, in their places.
func (f *flow) arrange(exprs []*plan.Expr, key []int) {
	f.moveParts(exprs)
	f.steps = append(f.steps, plan.Step{Project: exprs})
	f.types, f.key = typesOf(exprs), key
}

// asItLies makes an input of f's rows in the partitions where they are, if those are placed like the result.
func (c *cutter) asItLies(f *flow) plan.Input {
	switch {
	case f.rel == nil:
		return plan.Input{Source: c.internal(f)}
	case c.placedLike(f.rel):
		return plan.Input{Source: f.source(), Steps: f.steps}
	}
	in := c.forward(f, f.key)
	f.parts = columnParts(f.key)
	return in
}

// agreedParts returns by which columns the rows of the first i inputs and of the next are partitioned.
func agreedParts(i int, all, next [][]int) [][]int {
	if i == 0 {
		return next
	}
	if all == nil || len(all) != len(next) {
		return nil
	}
	out := make([][]int, len(all))
	for p := range all {
		for _, column := range all[p] {
			if slices.Contains(next[p], column) {
				out[p] = append(out[p], column)
			}
		}
		if out[p] == nil {
			return nil
		}
	}
	return out
}
