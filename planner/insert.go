package planner

import (
	"math"
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// PlanInsert plans INSERT. It fills in env.ParamTypes.
func PlanInsert(stmt *ast.Insert, env *Env) (*plan.Insert, error) {
	ins := &insertBinder{binder: newBinder(env), stmt: stmt}
	err := ins.declareWrite(stmt.With)
	if err != nil {
		return nil, err
	}
	if ins.rel, err = ins.target(stmt.Table, writeInsert); err != nil {
		return nil, err
	}
	if err := ins.mayRead(); err != nil {
		return nil, err
	}
	if err := ins.targets(); err != nil {
		return nil, err
	}
	rows, err := ins.rows()
	if err != nil {
		return nil, err
	}
	out := &plan.Insert{Relation: ins.rel}
	if err := ins.conflict(out); err != nil {
		return nil, err
	}
	if out.Returning, out.Fields, err = ins.returning(stmt.Returning, ins.targetScope(ins.rel, stmt.Alias)); err != nil {
		return nil, err
	}
	if err := ins.declaredUnused(stmt.With); err != nil {
		return nil, err
	}
	if out.Source, err = ins.finish(ins.asBound(rows)); err != nil {
		return nil, err
	}
	out.KeysOnly = !ins.scanned
	out.Returning = mapList(out.Returning, ins.params.typed)
	out.OnConflictSet = mapList(out.OnConflictSet, ins.params.typed)
	if out.OnConflictWhere != nil {
		out.OnConflictWhere = ins.params.typed(out.OnConflictWhere)
	}
	return out, nil
}

// insertBinder binds one INSERT.
type insertBinder struct {
	*binder
	stmt    *ast.Insert
	rel     *catalog.Relation
	columns []int // that the statement names, in its order; or all visible ones
}

// mayRead checks what RETURNING and ON CONFLICT need beside INSERT.
func (b *insertBinder) mayRead() error {
	conflict := b.stmt.Conflict
	if conflict != nil && !conflict.Nothing {
		target := b.rel
		if b.updatable != nil {
			target = b.updatable.view
		}
		if err := b.access(target, catalog.Update); err != nil {
			return err
		}
	}
	return b.readsTarget(b.rel, len(b.stmt.Returning) > 0 || conflict != nil && len(conflict.Columns) > 0)
}

// targets resolves the column list.
func (b *insertBinder) targets() error {
	if len(b.stmt.Columns) == 0 {
		var err error
		b.columns, err = b.targetColumns(b.rel, b.given())
		return err
	}
	for _, c := range b.stmt.Columns {
		i, err := b.targetColumn(b.rel, c.Word, c.Pos, writeInsert)
		if err != nil {
			return err
		}
		if slices.Contains(b.columns, i) {
			return pgerr.New(pgerr.DuplicateColumn, "column %q specified more than once", c.Word).At(c.Pos)
		}
		b.columns = append(b.columns, i)
	}
	return nil
}

// given is how many values a row of the statement has, as far as that is known before its query is bound: else all that there may be.
func (b *insertBinder) given() int {
	q := b.stmt.Query
	switch {
	case q == nil:
		return 0
	case q.Values != nil:
		return len(q.Values[0])
	}
	for _, i := range q.Items {
		if _, star := i.Expr.(*ast.Star); star {
			return math.MaxInt
		}
	}
	return len(q.Items)
}

// rows returns a node with all stored columns.
func (b *insertBinder) rows() (plan.Node, error) {
	q := b.stmt.Query
	switch {
	case q == nil:
		row, err := b.row(nil, nil)
		return &plan.Values{Rows: [][]*plan.Expr{row}, ColumnTypes: b.rel.Types()}, err
	case isPlainValues(q):
		return b.values(q)
	}
	return b.query(q)
}

// isPlainValues reports whether q is a list of rows and nothing else: then DEFAULT may stand in it.
func isPlainValues(q *ast.Select) bool {
	return q.Values != nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil && q.With == nil
}

func (b *insertBinder) values(q *ast.Select) (plan.Node, error) {
	out := &plan.Values{ColumnTypes: b.rel.Types()}
	c := &exprContext{scope: &scope{ctes: b.ctes}, clause: "VALUES"}
	for _, row := range q.Values {
		if len(row) != len(q.Values[0]) {
			return nil, pgerr.New(pgerr.SyntaxError, "VALUES lists must all be the same length").At(row[0].Position())
		}
		if err := b.checkCount(len(row), func(i int) int { return row[i].Position() }); err != nil {
			return nil, err
		}
		exprs := make([]*plan.Expr, len(row))
		for i, e := range row {
			var err error
			if exprs[i], err = b.value(e, b.columns[i], c); err != nil {
				return nil, err
			}
		}
		full, err := b.row(b.columns, exprs)
		if err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, full)
	}
	return out, nil
}

