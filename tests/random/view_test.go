package random_test

import (
	"fmt"
	"strings"
)

// Bounds of views: of the rows of joins over joins, and of views over views.
const (
	maxWeight = 3
	maxDepth  = 4
)

// item is an expression of a SELECT list under its name.
type item struct {
	expr
	name string
}

func items(list []item) string {
	var out []string
	for _, i := range list {
		out = append(out, i.sql+" AS "+i.name)
	}
	return strings.Join(out, ", ")
}

func columns(list []item) []column {
	var out []column
	for _, i := range list {
		out = append(out, column{traits: i.traits, name: i.name, typ: i.typ, decl: i.typ.String()})
	}
	return out
}

// source is a FROM clause and the scope of its columns.
type source struct {
	*scope
	sql    string
	weight int
	depth  int
	reads  []*relation
	semi   string // a condition on the rows of another relation, or none
}

// operand is a relation to read, as it stands in FROM, or a query in its place.
func (g *generator) operand(ok func(*relation) bool) (r *relation, sql string) {
	r = pick(g, g.some(ok)...)
	if !g.chance(6) {
		return r, r.name
	}
	in := source{scope: g.over(r, "a"), sql: r.name + " AS a"}
	derived := *r
	var list []item
	switch g.Intn(4) {
	case 0:
		list, sql = g.projection(in, false)
	case 1:
		list, sql = g.projection(in, true)
	case 2:
		list, sql = g.total(in)
	default:
		list, sql = g.grouping(in)
	}
	derived.columns = columns(list)
	return &derived, "(" + sql + ")"
}

// from joins n relations by equality. Kinds are the joins that it may use.
func (g *generator) from(n int, kinds []string, ok func(*relation) bool) source {
	first, sql := g.operand(ok)
	src := source{scope: g.over(first, "a"), sql: sql + " AS a", weight: first.weight, depth: first.depth, reads: []*relation{first}}
	for i := 1; i < n; i++ {
		r, sql := g.operand(ok)
		if src.weight+r.weight > maxWeight {
			continue
		}
		alias := string(rune('a' + i))
		on, ok := g.equality(src.scope, r, alias)
		if !ok {
			continue
		}
		kind := pick(g, kinds...)
		src.join(r, alias)
		if g.chance(4) {
			on += " AND " + src.condition(1)
		}
		src.sql += fmt.Sprintf(" %s %s AS %s ON %s", kind, sql, alias, on)
		src.weight += r.weight
		src.reads = append(src.reads, r)
		src.depth = max(src.depth, r.depth)
	}
	return src
}

// equality is a condition that a column of s equals one of r; of both columns of a key in some cases.
func (g *generator) equality(s *scope, r *relation, alias string) (string, bool) {
	var on []string
	for _, i := range g.Perm(len(r.columns)) {
		c := r.columns[i]
		if c.typ == boolean {
			continue // half of all rows would meet
		}
		mine, ok := s.find(func(x ref) bool {
			return x.typ == c.typ || g.chance(3) && (x.typ == integer && c.typ == bigint || x.typ == bigint && c.typ == integer ||
				x.typ == numeric && c.typ == integer || x.typ == double && c.typ == integer || x.typ == integer && c.typ == numeric)
		})
		if !ok {
			continue
		}
		on = append(on, fmt.Sprintf("%s = %s.%s", mine.sql, alias, c.name))
		if len(on) == 2 || !g.chance(5) {
			break
		}
	}
	return strings.Join(on, " AND "), len(on) > 0
}

