package sql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

const enumSchema = `CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'a,"b');
	CREATE TYPE unused AS ENUM ('x');
	CREATE TABLE people (id int PRIMARY KEY, m mood, past mood[]);
	CREATE TABLE checked (id int PRIMARY KEY, t text CHECK (t <> 'sad'::mood::text));
	CREATE VIEW glad AS SELECT id, m FROM people WHERE m > 'ok';
	INSERT INTO people VALUES (1, 'ok', '{sad,NULL}'), (2, NULL, NULL), (3, 'a,"b', '{"a,\"b"}')`

// TestEnumMessages shows that what goes wrong with enums is told in PostgreSQL's words.
func TestEnumMessages(t *testing.T) {
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: oracle.StartMillrace(t, oracle.Options{}).Client}
	pair.Exec(t, enumSchema)
	for _, statement := range []string{
		"SELECT 'nope'::mood", "SELECT 'nope'::text::mood", "INSERT INTO people VALUES (9, 'nope')", "SELECT * FROM people WHERE m = 'nope'",
		"INSERT INTO people VALUES (9, 1)", "SELECT 'ok'::mood = 'ok'::text", "SELECT 'ok'::mood = 'x'::unused",
		"SELECT 1::mood", "SELECT 'ok'::mood::int", "SELECT 'ok'::mood(1)", "SELECT lower('ok'::mood)", "SELECT enum_first(NULL)", "SELECT sum(m) FROM people",
		"SELECT '{ok,nope}'::mood[]",
		"CREATE TYPE mood AS ENUM ('x')", "CREATE TYPE people AS ENUM ('x')", "CREATE TYPE nosuch.t AS ENUM ('x')", "CREATE TABLE mood (x int)", "ALTER TABLE people RENAME TO mood",
		"CREATE TYPE t AS ENUM ('" + strings.Repeat("x", 64) + "')", "CREATE TYPE t AS ENUM (x)",
		"ALTER TYPE mood ADD VALUE 'ok'", "ALTER TYPE mood ADD VALUE 'x' AFTER 'nope'", "ALTER TYPE mood RENAME VALUE 'nope' TO 'x'", "ALTER TYPE mood RENAME VALUE 'ok' TO 'sad'",
		"ALTER TYPE nosuch ADD VALUE 'x'", "ALTER TYPE mood RENAME TO unused", "ALTER TYPE int4 ADD VALUE 'x'", "ALTER TYPE mood SET SCHEMA nosuch",
		"DROP TYPE nosuch", "DROP TYPE mood", "DROP TABLE mood", "SELECT * FROM mood", "COMMENT ON TYPE nosuch IS 'x'", "SELECT 'nosuch'::regtype",
		"BEGIN; ALTER TYPE mood ADD VALUE 'late'; SELECT 'late'::mood; COMMIT",
	} {
		_, want := pair.Want.TryQuery(statement)
		_, got := pair.Got.TryQuery(statement)
		if told(want) != told(got) {
			t.Errorf("%s\nPostgreSQL: %s\nMillrace:   %s", statement, told(want), told(got))
		}
	}
}

func told(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	hint := e.Hint
	if e.Code == "42P01" { // tells how to create a stream, too
		hint = ""
	}
	detail := strings.Split(e.Detail, "\n")
	slices.Sort(detail) // what depends on a type is told in the order in which the server finds it
	return fmt.Sprintf("%s %s detail %q hint %q position %d", e.Code, e.Message, detail, hint, e.Position)
}

// TestEnumWire shows that enums go over the wire as PostgreSQL sends and takes them: in COPY, and as parameters and results, in text
// and binary.
func TestEnumWire(t *testing.T) {
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: oracle.StartMillrace(t, oracle.Options{}).Client}
	pair.Exec(t, enumSchema)
	ctx := context.Background()
	want, got := pair.Want.Conn(t), pair.Got.Conn(t)
	for _, format := range []string{"text", "csv", "binary"} {
		sent := copyOut(t, want, "COPY (SELECT id, m FROM people ORDER BY id) TO STDOUT (FORMAT "+format+")")
		if mine := copyOut(t, got, "COPY (SELECT id, m FROM people ORDER BY id) TO STDOUT (FORMAT "+format+")"); mine != sent {
			t.Errorf("COPY TO in %s:\n%q\nPostgreSQL:\n%q", format, mine, sent)
		}
		for _, conn := range []*pgx.Conn{want, got} {
			if _, err := conn.Exec(ctx, "DELETE FROM people"); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(sent), "COPY people (id, m) FROM STDIN (FORMAT "+format+")"); err != nil {
				t.Errorf("COPY FROM in %s: %v", format, err)
			}
		}
		pair.Compare(t, format, "SELECT * FROM people")
	}
	for _, label := range []string{"happy", "nope"} {
		for _, format := range []int16{0, 1} {
			if w, g := roundTrip(t, want, label, format), roundTrip(t, got, label, format); w != g {
				t.Errorf("parameter %s in format %d: %s\nPostgreSQL: %s", label, format, g, w)
			}
		}
	}
	bad := "1\tnope\n"
	_, wantErr := want.PgConn().CopyFrom(ctx, strings.NewReader(bad), "COPY people (id, m) FROM STDIN")
	_, gotErr := got.PgConn().CopyFrom(ctx, strings.NewReader(bad), "COPY people (id, m) FROM STDIN")
	if told(wantErr) != told(gotErr) {
		t.Errorf("COPY FROM: %s\nPostgreSQL: %s", told(gotErr), told(wantErr))
	}
}

