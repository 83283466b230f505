package random_test

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
)

var calls = flag.Int("calls", 6000, "how many calls of functions, operators, casts and aggregates")

// TestCalls shows that functions, operators, casts and aggregates, picked from the one table of them by what they take, give what
// PostgreSQL's give: for literals of all kinds, for calls within calls, for parameters in text and in binary.
func TestCalls(t *testing.T) {
	g := newCaller(rand.New(rand.NewSource(*firstSeed)))
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: oracle.StartMillrace(t, oracle.Options{}).Client}
	for _, c := range []*oracle.Client{pair.Want, pair.Got} {
		c.Exec(t, "SET TimeZone TO 'America/New_York'")
	}
	bound := newBoundCalls(t, pair)
	var failures, differing int
	for range *calls {
		var text string
		var failed bool
		if call := g.call(); g.Intn(3) == 0 && len(call.params) > 0 {
			text, failed = bound.differ(t, g, call)
		} else {
			text, failed = differ(pair, call)
		}
		if failed {
			failures++
		}
		if text != "" {
			t.Error(text)
			if differing++; differing == maxDifferences && !*keepGoing {
				break
			}
		}
	}
	t.Logf("%d calls, %d fail alike", *calls, failures)
}

// differ runs a call on both sides; failed says that it fails alike.
func differ(pair oracle.Pair, call funcCall) (text string, failed bool) {
	sql := "SELECT " + call.inline() + " AS x"
	want, wantErr := pair.Want.TryQuery(sql)
	got, gotErr := pair.Got.TryQuery(sql)
	switch w, g := code(wantErr), code(gotErr); {
	case g == "0A000": // refused, and said so
		return "", true
	case !call.sameCode(w, g, want != nil && len(want.Rows) == 1 && want.Rows[0][0].Null):
		return fmt.Sprintf("%s\nPostgreSQL: %v %s\nMillrace:   %v %s", sql, wantErr, firstRows(want), gotErr, firstRows(got)), false
	case w != "" || g != "":
		return "", true
	}
	if d := oracle.Diff(want, got); d != "" {
		return sql + "\n" + d, false
	}
	return "", false
}

func firstRows(r *oracle.Result) string {
	if r == nil {
		return ""
	}
	return fmt.Sprint(r.Columns, r.Rows[:min(len(r.Rows), 3)])
}

// funcCall is an expression in which $1 … stand for literals. Of a nested one it is not said which call is computed first, and so which
// of several errors is raised; it has no NULLs, as PostgreSQL may leave the other arguments of a strict function alone then.
type funcCall struct {
	sql    string
	params []literal
	nested bool
}

// sameCode says whether both codes may be answers to the call; null is PostgreSQL's answer NULL.
func (c funcCall) sameCode(want, got string, null bool) bool {
	return want == got || want == "0A000" && got != "" || c.nested && (strings.HasPrefix(want, "22") || null) && strings.HasPrefix(got, "22")
}

type literal struct {
	text string
	null bool
	typ  types.Type
}

func (l literal) String() string {
	if l.null {
		return "NULL::" + l.typ.String()
	}
	return "'" + strings.ReplaceAll(l.text, "'", "''") + "'::" + l.typ.String()
}

var parameter = regexp.MustCompile(`\$\d+`)

// inline is the expression with its literals in their places.
func (c funcCall) inline() string {
	return parameter.ReplaceAllStringFunc(c.sql, func(p string) string {
		var n int
		fmt.Sscanf(p, "$%d", &n)
		return c.params[n-1].String()
	})
}

// boundCalls runs calls with parameters, whose binary form PostgreSQL makes.
type boundCalls struct {
	want, got *pgconn.PgConn
	binary    map[literal][]byte
}

