package pg_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/tests/oracle"
	"github.com/millracedb/millrace/wire/pg"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// copyFormats are formats of COPY, each as options and as what they amount to.
var copyFormats = map[string]session.CopyFormat{
	"FORMAT text":                                    {Delimiter: '\t', Null: `\N`, Quote: '"', Escape: '"'},
	"FORMAT text, DELIMITER '|', NULL ''":            {Delimiter: '|', Null: ``, Quote: '"', Escape: '"'},
	"FORMAT text, HEADER true":                       {Delimiter: '\t', Null: `\N`, Quote: '"', Escape: '"', Header: true},
	"FORMAT binary":                                  {Binary: true},
	"FORMAT csv":                                     {CSV: true, Delimiter: ',', Null: ``, Quote: '"', Escape: '"'},
	"FORMAT csv, HEADER match":                       {CSV: true, Delimiter: ',', Null: ``, Quote: '"', Escape: '"', Header: true, HeaderMatch: true},
	"FORMAT csv, NULL 'NULL', DELIMITER ';'":         {CSV: true, Delimiter: ';', Null: `NULL`, Quote: '"', Escape: '"'},
	"FORMAT csv, QUOTE '''', ESCAPE '\\', HEADER on": {CSV: true, Delimiter: ',', Null: ``, Quote: '\'', Escape: '\\', Header: true},
}

// copyData are texts as data of COPY: good, odd and broken, in the eyes of one format or another.
var copyData = []string{
	"",
	"1\tone\n2\ttwo\n",
	"1,one\n2,two\n",
	"1\tone\n2\ttwo", // no line end at the end
	"1\tone\r\n2\ttwo\r\n",
	"1,one\r\n2,two\r\n",
	"1\tone\r2\ttwo\r",
	"1,one\r2,two\r",
	"1\tone\n2\ttwo\r\n",
	"1,one\r\n2,two\n",
	"1,\"o\rn\ne\"\r\n2,\"a\r\nb\"\r\n",
	"1\t\\N\n\\N\ttwo\n",
	"1,\n,two\n,\n",
	"1;NULL\nNULL;two\n;\n",
	"1|\n|two\n|\\N\n",
	"1\ta\\tb\\nc\\\\d\\\te\\qf\n",
	"1\t\\101\\x42\\x4g\\8\\0601\n",
	"1\tend\\",
	"1\ta\\\nb\n",
	"1\t\\303\\244\\xc3\\xa4\n",
	"1\t\\303\n",
	"1\ta\\0b\n",
	"1,\"quoted, with \"\"quotes\"\" and\nlines\"\n2,mid\"dle\"\n",
	"1,\"\"\n2,\"\"\"\"\n",
	"1,\"open\n2,two\n",
	"1,a\"b,c\"d\n",
	"1,'single \\' \\\\ quoted'\nx,y\n",
	"id,t\n1,'it\\'s'\n2,'a\\b'\n3,'a\\\\'\n",
	"id,t\n1,one\n",
	"id;t\n1;one\n",
	"id\tt\n1\tone\n",
	"t,id\n1,one\n",
	"id\n",
	",t\n1,one\n",
	"1\n",
	"1\tone\tmore\n",
	"1,one,more\n",
	"\n",
	"1\tone\n\n",
	"1,one\n\n2,two\n",
	"x\tone\n",
	"x,one\n",
	"1,one\n2,\n99999999999,three\n",
	"1\tone\n\\.\n2\ttwo\n",
	"1,one\n\\.\n2,two\n",
	"1,\"a\n\\. b\"\n",
	"1,\\.\n",
	" 1 , one \n",
	"1\tümläut 🙂\n2\t日本\n",
	"1,ümläut 🙂\n2,日本\n",
	"1\ta\xffb\n",
	"1,a\xc3\n",
	"1\ta\x00b\n",
	"1,\"a\xe3\x81\"\n",
	"1\t" + strings.Repeat("long ", 50) + "\tmore\n",
	"1," + strings.Repeat("ü", 80) + ",more\n",
}

// copyBinaryData are data of COPY in the binary format, or nearly so.
var copyBinaryData = []string{
	"",
	"1\tone\n2\ttwo\n",
	binaryHead,
	binaryHead[:5],
	binaryHead[:11],
	binaryHead[:14],
	binaryHead[:17],
	binaryHead[:11] + "\x00\x01\x00\x00\x00\x00\x00\x00\xff\xff",
	binaryHead[:11] + "\x00\x00\x00\x01\x00\x00\x00\x00\xff\xff",
	binaryHead[:11] + "\x80\x00\x00\x00\x00\x00\x00\x00\xff\xff",
	binaryHead[:11] + "\x00\x00\x00\x00\xff\x00\x00\x00\xff\xff",
	binaryHead[:11] + "\x00\x00\x00\x00\x00\x00\x00\x03abc" + binaryRow + "\xff\xff",
	binaryHead[:11] + "\x00\x00\x00\x00\x00\x00\x00\x03ab",
	binaryHead + "\xff\xff",
	binaryHead + binaryRow + binaryRow + "\xff\xff",
	binaryHead + binaryRow + binaryRow, // no trailer
	binaryHead + binaryRow + "\xff",
	binaryHead + binaryRow + "\xff\xffmore",
	binaryHead + binaryRow[:8],
	binaryHead + binaryRow[:12],
	binaryHead + binaryRow[:15],
	binaryHead + "\x00\x02\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff",
	binaryHead + "\x00\x02\xff\xff\xff\xfe\x00\x00\x00\x00\xff\xff",
	binaryHead + "\x00\x02\x00\x00\x00\x03abc\x00\x00\x00\x00\xff\xff",
	binaryHead + "\x00\x02\x00\x00\x00\x05abcde\x00\x00\x00\x00\xff\xff",
	binaryHead + "\x00\x02\x00\x00\x00\x04abcd\x00\x00\x00\x02\xc3a\xff\xff",
	binaryHead + "\x00\x01\x00\x00\x00\x04abcd\xff\xff",
	binaryHead + "\x00\x03\x00\x00\x00\x04abcd\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff",
	binaryHead + "\xff\xfe",
	binaryHead + "\x00\x00",
}

