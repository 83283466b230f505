// Package slt_test runs the files of testdata, which have the sqllogictest form that DESIGN.md tells, against PostgreSQL and against
// Millrace, or against any server.
package slt_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/millracedb/millrace/tests/oracle"
)

var (
	server  = flag.String("server", "", "connection string of the only server that is asked")
	engine  = flag.String("engine", "postgresql", "what -server is: postgresql or millrace")
	rewrite = flag.Bool("rewrite", false, "write what PostgreSQL gives into the files")
)

// timeout bounds one statement.
const timeout = time.Minute

func TestMain(m *testing.M) { oracle.Main(m) }

// target is a server that the files are run against.
type target struct {
	engine  string
	address string
}

// TestFiles runs every file against every server, in a session and a schema of its own.
func TestFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.slt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, target := range targets(t) {
		for _, path := range paths {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".slt")+"/"+target.engine, func(t *testing.T) { runFile(t, path, target) })
		}
	}
}

func targets(t *testing.T) []target {
	t.Helper()
	if *server != "" {
		return []target{{*engine, *server}}
	}
	judge := target{"postgresql", oracle.StartPostgres(t).Address()}
	if *rewrite {
		return []target{judge}
	}
	return []target{judge, {"millrace", oracle.StartMillrace(t, oracle.Options{}).Address()}}
}

func runFile(t *testing.T, path string, to target) {
	conn, err := pgconn.Connect(t.Context(), to.address)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{conn: conn}
	name := "slt_" + strings.TrimSuffix(filepath.Base(path), ".slt")
	defer func() {
		for _, sql := range []string{"ROLLBACK", "DROP SCHEMA " + name + " CASCADE"} {
			if _, err := s.run(context.Background(), sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
		_ = conn.Close(context.Background())
	}()
	for _, sql := range []string{"CREATE SCHEMA " + name, "SET search_path = " + name} {
		if _, err := s.run(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	records := readFile(t, path)
	for _, r := range records {
		if r.kind == "halt" && r.runsOn(to.engine) {
			break
		}
		if r.sql != "" && r.runsOn(to.engine) {
			s.check(t, path, r)
		}
	}
	if *rewrite {
		writeFile(t, path, records)
	}
}

// session runs records on a connection.
type session struct{ conn *pgconn.PgConn }

func (s *session) run(ctx context.Context, sql string) (*pgconn.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// Result by result, as ReadAll leaves the columns of a result without rows out.
	reader := s.conn.Exec(ctx, sql)
	var results []*pgconn.Result
	for reader.NextResult() {
		rows := reader.ResultReader()
		fields := rows.FieldDescriptions()
		result := rows.Read()
		result.FieldDescriptions = fields
		results = append(results, result)
	}
	if err := reader.Close(); err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, errors.New("a record has one statement")
	}
	return results[0], results[0].Err
}

// check runs a record and compares, or takes over what it gave.
func (s *session) check(t *testing.T, path string, r *record) {
	t.Helper()
	result, err := s.run(t.Context(), r.sql)
	code := ""
	var e *pgconn.PgError
	if errors.As(err, &e) {
		code = e.Code
	} else if err != nil {
		t.Fatalf("%s:%d: %v\nin: %s", path, r.line, err, r.sql)
	}
	if *rewrite && r.want == "error" && code != "" {
		r.code = code
	}
	if code != r.code {
		t.Errorf("%s:%d: SQLSTATE %q, want %q (%v)\nin: %s", path, r.line, code, r.code, err, r.sql)
		return
	}
	if err != nil {
		return
	}
	if *rewrite && r.want == "count" {
		r.count = result.CommandTag.RowsAffected()
	}
	if r.want == "count" && result.CommandTag.RowsAffected() != r.count {
		t.Errorf("%s:%d: %s, want %d rows\nin: %s", path, r.line, result.CommandTag, r.count, r.sql)
	}
	if r.kind == "query" {
		s.compare(t, path, r, result)
	}
}

func (s *session) compare(t *testing.T, path string, r *record, result *pgconn.Result) {
	t.Helper()
	types, rows := typesOf(result), rowsOf(result)
	if r.sorted {
		slices.Sort(rows)
	}
	if *rewrite {
		r.types, r.rows = types, rows
		return
	}
	if types != r.types || !slices.Equal(rows, r.rows) {
		t.Errorf("%s:%d: columns %s, want %s\nin: %s\ngot:\n%s\nwant:\n%s", path, r.line, types, r.types, r.sql, strings.Join(rows, "\n"), strings.Join(r.rows, "\n"))
	}
}

func typesOf(result *pgconn.Result) string {
	letters := make([]byte, len(result.FieldDescriptions))
	for i, field := range result.FieldDescriptions {
		switch field.DataTypeOID {
		case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
			letters[i] = 'I'
		case pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
			letters[i] = 'R'
		default:
			letters[i] = 'T'
		}
	}
	return string(letters)
}

func rowsOf(result *pgconn.Result) []string {
	lines := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		values := make([]string, len(row))
		for j, value := range row {
			switch {
			case value == nil:
				values[j] = "NULL"
			case len(value) == 0:
				values[j] = "(empty)"
			default:
				values[j] = string(value)
			}
		}
		lines[i] = strings.Join(values, "\t")
	}
	return lines
}

func writeFile(t *testing.T, path string, records []*record) {
	t.Helper()
	parts := make([]string, len(records))
	for i, r := range records {
		parts[i] = r.write()
	}
	if err := os.WriteFile(path, []byte(strings.Join(parts, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}
