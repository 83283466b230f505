package cluster

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/millracedb/millrace/sql/pgerr"
)

// TestRulesUnderWriters adds rules to a table while others write rows that break them, without locks: from the moment that a rule is there no row
// breaks it, and rows are refused by it.
func TestRulesUnderWriters(t *testing.T) {
	n := openNode(t, t.TempDir())
	ddl := newSQLClient(t, n)
	ddl.run("CREATE TABLE ruled (id int PRIMARY KEY, a int, b int)")
	ddl.run("CREATE TABLE keyless (a int, b int)")
	done := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			c := newSQLClient(t, grantingEngine{n})
			defer c.Close()
			rng := rand.New(rand.NewPCG(3, uint64(i)))
			for {
				breakRules(t, c, rng)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 6 {
		for _, table := range []string{"ruled", "keyless"} {
			addRules(t, ddl, table)
		}
	}
	close(done)
	writers.Wait()
}

func breakRules(t *testing.T, c sqlClient, rng *rand.Rand) {
	sql := [...]string{
		"INSERT INTO ruled VALUES (1, -1, NULL) ON CONFLICT (id) DO UPDATE SET a = -1, b = NULL",
		"INSERT INTO keyless VALUES (-1, NULL)",
		"DELETE FROM ruled",
		"DELETE FROM keyless",
	}[rng.IntN(4)]
	_, err := c.try(sql)
	if err == nil {
		return
	}
	if code := pgerr.Code(err); code != pgerr.CheckViolation && code != pgerr.NotNullViolation {
		t.Errorf("%s: %v", sql, err)
	}
	c.Fail()
	must(t, c.Sync(background))
}

// addRules adds a rule until no row is in its way, looks, and takes it away.
func addRules(t *testing.T, c sqlClient, table string) {
	for _, rule := range [][3]string{
		{"ADD CONSTRAINT positive CHECK (a > 0)", "DROP CONSTRAINT positive", "a <= 0"},
		{"ALTER b SET NOT NULL", "ALTER b DROP NOT NULL", "b IS NULL"},
	} {
		for {
			_, err := c.try("ALTER TABLE " + table + " " + rule[0])
			if err == nil {
				break
			}
			if code := pgerr.Code(err); code != pgerr.CheckViolation && code != pgerr.NotNullViolation {
				t.Fatalf("%s: %v", rule[0], err)
			}
			c.Fail()
			must(t, c.Sync(background))
		}
		if c.run("SELECT FROM %s WHERE %s", table, rule[2]) > 0 {
			t.Errorf("%s has rows with %s after %s", table, rule[2], rule[0])
		}
		c.run("ALTER TABLE %s %s", table, rule[1])
	}
}
