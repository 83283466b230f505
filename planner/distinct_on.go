package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// distinctOn binds DISTINCT ON, whose expressions are those that ORDER BY starts with, in any order. What ORDER BY does
// not name is sorted by behind it, so that equal rows stand together.
func (s *selectBinder) distinctOn() error {
	if s.sel.DistinctOn == nil {
		return nil
	}
	on, err := s.distinctOnColumns()
	if err != nil {
		return err
	}
	left := len(on)
	for _, k := range s.order {
		if left == 0 {
			break
		}
		place, ok := on[k.Expr.Column]
		if !ok {
			return pgerr.New(pgerr.InvalidColumnReference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").
				At(firstPlace(on))
		}
		if place > 0 {
			on[k.Expr.Column], left = -1, left-1
		}
	}
	for _, x := range s.on {
		if on[x.Column] > 0 {
			s.order = append(s.order, sortKey(x.Column, x.Type, ast.OrderItem{}))
		}
	}
	return nil
}

// distinctOnColumns fills on, and returns where in the text each of its columns is named, from 1.
func (s *selectBinder) distinctOnColumns() (map[int]int, error) {
	places := map[int]int{}
	for _, e := range s.sel.DistinctOn {
		i, err := s.findOutput(e, "DISTINCT ON")
		if err != nil {
			return nil, err
		}
		if i < 0 {
			if i, err = s.orderExprIn(e, "DISTINCT ON"); err != nil {
				return nil, err
			}
		}
		if err := needEquality(s.out[i].expr); err != nil {
			return nil, err
		}
		if _, ok := places[i]; !ok {
			places[i] = max(e.Position(), 1)
			s.on = append(s.on, plan.Column(i, s.out[i].expr.Type))
		}
	}
	return places, nil
}

// firstPlace returns the place of the first expression that ORDER BY has not named yet.
func firstPlace(places map[int]int) int {
	first := 0
	for _, p := range places {
		if p > 0 && (first == 0 || p < first) {
			first = p
		}
	}
	return first
}
