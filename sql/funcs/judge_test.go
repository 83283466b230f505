package funcs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// argTypes are the types that are tried as arguments; an untyped NULL stands for Unknown.
var argTypes = []types.Type{types.Unknown, types.Bool, types.Int2, types.Int4, types.Int8, types.Float8, types.Numeric, types.Text,
	types.Timestamptz, types.Date, types.OID, types.Name, types.Char, types.Regtype, types.Regclass, types.Regproc, {ID: types.IDRegnamespace}, {ID: types.IDRegrole},
	types.Float4, types.Varchar, types.Bpchar, types.Bytea, types.UUID, types.Timestamp, types.JSON, types.JSONB, types.Interval, types.Time}

func null(t types.Type) string {
	if t.ID == types.IDUnknown {
		return "NULL"
	}
	return "NULL::" + t.String()
}

// typeOf is the type of an expression in PostgreSQL, or its error.
func typeOf(t *testing.T, conn *pgx.Conn, expression string) string {
	t.Helper()
	var out string
	err := conn.QueryRow(context.Background(), "SELECT CAST(pg_typeof("+expression+") AS text)", pgx.QueryExecModeSimpleProtocol).Scan(&out)
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code + " " + e.Message
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func resultOf(s *funcs.Signature, err error) string {
	if err != nil {
		e := pgerr.From(err)
		return e.Code + " " + e.Message
	}
	return s.Result.String()
}

// absent reports whether PostgreSQL's answer rests on a type that Millrace does not have.
func absent(want, got string) bool {
	for _, name := range []string{"time with time zone", "money", "[]", "range", "tsquery", "tsvector"} {
		if want == name || strings.HasSuffix(want, name) {
			return true
		}
	}
	return strings.HasPrefix(got, pgerr.FeatureNotSupported)
}

// Each operator over each pair of types is resolved as in PostgreSQL, and refused with its message.
func TestOperatorsAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	symbols := []string{"=", "<>", "<", ">=", "+", "-", "*", "/", "%", "^", "||", "~~", "!~~*", "~", "&", "<<"}
	for _, symbol := range symbols {
		for _, l := range argTypes {
			for _, r := range argTypes {
				got := resultOf(funcs.ResolveOperator(symbol, l, r))
				want := typeOf(t, conn, null(l)+" "+symbol+" "+null(r))
				if got != want && !absent(want, got) {
					t.Errorf("%v %s %v: got %s, want %s", l, symbol, r, got, want)
				}
			}
		}
	}
	for _, symbol := range []string{"-", "+", "@", "~", "|/"} {
		for _, r := range argTypes {
			got, want := resultOf(funcs.ResolveOperator(symbol, types.Type{}, r)), typeOf(t, conn, symbol+" "+null(r))
			if got != want && !absent(want, got) {
				t.Errorf("%s %v: got %s, want %s", symbol, r, got, want)
			}
		}
	}
}

// Values of each pair of types are brought to the type that PostgreSQL chooses.
func TestCommonTypeAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	for _, a := range argTypes {
		for _, b := range argTypes {
			common, err := funcs.CommonType([]types.Type{a, b})
			got := common.String()
			if err != nil {
				got = pgerr.Code(err) + " COALESCE " + pgerr.From(err).Message
			}
			if want := typeOf(t, conn, "COALESCE("+null(a)+", "+null(b)+")"); got != want {
				t.Errorf("%v, %v: got %s, want %s", a, b, got, want)
			}
		}
	}
}