// checkCount checks that the statement gives as many values as it names columns; pos tells the place of a value.
func (b *insertBinder) checkCount(n int, pos func(i int) int) error {
	switch {
	case n > len(b.columns):
		return pgerr.New(pgerr.SyntaxError, "INSERT has more expressions than target columns").At(pos(len(b.columns)))
	case n < len(b.columns) && len(b.stmt.Columns) > 0:
		return pgerr.New(pgerr.SyntaxError, "INSERT has more target columns than expressions").At(b.stmt.Columns[n].Pos)
	}
	return nil
}

// value binds the value of column i of the relation.
func (b *insertBinder) value(e ast.Expr, i int, c *exprContext) (*plan.Expr, error) {
	if _, ok := e.(*ast.Default); ok {
		return b.defaultOf(b.rel, i)
	}
	if err := checkIdentity(b.rel.Columns[i], b.stmt.Overriding); err != nil {
		return nil, at(err, e.Position())
	}
	x, err := b.bindExpr(e, c)
	if err != nil {
		return nil, err
	}
	if b.generated(i) {
		return b.defaultOf(b.rel, i)
	}
	return b.coerceColumn(x, b.rel.Columns[i].Name, b.rel.Columns[i].Type, e.Position())
}

// generated reports whether OVERRIDING USER VALUE lets column i have its own value.
func (b *insertBinder) generated(i int) bool {
	return b.stmt.Overriding == "user" && b.rel.Columns[i].Identity != ""
}

// row makes a whole row: exprs for the columns given, defaults for the others.
func (b *insertBinder) row(columns []int, exprs []*plan.Expr) ([]*plan.Expr, error) {
	out := make([]*plan.Expr, len(b.rel.Columns))
	for i, e := range exprs {
		out[columns[i]] = e
	}
	for i := range out {
		if out[i] != nil {
			continue
		}
		var err error
		if out[i], err = b.defaultOf(b.rel, i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// query inserts what a query gives.
func (b *insertBinder) query(q *ast.Select) (plan.Node, error) {
	ts := make([]types.Type, len(b.columns))
	for i, c := range b.columns {
		ts[i] = b.rel.Columns[c].Type
	}
	in, err := b.bindQuery(q, nil, b.ctes, ts)
	if err != nil {
		return nil, err
	}
	if err := b.checkCount(len(in.columns), func(i int) int { return itemPosition(q, i) }); err != nil {
		return nil, err
	}
	exprs := make([]*plan.Expr, len(in.columns))
	for i, c := range in.columns {
		col := b.rel.Columns[b.columns[i]]
		if err := checkIdentity(col, b.stmt.Overriding); err != nil {
			return nil, at(err, itemPosition(q, i))
		}
		if b.generated(b.columns[i]) {
			if exprs[i], err = b.defaultOf(b.rel, b.columns[i]); err != nil {
				return nil, err
			}
			continue
		}
		if exprs[i], err = b.coerceColumn(plan.Column(i, c.expr.Type), col.Name, col.Type, itemPosition(q, i)); err != nil {
			return nil, err
		}
	}
	row, err := b.row(b.columns, exprs)
	return &plan.Project{Input: in.node, Exprs: row}, err
}

// itemPosition returns the place of item i of q's select list, as far as it is known.
func itemPosition(q *ast.Select, i int) int {
	if i < len(q.Items) {
		return q.Items[i].Expr.Position()
	}
	return q.Pos
}

// asBound names the columns of a node that gives the relation's.
func (b *insertBinder) asBound(n plan.Node) *bound {
	q := &bound{node: n}
	for i, c := range b.rel.Columns {
		q.columns = append(q.columns, outColumn{name: c.Name, expr: plan.Column(i, c.Type)})
	}
	return q
}