func newBoundCalls(t *testing.T, pair oracle.Pair) *boundCalls {
	b := &boundCalls{binary: map[literal][]byte{}}
	for at, c := range map[**pgconn.PgConn]*oracle.Client{&b.want: pair.Want, &b.got: pair.Got} {
		*at = c.Conn(t).PgConn()
		if _, err := (*at).Exec(context.Background(), "SET TimeZone TO 'America/New_York'").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// differ runs a call with its literals as parameters, in binary or in text, and compares results in binary or in text.
func (b *boundCalls) differ(t *testing.T, g *caller, c funcCall) (text string, failed bool) {
	var values [][]byte
	var oids []uint32
	var formats []int16
	binary := int16(g.Intn(2))
	for _, p := range c.params {
		value := []byte(p.text)
		if binary == 1 {
			if value = b.binaryOf(p); value == nil {
				return "", false
			}
		}
		if p.null {
			value = nil
		}
		values, oids, formats = append(values, value), append(oids, uint32(p.typ.OID())), append(formats, binary)
	}
	run := func(conn *pgconn.PgConn, format int16) *pgconn.Result {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return conn.ExecParams(ctx, "SELECT "+c.sql+" AS x", values, oids, formats, []int16{format}).Read()
	}
	show := func(r *pgconn.Result) string {
		if r.Err != nil {
			return r.Err.Error()
		}
		return fmt.Sprintf("%d %q", r.FieldDescriptions[0].DataTypeOID, r.Rows)
	}
	var want, got *pgconn.Result
	for format := range int16(2) {
		want, got = run(b.want, format), run(b.got, format)
		head := fmt.Sprintf("SELECT %s with %v, binary %d, result %d", c.sql, c.params, binary, format)
		if code(got.Err) == "0A000" {
			return "", true
		}
		if !c.sameCode(code(want.Err), code(got.Err), len(want.Rows) == 1 && want.Rows[0][0] == nil) {
			return fmt.Sprintf("%s\nPostgreSQL: %s\nMillrace:   %s", head, show(want), show(got)), false
		}
		if want.Err != nil || got.Err != nil {
			return "", true
		}
		if same := sameResults(want, got, format); !same {
			return fmt.Sprintf("%s\nPostgreSQL: %s\nMillrace:   %s", head, show(want), show(got)), false
		}
	}
	return "", false
}

// sameResults compares one column; floats only in text, within rounding.
func sameResults(want, got *pgconn.Result, format int16) bool {
	w, g := want.FieldDescriptions[0].DataTypeOID, got.FieldDescriptions[0].DataTypeOID
	isFloat := slices.Contains([]uint32{pgtype.Float8OID, pgtype.Float4OID, pgtype.Float8ArrayOID, pgtype.Float4ArrayOID}, w)
	if w != g || len(want.Rows) != len(got.Rows) {
		return false
	}
	for i := range want.Rows {
		x, y := want.Rows[i][0], got.Rows[i][0]
		switch {
		case (x == nil) != (y == nil):
			return false
		case string(x) == string(y), format == 1 && sameArrays(x, y), isFloat && (format == 1 || floatsAlike(string(x), string(y))):
		default:
			return false
		}
	}
	return true
}

// sameArrays says whether both are the same array in binary, but for the word that says whether there may be NULLs.
func sameArrays(x, y []byte) bool {
	return len(x) > 20 && len(x) == len(y) && string(x[:4]) == string(y[:4]) && string(x[8:]) == string(y[8:])
}

func floatsAlike(x, y string) bool {
	row := func(s string) *oracle.Result {
		return &oracle.Result{Columns: []oracle.Column{{Type: pgtype.Float8OID}}, Rows: []oracle.Row{{{Text: s}}}}
	}
	return oracle.Diff(row(x), row(y)) == ""
}

// binaryOf is a literal in binary, nil if it is none of its type.
func (b *boundCalls) binaryOf(l literal) []byte {
	if v, ok := b.binary[l]; ok || l.null {
		return append([]byte{}, v...)
	}
	r := b.want.ExecParams(context.Background(), "SELECT "+l.String(), nil, nil, nil, []int16{1}).Read()
	if r.Err != nil || len(r.Rows) != 1 {
		return nil
	}
	b.binary[l] = append([]byte{}, r.Rows[0][0]...)
	return append([]byte{}, r.Rows[0][0]...)
}

// caller makes calls up.
type caller struct {
	*rand.Rand
	signatures []*funcs.Signature
	results    map[types.Type][]*funcs.Signature // by what they give
	nested     bool                              // the call may have calls within
	words      map[string][]string               // by function: the texts of its examples
}

// unlike are functions that cannot give the same on both sides, or that take the session along: by the time, by chance, of the node.
var unlike = regexp.MustCompile(`^(pg_|jsonb_path_|has_|current_|inet_|txid_|set_config|now|random|gen_random|version|session_user|user|clock_|statement_|` +
	`transaction_|timeofday|localtime|obj_description|col_description|shobj_|format_type|getdatabase|to_reg|reg|nextval|currval|setval|lastval|row_number|` +
	`setseed|repeat$|lpad$|rpad$|array_fill$|generate_|col|age$|make_interval)`)

// inexact are functions whose last digits nobody promises: they are not within others.
var inexact = regexp.MustCompile(`^(sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|asinh|acosh|atanh|cot|exp|ln|log|power|pow|dpow|cbrt|degrees|radians)`)

// either are aggregates that may show one or another of equal values, or round differently.
var either = regexp.MustCompile(`^((min|max)\((numeric|interval)\)|(sum|avg)\(float4\))$`)

var zones = []string{"UTC", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Nowhere/Land"}

// zoned are functions that take a zone, of which PostgreSQL knows stranger ones.
var zoned = regexp.MustCompile(`^(timezone|date_trunc\(text,timestamptz,text)`)

// patterns are texts that functions are tried with beside those of their examples.
var patterns = map[string][]string{
	"to_char": {"999", "9999.99", "FM999.999", "S9G999D99", "9,999PR", "FM0009.0", "999MI", "SG99", "PL99.9", "RN", "FMrn", "99V99",
		"9.99EEEE", "999th", "L9G999", "0009", "FM99990.09", "9990S", "HH24:MI:SS", "YYYY-MM-DD", "FMMonth DDth", "Y,YYY", "99.99S",
		"IYYY-IW-ID", "DDD Q CC", "FM9.9", "FM.9", ".99", "99 \"x\" 9"},
	"to_number":         {"12,454.8-", "99G999D9S", "<564.5>", "999.9PR", " 12.50 ", "9.99", "-1,234", "S9G999", "42nd", "99th", "5-", "9MI"},
	"similar_to_escape": {"%(b|d)_", "a#%", "[a-c]+", `a\_`, "#", "x{2}"},
	"substring":         {"%#\"o_b#\"%", "#\"_%#\"%", "foobar", "#", "o+?b*", "(o*?)(b+)", "[a-z]+?"},
	"regexp_match":      {"(a+?)(b*)", "[a-z]+?[0-9]*", "x*?y+", "foo12yyx"},
	"parse_ident":       {"a.b", `"A".b c`, "1x", "x."},
	"pg_size_bytes":     {"1.5 kB", "-2 GB", "3 pb", "1e3", "x"},
	"unistr":            {`\0041x`, `\u00e9`, `\+01F600`, `\d83d\de00`, `\`, `\zzzz`},
	"normalize":         {"NFC", "nfkd", "é", "ﬁ", "x"},
	"is_normalized":     {"NFC", "nfkd", "é", "ﬁ", "x"},
}

func newCaller(rng *rand.Rand) *caller {
	c := &caller{Rand: rng, results: map[types.Type][]*funcs.Signature{}, words: maps.Clone(patterns)}
	quoted := regexp.MustCompile(`'((?:[^']|'')*)'`)
	for _, s := range funcs.All() {
		for _, m := range quoted.FindAllStringSubmatch(s.Example, -1) {
			c.words[s.Name] = append(c.words[s.Name], strings.ReplaceAll(m[1], "''", "'"))
		}
		if !c.callable(s) {
			continue
		}
		c.signatures = append(c.signatures, s)
		if s.Kind == funcs.Scalar && (!inexact.MatchString(s.ID) || s.Result.ID == types.IDNumeric) {
			c.results[s.Result.Base()] = append(c.results[s.Result.Base()], s)
		}
	}
	return c
}

func (c *caller) callable(s *funcs.Signature) bool {
	if either.MatchString(s.ID) {
		return false
	}
	if s.Kind == funcs.Set || s.Volatility == funcs.Volatile || unlike.MatchString(s.Name) {
		return false
	}
	if strings.HasPrefix(s.ID, "cast(") {
		return pools[s.Args[0].ID] != nil && (pools[s.Result.ID] != nil || s.Result.IsArray())
	}
	for _, a := range s.Args {
		if _, known := c.concrete(a, types.Int4); !known {
			return false
		}
	}
	return s.Example != "" || funcs.Symbol(s.ID) != ""
}

// concrete is the type for an argument, elem being that of what is polymorphic; false if there are no literals of it.
func (c *caller) concrete(t, elem types.Type) (types.Type, bool) {
	switch t.ID {
	case types.IDAnyElement, types.IDAnyNonArray, types.IDAnyCompatible:
		return elem, true
	case types.IDAnyArray, types.IDAnyCompatibleArray:
		return types.ArrayOf(elem), true
	}
	if t == funcs.Any {
		return elem, true
	}
	if t.IsArray() {
		return t, pools[t.Element().ID] != nil
	}
	return t, pools[t.ID] != nil
}

func (c *caller) call() funcCall {
	var out funcCall
	s := c.signatures[c.Intn(len(c.signatures))]
	if s.Kind == funcs.Aggregate {
		out.sql = c.aggregateCall(s, &out.params)
	} else {
		c.nested = c.Intn(2) == 0
		out.nested = c.nested
		out.sql = c.apply(s, 1, &out.params)
		c.nested = false
	}
	return out
}

// apply is a call of s, whose arguments are literals or, with depth left, calls.
func (c *caller) apply(s *funcs.Signature, depth int, params *[]literal) string {
	elem := c.elementType()
	n := len(s.Args)
	if s.Variadic {
		n += c.Intn(3)
	}
	args := make([]string, n)
	for i := range args {
		t, _ := c.concrete(s.Arg(i), elem)
		args[i] = c.argument(s, t, depth-1, params)
	}
	symbol := funcs.Symbol(s.ID)
	switch {
	case strings.HasPrefix(s.ID, "cast("):
		return "CAST(" + args[0] + " AS " + s.Result.String() + ")"
	case symbol != "" && n == 1:
		return "(" + symbol + " " + args[0] + ")"
	case symbol != "":
		return "(" + args[0] + " " + symbol + " " + args[1] + ")"
	}
	return s.Name + "(" + strings.Join(args, ", ") + ")"
}

func (c *caller) elementType() types.Type {
	all := []types.Type{types.Int4, types.Int8, types.Text, types.Numeric, types.Bool, types.Float8, types.Date, types.Timestamptz, types.Varchar}
	return all[c.Intn(len(all))]
}

func (c *caller) argument(s *funcs.Signature, t types.Type, depth int, params *[]literal) string {
	if t == types.Text && zoned.MatchString(s.ID) {
		*params = append(*params, literal{typ: t, text: zones[c.Intn(len(zones))]})
		return fmt.Sprintf("$%d", len(*params))
	}
	reads := strings.HasPrefix(s.ID, "cast(") && t.ID == types.IDText // what is put together is seldom of the type
	if within := c.results[t]; c.nested && !reads && depth >= 0 && len(within) > 0 && c.Intn(2) == 0 {
		return c.apply(within[c.Intn(len(within))], depth, params)
	}
	l := c.literal(t)
	for c.nested && l.null {
		l = c.literal(t)
	}
	if words := c.words[s.Name]; len(words) > 0 && !l.null && c.Intn(2) == 0 && (t == types.Text || t == types.JSON || t == types.JSONB) {
		l.text = words[c.Intn(len(words))]
	}
	*params = append(*params, l)
	return fmt.Sprintf("$%d", len(*params))
}

func (c *caller) literal(t types.Type) literal {
	l := literal{typ: t, null: c.Intn(15) == 0}
	switch {
	case l.null:
	case t.IsArray():
		l.text = c.arrayText(t.Element())
	default:
		pool := pools[t.ID]
		l.text = pool[c.Intn(len(pool))]
	}
	return l
}

func (c *caller) arrayText(elem types.Type) string {
	items := make([]string, c.Intn(5))
	for i := range items {
		if l := c.literal(elem); l.null {
			items[i] = "NULL"
		} else {
			items[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(l.text) + `"`
		}
	}
	return "{" + strings.Join(items, ",") + "}"
}

// aggregateCall is a subquery that aggregates a few literals.
func (c *caller) aggregateCall(s *funcs.Signature, params *[]literal) string {
	elem := c.elementType()
	var names, rows []string
	for i := range s.Args {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	for range c.Intn(6) {
		var row []string
		for i := range s.Args {
			t, _ := c.concrete(s.Arg(i), elem)
			row = append(row, c.argument(s, t, 0, params))
			if last := &(*params)[len(*params)-1]; strings.HasSuffix(last.text, "e308") {
				last.text = "8" // PostgreSQL's sums of squares overflow
			}
		}
		rows = append(rows, "("+strings.Join(append(row, fmt.Sprint(c.Intn(3))), ", ")+")")
	}
	if len(rows) == 0 || len(names) == 0 {
		return "NULL"
	}
	call := s.Name + "(" + strings.Join(names, ", ")
	how := c.Intn(4)
	if strings.HasPrefix(s.Name, "json") {
		how = 3
	}
	switch how {
	case 0:
		call = s.Name + "(DISTINCT " + strings.Join(names, ", ")
		if len(names) == 1 {
			call += " ORDER BY c0"
		}
	case 1:
		call += " ORDER BY n DESC, " + strings.Join(names, ", ")
	default:
		call += " ORDER BY n"
	}
	call += ")" + []string{"", "", " FILTER (WHERE n > 0)"}[c.Intn(3)]
	return "(SELECT " + call + " FROM (VALUES " + strings.Join(rows, ", ") + ") AS v(" + strings.Join(append(names, "n"), ", ") + "))"
}

// uuidText is a UUID that ends with a number.
func uuidText(n byte) string {
	return "a0eebc99-9c0b-4ef8-bb6d-6bb9bd38" + hex.EncodeToString([]byte{n, n})
}

// pools are literals of each type, plain ones and such of its edges.
var pools = map[types.ID][]string{
	types.IDBool:        {"true", "false"},
	types.IDInt2:        {"0", "1", "-1", "2", "7", "100", "32767", "-32768"},
	types.IDInt4:        {"0", "1", "-1", "2", "3", "5", "7", "10", "-3", "64", "100", "2147483647", "-2147483648", "65536"},
	types.IDInt8:        {"0", "1", "-1", "2", "3", "10", "-7", "63", "1000000", "4294967296", "9223372036854775807", "-9223372036854775808"},
	types.IDFloat4:      {"0", "-0", "1", "1.5", "-2.25", "0.1", "3.4028235e38", "1e-45", "NaN", "Infinity", "-Infinity", "16777217"},
	types.IDFloat8:      {"0", "-0", "1", "1.5", "-2.25", "0.1", "0.5", "2.5", "-0.5", "1e15", "1e-7", "123456.789", "1e308", "5e-324", "NaN", "Infinity", "-Infinity", "4", "100"},
	types.IDNumeric:     {"0", "0.00", "1", "1.0", "1.50", "-1.5", "2.5", "-0.5", "3", "10", "100", "0.001", "12345678901234567890.123456789", "1e30", "1e-20", "99999.995", "NaN", "Infinity", "-Infinity", "-7"},
	types.IDText:        {"", "a", "abc", "ABC", "Hello World", " x ", "été", "日本語", "a,b,c", "10", "-3.5", "true", "it's", `back\slash`, "aaa", "2020-02-29", "{1,2}", "x\ty\nz", "😀", "ab12cd"},
	types.IDVarchar:     {"", "a", "abc", "x y", "été", "12"},
	types.IDBpchar:      {"", "a", "abc  ", "x y", "12 "},
	types.IDBytea:       {`\x`, `\x00`, `\x616263`, `\xff00fe`, `\x0102030405060708`, `abc`},
	types.IDUUID:        {uuidText(0), uuidText(1), uuidText(255), "00000000-0000-0000-0000-000000000000"},
	types.IDDate:        {"2020-02-29", "2019-12-31", "1970-01-01", "2000-01-01", "0001-01-01", "9999-12-31", "0044-03-15 BC", "infinity", "-infinity", "2024-06-15"},
	types.IDTime:        {"00:00:00", "12:34:56.789", "23:59:59.999999", "24:00:00", "06:00"},
	types.IDTimestamp:   {"2020-02-29 12:34:56.789", "1970-01-01 00:00:00", "2019-12-31 23:59:59.999999", "infinity", "-infinity", "0044-03-15 12:00 BC", "2024-03-10 02:30:00", "2001-02-16 20:38:40"},
	types.IDTimestamptz: {"2020-02-29 12:34:56.789+00", "1970-01-01 00:00:00+00", "2019-12-31 23:59:59.999999-05", "infinity", "-infinity", "2024-03-10 07:30:00+00", "2024-11-03 05:30:00+00", "0001-01-01 00:00:00+00"},
	types.IDInterval:    {"0", "1 day", "-1 day", "1 month", "1 year 2 months 3 days 04:05:06.789", "-00:00:01", "36:00:00", "100 years", "1 mon -1 day 12:00", "30 days", "0.000001 sec"},
	types.IDJSON:        {"null", "true", "1", `"a"`, "[]", "{}", `[1,2,[3,null]]`, `{"a":1,"b":{"c":[true,"x"]}}`, `{"a": 1, "a": 2}`, `[{"a":1},{"a":2}]`, `1.50`},
	types.IDJSONB:       {"null", "true", "1", `"a"`, "[]", "{}", `[1,2,[3,null]]`, `{"a":1,"b":{"c":[true,"x"]}}`, `{"b": 1, "a": null}`, `[{"a":1},{"a":2}]`, `1.50`, `["a","b"]`},
}
