package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// faulty is a node on which things go wrong when a test says so.
type faulty struct {
	session.Engine
	commits     []error // what the next commits answer instead of committing
	endless     error   // what all further commits answer
	evaluations int     // transactions begun
	stale       int     // how many of the next commands of the catalog are stale
	panics      bool    // on the next snapshot
}

func (f *faulty) Begin() exec.Tx {
	f.evaluations++
	return &faultyTx{Tx: f.Engine.Begin(), node: f}
}

type faultyTx struct {
	exec.Tx
	node *faulty
}

func (t *faultyTx) Commit(ctx context.Context) error {
	if len(t.node.commits) > 0 {
		err := t.node.commits[0]
		t.node.commits = t.node.commits[1:]
		return err
	}
	if t.node.endless != nil {
		return t.node.endless
	}
	return t.Tx.Commit(ctx)
}

func (f *faulty) Apply(ctx context.Context, cmd catalog.Command) error {
	if f.stale > 0 {
		f.stale--
		return catalog.ErrStale
	}
	return f.Engine.Apply(ctx, cmd)
}

func (f *faulty) Snapshot(ctx context.Context, rels []*catalog.Relation, level session.Consistency, notice func(string)) (exec.Reader, error) {
	if f.panics {
		f.panics = false
		panic("a bug")
	}
	return f.Engine.Snapshot(ctx, rels, level, notice)
}

// client is a session, and what it was told beside results.
type client struct {
	*session.Session
	node    *faulty
	notices []string
}

