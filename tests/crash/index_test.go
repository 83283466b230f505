package crash_test

import (
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// builtRows is how many rows there are before the indexes are made.
const builtRows = 20_000

// TestBuild makes indexes of a table while others write to it, kills the server in the middle of one, and looks: each index says
// what its table says, nothing is left of those that failed, and unique values are unique.
func TestBuild(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, "CREATE TABLE built (id bigint PRIMARY KEY, u bigint, v bigint)")
	node.Exec(t, fmt.Sprintf("INSERT INTO built SELECT a.n * 200 + b.n, a.n * 200 + b.n, b.n FROM (%s) a (n), (%s) b (n)", series(100), series(200)))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 4 {
		conn := node.Conn(t)
		wg.Go(func() { change(t, conn, rand.New(rand.NewSource(int64(i))), stop) })
	}
	node.Exec(t, "CREATE INDEX built_v ON built (v, u DESC)")
	node.Exec(t, "CREATE UNIQUE INDEX built_u ON built (u)")
	node.Exec(t, "ALTER TABLE built ADD CONSTRAINT built_both UNIQUE (v, id)")
	if _, err := node.TryQuery("CREATE UNIQUE INDEX built_no ON built (v)"); err == nil || !strings.Contains(err.Error(), "23505") {
		t.Errorf("a unique index over equal values: %v", err)
	}
	close(stop)
	wg.Wait()
	checkBuilt(t, node)
	conn := node.Conn(t)
	failed := make(chan error, 1)
	go func() { failed <- exec(conn, "CREATE UNIQUE INDEX built_cut ON built (id, u, v)") }()
	node.Kill(t)
	<-failed
	node.Restart(t)
	checkBuilt(t, node)
	node.Exec(t, "DROP INDEX IF EXISTS built_cut")
	node.Exec(t, "CREATE UNIQUE INDEX built_cut ON built (id, u, v)")
}

func series(n int) string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("(%d)", i)
	}
	return "VALUES " + strings.Join(values, ", ")
}

// change writes to built until it is told to stop. Each row keeps a value of u that no other has, but for tries that must fail once
// there is the index.
func change(t *testing.T, conn *pgx.Conn, rng *rand.Rand, stop chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		id := rng.Intn(builtRows)
		sql := [...]string{
			fmt.Sprintf("UPDATE built SET v = v + 1 WHERE id = %d", id),
			fmt.Sprintf("UPDATE built SET u = -u WHERE id = %d", id),
			fmt.Sprintf("DELETE FROM built WHERE id = %d", id),
			fmt.Sprintf("INSERT INTO built VALUES (%d, %d, %d) ON CONFLICT (id) DO UPDATE SET v = excluded.v", id, id, n%200),
		}[rng.Intn(4)]
		var refused *pgconn.PgError
		if err := exec(conn, sql); err != nil && !(errors.As(err, &refused) && refused.Code == "23505") {
			t.Errorf("%s: %v", sql, err)
			return
		}
	}
}

func checkBuilt(t *testing.T, node *oracle.Millrace) {
	t.Helper()
	for name, order := range map[string][2]string{"built_v": {"v, u DESC", "v + 0, u DESC"}, "built_u": {"u", "u + 0"}, "built_both": {"v, id", "v + 0, id"}} {
		along := "SELECT " + strings.TrimSuffix(order[0], " DESC") + ", id AS i FROM built ORDER BY " + order[0] + " LIMIT 1000000"
		plain := "SELECT " + strings.TrimSuffix(order[0], " DESC") + ", id AS i FROM built ORDER BY " + order[1]
		if name != "built_both" {
			if plan := node.Query(t, "EXPLAIN "+along); !strings.Contains(fmt.Sprint(plan.Rows), "using "+name) {
				t.Fatalf("%s is not used: %v", name, plan.Rows)
			}
		}
		if difference := oracle.Diff(node.Query(t, plain), node.Query(t, along)); difference != "" {
			t.Errorf("index %s (+) differs from its table (-)\n%s", name, difference)
		}
	}
	if twice := node.Query(t, "SELECT u, count(*) FROM built GROUP BY u HAVING count(*) > 1").Rows; len(twice) > 0 {
		t.Errorf("values that are there twice: %v", twice)
	}
}
