//go:build drivers

package drivers_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// tool applies and takes back the migrations of its directory: a stream, a table with a row, a view, a column.
type tool struct {
	up, down func(t *testing.T, s *oracle.Client) *exec.Cmd // down nil: it has none
	locks    bool                                           // two at once do it once
}

func TestMigrations(t *testing.T) {
	for name, x := range map[string]tool{
		"goose":   {up: goose("up"), down: goose("down-to", "0")},
		"migrate": {up: migrate("up"), down: migrate("down", "-all"), locks: true},
		"alembic": {up: alembic("upgrade", "head"), down: alembic("downgrade", "base")},
	} {
		t.Run(name, func(t *testing.T) { checkTool(t, x) })
	}
}

func checkTool(t *testing.T, x tool) {
	s := oracle.StartMillrace(t, oracle.Options{}).Client
	runs := []*exec.Cmd{x.up(t, s)}
	if x.locks {
		runs = append(runs, x.up(t, s))
	}
	var wait sync.WaitGroup
	for _, cmd := range runs {
		wait.Add(1)
		go func() {
			defer wait.Done()
			succeed(t, cmd)
		}()
	}
	wait.Wait()
	want := "1 first {} a 3"
	if got := migrated(t, s); got != want {
		t.Errorf("migrated: %q, want %q", got, want)
	}
	succeed(t, x.up(t, s)) // there is nothing left to do
	if x.down == nil {
		return
	}
	succeed(t, x.down(t, s))
	if err := s.TryExec("SELECT 1 FROM orders"); err == nil || !strings.Contains(err.Error(), "42P01") {
		t.Errorf("taken back, and the table is there: %v", err)
	}
	succeed(t, x.up(t, s))
	if got := migrated(t, s); got != want {
		t.Errorf("migrated again: %q, want %q", got, want)
	}
}

// migrated is what is there after the migrations.
func migrated(t *testing.T, s *oracle.Client) string {
	var words []string
	for _, query := range []string{"SELECT count(*), max(note), max(tags::text) FROM orders", "SELECT kind, total FROM totals"} {
		for _, row := range s.Query(t, query).Rows {
			for _, v := range row {
				words = append(words, v.Text)
			}
		}
	}
	return strings.Join(words, " ")
}

func goose(args ...string) func(*testing.T, *oracle.Client) *exec.Cmd {
	return func(t *testing.T, s *oracle.Client) *exec.Cmd {
		return command(t, s, installed(t, "go/goose"), append([]string{"-dir", "migrations/goose", "postgres", address(t, s)}, args...)...)
	}
}

func migrate(args ...string) func(*testing.T, *oracle.Client) *exec.Cmd {
	return func(t *testing.T, s *oracle.Client) *exec.Cmd {
		return command(t, s, installed(t, "go/migrate"), append([]string{"-source", "file://migrations/migrate", "-database", address(t, s)}, args...)...)
	}
}

func alembic(args ...string) func(*testing.T, *oracle.Client) *exec.Cmd {
	return func(t *testing.T, s *oracle.Client) *exec.Cmd {
		return command(t, s, installed(t, "python/bin/alembic"), append([]string{"-c", "migrations/alembic/alembic.ini"}, args...)...)
	}
}

// address is the server as a URL.
func address(t *testing.T, s *oracle.Client) string {
	config, err := pgconn.ParseConfig(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgres://%s@%s:%d/%s?sslmode=disable", config.User, config.Host, config.Port, config.Database)
}

// command is a program that finds the server in its environment.
func command(t *testing.T, s *oracle.Client, program string, args ...string) *exec.Cmd {
	config, err := pgconn.ParseConfig(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "PGHOST="+config.Host, fmt.Sprintf("PGPORT=%d", config.Port), "PGUSER="+config.User,
		"PGDATABASE="+config.Database, "TZ=UTC", "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

func succeed(t *testing.T, cmd *exec.Cmd) {
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(cmd.Path), err, out)
	}
}
