package random_test

import (
	"fmt"
	"strings"
)

// query adds a query over tables, streams and views.
func (g *generator) query() {
	switch g.Intn(15) {
	case 10, 11, 12, 13, 14:
		g.wide()
	case 8:
		g.using()
	case 9:
		g.ordering()
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

// readable are the relations that a query may read here: in a block tables alone, as views and streams do not show there
// what the block wrote.
func (g *generator) readable() func(*relation) bool {
	if g.inBlock {
		return func(r *relation) bool { return r.kind == table }
	}
	return reliable
}

// reliable are the relations that other queries may read. PostgreSQL computes of a view only what is read of it, so
// one that may fail for a row is compared whole and by itself.
func reliable(r *relation) bool { return !r.lax }

// constants asks for expressions over nothing.
func (g *generator) constants() {
	s := &scope{generator: g, extreme: true}
	var list []item
	for i := range 4 {
		list = append(list, item{s.any(3), fmt.Sprintf("c%d", i)})
	}
	g.add(query, "SELECT "+items(list))
}

// read is a FROM clause of a query: joins of all kinds, derived tables.
func (g *generator) read() source {
	kinds := []string{"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}
	src := g.from(pick(g, 1, 1, 1, 2, 2, 3), kinds, g.readable())
	src.subquery = func(s *scope) expr { return g.subquery(s) }
	return src
}

// subquery is a condition on the rows of another relation.
func (g *generator) subquery(outer *scope) expr {
	r := pick(g, g.some(g.readable())...)
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

// plainQuery is a SELECT with reliable but grouping.
func (g *generator) plainQuery() {
	src := g.read()
	src.risky = g.chance(4)
	distinct, limit := g.chance(5), g.chance(4)
	sorted := limit || g.chance(3)
	if sorted {
		src.risky = false
	}
	var list []item
	for i := range 1 + g.Intn(4) {
		e := src.output(3)
		if g.chance(10) {
			e = g.subquery(src.scope)
		}
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
		g.add(query, sql)
		return
	}
	sql += g.order(len(list))
	if limit {
		sql += fmt.Sprintf(" LIMIT %d", g.Intn(6))
		if g.chance(2) {
			sql += fmt.Sprintf(" OFFSET %d", g.Intn(4))
		}
	}
	g.add(ordered, sql)
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

// using joins two relations by columns of one name, or all by all.
func (g *generator) using() {
	a, b := pick(g, g.some(g.readable())...), pick(g, g.some(g.readable())...)
	if a.weight+b.weight > 2 {
		return // the weights of joins are for columns with many values, and these may have one
	}
	for _, c := range a.columns {
		for _, d := range b.columns {
			if c.name != d.name || c.typ != d.typ || c.typ == boolean {
				continue
			}
			kind := pick(g, "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
			star := pick(g, "*", c.name, "a.*, b."+c.name+" AS other", "a."+c.name+" AS l, b."+c.name+" AS r, "+c.name)
			g.add(query, fmt.Sprintf("SELECT %s FROM %s AS a %s %s AS b USING (%s)", star, a.name, kind, b.name, c.name))
			return
		}
	}
	g.add(query, fmt.Sprintf("SELECT count(*) AS n FROM %s AS a %s %s AS b", a.name, pick(g, "CROSS JOIN", "NATURAL JOIN", "NATURAL LEFT JOIN"), b.name))
}

// ordering sorts by expressions, and by columns that are not selected, and ends with all that is.
func (g *generator) ordering() {
	r := pick(g, g.some(g.readable())...)
	s := g.over(r, "a")
	var list []item
	var order []string
	for i := range 1 + g.Intn(2) {
		e := show(s.any(2))
		list = append(list, item{e, fmt.Sprintf("c%d", i)})
		order = append(order, fmt.Sprintf("c%d", i)+pick(g, "", " DESC"))
	}
	lead := s.output(2)
	if !namesColumn(lead) {
		return
	}
	sql := fmt.Sprintf("SELECT %s FROM %s AS a%s ORDER BY %s%s, %s", items(list), r.name, g.filter(source{scope: s}), lead.sql, pick(g, "", " DESC NULLS LAST", " NULLS FIRST"), strings.Join(order, ", "))
	if g.chance(2) {
		sql += fmt.Sprintf(" LIMIT %d", 1+g.Intn(8))
	}
	g.add(ordered, sql)
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
	if g.chance(2) {
		for i := range list {
			if e, ok := src.find(everyRef); ok && strings.HasPrefix(list[i].name, "a") && g.chance(2) {
				filtered := fmt.Sprintf("count(%s%s)%s", pick(g, "DISTINCT ", ""), e.sql, pick(g, "", " FILTER (WHERE "+src.condition(1)+")"))
				sql = strings.Replace(sql, list[i].sql+" AS "+list[i].name, filtered+" AS "+list[i].name, 1)
				break
			}
		}
	}
	g.add(query, sql)
}

// union is of two or three queries of the same types.
func (g *generator) union() {
	n := 1 + g.Intn(3)
	ts := make([]typ, n)
	for i := range ts {
		ts[i] = typ(g.Intn(len(typeNames)))
	}
	var parts []string
	for range 2 + g.Intn(2) {
		src := g.from(1, nil, g.readable())
		var list []item
		for i, t := range ts {
			list = append(list, item{show(src.expr(t, 1)), fmt.Sprintf("c%d", i)})
		}
		parts = append(parts, "SELECT "+items(list)+" FROM "+src.sql+g.filter(src))
	}
	sql := strings.Join(parts, pick(g, " UNION ", " UNION ALL "))
	if g.chance(2) {
		g.add(query, sql)
		return
	}
	g.add(ordered, sql+g.order(n))
}
