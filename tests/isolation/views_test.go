package isolation

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestRepeatableReadOfViews shows that a block of REPEATABLE READ sees in views what was acknowledged before its first
// statement, whichever relation that reads, and nothing that came later; and that a view which came later is refused.
func TestRepeatableReadOfViews(t *testing.T) {
	db := oracle.StartMillrace(t, oracle.Options{})
	db.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, n int);
		CREATE STREAM s (v int);
		CREATE MATERIALIZED VIEW sums AS SELECT n % 2 AS k, sum(n) AS s FROM t GROUP BY n % 2;
		CREATE MATERIALIZED VIEW counts AS SELECT v, count(*) AS c FROM s GROUP BY v;
		INSERT INTO t VALUES (1, 1), (2, 2), (3, 3);
		INSERT INTO s VALUES (1), (1)`)
	conn, err := pgx.Connect(t.Context(), db.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	number := func(sql string) (n int) {
		t.Helper()
		if err := tx.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return n
	}
	if n := number("SELECT count(*) FROM t"); n != 3 {
		t.Errorf("%d rows", n)
	}
	db.Exec(t, `INSERT INTO t VALUES (4, 100);
		INSERT INTO s VALUES (1);
		CREATE MATERIALIZED VIEW later AS SELECT n, count(*) AS c FROM t GROUP BY n`)
	for sql, want := range map[string]int{"SELECT sum(s)::int FROM sums": 6, "SELECT sum(c)::int FROM counts": 2, "SELECT count(*) FROM s": 2, "SELECT sum(n) FROM t": 6} {
		if n := number(sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
	var refused *pgconn.PgError
	if _, err := tx.Exec(t.Context(), "SELECT * FROM later"); !errors.As(err, &refused) || refused.Code != "55000" {
		t.Errorf("a view that came later: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := conn.QueryRow(t.Context(), "SELECT sum(s)::int FROM sums").Scan(&sum); err != nil || sum != 106 {
		t.Errorf("after the block: %d, %v", sum, err)
	}
}
