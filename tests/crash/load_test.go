package crash_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// fate is what a writer knows of the rows of one of its statements.
type fate int

const (
	unknown fate = iota // the server was killed before it answered
	present             // acknowledged
	absent              // aborted, or deleted
)

// writer is one client and what it knows to be acknowledged.
type writer struct {
	id        int
	rng       *rand.Rand
	next      int          // of its statements that insert rows
	events    map[int]fate // per statement
	entries   map[int]fate
	kept      []int        // statements whose entries are present, to delete from
	both      map[int]bool // transactions of unknown outcome that write both relations
	increment int          // acknowledged
	unknown   int          // increments with an unknown outcome
}

func newWriter(id int) *writer {
	return &writer{id: id, rng: rand.New(rand.NewSource(int64(id))), events: map[int]fate{}, entries: map[int]fate{}, both: map[int]bool{}}
}

// write runs one statement or transaction. It returns an error once the server is gone.
func (w *writer) write(conn *pgx.Conn) error {
	switch w.rng.Intn(10) {
	case 0, 1:
		return w.insert(conn)
	case 2:
		return w.transfer(conn)
	case 3:
		return w.count(conn, "UPDATE counters SET n = n + 1 WHERE writer = %d")
	case 4:
		return w.count(conn, "INSERT INTO counters VALUES (%d, 1) ON CONFLICT (writer) DO UPDATE SET n = counters.n + EXCLUDED.n")
	case 5:
		return w.copyEntries(conn)
	case 6:
		return w.insertTwice(conn)
	case 7, 8:
		return w.transaction(conn)
	}
	return w.deleteEntries(conn)
}

