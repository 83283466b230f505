package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millracedb/millrace/exec/session"
)

// What the view of BenchmarkMemoryState works on: more groups than rows in a statement, so that each row changes a group of its own.
const (
	groupedRows = 5000 // in a statement
	groups      = 100_000
)

// grouped is a node with a stream and a view that groups it.
type grouped struct {
	s     *session.Session
	shift int
}

func newGrouped(b *testing.B, state string) *grouped {
	n, err := openNode(b.TempDir(), 4)
	must(b, err)
	b.Cleanup(func() { n.Close() })
	s, err := session.New(n, session.Options{User: "millrace", Database: "x"})
	must(b, err)
	g := &grouped{s: s}
	var values []string
	for i := range groupedRows {
		values = append(values, fmt.Sprintf("(%d)", i))
	}
	for _, sql := range []string{
		"CREATE TABLE numbers (n bigint PRIMARY KEY)", "INSERT INTO numbers VALUES " + strings.Join(values, ", "),
		"CREATE STREAM events (g bigint KEY, n bigint)",
		"CREATE MATERIALIZED VIEW sums WITH (state = '" + state + "') AS SELECT g, count(*) AS events, sum(n) AS n, max(n) AS most FROM events GROUP BY g",
	} {
		must(b, g.run(sql))
	}
	for range groups / groupedRows {
		must(b, g.add())
	}
	return g
}

// add writes rows of groups that it has not met for a while, and returns when the view has them.
func (g *grouped) add() error {
	g.shift += groupedRows
	if err := g.run(fmt.Sprintf("INSERT INTO events SELECT (n + %d) %% %d, n FROM numbers", g.shift, groups)); err != nil {
		return err
	}
	return g.run("SELECT * FROM sums WHERE g = 1")
}

func (g *grouped) run(sql string) error {
	prepared, err := g.s.Prepare(background, "", sql, nil)
	if err != nil {
		return err
	}
	portal, err := g.s.Bind(background, "", prepared, nil)
	for done := false; err == nil && !done; {
		_, done, err = portal.Next(background, 0)
	}
	if err != nil {
		return err
	}
	return g.s.Sync(background)
}

// BenchmarkMemoryState inserts rows that each change a group of a view, until the view has them: with the view's rows and state in
// memory, beside one in RocksDB.
func BenchmarkMemoryState(b *testing.B) {
	side := func(g *grouped) Side {
		return func(d time.Duration) float64 {
			return Until(d, func() float64 { must(b, g.add()); return groupedRows })
		}
	}
	memory, disk := newGrouped(b, "memory"), newGrouped(b, "rocksdb")
	row := Row{Unit: "rows", Bare: "the same view with state = 'rocksdb'",
		Name: fmt.Sprintf("view in memory: GROUP BY, %d groups, %d rows a statement", groups, groupedRows)}
	Compare(b, row, side(memory), side(disk))
}
