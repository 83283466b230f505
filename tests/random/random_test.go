// Package random_test makes up schemas, changes, views and queries from a seed, runs each statement on Millrace and on
// PostgreSQL, and compares rows, types, names, command tags and SQLSTATEs. A seed that fails prints a short script.
package random_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/millracedb/millrace/tests/oracle"
)

var (
	firstSeed  = flag.Int64("seed", 1, "the first seed")
	seeds      = flag.Int("seeds", 24, "how many seeds")
	statements = flag.Int("statements", 220, "statements of a seed after its schema, comparisons of whole relations not counted")
	shrinkTime = flag.Duration("shrink", 90*time.Second, "how long to shrink a script that fails")
	keepGoing  = flag.Bool("keep-going", false, "go on after a query that differs, and do not shrink: to hunt")
)

func TestMain(m *testing.M) { oracle.Main(m) }

// TestRandom shows that Millrace answers what PostgreSQL answers, to statements that nobody thought of: views are
// compared whole while the tables under them change, and after crashes.
func TestRandom(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+int64(*seeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			runSeed(t, seed)
		})
	}
}

func runSeed(t *testing.T, seed int64) {
	script := generate(seed, *statements)
	shards := 1 + int(seed%4)
	outcome := run(t, script, shards, *keepGoing)
	t.Logf("seed %d: %d statements, %d comparisons: %d errors, %d rows, %d queries without rows; %d skipped",
		seed, outcome.ran, outcome.compared, outcome.agreedErrors, outcome.rows, outcome.empty, outcome.skipped)
	for i, d := range outcome.differences {
		t.Errorf("seed %d, step %d: %s", seed, d.step, d)
		if i == 0 && !*keepGoing {
			short := shrink(t, script[:d.step+1], shards, d)
			t.Errorf("a script that fails, for tests/sql/testdata:\n%s", short)
		}
	}
}