// The casts and their contexts are those of pg_cast.
func TestCastsAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	contexts := map[string]string{}
	rows, err := conn.Query(context.Background(), "SELECT castsource::int8, casttarget::int8, castcontext::text FROM pg_cast WHERE castsource <> casttarget")
	if err != nil {
		t.Fatal(err)
	}
	var from, to int64
	var context string
	if _, err := pgx.ForEachRow(rows, []any{&from, &to, &context}, func() error {
		contexts[fmt.Sprint(from, " ", to)] = context
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, from := range argTypes[1:] {
		for _, to := range argTypes[1:] {
			want, ok := contexts[fmt.Sprint(from.OID(), " ", to.OID())]
			isString := func(t types.Type) bool {
				return slices.Contains([]types.Type{types.Text, types.Name, types.Varchar, types.Bpchar}, t)
			}
			switch {
			case from == to:
				continue
			case ok:
			case isString(to): // through text
				want = "a"
			case isString(from):
				want = "e"
			}
			got := ""
			for c, letter := range []string{"i", "a", "e"} {
				if _, ok := funcs.Cast(from, to, funcs.CastContext(c)); ok {
					got = letter
					break
				}
			}
			if got != want {
				t.Errorf("%v to %v: got %q, want %q", from, to, got, want)
			}
		}
	}
}

// Each function of the table that PostgreSQL has by the same name and arguments has the same result, volatility and
// treatment of NULL there; and those that PostgreSQL does not have are known.
func TestFunctionsAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	const query = `SELECT prorettype::int8, provolatile::text, proisstrict FROM pg_proc p
		WHERE proname = $1 AND pronamespace = 'pg_catalog'::regnamespace AND
			(SELECT array_agg(CASE WHEN a IN (2276, 3838) OR a IN (2776, 2283) AND proname NOT LIKE '%array%' AND prokind <> 'a' THEN 0
				WHEN a = 2283 AND proname LIKE 'json%' THEN 0 WHEN a = 194 THEN 25
				WHEN a = 2277 AND proname LIKE 'json%' THEN 1009 ELSE a::int8 END)
			 FROM unnest(proargtypes::oid[]) a) IS NOT DISTINCT FROM NULLIF($2::int8[], '{}')`
	for _, s := range funcs.All() {
		if strings.HasPrefix(s.ID, "cast(") || strings.HasPrefix(s.ID, "cut(") || strings.Contains(s.ID, "array_to_string(_text") || slices.Contains(notInPostgres, s.Name) ||
			strings.HasSuffix(s.ID, "_size(oid)") && s.Example == "" || // of old plans
			len(s.Args) > 0 && s.Args[0].IsVector() { // anyarray takes vectors there
			continue
		}
		args := []int64{}
		for _, a := range s.Args {
			args = append(args, int64(a.OID()))
		}
		var result int64
		var volatility string
		var strict bool
		if err := conn.QueryRow(context.Background(), query, s.Name, args).Scan(&result, &volatility, &strict); err != nil {
			t.Errorf("%s: not in PostgreSQL: %v", s.ID, err)
			continue
		}
		if result != int64(s.Result.OID()) && !slices.Contains(likeOurs[s.Result.ID], result) {
			t.Errorf("%s: result %v, want %s", s.ID, s.Result, types.TypeNameOf(uint32(result), -1))
		}
		if got := [...]string{"i", "s", "v"}[s.Volatility]; got != volatility {
			t.Errorf("%s: volatility %s, want %s", s.ID, got, volatility)
		}
		if s.Kind == funcs.Scalar && s.Strict != strict {
			t.Errorf("%s: strict %v, want %v", s.ID, s.Strict, strict)
		}
	}
}

// likeOurs are PostgreSQL's types that one of ours stands for in results.
var likeOurs = map[types.ID][]int64{types.IDVoid: {2249}}

// notInPostgres are functions that are syntax in PostgreSQL, or have other arguments there.
var notInPostgres = []string{"array", "array_agg_elements", "array_subscript", "array_slice", "textanycat", "anytextcat", "greatest", "least", "trim", "current_timestamp", "localtimestamp", "localtime", "current_date", "current_user", "session_user",
	"current_role", "user", "regclassin", "current_catalog", "text_starts_with", "nextval", "currval", "setval", "pg_terminate_backend",
	"jsonb_path_exists", "jsonb_path_match", "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_path_exists_opr",
	"jsonb_path_match_opr", "jsonb_set", "jsonb_insert", "json_build_array", "json_build_object", "jsonb_build_array", "jsonb_build_object", "json_extract_path",
	"json_extract_path_text", "jsonb_extract_path", "jsonb_extract_path_text"}
