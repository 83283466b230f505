package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// maxListedKeys is how many keys are listed in a condition, by which an index may be used, beside the join with them.
const maxListedKeys = 1000

// Referring are the rows of a foreign key's table that refer to some keys.
type Referring struct {
	catalog.Reference
	Keys    *types.Batch // the columns referred to, in the order of the foreign key
	Changed *types.Batch // what becomes of them, row by row, or nil
}

// referring are those rows in the making: columns of the table, and expressions for the key to which a row refers.
type referring struct {
	*binder
	Referring
	node plan.Node
}

func (r Referring) bind(env *Env) (*referring, error) {
	b := newBinder(env)
	b.reads.add(r.Child)
	out := &referring{binder: b, Referring: r}
	item := scanRelation(r.Child, r.Child.Name)
	item.node.(*plan.Scan).Mark = plan.TargetMark
	out.node = item.node
	if r.Keys.Len != 1 {
		out.node = &plan.Join{Kind: plan.JoinInner, Left: item.node, Right: out.values()}
	}
	var preds []*plan.Expr
	for i, c := range r.Columns {
		column := plan.Column(c, r.Child.Columns[c].Type)
		eq, err := b.operator("=", column, out.key(i), 0)
		if err != nil {
			return nil, err
		}
		preds = append(preds, eq)
		if n := r.Keys.Len; n > 1 && n <= maxListedKeys {
			list := make([]*plan.Expr, n)
			for row := range list {
				list[row] = constantOf(r.Keys, i, row)
			}
			in, err := b.in(column, list, 0)
			if err != nil {
				return nil, err
			}
			preds = append(preds, in)
		}
	}
	out.node = &plan.Filter{Input: out.node, Pred: conjunction(preds)}
	return out, nil
}

func constantOf(b *types.Batch, column, row int) *plan.Expr {
	return plan.Const(b.Cols[column].Type, b.Cols[column].Datum(row))
}

// values gives the keys, and what becomes of them.
func (r *referring) values() *plan.Values {
	v := &plan.Values{}
	for _, b := range []*types.Batch{r.Keys, r.Changed} {
		if b == nil {
			continue
		}
		for i, col := range b.Cols {
			v.ColumnTypes = append(v.ColumnTypes, col.Type)
			for row := range b.Len {
				if len(v.Rows) <= row {
					v.Rows = append(v.Rows, nil)
				}
				v.Rows[row] = append(v.Rows[row], constantOf(b, i, row))
			}
		}
	}
	return v
}

// key is column i of the key that a row refers to, changed what becomes of it.
func (r *referring) key(i int) *plan.Expr     { return r.value(r.Keys, 0, i) }
func (r *referring) changed(i int) *plan.Expr { return r.value(r.Changed, len(r.Keys.Cols), i) }

func (r *referring) value(b *types.Batch, first, i int) *plan.Expr {
	if b.Len == 1 {
		return constantOf(b, i, 0)
	}
	return plan.Column(len(r.Child.Columns)+first+i, b.Cols[i].Type)
}

// PlanKeys plans a query that gives the keys that rows refer to, in the order of the foreign key; with lock as FOR KEY SHARE of those rows does.
func (r Referring) PlanKeys(env *Env, lock bool) (*plan.Query, error) {
	b, err := r.bind(env)
	if err != nil {
		return nil, err
	}
	var exprs []*plan.Expr
	for i := range r.Keys.Cols {
		exprs = append(exprs, b.key(i))
	}
	if !lock {
		return b.finish(asBound(&plan.Project{Input: b.node, Exprs: exprs}))
	}
	of := plan.RowLock{Relation: r.Child, Mark: plan.TargetMark, Strength: 1 + slices.Index(strengths, "FOR KEY SHARE")}
	for _, k := range r.Child.Key {
		of.Key = append(of.Key, plan.Column(len(exprs), r.Child.Columns[k].Type))
		exprs = append(exprs, plan.Column(k, r.Child.Columns[k].Type))
	}
	return b.finish(asBound(&plan.LockRows{Input: &plan.Project{Input: b.node, Exprs: exprs}, Locks: []plan.RowLock{of}}))
}

// PlanDelete plans the DELETE of the rows.
func (r Referring) PlanDelete(env *Env) (*plan.Delete, error) {
	b, err := r.bind(env)
	if err != nil {
		return nil, err
	}
	q, err := b.finish(asBound(&plan.Project{Input: b.node, Exprs: columnRefs(r.Child.Types())}))
	return &plan.Delete{Relation: r.Child, Input: q}, err
}

// PlanUpdate plans the UPDATE that the action makes of columns.
func (r Referring) PlanUpdate(env *Env, action catalog.RefAction, columns []int) (*plan.Update, error) {
	b, err := r.bind(env)
	if err != nil {
		return nil, err
	}
	set := columnRefs(r.Child.Types())
	for i, c := range r.Columns {
		if !slices.Contains(columns, c) {
			continue
		}
		col := r.Child.Columns[c]
		switch action {
		case catalog.SetNull:
			set[c] = plan.Const(col.Type, types.NullDatum)
		case catalog.SetDefault:
			set[c], err = b.defaultOf(r.Child, c)
		default:
			set[c], err = b.coerceColumn(b.changed(i), col.Name, col.Type, 0)
		}
		if err != nil {
			return nil, err
		}
	}
	q, err := b.finish(asBound(&plan.Project{Input: b.node, Exprs: append(columnRefs(r.Child.Types()), set...)}))
	return &plan.Update{Relation: r.Child, Input: q}, err
}

// PlanOrphans plans a query that gives the rows of a foreign key's table that refer to nothing that is there.
func PlanOrphans(ref catalog.Reference, parent *catalog.Relation, env *Env) (*plan.Query, error) {
	b := newBinder(env)
	b.reads.add(ref.Child)
	b.reads.add(parent)
	child := scanRelation(ref.Child, ref.Child.Name)
	join := &plan.Join{Kind: plan.JoinLeft, Left: child.node, Right: scanRelation(parent, parent.Name).node}
	width := len(ref.Child.Columns)
	var eqs, preds []*plan.Expr
	for i, c := range ref.Columns {
		left, p := plan.Column(c, ref.Child.Columns[c].Type), ref.Referenced[i]
		eq, err := b.operator("=", left, plan.Column(width+p, parent.Columns[p].Type), 0)
		if err != nil {
			return nil, err
		}
		eqs = append(eqs, eq)
		preds = append(preds, not(isNull(left)))
	}
	join.Cond = conjunction(eqs)
	if ref.Full { // some are NULL and some are not
		preds = []*plan.Expr{disjunction(preds, 0)}
	}
	// A row without a partner has NULL in the partner's key.
	preds = append(preds, isNull(plan.Column(width+parent.Key[0], parent.Columns[parent.Key[0]].Type)))
	return b.finish(asBound(&plan.Project{Input: &plan.Filter{Input: join, Pred: conjunction(preds)}, Exprs: columnRefs(ref.Child.Types())}))
}

func isNull(x *plan.Expr) *plan.Expr {
	return &plan.Expr{Op: plan.OpIsNull, Type: types.Bool, Args: []*plan.Expr{x}}
}
