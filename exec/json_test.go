package exec

import (
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// jsonStream is a stream with a column of each type, keyed by n and s.
func jsonStream(key ...int) *catalog.Relation {
	r := &catalog.Relation{ID: 20000, Name: "j", Kind: catalog.KindStream, Key: key, Placement: make([]catalog.ShardID, 4),
		Config: catalog.TopicConfig{Format: catalog.FormatJSON}}
	for _, c := range []catalog.Column{{Name: "n", Type: types.Numeric}, {Name: "s", Type: types.Text}, {Name: "i", Type: types.Int4},
		{Name: "B", Type: types.Bool}, {Name: "f", Type: types.Float8}, {Name: "t", Type: types.Timestamptz}, {Name: "d", Type: types.Date}} {
		r.Columns = append(r.Columns, c)
	}
	return r
}

// decodeJSON returns the row of a record as texts, or the error.
func decodeJSON(rel *catalog.Relation, rec log.Record) string {
	b := types.NewBatch(rel.Types(), 0)
	if err := newStreamDecoder(plan.StreamRecords(rel), rel.Types()).decode(&rec, b, nil); err != nil {
		return "error: " + err.Error()
	}
	return jsonText(b, 0)
}

func jsonText(b *types.Batch, i int) string {
	var texts []string
	for _, v := range b.Cols {
		text := "NULL"
		if !v.IsNull(i) {
			text = string(types.FormatText(nil, v.Type, v.Datum(i), types.Scope{}))
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "|")
}

// Objects decode as PostgreSQL's json_populate_record does; what does not, is an error and no row.
func TestDecodeJSON(t *testing.T) {
	rel := jsonStream(0)
	for _, c := range []struct{ value, want string }{
		{`{}`, "NULL|NULL|NULL|NULL|NULL|NULL|NULL"},
		{` {"n":1.50,"s":"x","i":7,"B":true,"f":1e3,"t":"2020-01-02T03:04:05.6+02:00","d":"2020-01-02"} `,
			"1.50|x|7|t|1000|2020-01-02 01:04:05.6+00|2020-01-02"},
		{`{"n":"12345678901234567890.10","s":12.0,"i":"7","B":"off","f":"NaN","t":"2020-01-02 03:04","d":null}`,
			"12345678901234567890.10|12.0|7|f|NaN|2020-01-02 03:04:00+00|NULL"},
		{`{"s":{"a": [1, 2]},"b":true,"extra":[{}],"i":1,"i":2}`, `NULL|{"a": [1, 2]}|2|NULL|NULL|NULL|NULL`},
		{`{"s":true,"B":1}`, "NULL|true|NULL|t|NULL|NULL|NULL"},
		{`{"s":"\u00e4\ud83d\ude00\n"}`, "NULL|ä😀\n|NULL|NULL|NULL|NULL|NULL"},
		{``, "error: value is no JSON object"},
		{`null`, "error: value is no JSON object"},
		{`[1]`, "error: value is no JSON object"},
		{`{"i":1`, "error: unexpected end of JSON input"},
		{`{"i":1.5}`, `error: column "i": invalid input syntax for type integer: "1.5" (SQLSTATE 22P02)`},
		{`{"i":3000000000}`, `error: column "i": value "3000000000" is out of range for type integer (SQLSTATE 22003)`},
		{`{"i":[1]}`, `error: column "i": invalid input syntax for type integer: "[1]" (SQLSTATE 22P02)`},
		{"{\"s\":\"\xff\"}", "error: value is not UTF-8"},
		{`{"s":"\u0000"}`, `error: column "s": invalid byte sequence for encoding "UTF8": 0x00 (SQLSTATE 22021)`},
	} {
		if got := decodeJSON(rel, log.Record{Value: []byte(c.value)}); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.value, got, c.want)
		}
	}
}

// A key column that the value lacks comes from the record's key; a column that is NOT NULL must come from somewhere.
func TestDecodeJSONKey(t *testing.T) {
	one, two := jsonStream(1), jsonStream(1, 2)
	one.Columns[1].NotNull = true
	for _, c := range []struct {
		rel              *catalog.Relation
		key, value, want string
	}{
		{one, `"k"`, `{"i":1}`, "NULL|k|1|NULL|NULL|NULL|NULL"},
		{one, `"k"`, `{"s":"v"}`, "NULL|v|NULL|NULL|NULL|NULL|NULL"},
		{one, `no json`, `{"i":1}`, `error: no value for column "s", which is NOT NULL`},
		{one, `"k"`, `{"s":null}`, `error: no value for column "s", which is NOT NULL`},
		{two, `{"s":"k","i":3}`, `{"i":4}`, "NULL|k|4|NULL|NULL|NULL|NULL"},
		{two, `["k"]`, `{"i":4}`, "NULL|NULL|4|NULL|NULL|NULL|NULL"},
	} {
		if got := decodeJSON(c.rel, log.Record{Key: []byte(c.key), Value: []byte(c.value)}); got != c.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.key, c.value, got, c.want)
		}
	}
}

