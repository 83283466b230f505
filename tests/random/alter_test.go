package random_test

import (
	"fmt"
	"slices"
	"strings"
)

// index makes an index of a table: over one column or two, in any order, unique or not.
func (g *generator) index() {
	r := g.base(table)
	var columns []string
	for _, i := range g.Perm(len(r.columns))[:min(len(r.columns), 1+g.Intn(2))] {
		columns = append(columns, r.columns[i].name+pick(g, "", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"))
	}
	name := g.name("x")
	g.add(change, fmt.Sprintf("CREATE INDEX %s ON %s (%s)", name, r.name, strings.Join(columns, ", ")))
	if g.chance(3) {
		g.add(change, "DROP INDEX "+name)
	}
	// A unique column has a type of many values, and is found before there are rows.
	at := slices.IndexFunc(r.columns, func(c column) bool {
		return !c.unique && !c.notNull && !c.wild && c.shown && slices.Contains([]typ{integer, bigint, text, date, timestamptz}, c.typ)
	})
	if at < 0 || r.isKey(at) || g.filled || g.chance(2) {
		return
	}
	r.columns[at].unique = true
	g.add(change, fmt.Sprintf("CREATE UNIQUE INDEX %s ON %s (%s)", g.name("x"), r.name, r.columns[at].name))
}

// alter changes a table that nobody follows: a new column, one less, another name or default, an index.
func (g *generator) alter() {
	r := g.base(table)
	if slices.Contains(g.followed, r) {
		g.index()
		return
	}
	at := g.Intn(len(r.columns))
	c := &r.columns[at]
	switch g.Intn(6) {
	case 0:
		if len(r.columns) > 9 {
			return
		}
		added := g.column(g.name("n"))
		added.notNull = false
		deflt := ""
		if g.chance(2) {
			deflt = " DEFAULT " + g.constant(added.typ, false)
		}
		g.add(change, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s%s", r.name, added.name, added.decl, deflt))
		r.columns = append(r.columns, added)
	case 1:
		if r.isKey(at) || len(r.columns) < 4 || slices.ContainsFunc(g.relations, func(v *relation) bool { return v.readsFrom(r.name) }) {
			return
		}
		g.add(change, "ALTER TABLE "+r.name+" DROP COLUMN "+c.name)
		r.columns = slices.Delete(slices.Clone(r.columns), at, at+1)
		for i := range r.key {
			if r.key[i] > at {
				r.key[i]--
			}
		}
	case 2:
		name := g.name("n")
		g.add(change, fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", r.name, c.name, name))
		r.columns = slices.Clone(r.columns)
		r.columns[at].name = name
	case 3:
		if !c.notNull {
			g.add(change, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", r.name, c.name, g.constant(c.typ, false)))
		}
	default:
		g.index()
	}
}
