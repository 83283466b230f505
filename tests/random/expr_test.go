package random_test

import (
	"fmt"
	"strings"
)

// expr is an expression in SQL and what must be known of it.
type expr struct {
	traits
	sql string
	typ typ
}

// ref is a column that an expression may name.
type ref struct {
	traits
	sql string
	typ typ
}

// scope makes expressions over the columns of a FROM clause.
type scope struct {
	*generator
	refs []ref
	// risky: what may fail for a row, such as arithmetic that overflows, may be there.
	risky bool
	// extreme: literals may be of the edges of their types.
	extreme bool
	// subquery, if it is not nil, makes a condition with a subquery.
	subquery func(s *scope) expr
}

// over is the scope of a relation under an alias, "" for none.
func (g *generator) over(r *relation, alias string) *scope {
	s := &scope{generator: g}
	s.join(r, alias)
	return s
}

// join adds a relation's columns.
func (s *scope) join(r *relation, alias string) {
	if alias != "" {
		alias += "."
	}
	for _, c := range r.columns {
		s.refs = append(s.refs, ref{traits: c.traits, sql: alias + c.name, typ: c.typ})
	}
}

// safe is the scope without risk.
func (s *scope) safe() *scope {
	c := *s
	c.risky = false
	return &c
}

// find returns a column that ok accepts.
func (s *scope) find(ok func(ref) bool) (ref, bool) {
	var found []ref
	for _, r := range s.refs {
		if ok(r) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return ref{}, false
	}
	return found[s.Intn(len(found))], true
}

// leaf is a column or, if there is none, or now and then, a literal. Plain: fit for arithmetic.
func (s *scope) leaf(t typ, plain bool) expr {
	r, ok := s.find(func(r ref) bool { return r.typ == t && !(plain && r.wild) })
	if ok && !s.chance(5) {
		return expr{traits: r.traits, sql: r.sql, typ: t}
	}
	if s.chance(12) {
		return expr{traits: traits{shown: true}, sql: "NULL::" + t.String(), typ: t}
	}
	sql := s.constant(t, s.extreme && !plain)
	return expr{traits: traits{shown: t != numeric}, sql: sql, typ: t}
}

// any is an expression of any type.
func (s *scope) any(depth int) expr { return s.expr(typ(s.Intn(len(typeNames))), depth) }

// output is an expression for a SELECT list: in one of two cases a column as it is.
func (s *scope) output(depth int) expr {
	if s.risky && s.chance(3) {
		return expr{sql: s.riskyInteger(depth - 1), typ: integer, traits: traits{shown: true}}
	}
	if r, ok := s.find(everyRef); ok && s.chance(2) {
		return expr{traits: r.traits, sql: r.sql, typ: r.typ}
	}
	return s.any(depth)
}

// expr is an expression of a type, at most depth operators deep.
func (s *scope) expr(t typ, depth int) expr {
	if depth <= 0 || s.chance(4) {
		return s.leaf(t, false)
	}
	if s.chance(4) {
		return s.choice(t, depth-1)
	}
	var sql string
	out := expr{typ: t, traits: traits{shown: t != numeric}}
	switch t {
	case boolean:
		sql = s.condition(depth)
	case integer:
		sql = s.integer(depth - 1)
	case bigint:
		sql = s.bigint(depth - 1)
	case double:
		out = s.double(depth - 1)
		return out
	case numeric:
		return s.numeric(depth - 1)
	case text:
		sql = s.text(depth - 1)
	case timestamptz:
		sql = s.time(depth - 1)
	case date:
		sql = s.date(depth - 1)
	case intArray:
		sql = s.array(intArray, integer, depth-1)
	case textArray:
		sql = s.array(textArray, text, depth-1)
	default:
		return s.leaf(t, false)
	}
	out.sql = sql
	return out
}

