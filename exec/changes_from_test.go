package exec

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
)

// frontiersIn returns the frontiers that rows with progress carry, each with the number of rows before it, and the rows
// without.
func frontiersIn(t *testing.T, rows []string) (frontiers []string, at []int, rest []string) {
	t.Helper()
	for _, r := range rows {
		first, others, _ := strings.Cut(r, "|")
		if first == "null" {
			rest = append(rest, others)
			continue
		}
		if strings.Trim(others, "null|") != "" {
			t.Errorf("a row of progress has more: %s", r)
		}
		frontiers, at = append(frontiers, first), append(at, len(rest))
	}
	return frontiers, at, rest
}

// From each frontier that was given, all that came behind it comes again, and nothing else.
func TestChangesResume(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		db, rel := newTestDB(t), testTable()
		if !keyed {
			rel = testStream()
		}
		load := func(n int64) func() {
			if keyed {
				return func() { db.load(rel, row(num(n), str("a"), num(n))) }
			}
			return func() { db.load(rel, row(num(n), str("a"))) }
		}
		load(1)()
		tail := &testTail{db: db}
		c := newChanges(t, &plan.Changes{Relation: rel, Snapshot: true, Progress: true}, tail)
		for n := range int64(6) {
			tail.queue = append(tail.queue, load(n+2))
		}
		frontiers, at, all := frontiersIn(t, follow(t, c))
		if len(frontiers) != 7 || len(all) != 7 {
			t.Fatalf("%d frontiers, rows %v", len(frontiers), all)
		}
		for i, f := range frontiers {
			from, ok := plan.ParseFrontier(f, rel)
			if !ok || plan.FrontierText(rel.ID, from) != f {
				t.Fatalf("frontier %s is %v", f, from)
			}
			again := newChanges(t, &plan.Changes{Relation: rel, From: from, Progress: true}, &testTail{db: db})
			_, _, rest := frontiersIn(t, follow(t, again))
			want := slices.Clone(all[at[i]:])
			slices.Sort(rest) // partitions may come in another order
			slices.Sort(want)
			if !slices.Equal(rest, want) {
				t.Errorf("from %s: %v, want %v", f, rest, want)
			}
		}
		other := *rel
		other.ID++
		if _, ok := plan.ParseFrontier(frontiers[0], &other); ok {
			t.Error("a frontier of another relation was taken")
		}
	}
}

// A frontier that the log does not have any more, or not yet, is refused; so is one behind which a table's log was compacted.
func TestChangesCannotResume(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testTable())
	for n := range int64(4) {
		db.load(rel, row(num(n), str("a"), num(n)))
	}
	fails := func(from int64, message string) {
		t.Helper()
		c := newChanges(t, &plan.Changes{Relation: rel, From: []int64{from}}, &testTail{db: db})
		var err error
		for err == nil {
			_, err = c.Next(bg)
		}
		wantCode(t, err, pgerr.ObjectNotInPrerequisiteState, message)
	}
	fails(5, `the frontier is ahead of the log of relation "t"`)
	db.starts[rel.Partition(0)] = 2
	fails(1, `changes of relation "t" are no longer in its log`)

	compacted, left := compactedLog(t, rel)
	first := slices.IndexFunc(left, func(o log.Offset) bool { return o > left[0]+1 })
	l := &logReader{reader: compactedReader{log: compacted}, partition: rel.Partition(0), from: left[first-1], end: compacted.NextOffset()}
	for range 2 {
		if _, err := l.next(); err != nil {
			t.Fatal(err)
		}
	}
	if !l.gap {
		t.Errorf("records between %d and %d are gone, and it was not seen", left[first-1], left[first])
	}
}

// AS OF OFFSET and TIMESTAMP begin at the first record of each partition that is not below.
func TestChangesSince(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testStream())
	for n := range int64(4) {
		db.millis += 10
		db.load(rel, row(num(n), str("a")))
	}
	first := func(c *plan.Changes) string {
		t.Helper()
		rows := follow(t, newChanges(t, c, &testTail{db: db}))
		if len(rows) == 0 {
			return ""
		}
		return rows[0][:1]
	}
	offset, since := int64(2), db.millis-10
	if got := first(&plan.Changes{Relation: rel, FromOffset: &offset}); got != "2" {
		t.Errorf("from offset 2: %q", got)
	}
	if got := first(&plan.Changes{Relation: rel, SinceMillis: &since}); got != "2" {
		t.Errorf("since the third: %q", got)
	}
	since += 5
	if got := first(&plan.Changes{Relation: rel, SinceMillis: &since}); got != "3" {
		t.Errorf("since after the third: %q", got)
	}
	offset = 9
	if _, err := newChanges(t, &plan.Changes{Relation: rel, FromOffset: &offset}, &testTail{db: db}).Next(bg); errors.Is(err, nil) {
		t.Error("rows from ahead of the log")
	}
}
