package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// The load: few rows, so that they are changed often.
const (
	writers     = 3
	idsOfWriter = 8
	sharedRows  = 6
	sharedSum   = 600
	largeBytes  = 220_000 // three of them do not fit into one entry
)

// base is the relations that are always there, in order of their creation. Segments have a size that SQL does not allow.
var base = [][2]string{
	{"t", "CREATE TABLE t (id bigint PRIMARY KEY, owner int NOT NULL, n bigint NOT NULL, pad text DEFAULT '" + strings.Repeat("t", 150) + "')"},
	{"u", "CREATE TABLE u (id bigint PRIMARY KEY, owner int NOT NULL, n bigint NOT NULL) WITH (state = 'memory')"},
	{"big", "CREATE TABLE big (id bigint PRIMARY KEY, owner int NOT NULL, pad text)"},
	{"shared", "CREATE TABLE shared (id bigint PRIMARY KEY, n bigint NOT NULL) WITH (state = 'memory')"},
	{"numbered", "CREATE TABLE numbered (id bigserial PRIMARY KEY, owner int NOT NULL)"},
	{"s", "CREATE STREAM s (id bigint KEY, owner int, seq int, ref bigint, amount int)"},
	{"r", "CREATE STREAM r (owner bigint KEY, seq int, pad text) WITH (retention_bytes = '3kB')"},
	{"a", "CREATE STREAM a (owner bigint KEY, seq int) WITH (durability = 'async')"},
	{"q", "CREATE SEQUENCE q"},
	{"v_t", "CREATE MATERIALIZED VIEW v_t AS SELECT owner, count(*) AS c, sum(n) AS n FROM t GROUP BY owner"},
	{"v_c", "CREATE MATERIALIZED VIEW v_c WITH (state = 'memory') AS SELECT c, count(*) AS owners FROM v_t GROUP BY c"},
	{"v_join", "CREATE MATERIALIZED VIEW v_join AS SELECT t.owner, count(*) AS c, sum(s.amount) AS amount FROM s JOIN t ON t.id = s.ref GROUP BY t.owner"},
	{"v_both", "CREATE MATERIALIZED VIEW v_both WITH (state = 'memory') AS SELECT t.id, t.n, u.n AS m FROM t JOIN u ON u.id = t.id"},
	{"even", "CREATE STREAM even AS SELECT id, owner, seq FROM s WHERE seq % 2 = 0"},
	{"v_r", "CREATE MATERIALIZED VIEW v_r WITH (state = 'memory') AS SELECT owner, count(*) AS c, max(seq) AS m FROM r GROUP BY owner"},
	{"v_a", "CREATE MATERIALIZED VIEW v_a AS SELECT owner, count(*) AS c, max(seq) AS m FROM a GROUP BY owner"},
}

// smallSegments is the size of segments of every topic.
const smallSegments = 1500

// engine gives every new relation small segments, and a partition per shard.
type engine struct{ *cluster.Node }

func (e engine) Placement(partitions int) []catalog.ShardID {
	return e.Node.Placement(min(partitions, shards))
}

func (e engine) Apply(ctx context.Context, cmd catalog.Command) error {
	if cmd.Create != nil {
		r := *cmd.Create
		r.Config.SegmentBytes = smallSegments
		cmd.Create = &r
	}
	return e.Node.Apply(ctx, cmd)
}

// facts are what is there of one client, at some moment. They are never changed once they are seen by others.
type facts struct {
	t, u map[int]int    // n by id
	big  map[int]int    // lengths of rows that are large
	ids  map[int64]bool // of its rows in numbered
	s, r int            // rows sent to these streams, numbered from 0
	a    int            // likewise, in pairs; they may be lost
	seen int            // of those of a, which a reader has seen

	tables map[string]table  // of the client that creates and drops
	views  map[string]string // its views: of which table
}

// table is one that comes and goes: its columns and how many rows it has.
type table struct{ columns, rows int }

func newFacts() *facts {
	return &facts{t: map[int]int{}, u: map[int]int{}, big: map[int]int{}, ids: map[int64]bool{}, tables: map[string]table{}, views: map[string]string{}}
}