// choice is an expression that takes one of several values.
func (s *scope) choice(t typ, depth int) expr {
	a, b := s.expr(t, depth), s.expr(t, depth)
	out := expr{typ: t, traits: traits{shown: t != numeric, wild: a.wild || b.wild}}
	switch s.Intn(6) {
	case 0:
		out.sql = fmt.Sprintf("coalesce(%s, %s)", a.sql, b.sql)
	case 1:
		out.sql = fmt.Sprintf("nullif(%s, %s)", a.sql, b.sql)
		out.traits = a.traits
	case 2:
		if t != boolean {
			out.sql = fmt.Sprintf("%s(%s, %s)", pick(s.generator, "greatest", "least"), a.sql, b.sql)
			break
		}
		fallthrough
	case 3:
		if r, ok := s.find(func(r ref) bool { return r.typ == integer || r.typ == text }); ok {
			out.sql = fmt.Sprintf("CASE %s WHEN %s THEN %s ELSE %s END", r.sql, s.constant(r.typ, false), a.sql, b.sql)
			break
		}
		fallthrough
	default:
		out.sql = fmt.Sprintf("CASE WHEN %s THEN %s%s END", s.safe().condition(depth), a.sql, pick(s.generator, "", " ELSE "+b.sql))
	}
	return out
}

// keeps is a condition that most rows meet, in most cases.
func (s *scope) keeps(depth int) string {
	if s.chance(3) {
		return s.condition(depth)
	}
	if r, ok := s.find(func(r ref) bool { return r.typ != boolean }); ok && s.chance(2) {
		return fmt.Sprintf("(%s <> %s OR %s)", r.sql, s.constant(r.typ, false), s.condition(depth-1))
	}
	return fmt.Sprintf("((%s) IS NOT %s)", s.condition(depth-1), pick(s.generator, "TRUE", "FALSE", "UNKNOWN"))
}

// condition is a boolean expression.
func (s *scope) condition(depth int) string {
	if depth <= 0 {
		return s.comparison(0)
	}
	safe := s.safe()
	switch s.Intn(11) {
	case 10:
		return s.arrayCondition(depth - 1)
	case 0:
		return fmt.Sprintf("(%s %s %s)", safe.condition(depth-1), pick(s.generator, "AND", "OR"), safe.condition(depth-1))
	case 1:
		return "NOT (" + s.condition(depth-1) + ")"
	case 2:
		return fmt.Sprintf("(%s IS %sNULL)", s.any(depth-1).sql, pick(s.generator, "", "NOT "))
	case 3:
		return fmt.Sprintf("((%s) IS %s%s)", s.condition(depth-1), pick(s.generator, "", "NOT "), pick(s.generator, "TRUE", "FALSE", "UNKNOWN"))
	case 4:
		t := typ(s.Intn(len(typeNames)))
		return fmt.Sprintf("(%s IS %sDISTINCT FROM %s)", s.expr(t, depth-1).sql, pick(s.generator, "", "NOT "), s.expr(t, depth-1).sql)
	case 5:
		t := pick(s.generator, integer, bigint, numeric, text, date, timestamptz, double)
		return fmt.Sprintf("(%s %sBETWEEN %s AND %s)", s.expr(t, depth-1).sql, pick(s.generator, "", "NOT "), s.leaf(t, false).sql, s.leaf(t, false).sql)
	case 6:
		t := pick(s.generator, integer, bigint, numeric, text, date)
		items := []string{s.constant(t, s.extreme), s.constant(t, false), s.leaf(t, false).sql}
		return fmt.Sprintf("(%s %sIN (%s))", s.expr(t, depth-1).sql, pick(s.generator, "", "NOT "), strings.Join(items[:1+s.Intn(3)], ", "))
	case 7:
		op := pick(s.generator, "LIKE", "NOT LIKE", "ILIKE", "~", "!~")
		pattern := pick(s.generator, "'a%'", "'%b%'", "'_'", "''", "'%'", "'a\\_c'", "'%,%'")
		if strings.HasSuffix(op, "~") {
			pattern = pick(s.generator, "'^a'", "'b$'", "'[0-9]+'", "'a|b'", "'^$'")
		}
		return fmt.Sprintf("(%s %s %s)", s.expr(text, depth-1).sql, op, pattern)
	case 8, 9:
		if s.subquery != nil {
			return s.subquery(s).sql
		}
	}
	return s.comparison(depth - 1)
}