func exec(conn *pgx.Conn, sql string) error {
	_, err := conn.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// nextStatement numbers a statement that inserts.
func (w *writer) nextStatement() int {
	w.next++
	return w.next - 1
}

func (w *writer) rowID(seq, part int) int { return w.id*1_000_000 + seq*rowsPerInsert + part }

func (w *writer) eventRows(seq int) string {
	var rows []string
	for part := range rowsPerInsert {
		rows = append(rows, fmt.Sprintf("(%d, %d, %d, %d, %d, %d.%02d)",
			w.rowID(seq, part), w.id, seq, part, w.rng.Intn(accounts), w.rng.Intn(50), w.rng.Intn(100)))
	}
	return strings.Join(rows, ", ")
}

// entryRows are rows in CSV.
func (w *writer) entryRows(seq int) []string {
	var rows []string
	for part := range rowsPerInsert {
		rows = append(rows, fmt.Sprintf("%d,%d,%d,%d,%d", w.rowID(seq, part), w.id, seq, part, w.rng.Intn(accounts)))
	}
	return rows
}

func values(rows []string) string { return "(" + strings.Join(rows, "), (") + ")" }

func outcome(err error) fate {
	if err == nil {
		return present
	}
	return unknown
}

// insert writes the rows of one statement: all of them must be there, or none.
func (w *writer) insert(conn *pgx.Conn) error {
	seq := w.nextStatement()
	err := exec(conn, "INSERT INTO events VALUES "+w.eventRows(seq))
	w.events[seq] = outcome(err)
	return err
}

// copyEntries loads the rows of one COPY.
func (w *writer) copyEntries(conn *pgx.Conn) error {
	seq := w.nextStatement()
	rows := strings.NewReader(strings.Join(w.entryRows(seq), "\n") + "\n")
	_, err := conn.PgConn().CopyFrom(context.Background(), rows, "COPY entries FROM STDIN WITH (FORMAT csv)")
	w.wroteEntries(seq, err)
	return err
}

// insertTwice inserts rows and inserts them again, as a client does that has not seen the answer.
func (w *writer) insertTwice(conn *pgx.Conn) error {
	seq := w.nextStatement()
	sql := "INSERT INTO entries VALUES " + values(w.entryRows(seq)) + " ON CONFLICT DO NOTHING"
	w.entries[seq] = unknown
	if err := exec(conn, sql); err != nil {
		return err
	}
	w.wroteEntries(seq, nil)
	return exec(conn, sql)
}

func (w *writer) wroteEntries(seq int, err error) {
	w.entries[seq] = outcome(err)
	if err == nil {
		w.kept = append(w.kept, seq)
	}
}

// deleteEntries deletes all rows of an earlier statement.
func (w *writer) deleteEntries(conn *pgx.Conn) error {
	if len(w.kept) == 0 {
		return w.copyEntries(conn)
	}
	i := w.rng.Intn(len(w.kept))
	seq := w.kept[i]
	w.kept = append(w.kept[:i], w.kept[i+1:]...)
	w.entries[seq] = unknown
	err := exec(conn, fmt.Sprintf("DELETE FROM entries WHERE writer = %d AND seq = %d", w.id, seq))
	if err == nil {
		w.entries[seq] = absent
	}
	return err
}

// transaction writes both relations and moves money, in statements of their own. One that meets another writer is
// aborted by the server: nothing of it may be seen.
func (w *writer) transaction(conn *pgx.Conn) error {
	seq := w.nextStatement()
	w.events[seq], w.entries[seq], w.both[seq] = unknown, unknown, true
	from, to, amount := w.accounts()
	err := execAll(conn, "BEGIN",
		"INSERT INTO events VALUES "+w.eventRows(seq),
		fmt.Sprintf("UPDATE accounts SET balance = balance - %d WHERE id = %d", amount, from),
		"INSERT INTO entries VALUES "+values(w.entryRows(seq)),
		fmt.Sprintf("UPDATE accounts SET balance = balance + %d WHERE id = %d", amount, to),
		"COMMIT")
	var refused *pgconn.PgError
	switch {
	case err == nil:
		w.events[seq] = present
		w.wroteEntries(seq, nil)
	case errors.As(err, &refused) && refused.Code == "40001":
		w.events[seq], w.entries[seq] = absent, absent
		err = exec(conn, "ROLLBACK")
	default:
		return err
	}
	delete(w.both, seq)
	return err
}

func execAll(conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if err := exec(conn, sql); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) accounts() (from, to, amount int) {
	from = w.rng.Intn(accounts)
	return from, (from + 1 + w.rng.Intn(accounts-1)) % accounts, 1 + w.rng.Intn(100)
}

// transfer moves money between two accounts in one statement: the sum of all balances never changes.
func (w *writer) transfer(conn *pgx.Conn) error {
	from, to, amount := w.accounts()
	return exec(conn, fmt.Sprintf("UPDATE accounts SET balance = balance + CASE WHEN id = %d THEN %d ELSE %d END WHERE id IN (%d, %d)",
		from, -amount, amount, from, to))
}

// count adds one to the writer's own row.
func (w *writer) count(conn *pgx.Conn, sql string) error {
	if err := exec(conn, fmt.Sprintf(sql, w.id)); err != nil {
		w.unknown++
		return err
	}
	w.increment++
	return nil
}

// checkStatements looks at the statements of each writer: one that was acknowledged has all its rows, one that was aborted or
// deleted has none, another all or none, and no row is there twice. What was unknown is known from here on.
func checkStatements(t *testing.T, node *oracle.Millrace, ws []*writer) {
	events, entries := statements(t, node, "events"), statements(t, node, "entries")
	for _, w := range ws {
		for seq := range w.both {
			if events[[2]int{w.id, seq}] != entries[[2]int{w.id, seq}] {
				t.Errorf("transaction %d of writer %d is there in part", seq, w.id)
			}
		}
		clear(w.both)
		w.settle(t, "events", w.events, events)
		w.settle(t, "entries", w.entries, entries)
	}
}

// statements gives which statements have rows, by writer and number.
func statements(t *testing.T, node *oracle.Millrace, relation string) map[[2]int]bool {
	found := map[[2]int]bool{}
	for _, row := range node.Query(t, "SELECT writer, seq, count(*), count(DISTINCT part) FROM "+relation+" GROUP BY writer, seq").Rows {
		n := ints(t, row)
		found[[2]int{n[0], n[1]}] = true
		if n[2] != rowsPerInsert || n[3] != rowsPerInsert {
			t.Errorf("%s: statement %d of writer %d has %d rows, %d different ones, of %d", relation, n[1], n[0], n[2], n[3], rowsPerInsert)
		}
	}
	return found
}

func (w *writer) settle(t *testing.T, relation string, fates map[int]fate, found map[[2]int]bool) {
	for seq, known := range fates {
		there := found[[2]int{w.id, seq}]
		switch {
		case known == present && !there:
			t.Errorf("%s: statement %d of writer %d was acknowledged and is lost", relation, seq, w.id)
		case known == absent && there:
			t.Errorf("%s: statement %d of writer %d is there and should not be", relation, seq, w.id)
		case there:
			fates[seq] = present
		default:
			fates[seq] = absent
		}
	}
}