func (f *facts) clone() *facts {
	c := *f
	c.t, c.u, c.big, c.ids = maps.Clone(f.t), maps.Clone(f.u), maps.Clone(f.big), maps.Clone(f.ids)
	c.tables, c.views = maps.Clone(f.tables), maps.Clone(f.views)
	return &c
}

// fate is what a client knows: what was acknowledged, and what will be there if the statement under way takes effect.
type fate struct{ acknowledged, pending *facts }

// knowledge is what all clients know; that of number 0 creates and drops.
type knowledge struct {
	fates     []fate
	given     int64 // the highest value that the sequence has given
	givenID   int64 // and that of numbered
	schema    int   // how many of base are there
	sharedSum bool  // shared has its rows
	named     int   // names given to tables that come and go, in all timelines
}

func (k knowledge) clone() knowledge {
	k.fates = slices.Clone(k.fates)
	return k
}

// client is a session that knows what it did.
type client struct {
	*session.Session
	h     *history
	n     int
	rng   *rand.Rand
	facts *facts // acknowledged
	// The highest values that sequences have given before this process.
	given, givenID int64
}

func newClient(h *history, n int) (*client, error) {
	s, err := session.New(engine{h.node}, session.Options{User: "tester", Database: "x"})
	if err != nil {
		return nil, err
	}
	return &client{Session: s, h: h, n: n, rng: rand.New(rand.NewPCG(h.rng.Uint64(), uint64(n)))}, nil
}

// patience bounds a statement, in the time of the bubble, which passes only when nobody can do anything.
const patience = time.Hour

// run runs one statement as its own transaction, or as part of a block, and returns its rows as text.
func (c *client) run(format string, args ...any) ([][]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sql := fmt.Sprintf(format, args...)
	rows, err := c.rows(ctx, sql)
	if err == nil {
		err = c.Sync(ctx)
	}
	if err != nil {
		c.Fail()
		c.Sync(ctx)
		return nil, fmt.Errorf("%.200s: %w", sql, err)
	}
	return rows, nil
}

func (c *client) rows(ctx context.Context, sql string) (out [][]string, err error) {
	prepared, err := c.Prepare(ctx, "", sql, nil)
	if err != nil {
		return nil, err
	}
	portal, err := c.Bind(ctx, "", prepared, nil)
	if err != nil {
		return nil, err
	}
	defer c.ClosePortal("")
	for {
		b, done, err := portal.Next(ctx, 0)
		if err != nil {
			return nil, err
		}
		if b != nil {
			out = append(out, textOf(b)...)
		}
		if done {
			return out, nil
		}
	}
}

func textOf(b *types.Batch) (out [][]string) {
	for i := range b.Len {
		row := make([]string, len(b.Cols))
		for j, col := range b.Cols {
			row[j] = string(types.FormatText(nil, col.Type, col.Datum(i), types.Scope{}))
		}
		out = append(out, row)
	}
	return out
}

// change runs statements that lead from what is acknowledged to what after makes of it: in a block, if there are several.
func (c *client) change(after func(f *facts), statements ...string) error {
	pending := c.facts.clone()
	after(pending)
	c.h.machine.know(func(k *knowledge) { k.fates[c.n].pending = pending })
	err := c.try(statements)
	if code := pgerr.Code(err); code == pgerr.SerializationFailure || code == "40P01" { // transfers lock in any order
		c.h.machine.know(func(k *knowledge) { k.fates[c.n].pending = nil })
		return nil
	}
	if err != nil {
		return err
	}
	c.facts = pending
	c.h.machine.know(func(k *knowledge) { k.fates[c.n] = fate{acknowledged: pending} })
	c.h.machine.event("answer", statements[0])
	return nil
}

func (c *client) try(statements []string) error {
	if len(statements) == 1 {
		_, err := c.run("%s", statements[0])
		return err
	}
	for _, sql := range slices.Concat([]string{"BEGIN"}, statements, []string{"COMMIT"}) {
		if _, err := c.run("%s", sql); err != nil {
			_, again := c.run("ROLLBACK")
			return errors.Join(err, again)
		}
	}
	return nil
}

// know changes what is known, at one moment.
func (m *machine) know(change func(*knowledge)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.now)
}