// comparable are types that compare with one another.
var comparable = [][2]typ{{integer, bigint}, {bigint, integer}, {integer, numeric}, {numeric, bigint}, {double, integer}, {numeric, double}, {date, timestamptz}, {timestamptz, date}, {bigint, double}}

func (s *scope) comparison(depth int) string {
	op := pick(s.generator, "=", "=", "<>", "<", "<=", ">", ">=")
	a := typ(s.Intn(len(typeNames)))
	b := a
	if s.chance(4) {
		pair := pick(s.generator, comparable...)
		a, b = pair[0], pair[1]
	}
	// A date that no timestamptz can hold, of which there are none in columns, fails the comparison.
	return fmt.Sprintf("(%s %s %s)", s.expr(a, depth).sql, op, s.expr(b, depth).sql)
}

func (s *scope) integer(depth int) string {
	if s.risky && s.chance(2) {
		return s.riskyInteger(depth)
	}
	g := s.generator
	switch s.Intn(9) {
	case 8:
		a := s.expr(pick(g, intArray, textArray), depth).sql
		return pick(g, fmt.Sprintf("cardinality(%s)", a), fmt.Sprintf("array_length(%s, 1)", a), fmt.Sprintf("(%s)[%d]", s.leaf(intArray, false).sql, g.Intn(4)))
	case 0:
		return fmt.Sprintf("length(%s)", s.expr(text, depth).sql)
	case 1:
		return fmt.Sprintf("strpos(%s, %s)", s.expr(text, depth).sql, pick(g, "'a'", "'b'", "''"))
	case 2:
		return fmt.Sprintf("ascii(%s)", s.expr(text, depth).sql)
	case 3:
		return fmt.Sprintf("(%s %% %d)", s.expr(integer, depth).sql, 2+s.Intn(9))
	case 4:
		return fmt.Sprintf("(%s / %d)", s.expr(integer, depth).sql, 2+s.Intn(9))
	case 5:
		return fmt.Sprintf("(%s %s %s)", s.expr(integer, depth).sql, pick(g, "&", "|", "#"), s.expr(integer, depth).sql)
	case 6:
		return fmt.Sprintf("(%s)::int", s.condition(depth))
	}
	return fmt.Sprintf("octet_length(%s)", s.expr(text, depth).sql)
}

// riskyInteger may overflow, divide by zero or not read as a number. A column is in it, so that PostgreSQL does not
// compute it while it plans.
func (s *scope) riskyInteger(depth int) string {
	r, ok := s.find(func(r ref) bool { return r.typ == integer })
	if !ok {
		return s.leaf(integer, false).sql
	}
	g := s.generator
	switch s.Intn(6) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", r.sql, pick(g, "+", "-", "*"), s.expr(integer, depth).sql)
	case 2:
		return fmt.Sprintf("(%s %s %s)", s.expr(integer, depth).sql, pick(g, "/", "%"), r.sql)
	case 3:
		return pick(g, "abs(", "-(") + r.sql + ")"
	case 4:
		if big, ok := s.find(func(r ref) bool { return (r.typ == bigint || r.typ == numeric || r.typ == double) }); ok {
			return "(" + big.sql + ")::int"
		}
	}
	return fmt.Sprintf("(%s::text)::int", r.sql)
}