func copyOut(t *testing.T, conn *pgx.Conn, statement string) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := conn.PgConn().CopyTo(context.Background(), &out, statement); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// roundTrip sends a label as a parameter of the enum's type, and tells what comes back; arrays without their type's number.
func roundTrip(t *testing.T, conn *pgx.Conn, label string, format int16) string {
	t.Helper()
	var oid uint32
	if err := conn.QueryRow(context.Background(), "SELECT oid FROM pg_type WHERE typname = 'mood'").Scan(&oid); err != nil {
		t.Fatal(err)
	}
	r := conn.PgConn().ExecParams(context.Background(), "SELECT $1, $1 = 'happy', enum_range($1, NULL)", [][]byte{[]byte(label)}, []uint32{oid},
		[]int16{format}, []int16{format}).Read()
	if r.Err != nil {
		return told(r.Err)
	}
	if r.FieldDescriptions[0].DataTypeOID != oid {
		return "a result of another type"
	}
	out := r.Rows[0]
	if format == 1 {
		out[2] = append(out[2][:8:8], out[2][12:]...)
	}
	return fmt.Sprintf("%q", out)
}

// TestEnumLimits shows what Millrace refuses of enums, and that a label keeps its value: a view that compares labels goes on when one
// is renamed, and one that has made texts of them keeps them from being renamed.
func TestEnumLimits(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Client.Exec(t, enumSchema+`;
		CREATE MATERIALIZED VIEW counts AS SELECT m, count(*) AS n FROM people WHERE m > 'sad' GROUP BY m;
		CREATE TYPE shown AS ENUM ('a', 'b');
		CREATE TABLE shows (id int PRIMARY KEY, s shown);
		CREATE MATERIALIZED VIEW texts AS SELECT id, s::text AS t FROM shows;
		CREATE TOPIC log (id int, v text)`)
	for _, statement := range []string{
		"ALTER TYPE shown RENAME VALUE 'a' TO 'c'", "CREATE MATERIALIZED VIEW v AS SELECT id, enum_last(m) AS l FROM people",
		"CREATE STREAM j (id int, m mood) WITH (format = 'json')", "CREATE STREAM o (id int, m mood) WITH (topic = 'log')", "CREATE TOPIC e (id int, m mood)",
		"CREATE TYPE pair AS (a int, b int)", "CREATE TYPE r AS RANGE (subtype = int4)", "CREATE TYPE shell", "ALTER TYPE mood ADD ATTRIBUTE x int",
		"CREATE TABLE d (id int PRIMARY KEY, m mood DEFAULT enum_last(NULL::mood))", "GRANT USAGE ON TYPE mood TO PUBLIC",
	} {
		if err := node.Client.TryExec(statement); !strings.HasPrefix(code(err), "0A000") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	node.Client.Exec(t, "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';\nINSERT INTO people VALUES (7, 'fine', NULL)")
	node.Kill(t)
	node.Restart(t)
	if got := fmt.Sprint(node.Client.Query(t, "SELECT * FROM counts ORDER BY m").Rows); got != `[(fine, 2) (a,"b, 1)]` {
		t.Errorf("after the renaming and a crash: %s", got)
	}
	var explained strings.Builder
	for _, row := range node.Client.Query(t, "EXPLAIN SELECT * FROM people WHERE m = 'happy'").Rows {
		explained.WriteString(row[0].Text + "\n")
	}
	if !strings.Contains(explained.String(), "'happy'::mood") {
		t.Errorf("EXPLAIN does not show the label:\n%s", explained.String())
	}
}