// write is one random step of a client that writes rows.
func (c *client) write() error {
	switch c.rng.IntN(20) {
	case 0, 1, 2:
		return c.upsert("t", func(f *facts) map[int]int { return f.t })
	case 3, 4:
		return c.upsert("u", func(f *facts) map[int]int { return f.u })
	case 5, 6:
		return c.change(func(f *facts) { addTo(f.t, 1) }, c.sql("UPDATE t SET n = n + 1 WHERE owner = %d", c.n))
	case 7:
		id := c.id()
		return c.change(func(f *facts) { delete(f.t, id); delete(f.t, id+1) }, c.sql("DELETE FROM t WHERE id IN (%d, %d)", id, id+1))
	case 8, 9:
		return c.change(func(f *facts) { f.s += 3 }, c.events(3))
	case 10, 11:
		return c.change(func(f *facts) { f.s++; addTo(f.u, 10); f.r++ }, c.events(1), c.sql("UPDATE u SET n = n + 10 WHERE owner = %d", c.n), c.kept())
	case 12:
		return c.change(func(f *facts) { f.r++ }, c.kept())
	case 13, 14:
		return c.change(func(f *facts) { f.a += 2 }, c.sql("INSERT INTO a VALUES (%d, %d), (%d, %d)", c.n, c.facts.a, c.n, c.facts.a+1))
	case 15:
		return c.look()
	case 16, 17:
		return c.transfer()
	case 18:
		return c.take()
	}
	if c.rng.IntN(4) == 0 {
		return c.large()
	}
	return c.number()
}

