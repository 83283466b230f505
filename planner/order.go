package planner

import (
	"strconv"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// orderBy binds ORDER BY: a name is first one of the select list, an integer a place in it; what is not in the list
// becomes a hidden column.
func (s *selectBinder) orderBy() error {
	for _, item := range s.sel.OrderBy {
		i, err := s.findOutput(item.Expr, "ORDER BY")
		if err != nil {
			return err
		}
		if i < 0 {
			if i, err = s.orderExpr(item.Expr); err != nil {
				return err
			}
		}
		if err := needOrder(s.out[i].expr.Type, item.Expr.Position()); err != nil {
			return err
		}
		s.order = append(s.order, sortKey(i, s.out[i].expr.Type, item))
	}
	return nil
}

func sortKey(column int, t types.Type, item ast.OrderItem) plan.SortKey {
	return plan.SortKey{Expr: plan.Column(column, t), Desc: item.Desc, NullsFirst: item.NullsFirst}
}

// findOutput returns the place in the select list that an item of ORDER BY or GROUP BY names by number or, for ORDER BY,
// by name; -1 if it is an expression.
func (s *selectBinder) findOutput(e ast.Expr, clause string) (int, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return ordinal(e, len(s.items), clause)
	case *ast.Unary: // a sign is part of a number
		if lit, ok := e.Arg.(*ast.Literal); ok && e.Op == "-" && (lit.Kind == ast.LitInteger || lit.Kind == ast.LitNumeric) {
			return ordinal(&ast.Literal{P: e.P, Kind: lit.Kind, Text: "-" + lit.Text}, len(s.items), clause)
		}
	case *ast.ColumnRef:
		if len(e.Parts) == 1 && (clause == "ORDER BY" || clause == "DISTINCT ON") {
			return s.outputNamed(e, clause)
		}
	}
	return -1, nil
}

// ordinal returns the place, from 0, that an integer names.
func ordinal(e *ast.Literal, n int, clause string) (int, error) {
	if e.Kind != ast.LitInteger {
		return -1, pgerr.New(pgerr.SyntaxError, "non-integer constant in %s", clause).At(e.Pos)
	}
	i, err := strconv.Atoi(e.Text)
	if err != nil || i < 1 || i > n {
		return -1, pgerr.New(pgerr.InvalidColumnReference, "%s position %s is not in select list", clause, e.Text).At(e.Pos)
	}
	return i - 1, nil
}

// outputNamed returns the place of the select list's column of that name, -1 if there is none. Error: 42702.
func (s *selectBinder) outputNamed(ref *ast.ColumnRef, clause string) (int, error) {
	found := -1
	for i := range s.items {
		if s.out[i].name != ref.Parts[0] {
			continue
		}
		if found >= 0 && !sameExpr(s.out[i].expr, s.out[found].expr) {
			return -1, pgerr.New(pgerr.AmbiguousColumn, "%s %q is ambiguous", clause, ref.Parts[0]).At(ref.Pos)
		}
		if found < 0 {
			found = i
		}
	}
	return found, nil
}

// orderExpr binds an expression of ORDER BY and returns its place in the list, where it is added if it is not there.
func (s *selectBinder) orderExpr(e ast.Expr) (int, error) {
	return s.orderExprIn(e, "ORDER BY")
}

func (s *selectBinder) orderExprIn(e ast.Expr, clause string) (int, error) {
	x, err := s.bindExpr(e, &exprContext{scope: s.scope, clause: clause, aggs: &s.group, windows: &s.windows})
	if err != nil {
		return 0, err
	}
	col := []outColumn{{expr: x, hidden: true}}
	if err := s.resolveUnknown(col, nil); err != nil {
		return 0, err
	}
	for i := range s.out {
		if sameExpr(s.out[i].expr, col[0].expr) {
			return i, nil
		}
	}
	s.out = append(s.out, col[0])
	return len(s.out) - 1, nil
}
