package funcs_test

import (
	"testing"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Functions are chosen by name and types; what does not fit is refused with PostgreSQL's words.
func TestResolve(t *testing.T) {
	i4, i8, num, f8, text, unknown := types.Int4, types.Int8, types.Numeric, types.Float8, types.Text, types.Unknown
	for _, c := range []struct {
		name string
		args []types.Type
		want string
	}{
		{"sum", []types.Type{types.Int2}, "sum(int2)"},
		{"count", nil, "count()"},
		{"count", []types.Type{types.Bool}, "count(any)"},
		{"round", []types.Type{i4}, "round(float8)"},
		{"round", []types.Type{num, i4}, "round(numeric,int4)"},
		{"round", []types.Type{f8, i4}, "42883 function round(double precision, integer) does not exist"},
		{"lower", []types.Type{unknown}, "lower(text)"},
		{"lower", []types.Type{types.Name}, "lower(text)"},
		{"concat", []types.Type{unknown, i4, text}, "concat(any)"},
		{"date_trunc", []types.Type{unknown, types.Date}, "date_trunc(text,timestamptz)"},
		{"extract", []types.Type{unknown, types.Date}, "extract(text,date)"},
		{"greatest", []types.Type{i4, i8, unknown}, "greatest(int8)"},
		{"least", []types.Type{i4, num}, "least(numeric)"},
		{"greatest", []types.Type{i4, text}, "42804 GREATEST types integer and text cannot be matched"},
		{"power", []types.Type{i4, i4}, "power(float8,float8)"},
		{"power", []types.Type{num, i4}, "power(numeric,numeric)"},
		{"min", []types.Type{types.Name}, "min(text)"},
		{"int8", []types.Type{i4}, "cast(int4,int8)"},
		{"nothing", []types.Type{i4, unknown}, "42883 function nothing(integer, unknown) does not exist"},
		{"int4pl", []types.Type{i4, i4}, "42883 function int4pl(integer, integer) does not exist"},
	} {
		s, err := funcs.Resolve(c.name, c.args)
		got := ""
		if err != nil {
			got = pgerr.Code(err) + " " + pgerr.From(err).Message
		} else {
			got = s.ID
		}
		if got != c.want {
			t.Errorf("%s%v: got %s, want %s", c.name, c.args, got, c.want)
		}
	}
}

// The difference of times is an interval, words are taken for their symbols.
func TestResolveOperatorSpecial(t *testing.T) {
	if s, err := funcs.ResolveOperator("-", types.Timestamptz, types.Timestamptz); err != nil || s.Result != types.Interval {
		t.Errorf("difference of times: %v, %v", s, err)
	}
	for word, want := range map[string]string{"like": "textlike", "not ilike": "texticnlike", "!=": "textne"} {
		if s, err := funcs.ResolveOperator(word, types.Text, types.Unknown); err != nil || s.ID != want {
			t.Errorf("%s: %v, %v", word, s, err)
		}
	}
}

// A cast to the same type is nothing to do, unless the target has another modifier; an untyped value is a text.
func TestCast(t *testing.T) {
	scaled := types.Type{ID: types.IDNumeric, Precision: 5, Scale: 2}
	for _, c := range []struct {
		from, to types.Type
		want     string
	}{
		{types.Int4, types.Int4, ""}, {scaled, types.Numeric, ""}, {scaled, scaled, ""}, {types.Numeric, scaled, "cast(numeric,numeric)"},
		{types.Int4, scaled, "cast(int4,numeric)"}, {types.Unknown, types.Date, "cast(text,date)"}, {types.Unknown, types.Text, ""},
	} {
		id, ok := funcs.Cast(c.from, c.to, funcs.CastImplicit)
		if c.from.ID != types.IDUnknown && c.from.ID != c.to.ID && !ok || id != c.want {
			t.Errorf("%v to %v: %q, %v", c.from, c.to, id, ok)
		}
		if id != "" && funcs.ByID(id) == nil {
			t.Errorf("%s is not in the table", id)
		}
	}
}

// Names of types are read with their aliases and modifiers; those that Millrace does not have are refused by name.
func TestParseTypeName(t *testing.T) {
	for _, c := range []struct {
		schema, name string
		mods         []int
		array        bool
		want         string
	}{
		{"", "int", nil, false, "integer"}, {"pg_catalog", "int8", nil, false, "bigint"}, {"", "decimal", []int{10, 2}, false, "numeric(10,2)"},
		{"", "numeric", []int{5}, false, "numeric(5,0)"}, {"", "varchar", nil, false, "character varying"}, {"", "text", nil, true, "text[]"},
		{"", "regclass", nil, false, "regclass"}, {"", "float", []int{53}, false, "double precision"},
		{"", "varchar", []int{20}, false, "character varying(20)"}, {"", "character", nil, false, "character(1)"}, {"", "char", nil, false, "\"char\""}, {"", "float", []int{24}, false, "real"},
		{"", "xml", nil, false, "0A000 type xml is not supported"},
		{"", "int4", nil, true, "integer[]"},
		{"", "foo", nil, false, "42704 type \"foo\" does not exist"},
		{"app", "int4", nil, false, "42704 type \"app.int4\" does not exist"},
		{"", "numeric", []int{1001}, false, "22023 NUMERIC precision 1001 must be between 1 and 1000"},
		{"", "int4", []int{3}, false, "42601 type modifier is not allowed for type \"int4\""},
	} {
		typ, err := funcs.ParseTypeName(c.schema, c.name, c.mods, c.array)
		got := typ.String()
		if err != nil {
			got = pgerr.Code(err) + " " + pgerr.From(err).Message
		}
		if got != c.want {
			t.Errorf("%s.%s%v: got %s, want %s", c.schema, c.name, c.mods, got, c.want)
		}
	}
}
