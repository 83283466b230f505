package isolation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestTransfers has clients move amounts between accounts in blocks, each in two updates, while others add to all of them
// outside of blocks. In READ COMMITTED nothing fails but by a deadlock, and nothing is lost.
func TestTransfers(t *testing.T) {
	const accounts, clients, rounds = 8, 6, 40
	db := oracle.StartMillrace(t, oracle.Options{})
	db.Exec(t, "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)")
	for i := range accounts {
		db.Exec(t, fmt.Sprintf("INSERT INTO account VALUES (%d, 1000)", i))
	}
	for _, ordered := range []bool{true, false} {
		t.Run(fmt.Sprintf("ordered=%v", ordered), func(t *testing.T) {
			var before, after int
			ask(t, db.Address(), "SELECT sum(balance)::int FROM account", &before)
			var wg sync.WaitGroup
			for n := range clients {
				wg.Go(func() { transfers(t, db.Address(), n, accounts, rounds, ordered) })
			}
			wg.Go(func() { increments(t, db.Address(), accounts, rounds) })
			wg.Wait()
			ask(t, db.Address(), "SELECT sum(balance)::int FROM account", &after)
			if after != before+rounds {
				t.Errorf("the sum was %d, and is %d after %d increments", before, after, rounds)
			}
		})
	}
}

func ask(t *testing.T, address, sql string, into ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(into...); err != nil {
		t.Error(err)
	}
}

// transfers moves amounts; those that take their accounts in order can never fail.
func transfers(t *testing.T, address string, seed, accounts, rounds int, ordered bool) {
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(t.Context())
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	for range rounds {
		from, to, amount := r.IntN(accounts), r.IntN(accounts), 1+r.IntN(10)
		if ordered && from > to {
			from, to, amount = to, from, -amount
		}
		err := transfer(t.Context(), conn, from, to, amount)
		var e *pgconn.PgError
		if errors.As(err, &e) && e.Code == "40P01" && !ordered {
			continue
		}
		if err != nil {
			t.Errorf("transfer from %d to %d: %v", from, to, err)
		}
	}
}

func transfer(ctx context.Context, conn *pgx.Conn, from, to, amount int) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE account SET balance = balance - $2 WHERE id = $1", from, amount); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE account SET balance = balance + $2 WHERE id = $1", to, amount)
		return err
	})
}

// increments adds to accounts one after the other, outside of blocks.
func increments(t *testing.T, address string, accounts, rounds int) {
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(t.Context())
	for i := range rounds {
		tag, err := conn.Exec(t.Context(), "UPDATE account SET balance = balance + 1 WHERE id = $1", i%accounts)
		if err != nil || tag.RowsAffected() != 1 {
			t.Errorf("increment: %v, %v", tag, err)
		}
	}
}