// What is written is plain JSON, with keys in which equal values have equal bytes, and reads back as it was.
func TestEncodeJSON(t *testing.T) {
	for _, c := range []struct {
		key              []int
		row              []types.Datum
		wantKey, wantRow string
	}{
		{[]int{0}, row(decimal(t, "100.00"), str("a\"\\\n\x01ü</"), num(-1), num(1), types.FloatDatum(1e21), num(0), num(0)), "100",
			`{"n":100.00,"s":"a\"\\\n\u0001ü</","i":-1,"B":true,"f":1e+21,"t":"2000-01-01T00:00:00+00:00","d":"2000-01-01"}`},
		{[]int{0, 1}, row(decimal(t, "1.50"), null, null, null, types.FloatDatum(1), null, null), `{"n":1.5,"s":null}`,
			`{"n":1.50,"s":null,"i":null,"B":null,"f":1,"t":null,"d":null}`},
		{[]int{1}, row(decimal(t, "NaN"), null, null, num(0), null, null, null), "",
			`{"n":"NaN","s":null,"i":null,"B":false,"f":null,"t":null,"d":null}`},
	} {
		rel := jsonStream(c.key...)
		b := types.NewBatch(rel.Types(), 1)
		b.AppendRow(c.row, 1)
		key, value := appendJSONKey(nil, rel, b, 0), appendJSONRow(nil, rel.Columns, b, 0)
		if string(key) != c.wantKey || string(value) != c.wantRow {
			t.Errorf("got  %s %s\nwant %s %s", key, value, c.wantKey, c.wantRow)
		}
		if got, want := decodeJSON(rel, log.Record{Key: key, Value: value}), jsonText(b, 0); got != want {
			t.Errorf("read back %s, was %s", got, want)
		}
	}
}

// The source of a task passes over records that do not decode, keeps what is around them, and notes each.
func TestSourcePassesOver(t *testing.T) {
	rel := jsonStream()
	p := rel.Partition(1)
	spec := plan.Source{Kind: plan.SourceStream, Relation: rel.ID, Records: plan.StreamRecords(rel)}
	for _, c := range plan.ScanColumns(rel) {
		spec.Columns = append(spec.Columns, c.Type)
	}
	db := newTestDB(t)
	for _, value := range []string{`{"i":1}`, `{"n":1,"s":"x","i":"bad"}`, `{"i":2}`, `garbage`, `{"i":3}`} {
		db.append(p, log.Record{Value: []byte(value)})
	}
	s := newSource(spec, 30000, 1)
	r := db.snapshot()
	b, next, err := s.read(r, s.start(r), 100, roundBytes)
	if err != nil || next.Offset != 5 || b.Len != 3 {
		t.Fatalf("%d rows up to %v, %v", b.Len, next, err)
	}
	if got := b.Cols[2].Int; !slices.Equal(got, []int64{1, 2, 3}) {
		t.Errorf("column i is %v", got)
	}
	var told []log.Offset
	for _, u := range s.undecodable {
		told = append(told, u.Offset)
	}
	if !slices.Equal(told, []log.Offset{1, 3}) {
		t.Errorf("told of offsets %v", told)
	}
}

// A stream over a topic looks at all columns of a native row, whichever are wanted, and takes none that are of another type.
func TestForeignNativeRows(t *testing.T) {
	rel := &catalog.Relation{ID: 20001, Over: 20000, Kind: catalog.KindStream, Placement: make([]catalog.ShardID, 1),
		Columns: []catalog.Column{{Name: "a", Type: types.Int2}, {Name: "b", Type: types.Text}}}
	wide := types.NewBatch([]types.Type{types.Int8, types.Text}, 2)
	wide.AppendRow(row(num(1), str("x")), 1)
	wide.AppendRow(row(num(1<<40), str("x")), 1)
	db := newTestDB(t)
	p := rel.Partition(0)
	db.append(p, log.Record{Value: types.EncodeRow(nil, wide, 0)}, log.Record{Value: types.EncodeRow(nil, wide, 1)},
		log.Record{Value: []byte(`{"a":1}`)}, log.Record{Value: types.EncodeRow(nil, wide, 0)})
	told := 0
	env := &Env{Reader: db.snapshot(), Undecodable: func(Undecodable) { told++ }}
	wantRows(t, mustRun(t, &plan.Scan{Relation: rel, Columns: []int{1, 3}}, env), "x|0", "x|3")
	if told != 2 {
		t.Errorf("told of %d records", told)
	}
	if _, err := runPlan(t, &plan.Scan{Relation: rel, Columns: []int{1}}, &Env{Reader: db.snapshot()}); err != nil {
		t.Errorf("without a hook: %v", err)
	}
}

func decimal(t *testing.T, s string) types.Datum {
	t.Helper()
	v, err := types.ParseText(types.Numeric, s, types.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzDecodeJSON: no bytes make the decoder panic, what it refuses leaves no trace, and what it takes is written and read
// back as it is.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"n":1.50,"s":"x","i":7,"B":true,"f":1e3,"t":"2020-01-02T03:04:05.6+02:00","d":"2020-01-02"}`), []byte(`"k"`))
	f.Add([]byte(`{"n":"-Infinity","s":"\ud800","f":"-0","t":"infinity","d":"0044-03-15 BC"}`), []byte(`{"s":1}`))
	f.Fuzz(func(t *testing.T, value, key []byte) {
		rel := jsonStream(1)
		b := types.NewBatch(rel.Types(), 0)
		d := newStreamDecoder(plan.StreamRecords(rel), rel.Types())
		if err := d.decode(&log.Record{Key: key, Value: value}, b, nil); err != nil {
			if b.Len != 0 || b.Cols[0].Len() != 0 {
				t.Fatalf("%d rows after %v", b.Len, err)
			}
			return
		}
		again := log.Record{Key: appendJSONKey(nil, rel, b, 0), Value: appendJSONRow(nil, rel.Columns, b, 0)}
		if got, want := decodeJSON(rel, again), jsonText(b, 0); got != want {
			t.Fatalf("read back %s, was %s", got, want)
		}
	})
}