func (c *client) sql(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func (c *client) id() int { return c.n*100 + c.rng.IntN(idsOfWriter) }

func addTo(m map[int]int, by int) {
	for id := range m {
		m[id] += by
	}
}

// upsert writes rows of several partitions in one statement.
func (c *client) upsert(name string, of func(*facts) map[int]int) error {
	var values []string
	next := map[int]int{}
	for range 1 + c.rng.IntN(3) {
		next[c.id()] = c.rng.IntN(100)
	}
	for id, n := range next {
		values = append(values, fmt.Sprintf("(%d, %d, %d)", id, c.n, n))
	}
	return c.change(func(f *facts) { maps.Copy(of(f), next) },
		c.sql("INSERT INTO %s (id, owner, n) VALUES %s ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n", name, strings.Join(values, ", ")))
}

// events sends rows to s; which key has number seq is a function of both.
func (c *client) events(n int) string {
	var values []string
	for i := range n {
		seq := c.facts.s + i
		values = append(values, fmt.Sprintf("(%d, %d, %d, %d, %d)", c.n*1000+seq, c.n, seq, c.n*100+seq%idsOfWriter, seq%7))
	}
	return "INSERT INTO s VALUES " + strings.Join(values, ", ")
}

func (c *client) kept() string {
	return c.sql("INSERT INTO r VALUES (%d, %d, '%s')", c.n, c.facts.r, strings.Repeat("x", 400))
}

// look reads what may still be lost; afterwards it may not.
func (c *client) look() error {
	rows, err := c.run("SELECT count(*) FROM a WHERE owner = %d", c.n)
	if err != nil {
		return err
	}
	if rows[0][0] != strconv.Itoa(c.facts.a) {
		return fmt.Errorf("client %d has sent %d rows to a, and sees %s", c.n, c.facts.a, rows[0][0])
	}
	f := c.facts.clone()
	f.seen = f.a
	c.facts = f
	c.h.machine.know(func(k *knowledge) { k.fates[c.n] = fate{acknowledged: f} })
	c.h.machine.event("answer", "what may be lost is read")
	return nil
}

// transfer changes rows that others change too; the sum stays.
func (c *client) transfer() error {
	from := c.rng.IntN(sharedRows)
	to, amount := (from+1+c.rng.IntN(sharedRows-1))%sharedRows, 1+c.rng.IntN(9)
	one := c.sql("UPDATE shared SET n = n + CASE WHEN id = %d THEN %d ELSE %d END WHERE id IN (%d, %d)", from, -amount, amount, from, to)
	if c.rng.IntN(2) == 0 {
		return c.change(func(*facts) {}, one)
	}
	return c.change(func(*facts) {}, c.sql("UPDATE shared SET n = n - %d WHERE id = %d", amount, from), c.sql("UPDATE shared SET n = n + %d WHERE id = %d", amount, to))
}

// take takes a value of the sequence.
func (c *client) take() error {
	rows, err := c.run("SELECT nextval('q')")
	if err != nil {
		return err
	}
	v, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err != nil {
		return err
	}
	if v <= c.given {
		return fmt.Errorf("nextval gives %d, and gave %d before", v, c.given)
	}
	c.h.machine.know(func(k *knowledge) { k.given = max(k.given, v) })
	c.h.machine.event("answer", "nextval")
	return nil
}

// number inserts a row whose key a sequence gives.
func (c *client) number() error {
	rows, err := c.run("INSERT INTO numbered (owner) VALUES (%d) RETURNING id", c.n)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(rows[0][0], 10, 64)
	if err != nil {
		return err
	}
	if id <= c.givenID {
		return fmt.Errorf("a serial column gives %d, and gave %d before", id, c.givenID)
	}
	f := c.facts.clone()
	f.ids[id] = true
	c.facts = f
	c.h.machine.know(func(k *knowledge) {
		k.fates[c.n] = fate{acknowledged: f}
		k.givenID = max(k.givenID, id)
	})
	c.h.machine.event("answer", "a numbered row")
	return nil
}

// large writes a transaction that is staged before it is committed, over several shards; the next one takes it away.
func (c *client) large() error {
	if len(c.facts.big) > 0 {
		return c.change(func(f *facts) { clear(f.big) }, c.sql("DELETE FROM big WHERE owner = %d", c.n))
	}
	var statements []string
	for id := c.n * 100; id < c.n*100+3; id++ {
		statements = append(statements, c.sql("INSERT INTO big VALUES (%d, %d, repeat('x', %d))", id, c.n, largeBytes))
	}
	return c.change(func(f *facts) {
		for id := c.n * 100; id < c.n*100+3; id++ {
			f.big[id] = largeBytes
		}
	}, statements...)
}

// define is one random step of the client that creates, alters and drops.
func (c *client) define() error {
	names := slices.Sorted(maps.Keys(c.facts.tables))
	if len(names) == 0 || len(names) < 4 && c.rng.IntN(4) == 0 {
		var name string
		c.h.machine.know(func(k *knowledge) { k.named++; name = fmt.Sprintf("d%d", k.named) })
		return c.change(func(f *facts) { f.tables[name] = table{columns: 2} }, c.sql("CREATE TABLE %s (id int PRIMARY KEY, x int)", name))
	}
	name := names[c.rng.IntN(len(names))]
	d, view := c.facts.tables[name], "v"+name
	_, viewed := c.facts.views[view]
	switch c.rng.IntN(6) {
	case 0, 1:
		return c.change(func(f *facts) { f.tables[name] = table{d.columns, d.rows + 2} },
			c.sql("INSERT INTO %s (id, x) VALUES (%d, %d), (%d, %d)", name, d.rows, d.rows%3, d.rows+1, (d.rows+1)%3))
	case 2:
		if viewed {
			return c.change(func(f *facts) { delete(f.views, view) }, "DROP MATERIALIZED VIEW "+view)
		}
		return c.change(func(f *facts) { f.views[view] = name },
			c.sql("CREATE MATERIALIZED VIEW %s AS SELECT x, count(*) AS c FROM %s GROUP BY x", view, name))
	case 3:
		return c.change(func(f *facts) { f.tables[name] = table{d.columns + 1, d.rows} }, c.sql("ALTER TABLE %s ADD COLUMN c%d int DEFAULT 7", name, d.columns))
	case 4:
		return c.change(func(f *facts) { delete(f.tables, name); delete(f.views, view) }, "DROP TABLE "+name+" CASCADE")
	}
	if viewed { // its views keep their names
		return nil
	}
	var to string
	c.h.machine.know(func(k *knowledge) { k.named++; to = fmt.Sprintf("d%d", k.named) })
	return c.change(func(f *facts) { delete(f.tables, name); f.tables[to] = d }, c.sql("ALTER TABLE %s RENAME TO %s", name, to))
}
