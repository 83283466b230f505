package random_test

import (
	"fmt"
	"strings"
)

// change adds a statement that changes a table or a stream, or a block of such.
func (g *generator) change() {
	switch {
	case g.chance(12) && !g.inBlock:
		g.block()
	case g.chance(30) && !g.inBlock:
		g.multiply()
	case g.chance(20) && !g.inBlock:
		g.drop()
	case g.chance(25) && !g.inBlock:
		g.alter()
	case g.chance(15):
		g.mistake()
	case g.chance(5):
		g.insert(g.base(stream))
	default:
		g.changeTable(g.base(table))
	}
}

func (g *generator) changeTable(r *relation) {
	switch g.Intn(12) {
	case 0, 1, 2, 3:
		g.insert(r)
	case 4:
		g.insertSelect(r)
	case 5, 6, 7:
		g.update(r)
	case 8:
		g.updateFrom(r)
	case 9, 10:
		g.delete(r)
	default:
		g.moveKeys(r)
	}
}

// block adds BEGIN … COMMIT or ROLLBACK. Inside it, views and streams do not show what it wrote, so it reads tables.
func (g *generator) block() {
	g.inBlock = true
	g.add(change, "BEGIN")
	points := 0
	for range 1 + g.Intn(5) {
		g.change()
		if g.chance(3) {
			g.add(change, pick(g, "SAVEPOINT a", "SAVEPOINT a", "SAVEPOINT b"))
			points++
		}
		if points > 0 && g.chance(3) {
			g.add(change, pick(g, "ROLLBACK TO a", "ROLLBACK TO b", "RELEASE a"))
		}
		switch g.Intn(4) {
		case 0:
			g.add(query, "SELECT * FROM "+g.base(table).name)
		case 1:
			g.query()
		}
	}
	g.add(change, pick(g, "COMMIT", "COMMIT", "ROLLBACK"))
	g.inBlock = false
}

// base is a relation of the kind; the schema has at least one of each.
func (g *generator) base(kind relationKind) *relation {
	return pick(g, g.some(func(r *relation) bool { return r.kind == kind })...)
}

func (g *generator) some(ok func(*relation) bool) []*relation {
	var found []*relation
	for _, r := range g.relations {
		if ok(r) {
			found = append(found, r)
		}
	}
	return found
}

// isKey says whether a column is of the primary key, or unique: it takes values of a larger set and is not updated row by row.
func (r *relation) isKey(i int) bool {
	if r.columns[i].unique {
		return true
	}
	for _, k := range r.key {
		if k == i {
			return true
		}
	}
	return false
}

// assignments sets one or two columns that are no keys, by expressions of s; "" if there is no such column.
func (g *generator) assignments(r *relation, s *scope) string {
	var items []string
	for _, i := range g.Perm(len(r.columns)) {
		if r.isKey(i) || len(items) == 2 {
			continue
		}
		items = append(items, r.columns[i].name+" = "+g.assigned(r.columns[i], s))
		if g.chance(2) {
			break
		}
	}
	return strings.Join(items, ", ")
}

// assigned is an expression that fits a column: sums over doubles stay exact, and wild ones stay in wild columns.
func (g *generator) assigned(c column, s *scope) string {
	switch {
	case g.chance(12):
		return "DEFAULT"
	case c.typ == double && !c.wild:
		return s.leaf(double, true).sql
	case c.typ == bigint && g.chance(4):
		return s.expr(integer, 2).sql
	case c.typ == numeric && g.chance(4):
		return s.expr(bigint, 2).sql
	case c.typ == numeric && c.shown:
		return s.leaf(numeric, false).sql
	}
	return s.expr(c.typ, 2).sql
}

func (g *generator) returning(r *relation) string {
	if !g.chance(5) {
		return ""
	}
	if g.chance(3) {
		return " RETURNING *"
	}
	s := g.over(r, r.name)
	return fmt.Sprintf(" RETURNING %s AS a, %s AS b", s.output(1).sql, s.output(2).sql)
}

func (g *generator) update(r *relation) {
	s := g.over(r, "")
	s.risky = g.chance(3)
	set := g.assignments(r, s)
	if set == "" {
		g.delete(r)
		return
	}
	g.add(change, "UPDATE "+r.name+" SET "+set+g.where(r, s.safe())+g.returning(r))
}

// where chooses rows: all in few cases, one or a few by key or condition in most.
func (g *generator) where(r *relation, s *scope) string {
	switch {
	case g.chance(10):
		return ""
	case len(r.key) > 0 && g.chance(2):
		c := r.columns[r.key[0]]
		return fmt.Sprintf(" WHERE %s %s %s", c.name, pick(g, "=", "=", "<", ">="), g.keyValue(c))
	}
	return " WHERE " + s.condition(2)
}

// updateFrom takes values of a table whose whole key the condition fixes, so that one row at most gives them.
func (g *generator) updateFrom(r *relation) {
	keyed := g.some(func(f *relation) bool { return f.kind == table && f != r && len(f.key) == 1 })
	if len(keyed) == 0 {
		g.update(r)
		return
	}
	from := pick(g, keyed...)
	key := from.columns[from.key[0]]
	mine, ok := g.over(r, r.name).find(func(c ref) bool { return c.typ == key.typ })
	if !ok {
		g.update(r)
		return
	}
	s := g.over(from, "f")
	on := fmt.Sprintf("%s = f.%s AND %s", mine.sql, key.name, s.condition(1))
	if g.chance(4) {
		g.add(change, fmt.Sprintf("DELETE FROM %s USING %s AS f WHERE %s", r.name, from.name, on))
		return
	}
	if set := g.assignments(r, s); set != "" {
		g.add(change, fmt.Sprintf("UPDATE %s SET %s FROM %s AS f WHERE %s", r.name, set, from.name, on))
	}
}

func (g *generator) delete(r *relation) {
	s := g.over(r, "")
	where := g.where(r, s)
	switch {
	case where == "" && !g.chance(4):
		where = " WHERE " + s.condition(2)
	case !strings.Contains(where, " = ") && !g.chance(3): // few rows, so that some stay
		where += " AND " + s.comparison(0)
	}
	g.add(change, "DELETE FROM "+r.name+where+g.returning(r))
}

// moveKeys changes keys such that no order of the rows could make two of them meet on the way: one row, or a range of
// them to a place beyond it.
func (g *generator) moveKeys(r *relation) {
	if len(r.key) == 0 {
		g.update(r)
		return
	}
	c := r.columns[r.key[0]]
	switch {
	case len(r.key) == 1 && g.chance(2):
		g.add(change, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s = %s", r.name, c.name, g.keyValue(c), c.name, g.keyValue(c)))
	case c.typ == integer || c.typ == bigint:
		from := 100 * g.Intn(3)
		g.add(change, fmt.Sprintf("UPDATE %s SET %s = %s + 100 WHERE %s BETWEEN %d AND %d%s", r.name, c.name, c.name, c.name, from, from+g.Intn(99), g.returning(r)))
	case c.typ == text:
		g.add(change, fmt.Sprintf("UPDATE %s SET %s = %s || 'x' WHERE %s LIKE '%%%d'", r.name, c.name, c.name, c.name, g.Intn(10)))
	default:
		g.delete(r)
	}
}
