// Package crash_test kills the server in the middle of work, again and again, and looks: every acknowledged write is
// there, no statement is there in part or twice, and each view is what PostgreSQL says that its query gives over the
// rows that are there.
package crash_test

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	// statementsPerRound is after how many acknowledged statements and transactions of all writers the server is killed.
	statementsPerRound = 300
)

func TestMain(m *testing.M) { oracle.Main(m) }

func TestKill(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, schema)
	node.Exec(t, views)
	node.Exec(t, "CREATE INDEX writers_entries ON entries_by_writer (entries, writer)")
	for id := range accounts {
		node.Exec(t, fmt.Sprintf("INSERT INTO accounts VALUES (%d, 'owner %d', %d)", id, id%4, startBalance))
	}
	ws := make([]*writer, writers)
	for i := range ws {
		ws[i] = newWriter(i)
		node.Exec(t, fmt.Sprintf("INSERT INTO counters VALUES (%d, 0)", i))
	}
	for round := range *rounds {
		began := time.Now()
		work(t, node, ws)
		killed := time.Now()
		node.Restart(t)
		ready := time.Now()
		check(t, node, ws)
		t.Logf("round %d: load %v, start %v, check %v", round, killed.Sub(began), ready.Sub(killed), time.Since(ready))
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

func check(t *testing.T, node *oracle.Millrace, ws []*writer) {
	checkStatements(t, node, ws)
	checkCounters(t, node, ws)
	if sum := node.Query(t, "SELECT sum(balance), count(*) FROM accounts").Rows[0].String(); sum != oracleRow(accounts*startBalance, accounts) {
		t.Errorf("sum of the balances and number of accounts: %s", sum)
	}
	checkIndexes(t, node)
	checkViews(t, node)
}

// checkIndexes reads tables and a view along each index, and without.
func checkIndexes(t *testing.T, node *oracle.Millrace) {
	for _, x := range []struct{ name, relation, order, plain string }{
		{"entries_writer_seq_part_key", "entries", "writer, seq, part", "writer + 0, seq, part"},
		{"entries_account", "entries", "account", "account + 0"},
		{"accounts_balance", "accounts", "balance DESC, id", "balance + 0 DESC, id"},
		{"writers_entries", "entries_by_writer", "entries, writer", "entries + 0, writer"},
	} {
		along := "SELECT * FROM " + x.relation + " ORDER BY " + x.order + " LIMIT 1000000"
		if plan := node.Query(t, "EXPLAIN "+along); !strings.Contains(fmt.Sprint(plan.Rows), "using "+x.name) {
			t.Fatalf("%s is not used: %v", x.name, plan.Rows)
		}
		if difference := oracle.Diff(node.Query(t, "SELECT * FROM "+x.relation+" ORDER BY "+x.plain), node.Query(t, along)); difference != "" {
			t.Errorf("index %s (+) differs from its table (-)\n%s", x.name, difference)
		}
	}
}

func oracleRow(values ...int) string {
	row := make(oracle.Row, len(values))
	for i, v := range values {
		row[i] = oracle.Value{Text: strconv.Itoa(v)}
	}
	return row.String()
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
	for _, relation := range []string{"accounts", "counters", "events", "entries"} {
		copyRows(t, relation, node.Client, judge)
	}
	judge.Exec(t, views)
	for _, view := range []string{"by_writer", "by_owner", "poor", "poor_owners", "account_events", "entries_by_writer", "entry_accounts"} {
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
