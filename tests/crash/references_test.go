package crash_test

import (
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// referenceRounds is how often the server is killed under clients that write keys and rows that refer to them, after referencesPerRound.
const (
	referenceRounds    = 3
	referencesPerRound = 600
)

// TestReferencesKill kills the server while clients take keys away and others refer to them, and while foreign keys come and go: after
// each start no row refers to what is not there.
func TestReferencesKill(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, "CREATE TABLE parents (id int PRIMARY KEY, u int UNIQUE, n int)")
	node.Exec(t, "CREATE TABLE children (id int PRIMARY KEY, p int REFERENCES parents, u int REFERENCES parents (u) ON UPDATE CASCADE ON DELETE SET NULL)")
	node.Exec(t, "CREATE TABLE cascaded (id int PRIMARY KEY, p int REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE)")
	node.Exec(t, "CREATE TABLE added (id int PRIMARY KEY, p int)")
	for round := range referenceRounds {
		referUnderKill(t, node, round)
		node.Restart(t)
		for _, child := range []string{"children c LEFT JOIN parents p ON p.id = c.p WHERE c.p", "children c LEFT JOIN parents p ON p.u = c.u WHERE c.u",
			"cascaded c LEFT JOIN parents p ON p.id = c.p WHERE c.p"} {
			if lost := node.Query(t, "SELECT c.* FROM "+child+" IS NOT NULL AND p.id IS NULL").Rows; len(lost) > 0 {
				t.Errorf("rows of %s that refer to nothing: %v", child, lost)
			}
		}
		checkAdded(t, node)
	}
}

// checkAdded looks at the foreign key that comes and goes: if it is there it holds.
func checkAdded(t *testing.T, node *oracle.Millrace) {
	t.Helper()
	lost := node.Query(t, "SELECT c.* FROM added c LEFT JOIN parents p ON p.id = c.p WHERE c.p IS NOT NULL AND p.id IS NULL").Rows
	there := node.Query(t, "SELECT 1 AS one FROM pg_constraint WHERE conname = 'comes'").Rows
	if len(there) > 0 && len(lost) > 0 {
		t.Errorf("rows that refer to nothing under a foreign key that was added: %v", lost)
	}
}

func referUnderKill(t *testing.T, node *oracle.Millrace, round int) {
	var done atomic.Int64
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 6 {
		conn, rng := node.Conn(t), rand.New(rand.NewSource(int64(10*round+i)))
		wg.Go(func() {
			for refer(t, conn, rng, i) {
				if done.Add(1) == referencesPerRound {
					close(enough)
				}
			}
		})
	}
	<-enough
	node.Kill(t)
	wg.Wait()
}

// refer runs a statement; false: the server is gone. Client 0 also adds the foreign key of added, and drops it.
func refer(t *testing.T, conn *pgx.Conn, rng *rand.Rand, client int) bool {
	key, other, row := rng.Intn(20), rng.Intn(20), rng.Intn(100)
	sql := [...]string{
		fmt.Sprintf("INSERT INTO parents SELECT g, 100 + g FROM generate_series(%d, %d) g ON CONFLICT DO NOTHING", key, key+3),
		fmt.Sprintf("DELETE FROM parents WHERE id = %d", key),
		fmt.Sprintf("UPDATE parents SET id = %d, u = %d WHERE id = %d", other, 100+other, key),
		fmt.Sprintf("INSERT INTO children VALUES (%d, %d, %d) ON CONFLICT (id) DO UPDATE SET p = excluded.p, u = excluded.u", row, key, 100+other),
		fmt.Sprintf("INSERT INTO cascaded VALUES (%d, %d) ON CONFLICT (id) DO UPDATE SET p = excluded.p", row, key),
		fmt.Sprintf("DELETE FROM children WHERE id = %d", row),
		fmt.Sprintf("BEGIN; INSERT INTO parents VALUES (%d, %d); INSERT INTO children VALUES (%d, %d, %d); COMMIT", 1000+row, 1000+row, 1000+row, 1000+row, 1000+row),
		fmt.Sprintf("INSERT INTO added VALUES (%d, %d) ON CONFLICT (id) DO UPDATE SET p = excluded.p", row, key),
	}[rng.Intn(8)]
	if client == 0 && rng.Intn(5) == 0 {
		sql = [...]string{
			"DELETE FROM added a WHERE NOT EXISTS (SELECT FROM parents p WHERE p.id = a.p)",
			"ALTER TABLE added ADD CONSTRAINT comes FOREIGN KEY (p) REFERENCES parents",
			"ALTER TABLE added DROP CONSTRAINT IF EXISTS comes",
		}[rng.Intn(3)]
	}
	err := exec(conn, sql)
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return true
	case !errors.As(err, &refused) || refused.Code == "57P01":
		return false
	}
	switch refused.Code {
	case "23503", "23505", "40001", "40P01", "42710":
		if conn.PgConn().TxStatus() != 'I' {
			return exec(conn, "ROLLBACK") == nil
		}
		return true
	}
	t.Errorf("%s: %v", sql, err)
	return false
}
