package topics_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// stateBytes is what SHOW TABLES says that a relation holds in memory.
func stateBytes(t *testing.T, c *oracle.Client, name string) int {
	t.Helper()
	for _, line := range strings.Split(users(rows(t, c, "SHOW TABLES")), "\n") {
		if fields := strings.Split(line, "|"); fields[1] == name {
			n, err := strconv.Atoi(fields[len(fields)-1])
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return n
		}
	}
	t.Fatalf("no %s in SHOW TABLES", name)
	return 0
}

// TestMemoryState shows tables and views with state = 'memory': where they are shown, that a killed node has them again, over and below
// others, and that the option cannot be changed.
func TestMemoryState(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TABLE m (id int PRIMARY KEY, g int, n numeric) WITH (state = 'memory', partitions = 3);
		CREATE TABLE d (id int PRIMARY KEY, name text);
		CREATE MATERIALIZED VIEW sums WITH (state = memory) AS SELECT g, count(*) AS rows, sum(n) AS n FROM m GROUP BY g;
		CREATE MATERIALIZED VIEW named WITH (state = 'memory') AS SELECT m.id, d.name, m.n FROM m LEFT JOIN d ON d.id = m.g;
		CREATE MATERIALIZED VIEW ondisk AS SELECT g FROM sums WHERE rows > 1;
		CREATE TOPIC t (id int KEY, v text) WITH (format = 'json');
		CREATE TABLE last WITH (topic = t, state = 'memory')`)
	for _, want := range []string{"state|option|||memory", "partitions|option|||3"} {
		if got := rows(t, c, "DESCRIBE m"); !strings.Contains(got, want) {
			t.Errorf("no %s in DESCRIBE m:\n%s", want, got)
		}
	}
	if got := rows(t, c, "DESCRIBE d"); !strings.Contains(got, "state|option|||rocksdb") {
		t.Errorf("DESCRIBE d: %s", got)
	}
	c.Exec(t, `
		INSERT INTO d VALUES (1, 'one'), (2, 'two');
		INSERT INTO m VALUES (1, 1, 10), (2, 1, 20.5), (3, 2, 30), (4, 3, 40);
		INSERT INTO t VALUES ('1', '{"v": "a"}'), ('2', '{"v": "b"}'), ('1', '{"v": "c"}');
		UPDATE m SET n = n + 1 WHERE g = 1;
		DELETE FROM m WHERE id = 3;
		BEGIN;
		INSERT INTO m VALUES (5, 2, 50);
		UPDATE d SET name = 'deux' WHERE id = 2;
		COMMIT`)
	check := func() {
		t.Helper()
		expect(t, c, "SELECT * FROM m", "1|1|11\n2|1|21.5\n4|3|40\n5|2|50")
		expect(t, c, "SELECT * FROM sums", "1|2|32.5\n2|1|50\n3|1|40")
		expect(t, c, "SELECT * FROM named", "1|one|11\n2|one|21.5\n4|NULL|40\n5|deux|50")
		expect(t, c, "SELECT * FROM ondisk", "1")
		expect(t, c, "SELECT * FROM last", "1|c\n2|b")
	}
	check()
	for range 2 {
		node.Kill(t)
		node.Restart(t)
		check()
	}
	before := stateBytes(t, c, "m")
	c.Exec(t, "INSERT INTO m VALUES (6, 6, 6)")
	if after := stateBytes(t, c, "m"); before == 0 || after <= before || after > before+1000 {
		t.Errorf("%d bytes, and with a row more %d", before, after)
	}
	refused(t, c, "22023", "ALTER TABLE m SET (state = 'rocksdb')")
	if e := refused(t, c, "22023", "CREATE TABLE x (a int) WITH (state = 'disk')"); e.Position != 30 {
		t.Errorf("position %d", e.Position)
	}
	refused(t, c, "22023", "CREATE STREAM x (a int) WITH (state = 'memory')")
	c.Exec(t, "DROP MATERIALIZED VIEW ondisk;\nDROP MATERIALIZED VIEW sums;\nDROP MATERIALIZED VIEW named;\nDROP TABLE m")
	node.Kill(t)
	node.Restart(t)
	refused(t, c, "42P01", "SELECT * FROM m")
	expect(t, c, "SELECT * FROM last", "1|c\n2|b")
}

// TestMemoryIsFull shows what happens when the relations in memory have taken their share: writers to them are refused, and go on when
// there is room; a view fails alone, and everything on disk is as if nothing were, also a table that has the number of one in memory
// that was rolled back.
func TestMemoryIsFull(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{Args: []string{"--memory", "64MB"}}) // a share of 8 MB
	c := node.Client
	c.Exec(t, `
		CREATE TABLE m (id int PRIMARY KEY, v text) WITH (state = 'memory');
		BEGIN;
		CREATE TABLE gone (id int PRIMARY KEY) WITH (state = 'memory');
		INSERT INTO gone VALUES (1), (2), (3), (4);
		ROLLBACK;
		CREATE TABLE d (id int PRIMARY KEY, v text);
		CREATE MATERIALIZED VIEW copy WITH (state = 'memory') AS SELECT id, v FROM d;
		CREATE MATERIALIZED VIEW count AS SELECT count(*) AS rows FROM d`)
	rowsOf := func(from, to int) string {
		var values []string
		for i := from; i <= to; i++ {
			values = append(values, "("+strconv.Itoa(i)+", repeat('x', 100000))")
		}
		return strings.Join(values, ", ")
	}
	for i := 0; i < 60; i += 10 {
		c.Exec(t, "INSERT INTO m VALUES "+rowsOf(i+1, i+10))
	}
	refused(t, c, "53200", "INSERT INTO m VALUES "+rowsOf(61, 100))
	refused(t, c, "53200", "UPDATE m SET v = repeat(v, 2)")
	expect(t, c, "SELECT count(*) FROM m", "60")
	c.Exec(t, "UPDATE m SET v = repeat('y', 99999) WHERE id <= 10") // no larger than before
	c.Exec(t, "INSERT INTO d VALUES "+rowsOf(1, 40))
	expect(t, c, "SELECT * FROM count", "40")
	e := refused(t, c, "55000", "SELECT count(*) FROM copy")
	if !strings.Contains(e.Message, "relations with state = 'memory' may hold 8388608 bytes together") {
		t.Errorf("the view failed: %s", e.Message)
	}
	c.Exec(t, "DROP MATERIALIZED VIEW copy;\nDELETE FROM m WHERE id <= 40;\nINSERT INTO m VALUES "+rowsOf(101, 130))
	node.Kill(t)
	node.Restart(t)
	expect(t, c, "SELECT count(*) FROM m", "50")
	refused(t, c, "53200", "INSERT INTO m VALUES "+rowsOf(201, 240))
}