// view adds a continuous query over what is there.
func (g *generator) view() {
	src := g.from(pick(g, 1, 1, 2, 2, 3), []string{"JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}, g.below)
	if g.chance(4) {
		g.semiJoin(&src)
	}
	if g.chance(8) {
		src.risky = true
	}
	v := &relation{name: g.name("v"), kind: view, weight: src.weight, depth: src.depth + 1, lax: src.risky, reads: src.reads}
	var list []item
	var sql string
	if in, ok := g.timeWindow(); ok {
		src = in
		v.weight, v.depth, v.reads, v.lax = src.weight, src.depth+1, src.reads, false
		src.risky = false
	}
	switch g.Intn(7) {
	case 0, 1:
		list, sql = g.projection(src, false)
	case 5:
		list, sql = g.top(src)
	case 2:
		list, sql = g.viewUnion(src, v)
	case 3:
		list, sql = g.projection(src, true)
		v.key, v.keyed = keysOf(list, "c")
	case 4:
		list, sql = g.grouping(src)
		v.weight = 1
		v.key, v.keyed = keysOf(list, "k")
	default:
		list, sql = g.total(src)
		v.weight = 1
		v.keyed = true
	}
	if g.chance(6) {
		sql = g.nest(sql)
	}
	v.columns = columns(list)
	head := "CREATE MATERIALIZED VIEW "
	if g.chance(6) {
		head = "CREATE TABLE "
	}
	g.add(change, head+v.name+g.options()+" AS "+sql)
	g.relations = append(g.relations, v)
}

// timeWindow reads a relation by windows of time, in some cases.
func (g *generator) timeWindow() (source, bool) {
	r := pick(g, g.some(g.below)...)
	s := g.over(r, "a")
	at, ok := s.find(func(c ref) bool { return c.typ == timestamptz })
	if !ok || r.weight > 1 || g.chance(2) {
		return source{}, false
	}
	call := fmt.Sprintf("TUMBLE(%s, %s, INTERVAL '%s')", r.name, strings.TrimPrefix(at.sql, "a."), pick(g, "1 hour", "1 day", "168 hours"))
	weight := r.weight
	if g.chance(2) {
		call = fmt.Sprintf("HOP(%s, %s, INTERVAL '6 hours', INTERVAL '%s')", r.name, strings.TrimPrefix(at.sql, "a."), pick(g, "6 hours", "12 hours", "20 hours"))
		weight++
	}
	for _, name := range []string{"a.window_start", "a.window_end"} {
		s.refs = append(s.refs, ref{traits: traits{shown: true}, sql: name, typ: timestamptz})
	}
	return source{scope: s, sql: call + " AS a", weight: weight, depth: r.depth, reads: []*relation{r}}, true
}

// below says whether a view may read r.
func (g *generator) below(r *relation) bool { return r.depth < maxDepth && !r.lax }

// semiJoin adds a condition on the rows of another relation, of a kind that a continuous query may have.
func (g *generator) semiJoin(src *source) {
	r := pick(g, g.some(g.below)...)
	inner := g.over(r, "q")
	mine, ok := src.find(func(x ref) bool { return x.typ != boolean })
	theirs, found := inner.find(func(x ref) bool { return x.typ == mine.typ })
	from := fmt.Sprintf("FROM %s AS q WHERE %s", r.name, inner.condition(1))
	switch {
	case !ok || !found:
		src.semi = pick(g, "", "NOT ") + "EXISTS (SELECT 1 " + from + ")"
	case g.chance(2):
		src.semi = fmt.Sprintf("%s IN (SELECT %s %s)", mine.sql, theirs.sql, from)
	default:
		src.semi = fmt.Sprintf("%sEXISTS (SELECT 1 %s AND %s = %s", pick(g, "", "NOT "), from, theirs.sql, mine.sql)
		if g.chance(2) {
			both := &scope{generator: g, refs: append(append([]ref(nil), src.refs...), inner.refs...)}
			src.semi += " AND " + both.condition(1)
		}
		src.semi += ")"
	}
	src.reads = append(src.reads, r)
	src.depth = max(src.depth, r.depth)
}

// keysOf are the places of the items whose names start with prefix, if those are a view's key.
func keysOf(list []item, prefix string) (key []int, ok bool) {
	for i, item := range list {
		if strings.HasPrefix(item.name, prefix) {
			key = append(key, i)
			// A rounded key, or one that stands in a second place alone, does not tell rows apart.
			if strings.HasPrefix(item.sql, "round(") || i == 0 && strings.HasSuffix(item.name, "1") {
				return nil, false
			}
		}
	}
	return key, true
}

// viewUnion is the UNION or UNION ALL of projections of src and of one or two others, which v reads too. No column is numeric:
// of equal ones that look different UNION shows one.
func (g *generator) viewUnion(src source, v *relation) ([]item, string) {
	var list []item
	for i := range 1 + g.Intn(3) {
		e := src.output(2)
		for e.typ == numeric {
			e = src.output(2)
		}
		list = append(list, item{e, fmt.Sprintf("c%d", i)})
	}
	sql := "SELECT " + items(list) + " FROM " + src.sql + g.filter(src)
	for range 1 + g.Intn(2) {
		more := g.from(1, nil, g.below)
		var same []item
		for i, column := range list {
			e := more.expr(column.typ, 1)
			same = append(same, item{e, column.name})
			list[i].wild = column.wild || e.wild
		}
		sql += pick(g, " UNION ", " UNION ALL ") + "SELECT " + items(same) + " FROM " + more.sql + g.filter(more)
		v.weight = max(v.weight, more.weight)
		v.depth = max(v.depth, more.depth+1)
		v.reads = append(v.reads, more.reads...)
	}
	return list, sql
}

// top is the first rows of a projection, by all of its columns, or the first of each value of one.
func (g *generator) top(src source) ([]item, string) {
	src.risky = false
	list, sql := g.projection(src, false)
	for i := range list {
		list[i].expr = show(list[i].expr)
	}
	word := "SELECT "
	limit := fmt.Sprintf(" LIMIT %d", g.Intn(6))
	if g.chance(2) {
		limit += fmt.Sprintf(" OFFSET %d", g.Intn(3))
	}
	if g.chance(3) {
		word, limit = "SELECT DISTINCT ON ("+list[0].name+") ", ""
	}
	_, from, _ := strings.Cut(sql, " FROM "+src.sql)
	sql = word + items(list) + " FROM " + src.sql + from + " ORDER BY "
	for i, item := range list {
		if i > 0 {
			sql += ", "
		}
		sql += item.name + pick(g, "", " DESC", " NULLS FIRST", " DESC NULLS LAST")
	}
	return list, sql + limit
}

// nest puts a view's query into a derived table or a WITH.
func (g *generator) nest(sql string) string {
	return pick(g, "SELECT * FROM ("+sql+") AS w", "WITH w AS ("+sql+") SELECT * FROM w")
}

// filter is a WHERE clause, or none.
func (g *generator) filter(src source) string {
	var all []string
	if src.semi != "" {
		all = append(all, src.semi)
	}
	if !g.chance(2) {
		all = append(all, src.safe().keeps(2))
	}
	if all == nil {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

func (g *generator) projection(src source, distinct bool) ([]item, string) {
	var list []item
	for i := range 1 + g.Intn(4) {
		e := src.output(2)
		for distinct && !e.shown {
			e = src.output(2)
		}
		list = append(list, item{e, fmt.Sprintf("c%d", i)})
	}
	word := "SELECT "
	if distinct {
		word = "SELECT DISTINCT "
	}
	return list, word + items(list) + " FROM " + src.sql + g.filter(src)
}

func (g *generator) grouping(src source) ([]item, string) {
	var list []item
	var by []string
	for i := range 1 + g.Intn(2) {
		e := src.output(1)
		for !e.shown && e.typ != numeric || !namesColumn(e) {
			e = src.output(1)
		}
		by = append(by, e.sql)
		list = append(list, item{show(e), fmt.Sprintf("k%d", i)})
	}
	keys := len(list)
	for i := range 1 + g.Intn(4) {
		list = append(list, item{g.aggregate(src.scope), fmt.Sprintf("a%d", i)})
	}
	if g.chance(8) && keys > 1 { // a key that is not shown
		list = list[1:]
	}
	sql := "SELECT " + items(list) + " FROM " + src.sql + g.filter(src) + " GROUP BY " + strings.Join(by, ", ")
	if g.chance(4) {
		sql += " HAVING " + g.having(src.scope)
	}
	return list, sql
}

// namesColumn says whether an expression over aliases a, b and c names a column: a constant does not group.
func namesColumn(e expr) bool {
	return strings.Contains(e.sql, "a.") || strings.Contains(e.sql, "b.") || strings.Contains(e.sql, "c.")
}

func (g *generator) having(s *scope) string {
	a := g.aggregate(s.safe())
	return fmt.Sprintf("%s %s %s", a.sql, pick(g, ">", "<", "=", "<>", ">="), g.constant(a.typ, false))
}

func (g *generator) total(src source) ([]item, string) {
	var list []item
	for i := range 1 + g.Intn(5) {
		list = append(list, item{g.aggregate(src.scope), fmt.Sprintf("a%d", i)})
	}
	sql := "SELECT " + items(list) + " FROM " + src.sql + g.filter(src)
	if g.chance(6) {
		sql += " HAVING " + g.having(src.scope)
	}
	return list, sql
}

// aggregate is one over the columns of s, of some rows only in some cases.
func (g *generator) aggregate(s *scope) expr {
	e := g.wholeAggregate(s)
	if g.chance(6) {
		e.sql += " FILTER (WHERE " + s.safe().condition(1) + ")"
	}
	return e
}

// distinct is a DISTINCT inside an aggregate, or none.
func (g *generator) distinct() string { return pick(g, "", "", "DISTINCT ") }

func (g *generator) wholeAggregate(s *scope) expr {
	switch g.Intn(7) {
	case 0:
		return expr{sql: "count(*)", typ: bigint, traits: traits{shown: true}}
	case 1:
		return expr{sql: "count(" + g.distinct() + s.output(1).sql + ")", typ: bigint, traits: traits{shown: true}}
	case 2:
		return expr{sql: pick(g, "bool_and(", "bool_or(") + g.distinct() + s.expr(boolean, 1).sql + ")", typ: boolean, traits: traits{shown: true}}
	case 3:
		return g.extremum(s)
	case 4:
		return expr{sql: "string_agg(DISTINCT " + s.expr(text, 1).sql + ", ';')", typ: text, traits: traits{shown: true}}
	}
	return g.sum(s)
}

func (g *generator) extremum(s *scope) expr {
	for {
		e := s.output(1)
		if e.typ < intArray && e.typ != boolean && e.shown {
			return expr{sql: pick(g, "min(", "max(") + g.distinct() + e.sql + ")", typ: e.typ, traits: e.traits}
		}
	}
}

// sum is a sum or an average.
func (g *generator) sum(s *scope) expr {
	t := pick(g, integer, bigint, numeric, double)
	e := s.expr(t, 1)
	if t == double {
		e = s.leaf(double, true)
	}
	name := pick(g, "sum", "avg")
	out := expr{sql: name + "(" + g.distinct() + e.sql + ")", typ: numeric}
	switch {
	case t == double:
		out.typ, out.traits = double, traits{shown: true, wild: true}
	case name == "sum" && t == integer:
		out.typ, out.shown = bigint, true
	case name == "sum" && t == bigint:
		out.shown = true
	}
	return out
}
