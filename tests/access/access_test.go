// Package access_test runs scripts as several roles on Millrace and on PostgreSQL, which judges who may do what: rows, command
// tags, SQLSTATEs and messages must agree.
package access_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// password is what roles of the scripts log in with. PostgreSQL does not ask for it here.
const password = "pw"

// side is one of the two servers, with a connection for each role of a script.
type side struct {
	client *oracle.Client
	conns  map[string]*pgconn.PgConn
}

// conn connects as a role, once; "" is who connects without being asked for a password.
func (s *side) conn(t *testing.T, role string) *pgconn.PgConn {
	if c := s.conns[role]; c != nil {
		return c
	}
	config, err := pgconn.ParseConfig(s.client.Address())
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		config.User, config.Password = role, password
	}
	c, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatalf("%s: connect as %q: %v", s.client.Label, role, err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	s.conns[role] = c
	return c
}

// run is what a role is answered: rows and command tag, or the error.
func (s *side) run(t *testing.T, role, statement string) string {
	results, err := s.conn(t, role).Exec(context.Background(), statement).ReadAll()
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s (%s)", e.Code, e.Message, e.Detail)
	}
	if err != nil {
		t.Fatalf("%s: %v\nin: %s", s.client.Label, err, statement)
	}
	var b strings.Builder
	for _, r := range results {
		rows := make([]string, len(r.Rows))
		for i, row := range r.Rows {
			rows[i] = fmt.Sprintf("%q", row)
		}
		if !strings.Contains(strings.ToLower(statement), "order by") {
			slices.Sort(rows)
		}
		fmt.Fprintf(&b, "%s %s", strings.Join(rows, "\n"), r.CommandTag)
	}
	return b.String()
}

func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".sql"), func(t *testing.T) { runScript(t, path) })
	}
}

// runScript runs the statements of a file; a line "-- role" says who runs those behind it, "-- super" that it is the superuser.
func runScript(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	node := oracle.StartMillrace(t, oracle.Options{})
	want := &side{client: oracle.StartPostgres(t), conns: map[string]*pgconn.PgConn{}}
	got := &side{client: node.Client, conns: map[string]*pgconn.PgConn{}}
	role := ""
	for _, part := range strings.Split(string(text), "\n-- ") {
		if head, rest, found := strings.Cut(part, "\n"); found && !strings.HasSuffix(head, ";") {
			role, part = head, rest
		}
		if role == "super" {
			role = ""
		}
		for _, statement := range oracle.Statements(part) {
			w, g := want.run(t, role, statement), got.run(t, role, statement)
			if w != g {
				t.Errorf("as %q: %s\nPostgreSQL: %s\nMillrace:   %s", role, statement, w, g)
			}
		}
	}
}
