package expr_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
)

// samples are lists of values, by type, to be aggregated.
var samples = map[types.Type][][]string{
	types.Int2: {{}, {"1", "2", "4"}, {"-32768", "-32768"}, {"NULL", "7"}},
	types.Int4: {{"1", "1", "2"}, {"2147483647", "2147483647"}, {"NULL", "NULL"}, {"10", "20", "25"}},
	types.Int8: {{"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "1"}, {"1", "2"}, {"0"}},
	types.Numeric: {{"1.10", "2.205"}, {"1", "1", "2"}, {"0.1", "0.2", "0.3"}, {"1e-20", "5"}, {"NaN", "1"}, {"Infinity", "1"}, {"Infinity", "-Infinity"},
		{"123456789012345678901234567890.5", "-0.25"}, {"0.00", "NULL"}, {"9999999999.99", "9999999999.99", "0.02"}},
	types.Float8:      {{"1.5", "2.25"}, {"1e308", "1e308"}, {"NaN", "1"}, {"Infinity", "-Infinity"}, {"-Infinity", "3"}, {"1e16", "1", "-1e16"}, {"0.1"}, {}},
	types.Text:        {{"b", "a", "é"}, {"", "NULL"}, {}},
	types.Timestamptz: {{"2020-01-01 00:00:00+00", "infinity"}, {"2020-01-01 00:00:00+00", "1999-01-01 00:00:00+00"}},
	types.Date:        {{"2020-01-01", "2019-12-31"}, {"-infinity", "NULL"}},
	types.Bool:        {{"true", "false"}, {"true", "NULL"}, {"false", "false"}, {"NULL"}, {}},
	types.OID:         {{"4294967295", "1"}},
}

func vector(t testing.TB, typ types.Type, texts []string) *types.Vector {
	t.Helper()
	v := types.NewVector(typ, len(texts))
	for _, s := range texts {
		d := types.NullDatum
		if s != "NULL" {
			var err error
			if d, err = types.ParseText(typ, s, types.Scope{}); err != nil {
				t.Fatal(err)
			}
		}
		v.Append(d)
	}
	return v
}

// aggregates returns the aggregates over one argument of type typ.
func aggregates(typ types.Type) (out []*funcs.Signature) {
	for _, s := range funcs.All() {
		if s.Kind == funcs.Aggregate && len(s.Args) == 1 && (s.Args[0] == typ || s.Args[0] == funcs.Any) {
			out = append(out, s)
		}
	}
	return out
}

func newAggregate(t testing.TB, s *funcs.Signature, typ types.Type) expr.Aggregate {
	t.Helper()
	a, err := expr.NewAggregate(plan.Agg{Func: s.ID, Type: s.Result, Args: []*plan.Expr{plan.Column(0, typ)}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func addAll(t testing.TB, a expr.Aggregate, v *types.Vector, diff int64) {
	t.Helper()
	for i := range v.Len() {
		if err := a.Add(v, i, diff); err != nil {
			t.Fatal(err)
		}
	}
}

func resultText(s *funcs.Signature, a expr.Aggregate) string {
	d, err := a.Result()
	switch {
	case err != nil:
		return failure(err)
	case d.Null:
		return "NULL"
	case s.Result == types.Bool:
		return map[int64]string{0: "false", 1: "true"}[d.Int]
	}
	return string(types.FormatText(nil, s.Result, d, types.Scope{}))
}

func judgedAggregate(t *testing.T, conn *pgx.Conn, name string, typ types.Type, texts []string) string {
	t.Helper()
	array := strings.ReplaceAll("'{\""+strings.Join(texts, "\",\"")+"\"}'", `"NULL"`, "NULL")
	if len(texts) == 0 {
		array = "'{}'"
	}
	var out *string
	argument := "(x"
	if strings.HasPrefix(name, "json") {
		argument = "(x ORDER BY x"
	}
	err := conn.QueryRow(context.Background(), "SELECT CAST("+name+argument+") AS text) FROM unnest(CAST("+array+" AS "+typ.String()+"[])) x",
		pgx.QueryExecModeSimpleProtocol).Scan(&out)
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		return "ERROR " + e.Code + " " + e.Message
	case err != nil:
		t.Fatal(err)
	case out == nil:
		return "NULL"
	}
	return *out
}

// Aggregates have PostgreSQL's results, display scales and errors. Sums of floats are exact, which its are not.
func TestAggregatesAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	for typ, lists := range samples {
		for _, s := range aggregates(typ) {
			for _, texts := range lists {
				a := newAggregate(t, s, typ)
				addAll(t, a, vector(t, typ, texts), 1)
				got, want := resultText(s, a), judgedAggregate(t, conn, s.Name, typ, texts)
				if got != want && !(typ == types.Float8 && strings.Contains(strings.Join(texts, " "), "1e16")) {
					t.Errorf("%s of %v: got %s, want %s", s.ID, texts, got, want)
				}
			}
		}
	}
}

// A sum of floats is exact whatever its parts, and is rounded once.
func TestFloatSumIsExact(t *testing.T) {
	s := funcs.ByID("sum(float8)")
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{[]string{"1e16", "1", "-1e16"}, "1"}, {[]string{"1e308", "1e308", "-1e308"}, "1e+308"}, {[]string{"5e-324", "1e308", "-1e308"}, "5e-324"},
		{[]string{"0.1", "0.2", "-0.3"}, "2.7755575615628914e-17"}, {[]string{"1", "-1"}, "0"}, {[]string{"5e-324", "5e-324"}, "1e-323"},
	} {
		a := newAggregate(t, s, types.Float8)
		addAll(t, a, vector(t, types.Float8, c.texts), 1)
		if got := resultText(s, a); got != c.want {
			t.Errorf("sum of %v: got %s, want %s", c.texts, got, c.want)
		}
	}
}

// Equal multisets of rows have equal states and results, whatever was added and taken away before, in any order, with the
// state written and read in between.
func TestRetraction(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for typ, lists := range samples {
		for _, s := range aggregates(typ) {
			if !expr.Invertible(s.ID) {
				continue
			}
			for _, texts := range lists {
				kept := vector(t, typ, texts)
				plain := newAggregate(t, s, typ)
				addAll(t, plain, kept, 1)
				a := newAggregate(t, s, typ)
				for range 20 {
					other := vector(t, typ, lists[rng.IntN(len(lists))])
					addAll(t, a, other, 3)
					a = rewritten(t, s, typ, a)
					addAll(t, a, other, -1)
					addAll(t, a, other, -2)
				}
				for _, i := range rng.Perm(kept.Len()) {
					if err := a.Add(kept, i, 1); err != nil {
						t.Fatal(err)
					}
				}
				if got, want := a.Append(nil), plain.Append(nil); !bytes.Equal(got, want) || resultText(s, a) != resultText(s, plain) {
					t.Errorf("%s of %v: state %x gives %s, want %x and %s", s.ID, texts, got, resultText(s, a), want, resultText(s, plain))
				}
			}
		}
	}
}

// rewritten returns a as it is when its state was written and read.
func rewritten(t testing.TB, s *funcs.Signature, typ types.Type, a expr.Aggregate) expr.Aggregate {
	t.Helper()
	again := newAggregate(t, s, typ)
	rest, err := again.Decode(append(a.Append(nil), "rest"...))
	if err != nil || string(rest) != "rest" {
		t.Fatalf("%s: state is read with rest %q, %v", s.ID, rest, err)
	}
	return again
}

// MIN and MAX keep their value when the state is written and read.
func TestExtremeState(t *testing.T) {
	for typ, lists := range samples {
		for _, s := range aggregates(typ) {
			a := newAggregate(t, s, typ)
			addAll(t, a, vector(t, typ, lists[0]), 1)
			if got, want := resultText(s, rewritten(t, s, typ, a)), resultText(s, a); got != want {
				t.Errorf("%s: got %s, want %s", s.ID, got, want)
			}
		}
	}
}

// string_agg gives its values in their order, each as often as it is there.
func TestStringAgg(t *testing.T) {
	spec := plan.Agg{Func: "string_agg(text,text)", Type: types.Text, Args: []*plan.Expr{plan.Column(0, types.Text), plan.Const(types.Text, types.StrDatum(", "))}}
	a, err := expr.NewAggregate(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := funcs.ByID(spec.Func)
	if got := resultText(s, a); got != "NULL" {
		t.Errorf("of nothing: %s", got)
	}
	v := vector(t, types.Text, []string{"b", "a", "NULL", "c", "a"})
	addAll(t, a, v, 1)
	if got := resultText(s, a); got != "a, a, b, c" {
		t.Errorf("got %s", got)
	}
	if err := a.Add(v, 1, -1); err != nil {
		t.Fatal(err)
	}
	if got := resultText(s, a); got != "a, b, c" {
		t.Errorf("after one was taken away: %s", got)
	}
}

// FuzzDecodeAggregate shows that no bytes make the decoder of a state do anything but fail or give a state that writes to
// bytes which read the same.
func FuzzDecodeAggregate(f *testing.F) {
	ids := []string{"sum(float8)", "avg(numeric)", "sum(int8)", "max(text)", "min(numeric)", "bool_or(bool)", "count(any)"}
	for n, id := range ids {
		s := funcs.ByID(id)
		typ := s.Args[0]
		if typ == funcs.Any {
			typ = types.Int4
		}
		for _, texts := range samples[typ] {
			a := newAggregate(f, s, typ)
			addAll(f, a, vector(f, typ, texts), 1)
			f.Add(uint8(n), a.Append(nil))
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, data []byte) {
		s := funcs.ByID(ids[int(n)%len(ids)])
		typ := s.Args[0]
		if typ == funcs.Any {
			typ = types.Int4
		}
		a := newAggregate(t, s, typ)
		if _, err := a.Decode(data); err != nil {
			return
		}
		first := a.Append(nil)
		if second := rewritten(t, s, typ, a).Append(nil); !bytes.Equal(first, second) {
			t.Errorf("%s: %x, then %x", s.ID, first, second)
		}
		_, _ = a.Result() // may fail, but must return
	})
}

// The parts of a group, merged, are the state of the whole group.
func TestMerge(t *testing.T) {
	merged := map[string]bool{}
	for typ, lists := range samples {
		for _, s := range aggregates(typ) {
			for _, first := range lists {
				for _, second := range lists {
					a, ok := newAggregate(t, s, typ).(expr.Merger)
					if !ok {
						continue
					}
					b, whole := newAggregate(t, s, typ), newAggregate(t, s, typ)
					merged[s.Name] = true
					addAll(t, a, vector(t, typ, first), 1)
					addAll(t, b, vector(t, typ, second), 1)
					addAll(t, whole, vector(t, typ, append(append([]string{}, first...), second...)), 1)
					a.Merge(b)
					if got, want := a.Append(nil), whole.Append(nil); !bytes.Equal(got, want) || resultText(s, a) != resultText(s, whole) {
						t.Errorf("%s of %v and %v: state %x gives %s, want %x and %s", s.ID, first, second, got, resultText(s, a), want, resultText(s, whole))
					}
				}
			}
		}
	}
	for _, name := range []string{"count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every"} {
		if !merged[name] {
			t.Errorf("%s cannot be merged", name)
		}
	}
}
