package random_test

import (
	"fmt"
	"strings"
)

// wide adds a query of the less common kinds.
func (g *generator) wide() {
	switch g.Intn(7) {
	case 0, 1:
		g.windowQuery()
	case 2:
		g.groupingSets()
	case 3:
		g.lateral()
	case 4:
		g.setOperations()
	case 5:
		g.recursive()
	default:
		g.prepared()
	}
}

// total is an ORDER BY list of all columns of s, in which rows that are equal look the same.
func (g *generator) totalOrder(s *scope) string {
	var order []string
	for _, i := range g.Perm(len(s.refs)) {
		c := s.refs[i]
		order = append(order, c.sql+pick(g, "", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"))
		if !c.shown {
			order = append(order, c.sql+"::text")
		}
	}
	return strings.Join(order, ", ")
}

// windowQuery has functions over windows whose order leaves only equal rows side by side.
func (g *generator) windowQuery() {
	r := pick(g, g.some(g.readable())...)
	s := g.over(r, "a")
	window := ""
	if by, ok := s.find(everyRef); ok && !g.chance(3) {
		window = "PARTITION BY " + by.sql + " "
	}
	window += "ORDER BY " + g.totalOrder(s)
	list := []string{}
	for _, c := range s.refs {
		list = append(list, c.sql)
	}
	for i := range 1 + g.Intn(3) {
		call, framed := g.windowCall(s)
		over := "(w" + g.frame(framed) + ")"
		if over == "(w)" {
			over = "w"
		}
		list = append(list, fmt.Sprintf("%s OVER %s AS f%d", call, over, i))
	}
	g.add(query, fmt.Sprintf("SELECT %s FROM %s AS a%s WINDOW w AS (%s)", strings.Join(list, ", "), r.name, g.filter(source{scope: s}), window))
}

// windowCall is a call of a window function, and whether a frame matters to it.
func (g *generator) windowCall(s *scope) (call string, framed bool) {
	value := s.output(1).sql
	switch g.Intn(10) {
	case 0:
		return pick(g, "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()"), false
	case 1:
		return fmt.Sprintf("ntile(%d)", 1+g.Intn(4)), false
	case 2:
		return fmt.Sprintf("%s(%s%s)", pick(g, "lag", "lead"), value, pick(g, "", ", 1", ", 2", ", -1", ", 0")), false
	case 3:
		return fmt.Sprintf("%s(%s)", pick(g, "first_value", "last_value"), value), true
	case 4:
		return fmt.Sprintf("nth_value(%s, %d)", value, 1+g.Intn(3)), true
	case 5:
		return pick(g, "count(*)", "count("+value+")"), true
	case 6:
		return fmt.Sprintf("count(%s) FILTER (WHERE %s)", value, s.condition(1)), true
	case 7:
		t := pick(g, integer, text, boolean)
		return fmt.Sprintf("array_agg((%s)::%v)", s.leaf(t, true).sql, t), true
	}
	return fmt.Sprintf("%s(%s)", pick(g, "sum", "avg", "min", "max"), s.expr(pick(g, integer, bigint), 1).sql), true
}

// frame is a frame clause, or none.
func (g *generator) frame(wanted bool) string {
	if !wanted || g.chance(3) {
		return ""
	}
	start := []string{"UNBOUNDED PRECEDING", "2 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING"}
	end := []string{"1 PRECEDING", "CURRENT ROW", "1 FOLLOWING", "3 FOLLOWING", "UNBOUNDED FOLLOWING"}
	unit := pick(g, " ROWS", " ROWS", " GROUPS", " RANGE")
	if unit == " RANGE" { // offsets are for one column of a number
		start, end = []string{"UNBOUNDED PRECEDING", "CURRENT ROW"}, []string{"CURRENT ROW", "UNBOUNDED FOLLOWING"}
	}
	from := g.Intn(len(start))
	to := g.Intn(len(end))
	if len(start) == 5 && from > to+1 { // a frame that would end before it begins is an error of syntax for some
		from, to = 0, 4
	}
	return unit + " BETWEEN " + start[from] + " AND " + end[to] + pick(g, "", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES", " EXCLUDE NO OTHERS")
}

// groupingSets groups by several sets of columns.
func (g *generator) groupingSets() {
	r := pick(g, g.some(g.readable())...)
	s := g.over(r, "a")
	var keys []string
	for _, i := range g.Perm(len(s.refs)) {
		if c := s.refs[i]; c.shown && len(keys) < 3 {
			keys = append(keys, c.sql)
		}
	}
	if len(keys) < 2 {
		return
	}
	var list []string
	for i, k := range keys {
		list = append(list, fmt.Sprintf("%s AS k%d", k, i))
	}
	all := strings.Join(keys, ", ")
	by := pick(g, "ROLLUP ("+all+")", "CUBE ("+all+")", "GROUPING SETS (("+all+"), ("+keys[1]+"), ())", keys[0]+", ROLLUP ("+keys[1]+")",
		"GROUPING SETS (ROLLUP ("+keys[0]+"), ("+keys[1]+", "+keys[0]+"), "+keys[1]+")", "DISTINCT ROLLUP ("+all+"), CUBE ("+keys[0]+")")
	list = append(list, "grouping("+all+") AS g")
	for i := range 1 + g.Intn(2) {
		list = append(list, fmt.Sprintf("%s AS a%d", g.aggregate(s).sql, i))
	}
	having := ""
	if g.chance(4) {
		having = " HAVING " + pick(g, "count(*) > 1", "grouping("+keys[0]+") = 0", keys[1]+" IS NOT NULL")
	}
	g.add(query, fmt.Sprintf("SELECT %s FROM %s AS a%s GROUP BY %s%s", strings.Join(list, ", "), r.name, g.filter(source{scope: s}), by, having))
}

// lateral joins each row with what a query over it gives.
func (g *generator) lateral() {
	outer, inner := pick(g, g.some(g.readable())...), pick(g, g.some(g.readable())...)
	if outer.weight+inner.weight > 2 {
		return
	}
	s, in := g.over(outer, "a"), g.over(inner, "q")
	where := in.condition(1)
	if mine, ok := s.find(everyRef); ok {
		if theirs, ok := in.find(func(x ref) bool { return x.typ == mine.typ }); ok {
			where = fmt.Sprintf("%s %s %s", theirs.sql, pick(g, "=", "=", "<", "<>", "IS NOT DISTINCT FROM"), mine.sql)
		}
	}
	var sub string
	switch g.Intn(4) {
	case 0:
		sub = fmt.Sprintf("SELECT %s AS x, %s AS y FROM %s AS q WHERE %s", g.aggregate(in).sql, g.aggregate(in).sql, inner.name, where)
	case 1:
		e := show(in.output(1))
		sub = fmt.Sprintf("SELECT DISTINCT %s AS x, 1 AS y FROM %s AS q WHERE %s", e.sql, inner.name, where)
	case 2:
		both := &scope{generator: g, refs: append(append([]ref(nil), s.refs...), in.refs...)}
		sub = fmt.Sprintf("SELECT %s AS x, %s AS y FROM %s AS q WHERE %s", both.output(2).sql, both.output(1).sql, inner.name, where)
	default:
		e, f := show(in.output(1)), show(in.output(1))
		sub = fmt.Sprintf("SELECT %s AS x, %s AS y FROM %s AS q WHERE %s ORDER BY 1%s, 2 LIMIT %d", e.sql, f.sql, inner.name, where, pick(g, "", " DESC"), 1+g.Intn(3))
	}
	join := pick(g, ", LATERAL (%s) AS l", " JOIN LATERAL (%s) AS l ON true", " LEFT JOIN LATERAL (%s) AS l ON true", " LEFT JOIN LATERAL (%s) AS l ON l.y IS NOT NULL")
	g.add(query, fmt.Sprintf("SELECT %s AS o, l.* FROM %s AS a%s", s.output(1).sql, outer.name, fmt.Sprintf(join, sub)))
}

// setOperations puts queries of the same types together by all of the operators.
func (g *generator) setOperations() {
	n := 1 + g.Intn(2)
	ts := make([]typ, n)
	for i := range ts {
		ts[i] = typ(g.Intn(len(typeNames)))
	}
	part := func() string {
		src := g.from(1, nil, g.readable())
		var list []item
		for i, t := range ts {
			list = append(list, item{show(src.expr(t, 1)), fmt.Sprintf("c%d", i)})
		}
		return "SELECT " + items(list) + " FROM " + src.sql + g.filter(src)
	}
	op := func() string { return pick(g, " INTERSECT ", " INTERSECT ALL ", " EXCEPT ", " EXCEPT ALL ", " UNION ") }
	sql := part() + op() + part()
	switch g.Intn(3) {
	case 0:
		sql += op() + part()
	case 1:
		sql = "(" + sql + ")" + op() + "(" + part() + op() + part() + ")"
	}
	g.add(query, sql)
}

// recursive is a WITH RECURSIVE of a few steps: over numbers, or along equal columns.
func (g *generator) recursive() {
	r := pick(g, g.some(g.readable())...)
	if r.weight > 1 {
		return
	}
	s := g.over(r, "a")
	union := pick(g, "UNION", "UNION", "UNION ALL")
	column, ok := s.find(func(c ref) bool { return c.shown && (c.typ == integer || c.typ == text || c.typ == bigint) })
	if !ok {
		return
	}
	var step string
	switch column.typ {
	case text:
		step = "SELECT n + 1, left(x, -1) FROM r WHERE n < 5 AND x <> ''"
	default:
		step = fmt.Sprintf("SELECT n + 1, (x %s) FROM r WHERE n < 5 AND x IS NOT NULL", pick(g, "/ 2", "- 1", "% 3"))
		if column.typ == integer && union == "UNION" && g.chance(2) {
			step = fmt.Sprintf("SELECT n + 1, %s FROM r JOIN %s AS a ON a.%s = r.x + 1 WHERE n < 4", column.sql, r.name, strings.TrimPrefix(column.sql, "a."))
		}
	}
	if column.typ != text {
		column.sql = fmt.Sprintf("(%s %% 1000)", column.sql)
	}
	g.add(query, fmt.Sprintf("WITH RECURSIVE r (n, x) AS (SELECT 1, %s FROM %s AS a%s %s %s) SELECT %s", column.sql, r.name, g.filter(source{scope: s}), union, step,
		pick(g, "* FROM r", "n, count(*) AS c, min(x) AS x FROM r GROUP BY n", "count(DISTINCT x) AS c FROM r", "a.x, b.n FROM r AS a JOIN r AS b ON a.x = b.x AND a.n = b.n + 1")))
}

// prepared prepares a query with typed parameters and runs it with several values, NULL among them.
func (g *generator) prepared() {
	r := pick(g, g.some(g.readable())...)
	s := g.over(r, "a")
	n := 1 + g.Intn(3)
	var ts []string
	kinds := make([]typ, n)
	for i := range kinds {
		kinds[i] = typ(g.Intn(len(typeNames)))
		ts = append(ts, kinds[i].String())
		s.refs = append(s.refs, ref{traits: traits{shown: kinds[i] != numeric}, sql: fmt.Sprintf("$%d", i+1), typ: kinds[i]})
	}
	src := source{scope: s}
	list := []item{{s.output(2), "c0"}, {s.output(1), "c1"}}
	name := g.name("p")
	g.add(change, fmt.Sprintf("PREPARE %s (%s) AS SELECT %s FROM %s AS a WHERE %s", name, strings.Join(ts, ", "), items(list), r.name, src.condition(2)))
	for range 2 {
		var values []string
		for _, k := range kinds {
			if g.chance(5) {
				values = append(values, "NULL")
			} else {
				values = append(values, g.constant(k, false))
			}
		}
		g.add(query, "EXECUTE "+name+" ("+strings.Join(values, ", ")+")")
	}
	g.add(change, "DEALLOCATE "+name)
}