func (s *scope) bigint(depth int) string {
	g := s.generator
	if s.risky && s.chance(2) {
		if r, ok := s.find(func(r ref) bool { return r.typ == bigint }); ok {
			return fmt.Sprintf("(%s %s %s)", r.sql, pick(g, "+", "-", "*", "/", "%"), s.expr(pick(g, integer, bigint), depth).sql)
		}
	}
	switch s.Intn(3) {
	case 0:
		return fmt.Sprintf("(%s::bigint %s %s)", s.expr(integer, depth).sql, pick(g, "+", "-", "*"), s.expr(integer, depth).sql)
	case 1:
		return fmt.Sprintf("(%s %s %d)", s.expr(bigint, depth).sql, pick(g, "/", "%"), 2+s.Intn(9))
	}
	return "(" + s.expr(integer, depth).sql + ")::bigint"
}

func (s *scope) double(depth int) expr {
	g := s.generator
	out := expr{typ: double, traits: traits{shown: true}}
	a, b := s.leaf(double, true), s.leaf(double, true)
	switch s.Intn(7) {
	case 5:
		out.sql, out.wild = fmt.Sprintf("date_part('%s', %s)", s.field(), s.expr(timestamptz, depth).sql), true
	case 0, 1:
		out.sql = fmt.Sprintf("(%s %s %s)", a.sql, pick(g, "+", "-"), b.sql)
	case 2:
		out.sql, out.wild = fmt.Sprintf("(%s * %s)", a.sql, b.sql), true
	case 3:
		out.sql = fmt.Sprintf("%s(%s)", pick(g, "floor", "ceil", "abs", "round", "trunc", "-"), s.leaf(double, false).sql)
		out.wild = true
	case 4:
		out.sql, out.wild = fmt.Sprintf("(%s)::double precision", s.expr(pick(g, integer, bigint), depth).sql), true
	default:
		if s.risky {
			out.sql, out.wild = fmt.Sprintf("(%s / %s)", a.sql, s.leaf(double, false).sql), true
			break
		}
		out.sql, out.wild = fmt.Sprintf("(%s / %d)", a.sql, 2+s.Intn(5)), true
	}
	return out
}

func (s *scope) numeric(depth int) expr {
	g := s.generator
	out := expr{typ: numeric}
	a := s.expr(numeric, depth)
	switch s.Intn(9) {
	case 7:
		out.sql = fmt.Sprintf("extract(%s FROM %s)", s.field(), s.expr(pick(g, date, timestamptz), depth).sql)
	case 0, 1:
		out.sql = fmt.Sprintf("(%s %s %s)", a.sql, pick(g, "+", "-", "*"), s.expr(pick(g, numeric, numeric, integer, bigint), depth).sql)
	case 2:
		out.sql = fmt.Sprintf("(%s / %d)", a.sql, 2+s.Intn(9))
	case 3:
		out.sql, out.shown = fmt.Sprintf("round(%s, %d)", a.sql, s.Intn(4)), true
	case 4:
		out.sql = fmt.Sprintf("%s(%s)", pick(g, "abs", "floor", "ceil", "round", "trunc", "sign", "-"), a.sql)
	case 5:
		out.sql, out.shown = fmt.Sprintf("(%s)::numeric", s.expr(pick(g, integer, bigint), depth).sql), true
	case 6:
		out.sql = fmt.Sprintf("(%s %% %d)", a.sql, 2+s.Intn(9))
		if s.risky {
			out.sql = fmt.Sprintf("(%s / %s)", s.leaf(integer, false).sql+"::numeric", s.leaf(numeric, false).sql)
		}
	default:
		if s.risky {
			out.sql, out.shown = fmt.Sprintf("(%s)::numeric(6,1)", a.sql), true
			break
		}
		out.sql = fmt.Sprintf("(%s * %d.5)", a.sql, s.Intn(5))
	}
	return out
}

