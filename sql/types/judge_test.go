package types_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// texts are inputs by type, good and bad.
var texts = map[types.Type][]string{
	types.Bool: {"t", "true", "TRUE", " yes ", "on", "1", "f", "fal", "no", "off", "0", "of", "o", "", "2", "tru e", "y", "n"},
	types.Int2: {"0", "-32768", "32767", "32768", " 12 ", "+5", "", "-", "1.0", "0x10", "--1", "1 2"},
	types.Int4: {"0", "-2147483648", "2147483647", "2147483648", "99999999999999999999", "abc", "\t7\n", "١"},
	types.Int8: {"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "1e3", ""},
	types.Float8: {"0", "-0", "1", "1.5", "0.1", "1e15", "123456789012345", "1234567890123456", "999999999999999", "0.0001", "0.00001", "1e-7", "1e308",
		"1e309", "-1e309", "1e-323", "1e-400", "0e-400", "NaN", "nan", "Infinity", "-infinity", "inf", "+Inf", " 2.5 ", ".5", "5.", "1e", "", "abc",
		"1_000", "1.7976931348623157e308", "2.2250738585072014e-308", "4.9406564584124654e-324", "3.141592653589793", "1e22", "1e21", "100000", "0x1p3"},
	types.Numeric: {"0", "-0", "-0.00", "0.00", "1.50", "123456789012345678901234567890.123456789", "1e5", "1.5e1", "1.50e1", "1e-5", "-1E-3", ".5", "5.", "+7",
		"NaN", "nan", "-nan", "inf", "-Infinity", "+infinity", " 1 ", "", ".", "e5", "1e", "1.2.3", "1 2", "1e131071", "1e131072", "1e-16383", "1e-16384",
		"1e999999999999", "0e999999", "1e-999999999999", "0.0001", "00012", "10000", "100000000.00010000", "99999999999999999999.99999"},
	{ID: types.IDNumeric, Precision: 5, Scale: 2}:  {"1", "1.005", "-1.005", "999.994", "999.995", "1000", "NaN", "inf", "-0.001", "0.004"},
	{ID: types.IDNumeric, Precision: 3}:            {"1.5", "999", "999.5", "-999.4"},
	{ID: types.IDNumeric, Precision: 2, Scale: -2}: {"9949", "9950", "50", "49", "-151"},
	{ID: types.IDNumeric, Precision: 2, Scale: 4}:  {"0.0099", "0.00994", "0.00995", "0.01", "0"},
	{ID: types.IDNumeric, Precision: 2, Scale: 2}:  {"0.99", "1", "0.995"},
	types.Text: {"", "a", "ä€😀", "'quoted'", "\\x"},
	types.Date: {"2020-01-05", "2020-1-5", "20200105", "January 5, 2020", "Jan 5 2020", "5 Jan 2020", "05-Jan-2020", "2020-Jan-05", "Jan-05-2020", "1/5/2020", "01/05/20", "1/5/69", "1/5/70",
		"2020/01/05", "2020.01.05", "200105", "2020-02-29", "2019-02-29", "2020-13-01", "2020-00-10", "2020-01-32", "2020-01-00", "0001-01-01", "0000-01-01", "0044-03-15 BC",
		"4714-11-24 BC", "4714-11-23 BC", "5874897-12-31", "5874898-01-01", "infinity", "-infinity", "epoch", "2020-01-05 10:20:30", "2020-01-05T10:20:30Z", "", "x", "2020",
		"2020-01", "Sunday January 5 2020", "10:20:30", "2020-01-05 foo", "99999999999-01-01", "13/1/2020", "31/12/2020", "Feb 30 2020", "  2020-01-05  "},
	types.Interval: {"1 2 hours", "1 2 3 hours", "1 day", "1 mon", "1 year 2 mons 3 days 04:05:06.789", "-1 day", "1 day -00:00:01", "-1 year 1 day", "-1 mon +2 days 03:00", "1:30", "1:30:15.5", "-1:30", "+1:30", "1.5 hours", "1.5 days", "1.5 weeks", "1.5 months", "1.5 years",
		"2 weeks", "1 decade", "1 century", "1 millennium", "90 minutes", "100 hours", "5", "0", "1 2:03:04", "1-2", "-1-2", "1-13", "2 days ago", "@ 1 minute", "1 day 1 day", "day", "", "x", "1 x", "1 h 2 m 3 s", "10 milliseconds", "7 microseconds",
		"P1Y2M3DT4H5M6S", "P1W", "PT1.5H", "P-1D", "P", "P1X", "PT36H", "1 year 2", "infinity", "1:60", "1:00:61", "30 days", "99999999999 years", "3000000000 days", "0.0000015 s", "0.5 mons", "12.345678 s", "1d", "1day2hours", "- 1 day", "1 day, 2 hours",
		"1 day", "1 year 2 mons 3 days 04:05:06.789", "1-2", "-1-2 +3 -4:05:06", "1 10:00", "10", "1.5", "1.5 years", "1.5 months", "1.5 weeks", "1.25 days", "1.5 hours", "-1.5 days", "0.5 weeks",
		"1 century 2 decades", "1 millennium", "P1Y2M3DT4H5M6S", "P1W", "PT1.5H", "P-1Y", "P1.5Y", "PT", "P", "1 day ago", "@ 1 minute", "1 mon -1 hours", "-1 mon 1 day", "-1 days +02:03:04", "1 min 1 min", "day", "1 day day", "day 1", "1 fortnight", "178956971 centuries", "2147483647 months 1 year", "2147483648 months", "-178956971 years",
		"100:00:00", "-100:30:00", "12:30.5", "1:2:3:4", "1:60:00", "1 day 24:00:00", "0", "00:00:00", "-0:00:01", "1d2h3m4s", "3 ms 4 us", "2147483647 days", "2147483648 days", "178956970 years 7 mons", "178956971 years", "99999999999999999999 days",
		"9223372036854775807 us", "9223372036854775808 us", "", "x", "1 2 days", "- 1 day", "+1 day", "1 days 2", "6 mons 0.5 days", "-1 year 1 mon", "1.999999999 sec", ".5 sec", "1 sec 1.5 ms", "1.5 sec 1 ms", "00:00:01 2 sec"},
	types.Timestamp: {"2020-01-05", "2020-01-05 10:20:30", "2020-01-05T10:20:30.123456", "2020-01-05 10:20:30.1234565", "2020-01-05 10:20:30+05", "2020-01-05 10:20:30 Europe/Berlin", "Jan 5 2020 3pm", "20200105T102030",
		"0044-03-15 12:00 BC", "infinity", "-infinity", "epoch", "4714-11-24 00:00:00 BC", "4714-11-23 00:00:00 BC", "294276-12-31 23:59:59.999999", "294277-01-01", "2020-13-01", "2020-02-30", "24:00", "x", "", "2020-01-05 24:00:00", "2020-01-05 25:00:00", "2020-01-05 10:20.5", "2020-01-05 10:20:"},
	types.Time: {"10:20", "10:20:30", "10:20:30.123456", "10:20:30.1234565", "10:20:30.9999999", "23:59:59.9999999", "24:00", "24:00:00", "24:00:01", "23:59:60", "23:59:61", "25:00", "10:60", "3pm", "3:15 pm", "03:15 AM", "12:30 AM", "12:30 PM", "13:00 PM", "102030", "1020", "10", "102030.5",
		"T102030", "T10:20:30", "t10:20", "10:20:30+02", "10:20:30-08:30", "10:20:30 Z", "10:20:30 UTC", "10:20:30 EST", "10:20:30 Europe/Berlin", "2020-01-05 10:20:30", "2020-01-05T10:20:30Z", "2020-07-05 10:20:30 Europe/Berlin", "2020-01-05", "Jan 5 2020 10:20",
		"allballs", "", "x", "infinity", "epoch", "-10:20", "10:20:30 foo", " 10:20 ", "00:00:00", "1:2:3", "1:2", "0:0:0.0000004", "10:20:30 AD", "10:20 10:30", "10:20:", ":20", "10.5", "10:20.5", "2020-Jan-05 10:20", "20200105 10:20", "20200105T102030"},
	{ID: types.IDTime, Precision: 1}:        {"10:20:30.5", "10:20:30.499999", "23:59:59.5"},
	{ID: types.IDTime, Precision: 4}:        {"10:20:30.1234565", "10:20:30"},
	{ID: types.IDTimestamp, Precision: 1}:   {"2020-01-05 10:20:30.5", "1999-12-31 23:59:59.5", "1999-12-31 23:59:59.4", "infinity", "0001-01-01 00:00:00.5"},
	{ID: types.IDTimestamp, Precision: 4}:   {"2020-01-05 10:20:30.1235", "1999-01-01 00:00:00.0005", "1999-01-01 00:00:00.0004"},
	{ID: types.IDTimestamptz, Precision: 3}: {"2020-01-05 10:20:30.125", "1999-12-31 23:59:59.995+00", "-infinity"},
	{ID: types.IDTimestamptz, Precision: 7}: {"2020-01-05 10:20:30.1234567"},
	{ID: types.IDInterval, Precision: 1}:    {"1 day 00:00:00.5", "-00:00:00.5", "1.499999 s", "1 year"},
	{ID: types.IDInterval, Precision: 3}:    {"1.125 s", "-1.125", "1:2:3.999"},
	types.Timestamptz: {"2020-01-05", "2020-01-05 10:20:30", "2020-01-05 10:20", "2020-01-05T10:20:30", "2020-01-05T10:20:30Z", "2020-01-05t10:20:30z", "2020-01-05 10:20:30.5", "2020-01-05 10:20:30.123456",
		"2020-01-05 10:20:30.1234567", "2020-01-05 10:20:30.9999999", "2020-01-05 10:20:30.0000005", "2020-01-05 10:20:30+02", "2020-01-05 10:20:30+02:30", "2020-01-05 10:20:30-0230", "2020-01-05 10:20:30 -08",
		"2020-01-05 10:20:30 +05:30:15", "2020-01-05 10:20:30 UTC", "2020-01-05 10:20:30 EST", "2020-07-05 10:20:30 America/New_York", "2020-01-05 10:20:30 America/New_York", "2020-01-05 10:20:30 Nowhere/Land",
		"2020-01-05 10:20:30 xyz", "2020-01-05 24:00:00", "2020-01-05 24:00:01", "2020-01-05 23:59:60", "2020-01-05 23:60:00", "2020-01-05 25:00:00", "2020-01-05 10:20:61", "2020-13-05 10:20:30",
		"2020-01-05 10:20 PM", "2020-01-05 12:20 AM", "2020-01-05 12:20 PM", "2020-01-05 13:20 PM", "20200105T102030", "20200105 102030", "20200105T1020", "20200105T102030.25Z", "Jan 5 2020 10:20", "Sun Jan 05 10:20:30 2020",
		"infinity", "-infinity", "+infinity", "epoch", "", "now1", "2020-01-05 10", "294276-12-31 23:59:59.999999+00", "294277-01-01 00:00:00+00", "4714-11-24 00:00:00+00 BC", "4714-11-23 00:00:00+00 BC", "0044-03-15 12:00:00+00 BC",
		"1880-01-01 00:00:00+00", "1969-12-31 23:59:59.999999+00", "2020-01-05 10:20:30+16", "2020-01-05 10:20:30+1", "2020-01-05 10:20:30 Z", "2020-01-05 10:20:30GMT", "1999-12-31 23:59:59.999999",
		"2021-03-14 02:30:00", "2021-03-14 01:59:59", "2021-03-14 03:00:00", "2021-11-07 01:30:00", "2021-11-07 00:59:59", "2021-11-07 02:00:00", "2021-07-01 12:00:00", "January 8, 99 04:05:06", "1/8/1999 04:05:06 PST"},
	types.Float4: {"0", "-0", "1", "1.5", "0.1", "100000", "999999", "1000000", "123456.7", "1234567", "0.0001", "0.00001", "1e-7", "3.4028235e38", "3.4028236e38", "1e39", "-1e39",
		"1e-45", "1e-46", "NaN", "inf", "-Infinity", " 2.5 ", "", "abc", "16777217", "1e10", "3.1415926535"},
	types.Varchar:                      {"", "a  ", "ä€😀"},
	{ID: types.IDBpchar, Precision: 3}: {"", "a", "abc", "a  ", "ä€😀"},
	types.Bytea:                        {"", "abc", `\x`, `\x00ff`, `\x 0A 0b`, `\xA`, `\x0g`, `\xä`, `\000\377a\\`, `\400`, `\`, `\a`, "ä"},
	types.UUID: {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
		"a0eebc999c0b4ef8bb6d6bb9bd380a11", "", "a0eebc99", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "{a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11 "},
	limited("year"):                {"5", "1-2", "1 year 14 mons 3 days", "-1-2", "1 day", "1.5", "P1Y2M"},
	limited("month"):               {"5", "1-2", "1 mon 3 days 04:05", "1.5"},
	limited("day"):                 {"5", "1 day 25:00", "1.5", "1 mon 3 days", "1:30"},
	limited("hour"):                {"5", "1 day 25:10:20", "1:30", "1.5", "1 2"},
	limited("minute"):              {"5", "1:30", "1:30:45", "1.5", "90"},
	limited("second"):              {"5", "1:30", "1.5", "1:30:15.25"},
	limited("year to month"):       {"5", "1-2", "1-2 3", "1 year 2 mons 3 days"},
	limited("day to hour"):         {"5", "1 2", "1 2:03", "1 2:03:04"},
	limited("day to minute"):       {"5", "1 2:03", "1 2:03:04", "1 2"},
	limited("day to second"):       {"5", "1 2:03", "1 2:03:04.5", "1 2"},
	limited("hour to minute"):      {"5", "2:03", "2:03:04"},
	limited("hour to second"):      {"5", "2:03", "2:03:04.5"},
	limited("minute to second"):    {"5", "2:03", "2:03.5", "1:2:03", "1 2:03"},
	limited("minute to second", 2): {"2:03.125", "1 day 2:03"},
	limited("second", 0):           {"2.5", "-2.5"},
	types.JSON:                     jsons, types.JSONB: jsons,
	types.OID: {"0", "4294967295", "-1", "4294967296", "x", "26"},
	types.OID: {"0", "4294967295", "-1", "4294967296", "x", "26"},
	types.TextArray: {"{}", " { } ", "{a,b}", `{"a b",NULL,"NULL","\"",""}`, `{ a b , null,\N,x\,y,"q" }`, "[1:2]={a,b}", " [1:1] = {a}", "[2]={a,b}", "[1:3]={a,b}", "[3:1]={a}",
		"[a]={a}", "[1:]={a}", "[1:2={a,b}", "[1:2]{a,b}", "[1:2]=a", "[]={}", "", "a", "{", "{a", "{a,", "{a,}", "{,a}", "{a,,b}", "{a}x", "{a} ", `{a"b"}`, `{"b"a}`, `{"b" }`, `{"b"\a}`,
		"{a{}", `{"a`, `{a\`, `{"a\`, "{a}}", "}", "{ä€😀,é}", "{\tx\t}", `{"\\"}`, "[1:1]={a}x", "  {a}x", "{[1]}"},
	types.ArrayOf(types.Int4):                                {"{1,NULL,-3}", "{1,x}", "{1,99999999999}", "{}", "{ 1 , 2 }", "{\"1\"}"},
	types.ArrayOf(types.Bool):                                {"{t,f,NULL}"},
	types.ArrayOf(types.Numeric):                             {"{1.50,NaN,Infinity,123456789012345678901234567890}"},
	types.ArrayOf(types.Float8):                              {"{1.5,NaN,-Infinity,1e300}"},
	types.ArrayOf(types.Timestamptz):                         {"{2020-01-02 03:04:05+00,infinity,NULL}"},
	types.ArrayOf(types.Date):                                {"{2020-01-02,-infinity}"},
	types.ArrayOf(types.Interval):                            {"{1 day,02:00:00}"},
	types.ArrayOf(types.UUID):                                {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
	types.ArrayOf(types.Bytea):                               {`{"\\x0102",NULL}`},
	types.ArrayOf(types.JSONB):                               {`{"{\"a\": [1, 2]}",null,"null"}`},
	types.ArrayOf(types.JSON):                                {`{"{\"a\": 1}"}`},
	{ID: types.IDArray, Elem: types.IDVarchar, Precision: 3}: {"{abc,d}"},
	{ID: types.IDArray, Elem: types.IDBpchar, Precision: 3}:  {"{abc,d}"},
	types.OIDVector:                                          {"", "1 2 3"},
	types.Name:                                               {"abc", strings.Repeat("x", 70)},
}

// limited is an interval of some fields only, perhaps with digits of seconds.
func limited(fields string, digits ...int) types.Type {
	t := types.Interval
	for _, d := range digits {
		t = t.WithSeconds(d)
	}
	t, _ = t.WithFields(fields)
	return t
}

// jsons are inputs for json and jsonb.
var jsons = []string{"", " ", "1", "-0", "-1.50", "1e5", "1E-3", "01", "1.", ".5", "-", "1e", "1x", "+1", "true", "false", "null", "True", "nul", "\"a\"", "\"a", "\"a\\", "\"\\u00\"", "\"\\u00e4\"",
	"\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\ud83d\"", "\"\\ud83d\\n\"", "\"\\u0000\"", "\"\\u00zz\"", "\"\\x\"", "\"\\ä\"", "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"", "\"tab\there\"", "\"\u007f\"", "[]", "{}", "[1,2]",
	"[1,]", "[,]", "[1 2]", "[", "[1", "[1}", "{\"a\":1}", " { \"b\" : 1 , \"aa\": [ 1 ,{ } ], \"a\":null, \"b\": 2 } ", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\"}", "{1:2}", "{,}", "{", "{\"a\"", "{\"a\":1",
	"1 2", "[] []", "\"ä€😀\"", "[[[[1]]], {\"x\": {\"y\": []}}]", "\u00a0", "1e400", "1e200000", "@", "abc def", "{\"\": \"\"}", "0.000", "100", "123456789012345678901234567890.1234567890", "\t\n\r1"}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// describe is an error as the user sees it.
func describe(code, message, detail, hint string) string {
	return strings.Join([]string{"ERROR", code, message, detail, hint}, "|")
}

// judged is what PostgreSQL makes of a text: its output, or its error.
func judged(t *testing.T, conn *pgx.Conn, typ types.Type, s string) string {
	t.Helper()
	var out string
	err := conn.QueryRow(context.Background(), "SELECT CAST(CAST("+quote(s)+" AS "+typ.String()+") AS text)", pgx.QueryExecModeSimpleProtocol).Scan(&out)
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return describe(e.Code, e.Message, e.Detail, e.Hint)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parsed(typ types.Type, s string, loc *time.Location) string {
	d, err := types.ParseText(typ, s, types.Scope{Zone: loc})
	if err != nil {
		e := pgerr.From(err)
		return describe(e.Code, e.Message, e.Detail, e.Hint)
	}
	if typ == types.Bool {
		return map[int64]string{0: "false", 1: "true"}[d.Int]
	}
	if typ.ID == types.IDBpchar { // the cast to text takes the spaces
		return types.TrimPadding(d.Str)
	}
	return string(types.FormatText(nil, typ, d, types.Scope{Zone: loc}))
}

// types.Text forms are read and written as PostgreSQL does, with its errors, in zones with and without daylight saving.
func TestTextAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	for _, zone := range []string{"UTC", "America/New_York", "Asia/Kolkata"} {
		loc, err := types.LoadZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(context.Background(), "SET TimeZone = "+quote(zone)); err != nil {
			t.Fatal(err)
		}
		for typ, inputs := range texts {
			if zone != "UTC" && typ != types.Timestamptz {
				continue
			}
			for _, s := range inputs {
				if got, want := parsed(typ, s, loc), judged(t, conn, typ, s); got != want {
					t.Errorf("%s, %v %q:\n got %.200s\nwant %.200s", zone, typ, s, got, want)
				}
			}
		}
	}
}

// Binary forms are written as PostgreSQL does, and read back to the same value.
func TestBinaryAgainstPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	for typ, inputs := range texts {
		for _, s := range inputs {
			d, err := types.ParseText(typ, s, types.Scope{})
			if err != nil {
				continue
			}
			query := "SELECT CAST(" + quote(s) + " AS " + typ.String() + ")"
			result := conn.PgConn().ExecParams(context.Background(), query, nil, nil, nil, []int16{1}).Read()
			if result.Err != nil {
				t.Fatalf("%s: %v", query, result.Err)
			}
			want := result.Rows[0][0]
			if got := types.FormatBinary(nil, typ, d, types.Scope{}); !bytes.Equal(got, want) {
				t.Errorf("%v %.50q: %.100x, want %.100x", typ, s, got, want)
			}
			if typ == types.OIDVector {
				continue // written only
			}
			back, err := types.ParseBinary(typ, want, types.Scope{})
			if err != nil || typ.ID != types.IDJSON && types.Compare(typ, back, d) != 0 {
				t.Errorf("%v %.50q: read %v, %v", typ, s, back, err)
			}
		}
	}
}

// FuzzParseMoment shows that no text makes the parser of dates and times fail otherwise than with an error.
func FuzzParseMoment(f *testing.F) {
	for _, s := range append(texts[types.Timestamptz], texts[types.Date]...) {
		f.Add(s)
	}
	loc, err := types.LoadZone("America/New_York")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := types.ParseText(types.Timestamptz, s, types.Scope{Zone: loc})
		if err != nil {
			if pgerr.Code(err) == pgerr.InternalError {
				t.Fatal(err)
			}
			return
		}
		text := string(types.FormatText(nil, types.Timestamptz, d, types.Scope{Zone: loc}))
		again, err := types.ParseText(types.Timestamptz, text, types.Scope{Zone: loc})
		if err != nil || again.Int != d.Int {
			t.Errorf("%q is %q, which reads as %v, %v", s, text, again, err)
		}
	})
}

// FuzzParseNumeric shows that a numeric that is read prints to what reads the same, in text and in binary.
func FuzzParseNumeric(f *testing.F) {
	for _, s := range texts[types.Numeric] {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := types.ParseText(types.Numeric, s, types.Scope{})
		if err != nil {
			return
		}
		again, err := types.ParseText(types.Numeric, string(types.FormatText(nil, types.Numeric, d, types.Scope{})), types.Scope{})
		if err != nil || types.CompareDecimal(again.Dec, d.Dec) != 0 || again.Dec.Exponent != d.Dec.Exponent {
			t.Errorf("%q: %v, %v", s, again, err)
		}
		again, err = types.ParseBinary(types.Numeric, types.FormatBinary(nil, types.Numeric, d, types.Scope{}), types.Scope{})
		if err != nil || types.CompareDecimal(again.Dec, d.Dec) != 0 || again.Dec.Exponent != d.Dec.Exponent {
			t.Errorf("%q in binary: %v, %v", s, again, err)
		}
	})
}
