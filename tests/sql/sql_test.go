// Package sql_test runs scripts statement by statement on Millrace and on PostgreSQL, which judges: rows, types, column
// names, command tags and SQLSTATEs must agree. After the last statement of a script the server is killed and started
// again, and all its relations are compared once more.
package sql_test

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".sql"), func(t *testing.T) { runScript(t, path) })
	}
}

func runScript(t *testing.T, path string) {
	node, pair, statements := openScript(t, path)
	for _, statement := range statements {
		both(t, pair, statement)
	}
	node.Kill(t)
	node.Restart(t)
	for _, relation := range relations(statements) {
		both(t, pair, "SELECT * FROM "+relation)
	}
}

var (
	created = regexp.MustCompile(`(?m)^CREATE (?:TABLE|STREAM|VIEW|MATERIALIZED VIEW)(?: IF NOT EXISTS)? (\w+)`)
	dropped = regexp.MustCompile(`(?m)^DROP (?:TABLE|STREAM|VIEW|MATERIALIZED VIEW)(?: IF EXISTS)? (\w+)`)
)

// relations are the names of what a script leaves.
func relations(statements []string) []string {
	script := strings.Join(statements, ";\n")
	var names []string
	for _, m := range created.FindAllStringSubmatch(script, -1) {
		names = append(names, m[1])
	}
	for _, m := range dropped.FindAllStringSubmatch(script, -1) {
		names = slices.DeleteFunc(names, func(n string) bool { return n == m[1] })
	}
	return names
}

// both runs a statement on both sides and compares what they answer; the order of rows counts if the statement asks for one.
func both(t *testing.T, pair oracle.Pair, statement string) {
	t.Helper()
	want, wantErr := pair.Want.TryQuery(statement)
	got, gotErr := pair.Got.TryQuery(statement)
	if code(wantErr) != code(gotErr) {
		t.Errorf("PostgreSQL: %v\nMillrace:   %v\nin: %s", wantErr, gotErr, statement)
		return
	}
	if wantErr != nil {
		return
	}
	if difference := oracle.Diff(want, got); difference != "" {
		t.Errorf("Millrace (+) differs from PostgreSQL (-)\nin: %s\n%s", statement, difference)
		return
	}
	if strings.Contains(statement, "ORDER BY") && !slices.EqualFunc(want.Rows, got.Rows, func(a, b oracle.Row) bool { return slices.Equal(a, b) }) {
		t.Errorf("the order differs\nin: %s\nPostgreSQL: %v\nMillrace:   %v", statement, want.Rows, got.Rows)
	}
}

// code is the SQLSTATE of an error, with the name of the constraint that it tells, "" for none; of NULLs and of foreign keys all that is told.
// An error without a code is its text.
func code(err error) string {
	if err == nil {
		return ""
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		if e.Code == "23502" || e.Code == "23503" || e.Code == "42830" {
			return e.Code + " " + e.Message + " " + e.Detail + " of " + e.SchemaName + "." + e.TableName + "." + e.ColumnName + " " + e.ConstraintName
		}
		if e.ConstraintName != "" {
			return e.Code + " of constraint " + e.ConstraintName
		}
		return e.Code
	}
	return err.Error()
}
