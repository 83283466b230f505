package expr

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// arg is an argument that may be evaluated for some rows only.
type arg struct {
	node
	// safe: it cannot fail and costs little, so it may be evaluated for rows that do not need it.
	safe bool
	// columns are those of the batch that it reads; all: it reads whole rows.
	columns []int
	all     bool
}

func compileArgs(es []*plan.Expr) ([]arg, error) {
	out := make([]arg, len(es))
	for i, e := range es {
		n, err := compile(e)
		if err != nil {
			return nil, err
		}
		out[i] = arg{node: n, safe: isSafe(e)}
		out[i].note(e)
	}
	return out, nil
}

// isSafe reports whether e cannot fail and runs no subquery.
func isSafe(e *plan.Expr) bool {
	switch e.Op {
	case plan.OpSubquery, plan.OpExists, plan.OpInQuery, plan.OpArrayQuery:
		return false
	case plan.OpCall, plan.OpAny, plan.OpAll:
		if !safe[e.Func] {
			return false
		}
	}
	for _, a := range e.Args {
		if !isSafe(a) {
			return false
		}
	}
	return true
}

// note adds the columns that e reads.
func (a *arg) note(e *plan.Expr) {
	switch e.Op {
	case plan.OpColumn:
		if !slices.Contains(a.columns, e.Column) {
			a.columns = append(a.columns, e.Column)
		}
	case plan.OpSubquery, plan.OpExists, plan.OpInQuery, plan.OpArrayQuery:
		a.all = true
	}
	for _, x := range e.Args {
		a.note(x)
	}
}

// some is an argument's value for some rows of a batch: that of rows[k] is at place(k).
type some struct {
	column
	rows []int // nil: the column has just those rows
}

func (s some) place(k int) int {
	if s.rows != nil {
		return s.rows[k] & s.mask
	}
	return k & s.mask
}

func (s some) nullAt(k int) bool { return s.Nulls != nil && s.Nulls[s.place(k)] }

// evalRows evaluates the argument for rows of b, in ascending order.
func (a *arg) evalRows(ev *evaluation, b *types.Batch, rows []int) (some, error) {
	if len(rows) == b.Len {
		v, err := a.eval(ev, b)
		return some{v, nil}, err
	}
	if a.safe && len(rows) > b.Len/4 {
		v, err := a.eval(ev, b)
		return some{v, rows}, err
	}
	v, err := a.eval(ev.forRows(rows), a.gather(b, rows))
	return some{v, nil}, err
}

// gather returns the rows of b with the columns that the argument reads; the others are nil.
func (a *arg) gather(b *types.Batch, rows []int) *types.Batch {
	out := &types.Batch{Cols: make([]*types.Vector, len(b.Cols)), Len: len(rows)}
	if a.all {
		for c, v := range b.Cols {
			out.Cols[c] = v.Gather(rows)
		}
		return out
	}
	for _, c := range a.columns {
		out.Cols[c] = b.Cols[c].Gather(rows)
	}
	return out
}

// allRows returns 0 … n-1.
func allRows(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
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
