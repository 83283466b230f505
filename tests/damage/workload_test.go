package damage_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const schema = `
CREATE TABLE accounts (id bigint PRIMARY KEY, owner text NOT NULL, balance bigint NOT NULL);
CREATE TABLE notes (id bigint PRIMARY KEY, note text) WITH (state = 'memory');
CREATE STREAM events (id bigint KEY, account bigint, amount numeric);
CREATE MATERIALIZED VIEW by_owner AS SELECT a.owner, count(*) AS events, sum(e.amount) AS amount FROM events e JOIN accounts a ON a.id = e.account GROUP BY a.owner;
CREATE MATERIALIZED VIEW by_account WITH (state = 'memory') AS SELECT account, count(*) AS events, max(amount) AS most FROM events GROUP BY account;
CREATE MATERIALIZED VIEW poor AS SELECT id, owner FROM accounts WHERE balance < 1000`

// queries are what is asked of a node: all that it holds.
var queries = []string{
	"SELECT * FROM accounts", "SELECT * FROM notes", "SELECT * FROM events",
	"SELECT * FROM by_owner", "SELECT * FROM by_account", "SELECT * FROM poor",
	"SELECT owner, balance FROM accounts WHERE id = 7",
}

// original is a data directory and what it answers.
type original struct {
	dir     string
	files   map[string][]string // by kind, relative
	answers []string            // of queries
}

// prepare makes three data directories: as a crash leaves one, stopped in order, and with snapshots behind it.
func prepare(t *testing.T) []original {
	ctx := context.Background()
	dir := t.TempDir()
	var out []original
	for stage := range 3 {
		n, err := open(ctx, dir)
		must(t, err)
		if stage == 0 {
			n.run(ctx, t, strings.Split(schema, ";\n")...)
		}
		n.write(ctx, t, stage)
		if stage == 1 {
			must(t, n.n.TakeSnapshots())
		}
		answers := n.answers(ctx, t)
		if stage == 0 {
			out = append(out, keep(t, dir, answers))
		}
		must(t, n.close(ctx))
		if stage > 0 {
			out = append(out, keep(t, dir, answers))
		}
	}
	return out
}

func (n *node) run(ctx context.Context, t *testing.T, statements ...string) {
	for _, sql := range statements {
		if a := n.query(ctx, sql); a.err != nil {
			t.Fatalf("%v\nin: %s", a.err, sql)
		}
	}
}

// write fills all relations: many rows in few statements, and few in many; updates, deletes and transactions over shards.
func (n *node) write(ctx context.Context, t *testing.T, stage int) {
	first := stage * 100
	for i := first; i < first+100; i += 20 {
		var accounts, notes, events []string
		for id := i; id < i+20; id++ {
			accounts = append(accounts, fmt.Sprintf("(%d, 'owner %d', %d)", id, id%5, 900+id*7%300))
			notes = append(notes, fmt.Sprintf("(%d, '%s')", id, strings.Repeat(fmt.Sprint("note ", id, " "), 40)))
			events = append(events, fmt.Sprintf("(%d, %d, %d.5)", id, id*3%100, id))
		}
		n.run(ctx, t, "INSERT INTO accounts VALUES "+strings.Join(accounts, ", "), "INSERT INTO notes VALUES "+strings.Join(notes, ", "),
			"INSERT INTO events VALUES "+strings.Join(events, ", "))
	}
	for i := range 8 {
		n.run(ctx, t, fmt.Sprintf("UPDATE accounts SET balance = balance + CASE WHEN id = %d THEN 5 ELSE -5 END WHERE id IN (%d, %d)", i, i, i+20),
			fmt.Sprintf("DELETE FROM notes WHERE id %% 50 = %d", i+stage),
			"BEGIN", fmt.Sprintf("INSERT INTO events VALUES (%d, %d, 1)", 1000+first+i, i), fmt.Sprintf("UPDATE accounts SET owner = 'x' WHERE id = %d", i*9), "COMMIT")
	}
}

func (n *node) answers(ctx context.Context, t *testing.T) []string {
	var out []string
	for _, sql := range queries {
		a := n.query(ctx, sql)
		if a.err != nil || a.rows == "" {
			t.Fatalf("%s: %q, %v", sql, a.rows, a.err)
		}
		out = append(out, a.rows)
	}
	return out
}

// keep copies a data directory and lists its files.
func keep(t *testing.T, dir string, answers []string) original {
	o := original{dir: t.TempDir(), files: map[string][]string{}, answers: answers}
	must(t, copyDir(dir, o.dir))
	must(t, filepath.WalkDir(o.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(o.dir, path)
		o.files[kindOf(name)] = append(o.files[kindOf(name)], name)
		return err
	}))
	return o
}

// kindOf is what a file is, by its name.
func kindOf(name string) string {
	base := filepath.Base(name)
	switch ext := filepath.Ext(base); {
	case ext == ".wal", ext == ".sst", ext == ".mem", ext == ".index", ext == ".timeindex":
		return ext[1:]
	case strings.Contains(name, "/topics/") && ext == ".log":
		return "segment"
	case base == "snapshot":
		return strings.SplitN(name, "/", 2)[0] + " snapshot"
	case strings.HasPrefix(base, "MANIFEST"), base == "CURRENT", base == "format.json":
		return strings.SplitN(base, "-", 2)[0]
	default: // locks, options, RocksDB's own log: nothing is read from them, or only to compare
		return "other"
	}
}

// copyDir copies a directory. Zeros at the end of a file, of which the write-ahead log has many, become a hole.
func copyDir(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil || d.IsDir() {
			return firstError(err, os.MkdirAll(filepath.Join(to, name), 0o750))
		}
		return copyFile(path, filepath.Join(to, name))
	})
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(b[:dataBytes(b)]); err != nil {
		return err
	}
	return f.Truncate(int64(len(b)))
}

// dataBytes is the length of b without zeros at its end.
func dataBytes(b []byte) int {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return n
}
