package topics_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestLogRanges shows that a SELECT which seeks by partition, offset and time gives what one gives that cannot: an expression over a
// column keeps the condition from the scan. The log has several segments.
func TestLogRanges(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE STREAM s (n int, v text) WITH (partitions = 3, segment_bytes = '1MB');
		CREATE TOPIC old WITH (partitions = 2, segment_bytes = '1MB');
		CREATE STREAM o (n int, v text) WITH (topic = 'old')`)
	for range 10 {
		c.Exec(t, "INSERT INTO s SELECT n, repeat('x', 5000) FROM generate_series(1, 180) n")
		c.Exec(t, "INSERT INTO o SELECT n, repeat('x', 5000) FROM generate_series(1, 180) n")
	}
	rng := rand.New(rand.NewSource(1))
	moments := strings.Split(rows(t, c, "SELECT DISTINCT _timestamp FROM s ORDER BY 1"), "\n")
	for range 60 {
		var seek, scan []string
		condition := func(column, same, rest string) {
			if rng.Intn(2) == 0 {
				seek, scan = append(seek, column+rest), append(scan, same+rest)
			}
		}
		op := func() string { return []string{"=", "<", "<=", ">", ">="}[rng.Intn(5)] }
		offset := func() int { return rng.Intn(650) - 20 }
		condition("_partition", "_partition + 0", fmt.Sprintf(" IN (%d, %d)", rng.Intn(3), rng.Intn(3)))
		condition("_offset", "_offset + 0", fmt.Sprintf(" %s %d", op(), offset()))
		condition("_offset", "_offset + 0", fmt.Sprintf(" BETWEEN %d AND %d", offset(), offset()))
		condition("_offset", "_offset + 0", fmt.Sprintf(" = ANY (string_to_array('%d,%d,7', ',')::int[])", offset(), offset()))
		condition("_timestamp", "_timestamp + '0'", fmt.Sprintf(" %s timestamptz '%s'", op(), moments[rng.Intn(len(moments))]))
		if len(seek) == 0 {
			continue
		}
		for _, stream := range []string{"s", "o"} {
			query := "SELECT count(*), sum(n), min(_timestamp), max(_offset) FROM " + stream + " WHERE "
			expect(t, c, query+strings.Join(seek, " AND "), rows(t, c, query+strings.Join(scan, " AND ")))
			query = "SELECT _offset, n FROM " + stream + " WHERE _partition = 1 AND %s ORDER BY _offset DESC LIMIT 7"
			expect(t, c, fmt.Sprintf(query, strings.Join(seek, " AND ")),
				rows(t, c, strings.Replace(fmt.Sprintf(query, strings.Join(scan, " AND ")), "BY _offset", "BY _offset + 0", 1)))
		}
	}
	if got := rows(t, c, "EXPLAIN SELECT n FROM s WHERE _partition = 1 AND _offset >= 10"); !strings.Contains(got, "Log Cond: (s._partition = 1) AND (s._offset >= 10)") {
		t.Errorf("EXPLAIN does not show the range:\n%s", got)
	}
}
