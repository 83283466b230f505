package crash_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// sequenceRounds is how often the server is killed under callers of nextval, after valuesPerRound values.
const (
	sequenceRounds = 4
	valuesPerRound = 500
)

// given collects the values that all callers were given.
type given struct {
	mu     sync.Mutex
	values map[int64]bool
	twice  []int64
}

func (g *given) add(v int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.values[v] {
		g.twice = append(g.twice, v)
	}
	g.values[v] = true
}

// TestSequenceKill shows that a sequence gives no value twice: callers take values and insert rows with a serial key while
// the server is killed.
func TestSequenceKill(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, "CREATE SEQUENCE plain")
	node.Exec(t, "CREATE TABLE numbered (id bigserial PRIMARY KEY, caller int)")
	direct := &given{values: map[int64]bool{}}
	ids := &given{values: map[int64]bool{}}
	for range sequenceRounds {
		takeValues(t, node, direct, ids)
		node.Restart(t)
	}
	if len(direct.twice) > 0 || len(ids.twice) > 0 {
		t.Errorf("given twice: %v of the sequence, %v of the table", direct.twice, ids.twice)
	}
	stored := map[int64]bool{}
	for _, row := range node.Query(t, "SELECT id FROM numbered").Rows {
		stored[int64(ints(t, row)[0])] = true
	}
	for id := range ids.values {
		if !stored[id] {
			t.Errorf("row %d was acknowledged and is not there", id)
		}
	}
	if next := int64(ints(t, node.Query(t, "SELECT nextval('plain')").Rows[0])[0]); direct.values[next] {
		t.Errorf("%d is given once more", next)
	}
}

// takeValues lets callers take values until there are enough, and kills the server under them.
func takeValues(t *testing.T, node *oracle.Millrace, direct, ids *given) {
	var taken atomic.Int64
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for caller := range writers {
		conn := node.Conn(t)
		statement, into := "SELECT nextval('plain')", direct
		if caller%2 == 1 {
			statement, into = fmt.Sprintf("INSERT INTO numbered (caller) VALUES (%d), (%d) RETURNING id", caller, caller), ids
		}
		wg.Go(func() {
			for takeValue(conn, statement, into) == nil {
				if taken.Add(1) == valuesPerRound {
					close(enough)
				}
			}
		})
	}
	<-enough
	node.Kill(t)
	wg.Wait()
}

// takeValue runs a statement that gives values; it returns an error once the server is gone. Values that were on their way
// then do not count: nobody has them.
func takeValue(conn *pgx.Conn, statement string, into *given) error {
	rows, err := conn.Query(context.Background(), statement)
	if err != nil {
		return err
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for _, v := range values {
		into.add(v)
	}
	return nil
}
