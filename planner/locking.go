package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// checkLocking refuses FOR UPDATE and the like where rows of the result are no rows of tables.
func checkLocking(sel *ast.Select) error {
	if len(sel.Locking) == 0 {
		return nil
	}
	strength := sel.Locking[len(sel.Locking)-1].Strength
	refuse := func(what string) error {
		return pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed with %s", strength, what)
	}
	switch {
	case sel.Values != nil:
		return pgerr.New(pgerr.FeatureNotSupported, "%s cannot be applied to VALUES", strength)
	case sel.SetOp != "":
		return refuse("UNION/INTERSECT/EXCEPT")
	case sel.Distinct || sel.DistinctOn != nil:
		return refuse("DISTINCT clause")
	case sel.GroupBy != nil:
		return refuse("GROUP BY clause")
	case sel.Having != nil:
		return refuse("HAVING clause")
	}
	return nil
}

// checkLocked is checkLocking for what is known when the select list is bound.
func (s *selectBinder) checkLocked() error {
	if len(s.sel.Locking) == 0 {
		return nil
	}
	strength := s.sel.Locking[0].Strength
	switch {
	case s.group.used:
		return pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed with aggregate functions", strength)
	case len(s.windows.calls) > 0:
		return pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed with window functions", strength)
	case len(s.sets.calls) > 0:
		return pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed with set-returning functions in the target list", strength)
	}
	return nil
}

// passLocking returns sel with the clauses that apply to queries and views in its FROM handed to those.
func (b *binder) passLocking(sel *ast.Select) []ast.TableExpr {
	if len(sel.Locking) == 0 {
		return sel.From
	}
	from := make([]ast.TableExpr, len(sel.From))
	for i, item := range sel.From {
		from[i] = b.passLockingTo(item, sel.Locking)
	}
	return from
}

func (b *binder) passLockingTo(item ast.TableExpr, clauses []ast.Locking) ast.TableExpr {
	switch t := item.(type) {
	case *ast.Join:
		c := *t
		c.Left, c.Right = b.passLockingTo(t.Left, clauses), b.passLockingTo(t.Right, clauses)
		return &c
	case *ast.Derived:
		if found := clausesOf(t.Alias, clauses); len(found) > 0 {
			c, q := *t, *t.Query
			q.Locking = append(slices.Clip(q.Locking), found...)
			c.Query = &q
			return &c
		}
	case *ast.TableRef:
		name := t.Alias
		if name == "" {
			name = t.Name.Last()
		}
		if found := clausesOf(name, clauses); len(found) > 0 {
			if b.lockedRefs == nil {
				b.lockedRefs = map[*ast.TableRef][]ast.Locking{}
			}
			b.lockedRefs[t] = found
		}
	}
	return item
}

// clausesOf returns the clauses that mean the item of FROM with a name, to be applied to all of it.
func clausesOf(name string, clauses []ast.Locking) (found []ast.Locking) {
	for _, c := range clauses {
		if c.Of == nil || slices.ContainsFunc(c.Of, func(n ast.Name) bool { return n.Last() == name }) {
			c.Of = nil
			found = append(found, c)
		}
	}
	return found
}

// locking adds hidden columns with the keys of the tables whose rows are locked to the select list.
func (s *selectBinder) locking() error {
	if len(s.sel.Locking) == 0 {
		return nil
	}
	for _, c := range s.sel.Locking {
		if err := s.checkNames(c); err != nil {
			return err
		}
	}
	for _, t := range s.scope.tables {
		if t.scan == nil {
			continue
		}
		found := clausesOf(t.name, s.sel.Locking)
		if err := lockable(t, found); err != nil {
			return err
		}
		if len(found) > 0 {
			if err := s.access(t.relation, catalog.Update); err != nil {
				return err
			}
		}
		if len(t.relation.Key) == 0 {
			continue // a stream that is not locked
		}
		s.lockTable(t, found)
	}
	return nil
}

// checkNames looks for the items of FROM that a clause names.
func (s *selectBinder) checkNames(c ast.Locking) error {
	for _, n := range c.Of {
		if len(n.Parts) > 1 {
			return pgerr.New(pgerr.SyntaxError, "%s must specify unqualified relation names", c.Strength).At(n.Pos)
		}
		i := slices.IndexFunc(s.scope.tables, func(t scopeTable) bool { return t.name == n.Last() })
		if i < 0 {
			return pgerr.New(pgerr.UndefinedTable, "relation %q in %s clause not found in FROM clause", n.Last(), c.Strength).At(n.Pos)
		}
	}
	return nil
}

// lockable refuses what has no rows to lock.
func lockable(t scopeTable, clauses []ast.Locking) error {
	if len(clauses) == 0 {
		return nil
	}
	r := t.relation
	switch {
	case t.nullable:
		return pgerr.New(pgerr.FeatureNotSupported, "%s cannot be applied to the nullable side of an outer join", clauses[0].Strength)
	case r.Query != nil && r.Keyed():
		return pgerr.New(pgerr.WrongObjectType, "cannot lock rows in materialized view %q", r.Name)
	case !r.Keyed():
		return pgerr.New(pgerr.WrongObjectType, "cannot lock rows in stream %q", r.Name)
	}
	return nil
}

// strengths are the clauses from the weakest on, with their modes.
var strengths = []string{"FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE"}

// lockTable has the rows of t locked as the strongest of the clauses says, or, without one, known for a second look.
func (s *selectBinder) lockTable(t scopeTable, clauses []ast.Locking) {
	s.lastMark++
	t.scan.Mark = s.lastMark
	lock := plan.RowLock{Relation: t.relation, Mark: t.scan.Mark}
	for _, c := range clauses {
		lock.Strength = max(lock.Strength, 1+slices.Index(strengths, c.Strength))
		switch c.Wait {
		case "NOWAIT":
			lock.Wait = plan.LockNoWait
		case "SKIP LOCKED":
			lock.Wait = max(lock.Wait, plan.LockSkip)
		}
	}
	s.binder.locked = max(s.binder.locked, lock.Strength)
	for _, k := range t.relation.Key {
		e := plan.Column(t.first+k, t.relation.Columns[k].Type)
		lock.Key = append(lock.Key, plan.Column(len(s.out), e.Type))
		s.out = append(s.out, outColumn{expr: e, hidden: true})
	}
	s.locks = append(s.locks, lock)
}

// lockRows puts the locking over what is read and sorted.
func (s *selectBinder) lockRows() {
	if len(s.locks) > 0 && slices.ContainsFunc(s.locks, func(l plan.RowLock) bool { return l.Strength > 0 }) {
		s.node = &plan.LockRows{Input: s.node, Locks: s.locks}
	}
}

// oneByOne says of rows below a LIMIT that they are locked only as they are wanted.
func oneByOne(n plan.Node) {
	for {
		switch t := n.(type) {
		case *plan.Project:
			n = t.Input
		case *plan.LockRows:
			t.OneByOne = true
			return
		default:
			return
		}
	}
}

// strongestLock is the strongest clause that locks rows, "" if there is none.
func (b *binder) strongestLock() string {
	if b.locked == 0 {
		return ""
	}
	return strengths[b.locked-1]
}
