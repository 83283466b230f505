package random_test

import (
	"fmt"
	"slices"
	"strings"
)

func (g *generator) insert(r *relation) {
	rows := make([]string, 1+g.Intn(5))
	for i := range rows {
		rows[i] = g.row(r)
	}
	g.add(change, "INSERT INTO "+r.name+" VALUES "+strings.Join(rows, ", ")+g.onConflict(r)+g.returning(r))
}

// fill inserts enough rows for joins and groups to be worth while.
func (g *generator) fill(r *relation) {
	conflict := ""
	if len(r.key) > 0 || slices.ContainsFunc(r.columns, func(c column) bool { return c.unique }) {
		conflict = " ON CONFLICT DO NOTHING"
	}
	for range 2 {
		rows := make([]string, 5+g.Intn(20))
		for i := range rows {
			rows[i] = g.row(r)
		}
		g.add(change, "INSERT INTO "+r.name+" VALUES "+strings.Join(rows, ", ")+conflict)
	}
}

// multiply inserts many rows into the stream that is for that.
func (g *generator) multiply() {
	to := pick(g, g.some(func(r *relation) bool { return r.kind == stream && r.weight > 1 })...)
	a, b := g.base(table), g.base(table)
	s := g.over(a, "a")
	s.join(b, "b")
	var items []string
	for _, c := range to.columns {
		if r, ok := s.find(func(r ref) bool { return r.typ == c.typ && (c.wild || !r.wild) && (r.shown || !c.shown) }); ok && !c.notNull {
			items = append(items, r.sql)
		} else {
			items = append(items, g.constant(c.typ, false))
		}
	}
	g.add(change, fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s AS a CROSS JOIN %s AS b", to.name, strings.Join(items, ", "), a.name, b.name))
}

// onConflict is "" for what has no key; else mostly a clause, because most rows that are made up meet another.
func (g *generator) onConflict(r *relation) string {
	if len(r.key) == 0 || g.chance(4) {
		return ""
	}
	var key []string
	for _, k := range r.key {
		key = append(key, r.columns[k].name)
	}
	target := " (" + strings.Join(key, ", ") + ")"
	if g.chance(2) {
		return " ON CONFLICT" + pick(g, "", target) + " DO NOTHING"
	}
	s := &scope{generator: g}
	s.join(r, r.name)
	s.join(r, "excluded")
	set := g.assignments(r, s)
	if set == "" {
		return " ON CONFLICT" + target + " DO NOTHING"
	}
	where := ""
	if g.chance(3) {
		where = " WHERE " + s.condition(1)
	}
	return " ON CONFLICT" + target + " DO UPDATE SET " + set + where
}

// insertSelect copies a few rows of another relation, or of the same, with new keys.
func (g *generator) insertSelect(r *relation) {
	from := pick(g, g.some(g.readable())...)
	s := g.over(from, "f")
	var items, order []string
	for i, c := range r.columns {
		switch {
		case r.isKey(i):
			items = append(items, "("+g.keyValue(c)+")::"+c.typ.String())
		case c.notNull && g.chance(2):
			items = append(items, "("+g.value(c)+")::"+c.typ.String())
		case c.typ == double && !c.wild:
			items = append(items, s.leaf(double, true).sql)
		default:
			items = append(items, s.expr(c.typ, 1).sql)
		}
	}
	// Rows that are equal in all that decides their order may differ only in how a numeric is written.
	for _, c := range from.columns {
		order = append(order, "f."+c.name)
		if c.typ == numeric {
			order = append(order, "f."+c.name+"::text")
		}
	}
	limit := fmt.Sprintf(" ORDER BY %s LIMIT %d", strings.Join(order, ", "), 1+g.Intn(3))
	if len(r.key) > 0 {
		limit = strings.TrimRight(limit, "0123456789") + "1"
	}
	g.add(change, "INSERT INTO "+r.name+" SELECT "+strings.Join(items, ", ")+" FROM "+from.name+" AS f WHERE "+s.condition(1)+limit+
		g.onConflict(r)+g.returning(r))
}

func (g *generator) row(r *relation) string {
	values := make([]string, len(r.columns))
	for i, c := range r.columns {
		if r.isKey(i) {
			values[i] = g.keyValue(c)
		} else {
			values[i] = g.value(c)
		}
	}
	return "(" + strings.Join(values, ", ") + ")"
}