func (s *scope) text(depth int) string {
	g := s.generator
	a := s.expr(text, depth).sql
	switch s.Intn(18) {
	case 14, 15:
		return s.pattern(a, depth)
	case 0:
		return fmt.Sprintf("%s(%s)", pick(g, "lower", "upper", "initcap", "reverse", "btrim", "ltrim", "rtrim", "md5"), a)
	case 1:
		return fmt.Sprintf("substr(%s, %d)", a, s.Intn(5)-1)
	case 2:
		return fmt.Sprintf("substring(%s, %d, %d)", a, s.Intn(5)-1, s.Intn(4))
	case 3:
		return fmt.Sprintf("%s(%s, %d)", pick(g, "left", "right"), a, s.Intn(7)-3)
	case 4:
		return fmt.Sprintf("replace(%s, %s, %s)", a, pick(g, "'a'", "'b'", "''"), pick(g, "'xyz'", "''", "'a'"))
	case 5:
		return fmt.Sprintf("(%s || %s)", a, s.expr(text, depth).sql)
	case 6:
		return fmt.Sprintf("(%s || %s)", a, s.expr(pick(g, integer, bigint, boolean, date, numeric), depth).sql)
	case 7:
		return fmt.Sprintf("concat(%s, %s, %s)", a, s.any(depth).sql, pick(g, "NULL", "'-'", "7"))
	case 8:
		return fmt.Sprintf("%s(%s, %d, %s)", pick(g, "lpad", "rpad"), a, s.Intn(8), pick(g, "'*'", "'xy'", "''"))
	case 9:
		return fmt.Sprintf("repeat(%s, %d)", a, s.Intn(4)-1)
	case 10:
		return fmt.Sprintf("translate(%s, 'ab', %s)", a, pick(g, "'x'", "'xyz'", "''"))
	case 11:
		return fmt.Sprintf("split_part(%s, %s, %d)", a, pick(g, "','", "'b'", "''"), pick(g, 1, 2, 3, -1))
	case 12:
		return fmt.Sprintf("concat_ws(%s, %s, %s)", pick(g, "','", "''"), a, s.any(depth).sql)
	case 13:
		return fmt.Sprintf("%s(%s, %s)", pick(g, "btrim", "ltrim", "rtrim"), a, pick(g, "'a'", "'ba '", "''"))
	}
	return fmt.Sprintf("(%s)::text", s.expr(pick(g, boolean, integer, bigint, numeric, date, timestamptz, double, intArray, textArray, mood), depth).sql)
}

// pattern is a text made by a regular expression or a pattern of times.
func (s *scope) pattern(a string, depth int) string {
	g := s.generator
	if s.chance(2) {
		return fmt.Sprintf("regexp_replace(%s, %s, %s)", a, pick(g, "'[aeiou]'", "'(.)(.)'", "'^.'"), pick(g, "'<\\&>'", "'\\2\\1'", "''"))
	}
	return fmt.Sprintf("to_char(%s, '%s')", s.expr(timestamptz, depth).sql, pick(g, "YYYY-MM-DD HH24:MI:SS", "DD Mon YYYY", "Day, HH12 am", "IYYY-IW", "MS US", "Q TZ"))
}

// field is a part of a date that a time has too.
func (s *scope) field() string {
	return pick(s.generator, "year", "month", "day", "dow", "doy", "week", "isodow", "isoyear", "quarter", "decade", "century", "epoch")
}

func (s *scope) time(depth int) string {
	g := s.generator
	switch s.Intn(4) {
	case 3:
		return fmt.Sprintf("to_timestamp((%s)::double precision)", s.expr(integer, depth).sql)
	case 0:
		return fmt.Sprintf("date_trunc('%s', %s)", pick(g, "year", "quarter", "month", "week", "day", "hour", "minute", "second", "milliseconds"), s.expr(timestamptz, depth).sql)
	case 1:
		return "(" + s.leaf(date, true).sql + ")::timestamptz"
	}
	return "(" + s.leaf(timestamptz, true).sql + "::text)::timestamptz"
}

func (s *scope) date(depth int) string {
	g := s.generator
	switch s.Intn(3) {
	case 0:
		return fmt.Sprintf("(%s %s %d)", s.leaf(date, true).sql, pick(g, "+", "-"), s.Intn(100))
	case 1:
		return "(" + s.expr(timestamptz, depth).sql + ")::date"
	}
	return "(" + s.leaf(date, true).sql + "::text)::date"
}
