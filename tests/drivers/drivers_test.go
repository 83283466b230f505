//go:build drivers

// Package drivers_test runs programs that use the PostgreSQL drivers of other languages against PostgreSQL, which they must
// agree with, and then against Millrace, where they also follow changes. Each checks itself: typed values in text and
// binary, prepared statements, batches, errors, transactions, COPY, cursors, cancellation.
package drivers_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// patience is how long a program may take; it hangs only if something is wrong.
const patience = 3 * time.Minute

func TestPython(t *testing.T) {
	for _, driver := range []string{"psycopg", "asyncpg", "sqlalchemy"} {
		t.Run(driver, func(t *testing.T) {
			both(t, installed(t, "python/bin/python"), filepath.Join("python", "check_"+driver+".py"))
		})
	}
}

// TestNode runs the program where its modules are.
func TestNode(t *testing.T) {
	program, err := os.ReadFile("node/check.mjs")
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(installed(t, "node"), "check.mjs")
	if err := os.WriteFile(place, program, 0o644); err != nil {
		t.Fatal(err)
	}
	both(t, "node", place)
}

func TestJava(t *testing.T) {
	both(t, "java", "-cp", filepath.Join(installed(t, "java"), "*"), "java/Check.java")
}

func TestRust(t *testing.T) {
	both(t, installed(t, "rust/debug/millrace-check"))
}

// installed is the path of what the script install has put into bin/drivers.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../bin/drivers", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: make test-drivers installs it", err)
	}
	return path
}

// both runs a program against PostgreSQL and against Millrace.
func both(t *testing.T, program string, args ...string) {
	t.Helper()
	run(t, oracle.StartPostgres(t), "no", program, args...)
	run(t, oracle.StartMillrace(t, oracle.Options{}).Client, "yes", program, args...)
}

func run(t *testing.T, server *oracle.Client, streaming, program string, args ...string) {
	t.Helper()
	config, err := pgconn.ParseConfig(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "PGHOST="+config.Host, fmt.Sprintf("PGPORT=%d", config.Port), "PGUSER="+config.User,
		"PGDATABASE="+config.Database, "STREAMING="+streaming, "TZ=UTC")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", server.Label, err, out)
	}
}
