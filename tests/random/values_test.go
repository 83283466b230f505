package random_test

import (
	"fmt"
	"strings"
)

// Values come from small sets, so that rows meet in joins and groups; now and then from the edges of a type.
var (
	texts = []string{"a", "b", "ab", "abc", "A", "", " ", " a ", "b%", "a_c", "it''s", "10", "-3", "x,y,z", "\u00e9t\u00e9", "\u65e5\u672c", "true", "Zz z"}
	dates = []string{"2020-01-01", "2020-01-31", "2020-02-29", "2019-12-31", "1999-12-31", "1970-01-01", "2021-06-15"}
	times = []string{"2020-01-01 00:00:00+00", "2020-01-01 12:34:56.789+00", "2020-02-29 23:59:59.999999+00", "2019-12-31 22:00:00-05", "1970-01-01 00:00:00+00", "2020-01-31 05:06:07.1+02"}

	edgeInts     = []string{"2147483647", "-2147483648", "-1", "0", "2147483646"}
	edgeBigints  = []string{"9223372036854775807", "(-9223372036854775808)", "4294967296", "-2147483649", "0", "9007199254740993"}
	edgeNumerics = []string{"99999999.99", "-99999999.99", "0.00", "0.01", "'NaN'", "12345.675", "0.005", "-0.005"}
	freeNumerics = []string{"1e30", "123456789012345678901234567890.123456789", "0.000000000000000001", "1.50", "1.5", "1.500", "-1e-10", "0", "0.0"}
	edgeDoubles  = []string{"'NaN'", "'Infinity'", "'-Infinity'", "0.1", "1e15"}
	wildDoubles  = []string{"1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "1e-10", "123456.789e3", "0.3333333333333333"}
	edgeDates    = []string{"infinity", "-infinity", "0001-01-01", "9999-12-31", "0044-03-15 BC", "5874897-12-31"}
	edgeTimes    = []string{"infinity", "-infinity", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00", "0044-03-15 00:00:00+00 BC"}
)

// value is a literal for a column.
func (g *generator) value(c column) string {
	if !c.notNull && g.chance(7) {
		return "NULL"
	}
	if g.chance(14) {
		return g.edge(c)
	}
	return g.plain(c.typ)
}

// edge is a literal of the edges of a column's type.
func (g *generator) edge(c column) string {
	switch c.typ {
	case integer:
		return pick(g, edgeInts...)
	case bigint:
		return pick(g, edgeBigints...)
	case numeric:
		if !c.shown {
			return pick(g, append(freeNumerics, edgeNumerics...)...)
		}
		return pick(g, edgeNumerics...)
	case double:
		if c.wild {
			return pick(g, append(wildDoubles, edgeDoubles...)...)
		}
		return pick(g, "'NaN'", "'Infinity'", "'-Infinity'", "1048576.5", "-0.125")
	case date:
		return "'" + pick(g, edgeDates[:5]...) + "'"
	case timestamptz:
		return "'" + pick(g, edgeTimes...) + "'"
	case text:
		return "'" + strings.Repeat("long ", g.Intn(60)) + "'"
	}
	return g.plain(c.typ)
}

// plain is a literal that is like others. The doubles are such that sums of them are exact.
func (g *generator) plain(t typ) string {
	switch t {
	case boolean:
		return pick(g, "true", "false")
	case integer, bigint:
		return fmt.Sprint(g.Intn(14) - 1)
	case numeric:
		return fmt.Sprintf("%d.%02d", g.Intn(12)-2, 25*g.Intn(4))
	case double:
		return pick(g, "0", "1", "1.5", "-2.25", "0.125", "100", "3", "-7")
	case text:
		return "'" + pick(g, texts...) + "'"
	case date:
		return "'" + pick(g, dates...) + "'"
	case intArray:
		return pick(g, "'{}'", "'{1}'", "'{1,2,3}'", "'{3,NULL,1}'", "'{NULL}'", "'{2,2}'", "'{10,-1,7,7}'")
	case textArray:
		return pick(g, "'{}'", "'{a}'", "'{a,b,ab}'", "'{\"x,y\",NULL,\"\"}'", "'{b,\"it''s\",NULL}'", "'{A,a}'")
	case mood:
		return pick(g, "'sad'", "'ok'", "'happy'", "'a'")
	}
	return "'" + pick(g, times...) + "'"
}

// keyValue is a literal for a column of a primary key, from a set large enough that most rows find a place.
func (g *generator) keyValue(c column) string {
	switch c.typ {
	case integer, bigint:
		return fmt.Sprint(g.Intn(70))
	case text:
		return fmt.Sprintf("'%s%d'", pick(g, "a", "b", "\u00e9"), g.Intn(30))
	case date:
		return fmt.Sprintf("'2020-01-%02d'", 1+g.Intn(30))
	case timestamptz:
		return fmt.Sprintf("'2020-01-%02d %02d:00:00+00'", 1+g.Intn(30), 6*g.Intn(4))
	case numeric:
		return pick(g, fmt.Sprintf("%d.%d", g.Intn(20), g.Intn(10)), fmt.Sprintf("%d.%d00", g.Intn(20), g.Intn(10)), fmt.Sprint(g.Intn(20)), "-0.5", "1e20", "'NaN'")
	case double:
		return pick(g, "0", "'-0'", "'NaN'", "'Infinity'", "'-Infinity'", fmt.Sprint(g.Intn(40)), fmt.Sprintf("-%d.5", g.Intn(20)), "5e-324", "1e300")
	}
	return g.plain(c.typ)
}

// constant is a literal with its type, for an expression. Extreme says whether it may be of the edges.
func (g *generator) constant(t typ, extreme bool) string {
	if extreme && g.chance(5) {
		return "(" + g.edge(column{typ: t, traits: traits{wild: true, shown: g.chance(2)}}) + ")::" + t.String()
	}
	literal := g.plain(t)
	switch {
	case t == boolean || t == text:
		return literal
	case t != integer && t != numeric:
		return "(" + literal + ")::" + t.String()
	case literal[0] == '-':
		return "(" + literal + ")"
	}
	return literal
}
