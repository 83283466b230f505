package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// grantingEngine gives every session every lock of rows, as if all were lost the moment they are had: what holds, holds by guards.
type grantingEngine struct{ *Node }

type grantingLocks struct{ session.Locks }

func (e grantingEngine) NewLocks(pid uint32) session.Locks {
	return grantingLocks{e.Node.NewLocks(pid)}
}

func (grantingLocks) Lock(context.Context, *catalog.Relation, uint32, []byte, exec.LockMode, exec.LockWait, time.Duration) (exec.LockGrant, error) {
	return exec.LockGrant{}, nil
}

func (grantingLocks) Unlock(*catalog.Relation, uint32, []byte, exec.LockMode) {}

// sqlClient runs statements of one session.
type sqlClient struct {
	*session.Session
	t testing.TB
}

func newSQLClient(t testing.TB, e session.Engine) sqlClient {
	t.Helper()
	s, err := session.New(e, session.Options{User: "tester", Database: "x"})
	must(t, err)
	return sqlClient{s, t}
}

// run runs one statement and returns how many rows it gives. Conflicts of blocks and violations are passed over; other errors are the test's.
func (c sqlClient) run(format string, args ...any) int {
	n, err := c.try(fmt.Sprintf(format, args...))
	switch pgerr.Code(err) {
	case pgerr.ForeignKeyViolation, pgerr.SerializationFailure, pgerr.UniqueViolation, "25P02":
		c.Fail()
		err = c.Sync(background)
	}
	if err != nil {
		c.t.Errorf("%s: %v", fmt.Sprintf(format, args...), err)
	}
	return n
}

func (c sqlClient) try(sql string) (rows int, err error) {
	prepared, err := c.Prepare(background, "", sql, nil)
	if err != nil {
		return 0, err
	}
	portal, err := c.Bind(background, "", prepared, nil)
	if err != nil {
		return 0, err
	}
	defer c.ClosePortal("")
	for {
		b, done, err := portal.Next(background, 0)
		if err != nil {
			return rows, err
		}
		if b != nil {
			rows += b.Len
		}
		if done {
			return rows, c.Sync(background)
		}
	}
}

const orphans = `SELECT c.id FROM refs c LEFT JOIN keys p ON p.id = c.p WHERE c.p IS NOT NULL AND p.id IS NULL
	UNION ALL SELECT c.id FROM refs c LEFT JOIN keys p ON p.u = c.u WHERE c.u IS NOT NULL AND p.u IS NULL
	UNION ALL SELECT c.id FROM falls c LEFT JOIN keys p ON p.id = c.p WHERE p.id IS NULL`

// TestReferencesWithoutLocks has sessions take keys away while others refer to them, with no lock in the way: no snapshot ever has a row whose
// key is not there.
func TestReferencesWithoutLocks(t *testing.T) {
	n := openNode(t, t.TempDir())
	setup := newSQLClient(t, n)
	setup.run("CREATE TABLE keys (id int PRIMARY KEY, u int UNIQUE, n int)")
	setup.run("CREATE TABLE refs (id int PRIMARY KEY, p int REFERENCES keys, u int REFERENCES keys (u) ON DELETE SET NULL ON UPDATE CASCADE)")
	setup.run("CREATE TABLE falls (id int PRIMARY KEY, p int REFERENCES keys ON DELETE CASCADE ON UPDATE CASCADE)")
	const keys, rounds = 6, 150
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			c := newSQLClient(t, grantingEngine{n})
			defer c.Close()
			rng := rand.New(rand.NewPCG(7, uint64(i)))
			for range rounds {
				changeReferences(c, rng, keys)
			}
		})
	}
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		c := newSQLClient(t, n)
		defer c.Close()
		for {
			if found := c.run(orphans); found > 0 {
				t.Errorf("%d rows refer to nothing", found)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	clients.Wait()
	close(done)
	reader.Wait()
}

func changeReferences(c sqlClient, rng *rand.Rand, keys int) {
	key, row := rng.IntN(keys), rng.IntN(20)
	switch rng.IntN(9) {
	case 0, 1:
		c.run("INSERT INTO keys VALUES (%d, %d, 0) ON CONFLICT DO NOTHING", key, 100+key)
	case 2:
		c.run("DELETE FROM keys WHERE id = %d", key)
	case 3:
		c.run("UPDATE keys SET u = %d WHERE id = %d", 100+rng.IntN(keys), key)
	case 4:
		c.run("UPDATE keys SET id = %d WHERE id = %d", rng.IntN(keys), key)
	case 5:
		c.run("INSERT INTO refs VALUES (%d, %d, %d) ON CONFLICT (id) DO UPDATE SET p = excluded.p, u = excluded.u", row, key, 100+rng.IntN(keys))
	case 6:
		c.run("INSERT INTO falls VALUES (%d, %d) ON CONFLICT (id) DO UPDATE SET p = excluded.p", row, key)
	case 7:
		c.run("DELETE FROM refs WHERE id = %d", row)
	case 8:
		c.run("BEGIN")
		c.run("INSERT INTO refs VALUES (%d, %d, NULL)", 20+row, key)
		c.run("DELETE FROM keys WHERE id = %d", rng.IntN(keys))
		c.run("INSERT INTO falls VALUES (%d, %d)", 20+row, key)
		c.run("COMMIT")
		c.run("DELETE FROM refs WHERE id = %d", 20+row)
		c.run("DELETE FROM falls WHERE id = %d", 20+row)
	}
}
