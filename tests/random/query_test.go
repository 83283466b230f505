package random_test

import (
	"fmt"
	"strings"
)

// query adds a query over tables, streams and views.
func (g *generator) query() {
	switch g.Intn(8) {
	case 0:
		g.constants()
	case 1:
		g.union()
	case 2:
		g.grouped()
	default:
		g.plainQuery()
	}
}

func (g *generator) ask(kind stepKind, sql string, lax bool) {
	g.script = append(g.script, step{kind: kind, sql: sql, lax: lax})
}

func everything(*relation) bool { return true }

// constants asks for expressions over nothing.
func (g *generator) constants() {
	s := &scope{generator: g, extreme: true}
	var list []item
	for i := range 4 {
		list = append(list, item{s.any(3), fmt.Sprintf("c%d", i)})
	}
	g.ask(query, "SELECT "+items(list), false)
}

// read is a FROM clause of a query: joins of all kinds, derived tables.
func (g *generator) read() source {
	kinds := []string{"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}
	src := g.from(pick(g, 1, 1, 1, 2, 2, 3), kinds, everything)
	src.subquery = func(s *scope) expr { return g.subquery(s) }
	return src
}

// subquery is a condition on the rows of another relation.
func (g *generator) subquery(outer *scope) expr {
	r := pick(g, g.some(func(r *relation) bool { return !r.lax })...)
	inner := g.over(r, "q")
	out := expr{typ: boolean, traits: traits{shown: true}}
	mine, _ := outer.find(everyRef)
	theirs, ok := inner.find(func(x ref) bool { return x.typ == mine.typ })
	if !ok {
		out.sql = fmt.Sprintf("EXISTS (SELECT 1 FROM %s AS q WHERE %s)", r.name, inner.condition(1))
		return out
	}
	switch g.Intn(4) {
	case 0:
		out.sql = fmt.Sprintf("(%s %sIN (SELECT %s FROM %s AS q WHERE %s))", mine.sql, pick(g, "", "NOT "), theirs.sql, r.name, inner.condition(1))
	case 1:
		out.sql = fmt.Sprintf("%sEXISTS (SELECT 1 FROM %s AS q WHERE %s = %s AND %s)", pick(g, "", "NOT "), r.name, theirs.sql, mine.sql, inner.condition(1))
	case 2:
		out.sql = fmt.Sprintf("((SELECT count(*) FROM %s AS q WHERE %s = %s) %s %d)", r.name, theirs.sql, mine.sql, pick(g, ">", "=", "<="), g.Intn(3))
	default:
		out.sql = fmt.Sprintf("(%s %s (SELECT %s(%s) FROM %s AS q))", mine.sql, pick(g, ">", "<>", "<="), pick(g, "max", "min"), theirs.sql, r.name)
		if mine.typ == boolean {
			out.sql = fmt.Sprintf("(%s IN (SELECT %s FROM %s AS q))", mine.sql, theirs.sql, r.name)
		}
	}
	return out
}

func everyRef(ref) bool { return true }

// plainQuery is a SELECT with everything but grouping.
func (g *generator) plainQuery() {
	src := g.read()
	src.risky = g.chance(4)
	lax := src.lax
	distinct, limit := g.chance(5), g.chance(4)
	sorted := limit || g.chance(3)
	if sorted {
		src.risky = false
	}
	var list []item
	for i := range 1 + g.Intn(4) {
		e := src.output(3)
		if sorted || distinct {
			e = show(e)
		}
		list = append(list, item{e, fmt.Sprintf("c%d", i)})
	}
	word := "SELECT "
	if distinct {
		word += "DISTINCT "
	}
	sql := word + items(list) + " FROM " + src.sql + g.filter(src)
	sql = g.wrap(sql)
	if !sorted {
		g.ask(query, sql, lax)
		return
	}
	sql += g.order(len(list))
	if limit {
		sql += fmt.Sprintf(" LIMIT %d", g.Intn(6))
		if g.chance(2) {
			sql += fmt.Sprintf(" OFFSET %d", g.Intn(4))
		}
	}
	g.ask(ordered, sql, lax)
}

// wrap puts a query into a derived table or a WITH, in some cases.
func (g *generator) wrap(sql string) string {
	switch g.Intn(10) {
	case 0:
		return "SELECT * FROM (" + sql + ") AS w"
	case 1:
		return "WITH w AS (" + sql + ") SELECT * FROM w"
	case 2:
		return "WITH w AS (" + sql + ") SELECT x.* FROM w AS x JOIN (SELECT count(*) AS n FROM w) AS y ON y.n > 0"
	}
	return sql
}

// show makes a numeric look the same whenever it is equal.
func show(e expr) expr {
	if !e.shown {
		e.sql, e.shown = "round("+e.sql+", 4)", true
	}
	return e
}

// order is an ORDER BY over all columns, so that rows which it leaves in any order are equal.
func (g *generator) order(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%d%s%s", i+1, pick(g, "", "", " ASC", " DESC"), pick(g, "", "", " NULLS FIRST", " NULLS LAST")))
	}
	return " ORDER BY " + strings.Join(out, ", ")
}

// grouped is a query with GROUP BY or over all rows as one group.
func (g *generator) grouped() {
	src := g.read()
	src.subquery = nil
	var list []item
	var sql string
	if g.chance(3) {
		list, sql = g.total(src)
	} else {
		list, sql = g.grouping(src)
	}
	if g.chance(3) {
		for i := range list {
			if e, ok := src.find(everyRef); ok && strings.HasPrefix(list[i].name, "a") && g.chance(2) {
				filtered := fmt.Sprintf("count(DISTINCT %s) FILTER (WHERE %s)", e.sql, src.condition(1))
				sql = strings.Replace(sql, list[i].sql+" AS "+list[i].name, filtered+" AS "+list[i].name, 1)
				break
			}
		}
	}
	g.ask(query, sql, src.lax)
}

// union is of two or three queries of the same types.
func (g *generator) union() {
	n := 1 + g.Intn(3)
	ts := make([]typ, n)
	for i := range ts {
		ts[i] = typ(g.Intn(len(typeNames)))
	}
	var parts []string
	lax := false
	for range 2 + g.Intn(2) {
		src := g.from(1, nil, everything)
		lax = lax || src.lax
		var list []item
		for i, t := range ts {
			list = append(list, item{show(src.expr(t, 1)), fmt.Sprintf("c%d", i)})
		}
		parts = append(parts, "SELECT "+items(list)+" FROM "+src.sql+g.filter(src))
	}
	sql := strings.Join(parts, pick(g, " UNION ", " UNION ALL "))
	if g.chance(2) {
		g.ask(query, sql, lax)
		return
	}
	g.ask(ordered, sql+g.order(n), lax)
}
