package sql_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// windowing is a function of windows of Millrace, and the same in PostgreSQL's words.
type windowing struct{ name, got, want string }

// windowings are those of a relation with a column at, which may be NULL.
func windowings(relation, epoch string) []windowing {
	tumble := func(size string) string {
		start := fmt.Sprintf("date_bin('%s', at, %s)", size, epoch)
		return fmt.Sprintf("(SELECT *, %s AS window_start, %s + interval '%s' AS window_end FROM %s WHERE at IS NOT NULL) %[4]s", start, start, size, relation)
	}
	hop := func(slide, size string) string {
		return fmt.Sprintf(`(SELECT %[1]s.*, w AS window_start, w + interval '%[3]s' AS window_end FROM %[1]s,
			generate_series(date_bin('%[2]s', at, %[4]s) - 10 * interval '%[2]s', at, '%[2]s') w WHERE w <= at AND w + interval '%[3]s' > at) %[1]s`, relation, slide, size, epoch)
	}
	return []windowing{
		{"tumble", fmt.Sprintf("TUMBLE(%s, at, INTERVAL '10 seconds')", relation), tumble("10 seconds")},
		{"tumble_week", fmt.Sprintf("TUMBLE(%s, at, '7 days')", relation), tumble("168 hours")},
		{"hop", fmt.Sprintf("HOP(%s, at, INTERVAL '7 seconds', INTERVAL '20 seconds')", relation), hop("7 seconds", "20 seconds")},
		{"hop_even", fmt.Sprintf("HOP(%s, at, INTERVAL '5 seconds', INTERVAL '20 seconds')", relation), hop("5 seconds", "20 seconds")},
	}
}

// TestTimeWindows compares windows of event time with PostgreSQL: in queries, and in views over a table under INSERT, UPDATE
// and DELETE and over a stream, whose rows come out of order, with 1, 4 and 7 partitions, through a kill.
func TestTimeWindows(t *testing.T) {
	for _, partitions := range []int{1, 4, 7} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) { timeWindows(t, partitions) })
	}
}

func timeWindows(t *testing.T, partitions int) {
	node := oracle.StartMillrace(t, oracle.Options{})
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: node.Client}
	pair.Got.Exec(t, fmt.Sprintf(`
		CREATE TABLE a (id int PRIMARY KEY, k int, v int, at timestamp) WITH (partitions = %d);
		CREATE STREAM s (k int KEY, v int, at timestamptz) WITH (partitions = %[1]d)`, partitions))
	pair.Want.Exec(t, "CREATE TABLE a (id int PRIMARY KEY, k int, v int, at timestamp);\nCREATE TABLE s (k int, v int, at timestamptz)")
	all := append(windowings("a", "timestamp '1970-01-01'"), windowings("s", "timestamptz '1970-01-01 00:00:00+00'")...)
	views := func(form, suffix string) {
		for i, w := range all {
			name := fmt.Sprintf("%s_%s%d", w.name, suffix, i)
			pair.Got.Exec(t, fmt.Sprintf("CREATE MATERIALIZED VIEW %s AS "+form, name, w.got))
			pair.Want.Exec(t, fmt.Sprintf("CREATE VIEW %s AS "+form, name, w.want))
		}
	}
	const groups = "SELECT window_start, window_end, k, count(*) AS n, sum(v) AS v, max(at) AS at FROM %s GROUP BY window_start, window_end, k"
	views(groups, "groups")
	rng := rand.New(rand.NewSource(int64(partitions)))
	write := func(n int) {
		for range n {
			for _, sql := range timeWindowsDML(rng) {
				pair.Exec(t, sql)
			}
		}
	}
	compare := func() {
		t.Helper()
		for i, w := range all {
			for _, form := range []string{groups, "SELECT window_start, k, v FROM %s WHERE k > 1", "SELECT count(*), min(window_end) FROM %s"} {
				want, err := pair.Want.TryQuery(fmt.Sprintf(form, w.want))
				if err != nil {
					t.Fatal(err)
				}
				got, err := pair.Got.TryQuery(fmt.Sprintf(form, w.got))
				if err != nil {
					t.Fatal(err)
				}
				if d := oracle.Diff(want, got); d != "" {
					t.Errorf("%s: %s", fmt.Sprintf(form, w.got), d)
				}
			}
			for _, suffix := range []string{"groups", "rows"} {
				name := fmt.Sprintf("%s_%s%d", w.name, suffix, i)
				pair.Compare(t, name, "SELECT * FROM "+name)
			}
		}
	}
	write(8)
	views("SELECT k, v, window_start, window_end FROM %s WHERE v IS NOT NULL", "rows")
	compare()
	write(8)
	node.Kill(t)
	node.Restart(t)
	compare()
}

// timeWindowsDML returns statements that insert, change and delete rows of a, and insert rows into s.
func timeWindowsDML(rng *rand.Rand) []string {
	at := func() string {
		if rng.Intn(8) == 0 {
			return "NULL"
		}
		if rng.Intn(8) == 0 {
			return "'1969-12-31 23:59:5" + fmt.Sprint(rng.Intn(10)) + "'"
		}
		return fmt.Sprintf("'2024-03-%02d 00:00:%02d.%03d'", 29+rng.Intn(2), rng.Intn(60), rng.Intn(1000))
	}
	var table, stream []string
	for range 1 + rng.Intn(5) {
		table = append(table, fmt.Sprintf("(%d, %d, %d, %s)", rng.Intn(60), rng.Intn(4), rng.Intn(100), at()))
		stream = append(stream, fmt.Sprintf("(%d, %d, %s)", rng.Intn(4), rng.Intn(100), at()))
	}
	return []string{
		"INSERT INTO a VALUES " + strings.Join(table, ", ") + " ON CONFLICT DO NOTHING",
		"INSERT INTO s VALUES " + strings.Join(stream, ", "),
		fmt.Sprintf("UPDATE a SET at = %s, k = k + 1 WHERE id %% 7 = %d", at(), rng.Intn(7)),
		fmt.Sprintf("DELETE FROM a WHERE id = %d", rng.Intn(60)),
	}
}