// newClient opens a session on a new node with a table t of one row.
func newClient(t *testing.T) *client {
	t.Helper()
	node, err := cluster.Open(cluster.Config{DataDir: t.TempDir(), Shards: 1, MemoryBytes: 64 << 20, Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := node.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &client{node: &faulty{Engine: node}}
	c.Session, err = session.New(c.node, session.Options{User: "tester", Database: "x",
		Notice: func(n session.Notice) { c.notices = append(c.notices, n.Severity+" "+n.Message) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.want(t, "CREATE TABLE t (id int PRIMARY KEY, n int)", "CREATE TABLE")
	c.want(t, "INSERT INTO t VALUES (1, 10)", "INSERT 0 1")
	c.node.evaluations = 0
	return c
}

// run runs one statement as its own transaction, and returns its rows and its tag as text, or its error.
func (c *client) run(ctx context.Context, sql string) string {
	out, err := c.execute(ctx, sql)
	if err == nil {
		err = c.Sync(ctx)
	}
	if err != nil {
		c.Fail()
		return err.Error()
	}
	return out
}

func (c *client) execute(ctx context.Context, sql string) (string, error) {
	ctx, cancel := c.WithTimeout(ctx)
	defer cancel()
	prepared, err := c.Prepare(ctx, "", sql, nil)
	if err != nil {
		return "", err
	}
	portal, err := c.Bind(ctx, "", prepared, nil)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for rows, done := int64(0), false; ; {
		var b *types.Batch
		if b, done, err = portal.Next(ctx, 0); err != nil {
			return "", err
		}
		if b != nil {
			rows += int64(b.Len)
			for i := range b.Len {
				for _, col := range b.Cols {
					fmt.Fprintf(&out, "%s ", types.FormatText(nil, col.Type, col.Datum(i), types.Scope{}))
				}
				out.WriteString("/ ")
			}
		}
		if done {
			return out.String() + portal.Tag(rows), nil
		}
	}
}

func (c *client) want(t *testing.T, sql, want string) {
	t.Helper()
	if got := c.run(t.Context(), sql); !strings.Contains(got, want) {
		t.Errorf("%s: got %q, want %q", sql, got, want)
	}
}

var conflict = &exec.ConflictError{Guard: exec.GuardAtOffset}

// TestConflictIsEvaluatedAgain shows that a statement of its own is evaluated anew, on a new snapshot, each time that
// another was quicker, or that its shard did not answer.
func TestConflictIsEvaluatedAgain(t *testing.T) {
	c := newClient(t)
	c.node.commits = []error{conflict, exec.ErrUnavailable, fmt.Errorf("shard 0: %w", conflict), exec.ErrFenced}
	c.want(t, "UPDATE t SET n = n + 1", "UPDATE 1")
	if c.node.evaluations != 5 {
		t.Errorf("evaluated %d times, want 5", c.node.evaluations)
	}
	c.want(t, "SELECT n FROM t", "11 / SELECT 1")
}

// TestConflictsEndWithTimeout shows that a statement that never succeeds ends with its time.
func TestConflictsEndWithTimeout(t *testing.T) {
	c := newClient(t)
	c.want(t, "SET statement_timeout = '30ms'", "SET")
	c.node.endless = conflict
	c.want(t, "UPDATE t SET n = n + 1", "canceling statement due to statement timeout (SQLSTATE 57014)")
}

// TestUnknownOutcomeIsTold shows that a write whose outcome is not known is neither repeated nor called a success.
func TestUnknownOutcomeIsTold(t *testing.T) {
	c := newClient(t)
	c.node.commits = []error{pgerr.New(pgerr.TransactionResolutionUnknown, "the outcome is unknown")}
	c.want(t, "UPDATE t SET n = n + 1", "SQLSTATE 08007")
	if c.node.evaluations != 1 {
		t.Errorf("evaluated %d times, want 1", c.node.evaluations)
	}
}

// TestPipelineConflict shows that a transaction of several statements, whose results were given away, is not evaluated
// again: its end fails with 40001, and nothing is written.
func TestPipelineConflict(t *testing.T) {
	c := newClient(t)
	c.Pipeline()
	for range 2 {
		if _, err := c.execute(t.Context(), "UPDATE t SET n = n + 1"); err != nil {
			t.Fatal(err)
		}
	}
	c.node.commits = []error{conflict}
	if err := c.Sync(t.Context()); pgerr.Code(err) != pgerr.SerializationFailure {
		t.Errorf("got %v, want 40001", err)
	}
	c.want(t, "SELECT n FROM t", "10 / SELECT 1")
}

// TestCommitIsOne shows that a block's writes, several to one row too, are one transaction at its end.
func TestCommitIsOne(t *testing.T) {
	c := newClient(t)
	for _, sql := range []string{"BEGIN", "UPDATE t SET n = n + 1", "UPDATE t SET n = n * 2", "INSERT INTO t VALUES (2, 0)", "DELETE FROM t WHERE id = 2", "COMMIT"} {
		if got := c.run(t.Context(), sql); strings.Contains(got, "SQLSTATE") {
			t.Fatalf("%s: %s", sql, got)
		}
	}
	if c.node.evaluations != 1 {
		t.Errorf("%d transactions, want 1", c.node.evaluations)
	}
	c.want(t, "SELECT * FROM t", "1 22 / SELECT 1")
}

// TestStaleCatalog shows that DDL is planned anew when the catalog has changed meanwhile.
func TestStaleCatalog(t *testing.T) {
	c := newClient(t)
	c.node.stale = 3
	c.want(t, "CREATE STREAM s (x int)", "CREATE STREAM")
	c.node.stale = 2
	c.want(t, "DROP STREAM s", "DROP STREAM")
}

// TestBugEndsStatementOnly shows that a panic is an error of its statement, and that the session goes on.
func TestBugEndsStatementOnly(t *testing.T) {
	c := newClient(t)
	c.node.panics = true
	c.want(t, "SELECT * FROM t", "internal error: a bug (SQLSTATE XX000)")
	c.want(t, "SELECT * FROM t", "1 10 / SELECT 1")
}

// TestCancelCause shows that a statement that is cut short is told why.
func TestCancelCause(t *testing.T) {
	c := newClient(t)
	c.want(t, "CREATE STREAM s (x int)", "CREATE STREAM")
	for _, cause := range []*pgerr.Error{session.ErrCanceled, session.ErrShutdown} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if got := c.run(ctx, "SELECT * FROM s EMIT CHANGES"); got != cause.Error() {
			t.Errorf("got %q, want %q", got, cause)
		}
	}
}

// TestNotices shows what a client is told beside results, and that client_min_messages holds.
func TestNotices(t *testing.T) {
	c := newClient(t)
	c.want(t, "CREATE TABLE IF NOT EXISTS t (id int)", "CREATE TABLE")
	c.want(t, "CREATE TABLE r (id int PRIMARY KEY) WITH (replication_factor = 3)", "CREATE TABLE")
	c.want(t, "DROP TABLE IF EXISTS nothing", "DROP TABLE")
	c.want(t, "COMMIT", "COMMIT")
	c.want(t, "SET client_min_messages = warning", "SET")
	c.want(t, "DROP TABLE IF EXISTS nothing", "DROP TABLE")
	want := []string{`NOTICE relation "t" already exists, skipping`,
		"NOTICE replication_factor 3 was asked for and 1 is given: there is one node",
		`NOTICE table "nothing" does not exist, skipping`, "WARNING there is no transaction in progress"}
	if strings.Join(c.notices, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", c.notices, want)
	}
}

// TestCopyConflict shows that COPY, whose data cannot be read twice, tells of a key that another inserted meanwhile as
// the violation that it is.
func TestCopyConflict(t *testing.T) {
	c := newClient(t)
	prepared, err := c.Prepare(t.Context(), "", "COPY t FROM STDIN", nil)
	if err != nil {
		t.Fatal(err)
	}
	portal, err := c.Bind(t.Context(), "", prepared, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := portal.StartCopy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := types.NewBatch(portal.Copy().ColumnTypes(), 1)
	b.AppendRow([]types.Datum{{Int: 7}, types.NullDatum}, 1)
	if err := w.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	c.node.commits = []error{&exec.ConflictError{Guard: exec.GuardAbsent}}
	if _, err := w.Finish(t.Context()); pgerr.Code(err) != pgerr.UniqueViolation {
		t.Errorf("got %v, want 23505", err)
	}
	c.want(t, "SELECT count(*) FROM t", "1 / SELECT 1")
}

// TestBounds shows that what a session keeps is bounded.
func TestBounds(t *testing.T) {
	c := newClient(t)
	prepared, err := c.Prepare(t.Context(), "", "SELECT 1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		_, err := c.Bind(t.Context(), fmt.Sprint("p", i), prepared, nil)
		var refused *pgerr.Error
		if errors.As(err, &refused) && refused.Code == pgerr.ProgramLimitExceeded {
			break
		}
		if err != nil || i > 100_000 {
			t.Fatalf("portal %d: %v", i, err)
		}
	}
	for i := 0; ; i++ {
		if got := c.run(t.Context(), fmt.Sprintf("SET a.b%d = '1'", i)); strings.Contains(got, "SQLSTATE 54000") {
			break
		} else if i > 100_000 {
			t.Fatal("custom settings are not bounded")
		}
	}
}

// TestExplainStages shows that EXPLAIN gives the stage that it is asked for, of each kind of statement that has it.
func TestExplainStages(t *testing.T) {
	c := newClient(t)
	const create = "CREATE MATERIALIZED VIEW v AS SELECT n, count(*) FROM t WHERE id > 1 GROUP BY n"
	for _, e := range []struct{ sql, want string }{
		{"EXPLAIN (PARSED) SELECT n FROM t", "SelectStmt / "},
		{"EXPLAIN (PARSED, COSTS off) DROP TABLE t", "Drop / "},
		{"EXPLAIN (LOGICAL) SELECT n FROM t WHERE id = 1", "Seq Scan on table t"},
		{"EXPLAIN (OPTIMIZED) SELECT n FROM t WHERE id = 1", "Key Lookup on table t"},
		{"EXPLAIN SELECT n FROM t WHERE id = 1", "Key Lookup on table t"},
		{"EXPLAIN (OPTIMIZED false, LOGICAL) SELECT n FROM t WHERE id = 1", "Seq Scan on table t"},
		{"EXPLAIN (LOGICAL) UPDATE t SET n = 2 WHERE id = 1", "Update on t /   ->  Project /         Output: t.id, t.n, t.id, 2 /         ->  Seq Scan"},
		{"EXPLAIN UPDATE t SET n = 2 WHERE id = 1", "Key Lookup on table t"},
		{"EXPLAIN (LOGICAL) " + create, "Project /   Output: t.n, count(*) /   ->  HashAggregate"},
		{"EXPLAIN (OPTIMIZED) " + create, "HashAggregate /   Group Key: t.n"},
		{"EXPLAIN " + create, "Task 2"},
		{"EXPLAIN (TOPOLOGY) " + create, "Task 2"},
		{"EXPLAIN (TOPOLOGY) DELETE FROM t", "needs a continuous query"},
		{"EXPLAIN (LOGICAL) CREATE VIEW w AS SELECT 1", "not supported"},
		{"EXPLAIN (LOGICAL) DROP TABLE t", "not supported"},
		{"EXPLAIN (LOGICAL) SELECT nothing FROM t", `column "nothing" does not exist`},
	} {
		c.want(t, e.sql, e.want)
	}
	c.want(t, "SELECT count(*) FROM t", "1 / SELECT 1")
}

// TestCursorsAreBounded shows that all rows which a session keeps for cursors count together, until they are closed.
func TestCursorsAreBounded(t *testing.T) {
	c := newClient(t)
	var err error
	if c.Session, err = session.New(c.node, session.Options{User: "tester", Database: "x", MemoryBytes: 20_000}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	declare := func(name string) string {
		return "DECLARE " + name + " CURSOR WITH HOLD FOR SELECT * FROM generate_series(1, 1000) AS i"
	}
	c.want(t, declare("a"), "DECLARE CURSOR")
	c.want(t, declare("b"), "DECLARE CURSOR")
	c.want(t, declare("c"), "SQLSTATE 53200")
	c.want(t, "FETCH c", "SQLSTATE 34000")
	c.want(t, "FETCH a", "1 / FETCH 1")
	c.want(t, "CLOSE a", "CLOSE CURSOR")
	c.want(t, declare("c"), "DECLARE CURSOR")
}

// TestRefusalsHaveHints shows that what has another way here is refused with a hint to that.
func TestRefusalsHaveHints(t *testing.T) {
	c := newClient(t)
	for _, sql := range []string{"LISTEN a", "NOTIFY a, 'b'", "PREPARE TRANSACTION 'a'", "ALTER DATABASE d SET work_mem = '8MB'",
		"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "LOCK t", "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
		"CREATE TEMP TABLE x (a int)", "CREATE TEMP TABLE x AS SELECT 1", "CREATE UNLOGGED TABLE x (a int)",
		"GRANT SELECT (a) ON t TO PUBLIC", "GRANT ALL (a) ON t TO PUBLIC"} {
		_, err := c.execute(t.Context(), sql)
		c.Fail()
		var e *pgerr.Error
		if !errors.As(err, &e) || e.Code != pgerr.FeatureNotSupported || e.Hint == "" || e.Position == 0 {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestEveryStatement shows that each kind of statement that the parser knows is compiled, be it to a refusal by name.
func TestEveryStatement(t *testing.T) {
	tree, err := os.ReadFile("../../sql/ast/ast.go")
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := os.ReadFile("command.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`func \(\*(\w+)\) statement\(\)`).FindAllSubmatch(tree, -1)
	if len(kinds) < 20 {
		t.Fatalf("%d kinds of statements found in ast.go", len(kinds))
	}
	for _, kind := range kinds {
		if !regexp.MustCompile(`(case|,) \*ast\.` + string(kind[1]) + `\b`).Match(compiler) {
			t.Errorf("command.go has no case of *ast.%s", kind[1])
		}
	}
}
