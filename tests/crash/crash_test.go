// Package crash_test kills the server in the middle of work, again and again, and looks: every acknowledged write is
// there, no statement is there in part or twice, and each view is what PostgreSQL says that its query gives over the
// rows that are there.
package crash_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

var (
	//go:embed schema.sql
	schema string
	//go:embed views.sql
	views string

	rounds = flag.Int("rounds", 5, "how often the server is killed")
)

// The load: few accounts, so that writers meet on their rows.
const (
	writers       = 6
	accounts      = 20
	startBalance  = 1000
	rowsPerInsert = 3 // with keys that spread over partitions and so over shards
	// statementsPerRound is after how many acknowledged statements of all writers the server is killed.
	statementsPerRound = 300
)

func TestMain(m *testing.M) { oracle.Main(m) }

// writer is one client and what it knows to be acknowledged.
type writer struct {
	id        int
	rng       *rand.Rand
	inserted  int // statements of insert, acknowledged or with an unknown outcome
	acked     map[int]bool
	increment int // acknowledged
	unknown   int // increments with an unknown outcome
}

func TestKill(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, schema)
	node.Exec(t, views)
	for id := range accounts {
		node.Exec(t, fmt.Sprintf("INSERT INTO accounts VALUES (%d, 'owner %d', %d)", id, id%4, startBalance))
	}
	ws := make([]*writer, writers)
	for i := range ws {
		ws[i] = &writer{id: i, rng: rand.New(rand.NewSource(int64(i))), acked: map[int]bool{}}
		node.Exec(t, fmt.Sprintf("INSERT INTO counters VALUES (%d, 0)", i))
	}
	for round := range *rounds {
		work(t, node, ws)
		node.Restart(t)
		check(t, node, ws)
		if t.Failed() {
			t.Fatalf("after round %d", round)
		}
	}
}

// work lets all writers write until enough is acknowledged, and kills the server under them.
func work(t *testing.T, node *oracle.Millrace, ws []*writer) {
	var acknowledged atomic.Int64
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for _, w := range ws {
		conn := node.Conn(t)
		wg.Go(func() {
			for w.write(conn) == nil {
				if acknowledged.Add(1) == statementsPerRound {
					close(enough)
				}
			}
		})
	}
	<-enough
	node.Kill(t)
	wg.Wait()
}

// write runs one statement. It returns an error once the server is gone.
func (w *writer) write(conn *pgx.Conn) error {
	switch w.rng.Intn(4) {
	case 0, 1:
		return w.insert(conn)
	case 2:
		return w.transfer(conn)
	}
	return w.count(conn)
}

func exec(conn *pgx.Conn, sql string) error {
	_, err := conn.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// insert writes the rows of one statement: all of them must be there, or none.
func (w *writer) insert(conn *pgx.Conn) error {
	seq := w.inserted
	w.inserted++
	sql := "INSERT INTO events VALUES "
	for part := range rowsPerInsert {
		if part > 0 {
			sql += ", "
		}
		id := w.id*1_000_000 + seq*rowsPerInsert + part
		sql += fmt.Sprintf("(%d, %d, %d, %d, %d, %d.%02d)", id, w.id, seq, part, w.rng.Intn(accounts), w.rng.Intn(50), w.rng.Intn(100))
	}
	if err := exec(conn, sql); err != nil {
		return err
	}
	w.acked[seq] = true
	return nil
}

// transfer moves money between two accounts in one statement: the sum of all balances never changes.
func (w *writer) transfer(conn *pgx.Conn) error {
	from := w.rng.Intn(accounts)
	to := (from + 1 + w.rng.Intn(accounts-1)) % accounts
	amount := 1 + w.rng.Intn(100)
	return exec(conn, fmt.Sprintf("UPDATE accounts SET balance = balance + CASE WHEN id = %d THEN %d ELSE %d END WHERE id IN (%d, %d)",
		from, -amount, amount, from, to))
}

// count adds one to the writer's own row.
func (w *writer) count(conn *pgx.Conn) error {
	if err := exec(conn, fmt.Sprintf("UPDATE counters SET n = n + 1 WHERE writer = %d", w.id)); err != nil {
		w.unknown++
		return err
	}
	w.increment++
	return nil
}

func check(t *testing.T, node *oracle.Millrace, ws []*writer) {
	checkEvents(t, node, ws)
	checkCounters(t, node, ws)
	if sum := node.Query(t, "SELECT sum(balance), count(*) FROM accounts").Rows[0].String(); sum != oracleRow(accounts*startBalance, accounts) {
		t.Errorf("sum of the balances and number of accounts: %s", sum)
	}
	checkViews(t, node)
}

func oracleRow(values ...int) string {
	row := make(oracle.Row, len(values))
	for i, v := range values {
		row[i] = oracle.Value{Text: strconv.Itoa(v)}
	}
	return row.String()
}

// checkEvents looks at the statements of each writer: one that was acknowledged has all its rows, another all or none, and
// no row is there twice.
func checkEvents(t *testing.T, node *oracle.Millrace, ws []*writer) {
	found := map[[2]int]int{}
	for _, row := range node.Query(t, "SELECT writer, seq, count(*), count(DISTINCT part) FROM events GROUP BY writer, seq").Rows {
		n := ints(t, row)
		found[[2]int{n[0], n[1]}] = n[2]
		if n[2] != rowsPerInsert || n[3] != rowsPerInsert {
			t.Errorf("statement %d of writer %d has %d rows, %d different ones, of %d", n[1], n[0], n[2], n[3], rowsPerInsert)
		}
	}
	for _, w := range ws {
		for seq := range w.acked {
			if found[[2]int{w.id, seq}] == 0 {
				t.Errorf("statement %d of writer %d was acknowledged and is lost", seq, w.id)
			}
		}
	}
}

func checkCounters(t *testing.T, node *oracle.Millrace, ws []*writer) {
	for _, row := range node.Query(t, "SELECT writer, n FROM counters").Rows {
		n := ints(t, row)
		w := ws[n[0]]
		if n[1] < w.increment || n[1] > w.increment+w.unknown {
			t.Errorf("writer %d: %d increments acknowledged, %d of unknown outcome, %d counted", w.id, w.increment, w.unknown, n[1])
		}
	}
}

func ints(t *testing.T, row oracle.Row) []int {
	out := make([]int, len(row))
	for i, v := range row {
		n, err := strconv.Atoi(v.Text)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = n
	}
	return out
}

// checkViews gives PostgreSQL the rows that are there and compares each view with its query.
func checkViews(t *testing.T, node *oracle.Millrace) {
	judge := oracle.StartPostgres(t)
	judge.Exec(t, schema)
	for _, relation := range []string{"accounts", "counters", "events"} {
		copyRows(t, relation, node.Client, judge)
	}
	judge.Exec(t, views)
	for _, view := range []string{"by_writer", "by_owner", "poor", "poor_owners", "account_events"} {
		oracle.Compare(t, view, judge, node.Client, "SELECT * FROM "+view)
	}
}

// copyRows loads all rows of a relation of one side into the same relation of the other.
func copyRows(t *testing.T, relation string, from, to *oracle.Client) {
	var data bytes.Buffer
	w := csv.NewWriter(&data)
	for _, row := range from.Query(t, "SELECT * FROM "+relation).Rows {
		fields := make([]string, len(row))
		for i, v := range row {
			fields[i] = v.Text // no column holds a NULL
		}
		if err := w.Write(fields); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	to.CopyRows(t, relation, &data)
}