const (
	binaryHead = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	binaryRow  = "\x00\x02\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x03two"
)

// TestCopyFromAsPostgres shows that COPY FROM reads data into the rows that PostgreSQL reads, or fails with its SQLSTATE,
// message, and place, however the data are cut into messages.
func TestCopyFromAsPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	execute(t, conn, "CREATE TABLE c (id int, t text)")
	for options, format := range copyFormats {
		cp := &session.Copy{In: true, Relation: "c", Format: format,
			Columns: []plan.Field{{Name: "id", Type: types.Int4}, {Name: "t", Type: types.Text}}}
		all := copyData
		if format.Binary {
			all = copyBinaryData
		}
		for _, data := range all {
			want := postgresCopy(t, conn, options, data)
			for _, size := range []int{1, 3, 1 << 20} {
				rows, err := pg.ParseCopy(cp, []byte(data), size)
				if got := outcome(rows, err); got != want {
					t.Errorf("%s of %q in pieces of %d:\ngot  %s\nwant %s", options, data, size, got, want)
					break
				}
			}
		}
	}
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// postgresCopy is the outcome of loading data into an empty table.
func postgresCopy(t *testing.T, conn *pgx.Conn, options, data string) string {
	t.Helper()
	execute(t, conn, "TRUNCATE c")
	_, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(data), "COPY c FROM STDIN WITH ("+options+")")
	if err != nil {
		return outcome(nil, err)
	}
	read, err := conn.Query(t.Context(), "SELECT id::text, t FROM c ORDER BY ctid")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pgx.CollectRows(read, func(r pgx.CollectableRow) ([]*string, error) {
		row := make([]*string, 2)
		return row, r.Scan(&row[0], &row[1])
	})
	return outcome(rows, err)
}

// outcome is rows or an error as one text.
func outcome(rows [][]*string, err error) string {
	var server *pgconn.PgError
	var ours *pgerr.Error
	switch {
	case errors.As(err, &server):
		return fmt.Sprintf("%s %s | %s | %s", server.Code, server.Message, server.Hint, server.Where)
	case errors.As(err, &ours):
		return fmt.Sprintf("%s %s | %s | %s", ours.Code, ours.Message, ours.Hint, ours.Where)
	case err != nil:
		return err.Error()
	}
	var b strings.Builder
	for _, row := range rows {
		for _, v := range row {
			if v == nil {
				b.WriteString("NULL ")
			} else {
				fmt.Fprintf(&b, "%q ", *v)
			}
		}
		b.WriteString("/ ")
	}
	return b.String()
}

// TestCopyToAsPostgres shows that COPY TO writes values as PostgreSQL writes them.
func TestCopyToAsPostgres(t *testing.T) {
	conn := oracle.StartPostgres(t).Conn(t)
	execute(t, conn, "CREATE TABLE c (a text, b text)")
	execute(t, conn, "CREATE TABLE d (a text)")
	values := []string{"", "plain", "a,b", `"`, `a"b`, "'", `it's`, `\`, `\.`, `\N`, "NULL", "a\tb", "a\nb", "a\rb", "\b\f\v", ";|", " space ", "ü🙂", "\x01"}
	var rows, single [][]*string
	for i := range values {
		rows = append(rows, []*string{&values[i], nil}, []*string{nil, &values[i]})
		single = append(single, []*string{&values[i]})
		for table, row := range map[string][]any{"c": {values[i], nil}, "d": {values[i]}} {
			marks := map[string]string{"c": "($1, $2), ($2, $1)", "d": "($1)"}[table]
			if _, err := conn.Exec(t.Context(), "INSERT INTO "+table+" VALUES "+marks, row...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for options, format := range copyFormats {
		if format.HeaderMatch {
			continue // is for COPY FROM
		}
		for table, rows := range map[string][][]*string{"c": rows, "d": single} {
			cp := &session.Copy{Relation: table, Format: format, Columns: []plan.Field{{Name: "a", Type: types.Text}, {Name: "b", Type: types.Text}}[:len(rows[0])]}
			var want bytes.Buffer
			if _, err := conn.PgConn().CopyTo(t.Context(), &want, "COPY "+table+" TO STDOUT WITH ("+options+")"); err != nil {
				t.Fatal(err)
			}
			if got := pg.FormatCopy(cp, rows); got != want.String() {
				t.Errorf("%s of %s:\ngot  %q\nwant %q", options, table, got, want.String())
			}
		}
	}
}
