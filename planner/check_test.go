package planner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/types"
)

// TestRulesKeepPlansWhole shows, for all queries of the golden files, that no rule changes what columns a plan gives, that
// every reference stays within its input and has its type, and that a second run changes nothing more.
func TestRulesKeepPlansWhole(t *testing.T) {
	queries := 0
	forEachStatement(t, func(w *world, stmt ast.Statement) {
		sel, ok := stmt.(*ast.SelectStmt)
		if !ok || sel.Query.Emit != "" {
			return
		}
		b := newBinder(w.env)
		b.lazy = true
		q, err := b.bindQuery(sel.Query, nil, nil, nil)
		if err != nil {
			return
		}
		queries++
		n := q.node
		for _, r := range append(append([]rule{}, logical...), physical...) {
			before := n.Types()
			n = r.apply(n)
			checkSameTypes(t, r.name, before, n.Types())
			checkNode(t, r.name, n, nil)
		}
		if once, twice := ExplainNode(n), ExplainNode(optimize(n)); once != twice {
			t.Errorf("a second run of the rules changes\n%sinto\n%s", once, twice)
		}
	})
	if queries < 50 {
		t.Errorf("only %d queries were found", queries)
	}
}

// forEachStatement calls f for all statements of the golden files, in their worlds.
func forEachStatement(t *testing.T, f func(*world, ast.Statement)) {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld()
		datadriven.RunTestFromString(t, inputsOnly(string(text)), func(t *testing.T, d *datadriven.TestData) string {
			all, err := parse.Parse(d.Input)
			if err != nil {
				return ""
			}
			for _, p := range all {
				w.env = &Env{Catalog: w.catalog}
				f(w, p.Stmt)
				_, _, _ = w.statement(p.Stmt) // errors are the golden files' own
			}
			return ""
		})
	}
}

// inputsOnly drops the expected outputs of a datadriven file.
func inputsOnly(text string) string {
	var out []string
	output := false
	for _, line := range strings.Split(text, "\n") {
		if line == "" {
			output = false
		}
		if !output {
			out = append(out, line)
		}
		if line == "----" {
			output = true
		}
	}
	return strings.Join(out, "\n")
}

func checkSameTypes(t *testing.T, what string, want, got []types.Type) {
	t.Helper()
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("%s: columns %v became %v", what, want, got)
	}
}

// checkNode checks the references of n and of all below; outer are the rows of the queries around, the nearest first.
func checkNode(t *testing.T, what string, n plan.Node, outer [][]types.Type) {
	t.Helper()
	var rows []types.Type
	for _, in := range inputs(n) {
		checkNode(t, what, in, outer)
		rows = append(rows, in.Types()...)
	}
	switch n := n.(type) {
	case *plan.Join:
		checkJoin(t, what, n, outer)
		return
	case *plan.Union:
		for _, in := range n.Inputs {
			checkSameTypes(t, what+": union", baseTypes(n.Types()), baseTypes(in.Types()))
		}
	}
	withExprs(n, func(e *plan.Expr) *plan.Expr {
		checkExpr(t, what, e, rows, outer)
		return e
	})
}

func baseTypes(ts []types.Type) []types.Type {
	out := make([]types.Type, len(ts))
	for i, t := range ts {
		out[i] = t.Base()
	}
	return out
}

func checkJoin(t *testing.T, what string, n *plan.Join, outer [][]types.Type) {
	t.Helper()
	l, r := n.Left.Types(), n.Right.Types()
	for i := range n.LeftKeys {
		checkExpr(t, what, n.LeftKeys[i], l, outer)
		checkExpr(t, what, n.RightKeys[i], r, outer)
		if n.LeftKeys[i].Type.Base() != n.RightKeys[i].Type.Base() {
			t.Errorf("%s: join keys of types %v and %v", what, n.LeftKeys[i].Type, n.RightKeys[i].Type)
		}
	}
	if n.Cond != nil {
		checkExpr(t, what, n.Cond, n.Types(), outer)
	}
}

// checkExpr checks that columns are there and have the type that is said.
func checkExpr(t *testing.T, what string, e *plan.Expr, rows []types.Type, outer [][]types.Type) {
	t.Helper()
	switch {
	case e.Op == plan.OpColumn:
		checkColumn(t, what, e, rows)
	case e.Op == plan.OpOuter && e.Depth > len(outer):
		t.Errorf("%s: a reference %d queries out of %d", what, e.Depth, len(outer))
	case e.Op == plan.OpOuter:
		checkColumn(t, what, e, outer[e.Depth-1])
	case e.Op == opAggregate:
		t.Errorf("%s: a placeholder is left", what)
	}
	for _, a := range e.Args {
		checkExpr(t, what, a, rows, outer)
	}
	if e.Sub != nil {
		checkNode(t, what, e.Sub.Root, append([][]types.Type{rows}, outer...))
	}
}

func checkColumn(t *testing.T, what string, e *plan.Expr, rows []types.Type) {
	t.Helper()
	if e.Column < 0 || e.Column >= len(rows) || rows[e.Column] != e.Type {
		t.Errorf("%s: column %d of type %v, of %v", what, e.Column, e.Type, rows)
	}
}

// TestTopologiesAreWhole shows, for all continuous queries of the golden files, that what flows has the types that are
// declared for it, that keys are there and of one type on both sides of a join, that every internal topic has one writer
// and one kind of reader, and that a view's key and columns are those of its descriptor.
func TestTopologiesAreWhole(t *testing.T) {
	views := 0
	forEachStatement(t, func(w *world, stmt ast.Statement) {
		create, ok := stmt.(*ast.CreateQuery)
		if !ok {
			return
		}
		rel, err := PlanCreateQuery(create, w.env, w.catalog.NextID(), spread)
		if err != nil || rel == nil {
			return
		}
		views++
		top, err := Topology(rel)
		if err != nil {
			t.Fatal(err)
		}
		c := &topologyCheck{T: t, topics: map[uint16][]types.Type{}, ids: map[uint16]bool{}}
		c.check(top)
		sink := top.Tasks[len(top.Tasks)-1].Sink
		checkSameTypes(t, rel.Name, rel.Types(), sink.Columns)
		if fmt.Sprint(noNil(rel.Key)) != fmt.Sprint(sink.Key) {
			t.Errorf("%s: key %v, and %v in the topology", rel.Name, rel.Key, sink.Key)
		}
	})
	if views < 30 {
		t.Errorf("only %d views were found", views)
	}
}

// topologyCheck follows types through a topology.
type topologyCheck struct {
	*testing.T
	topics map[uint16][]types.Type // written so far
	ids    map[uint16]bool
}

func (c *topologyCheck) check(top *plan.Topology) {
	c.Helper()
	for i := range top.Tasks {
		for _, in := range top.Tasks[i].Inputs {
			for j := range top.Forwarders {
				if f := &top.Forwarders[j]; in.Source.Relation == 0 && f.Target == in.Source.Topic {
					c.forwarder(f)
				}
			}
		}
		c.task(&top.Tasks[i])
	}
	if len(c.ids) != len(top.Tasks)+len(top.Forwarders) {
		c.Errorf("%d numbers for %d tasks and %d forwarders", len(c.ids), len(top.Tasks), len(top.Forwarders))
	}
}

func (c *topologyCheck) forwarder(f *plan.Forwarder) {
	c.ids[f.ID] = true
	out := c.steps(f.Steps, c.source(f.Source))
	c.columns(f.Key, out)
	c.write(f.Target, out)
}

func (c *topologyCheck) write(topic uint16, ts []types.Type) {
	if topic == 0 || c.topics[topic] != nil {
		c.Errorf("topic %d is written twice", topic)
	}
	c.topics[topic] = ts
}

func (c *topologyCheck) source(s plan.Source) []types.Type {
	if s.Relation == 0 {
		checkSameTypes(c.T, "source", c.topics[s.Topic], s.Columns)
	}
	return s.Columns
}

func (c *topologyCheck) steps(steps []plan.Step, ts []types.Type) []types.Type {
	for _, s := range steps {
		if (s.Filter == nil) == (s.Project == nil && s.Pair == nil) || s.Project != nil && s.Pair != nil {
			c.Errorf("a step that is not one thing")
		}
		for _, e := range append(append([]*plan.Expr{}, s.Project...), conjuncts(s.Filter)...) {
			checkExpr(c.T, "step", e, ts, nil)
		}
		ts = s.Output(ts)
	}
	return ts
}

func (c *topologyCheck) columns(list []int, ts []types.Type) {
	for _, i := range list {
		if i < 0 || i >= len(ts) {
			c.Errorf("column %d of %d", i, len(ts))
		}
	}
}

func (c *topologyCheck) task(task *plan.Task) {
	c.ids[task.ID] = true
	var ins [][]types.Type
	var all []types.Type
	for _, in := range task.Inputs {
		ts := c.steps(in.Steps, c.source(in.Source))
		ins, all = append(ins, ts), append(all, ts...)
		if task.Join == nil {
			checkSameTypes(c.T, "input", baseTypes(ts), baseTypes(ins[0]))
			all = ins[0]
		}
	}
	if j := task.Join; j != nil {
		c.columns(j.LeftKey, ins[0])
		c.columns(j.RightKey, ins[1])
		for i := range j.LeftKey {
			if ins[0][j.LeftKey[i]].Base() != ins[1][j.RightKey[i]].Base() {
				c.Errorf("task %d joins %v with %v", task.ID, ins[0][j.LeftKey[i]], ins[1][j.RightKey[i]])
			}
		}
		if j.Cond != nil {
			checkExpr(c.T, "join", j.Cond, all, nil)
		}
		if j.Kind == plan.JoinSemi || j.Kind == plan.JoinAnti {
			all = ins[0]
		}
	}
	if t := task.Top; t != nil {
		c.columns(t.GroupBy, all)
		for _, k := range t.Keys {
			c.columns([]int{k.Column}, all)
		}
	}
	if a := task.Aggregate; a != nil {
		all = c.aggregate(a, all)
	}
	out := c.steps(task.After, all)
	checkSameTypes(c.T, "sink", out, task.Sink.Columns)
	c.columns(task.Sink.Key, out)
	if task.Sink.Kind == plan.SinkChanges {
		c.write(task.Sink.Topic, out)
	}
}

func (c *topologyCheck) aggregate(a *plan.AggregateSpec, in []types.Type) []types.Type {
	c.columns(a.GroupBy, in)
	out := pick(in, a.GroupBy)
	for _, g := range a.Aggs {
		for _, e := range g.Args {
			checkExpr(c.T, "aggregate", e, in, nil)
		}
		out = append(out, g.Type)
	}
	return out
}

// TestDefaultsReadBack shows that the text kept of a DEFAULT reads as the same expression.
func TestDefaultsReadBack(t *testing.T) {
	for _, sql := range []string{
		"1", "-1.50", "'it''s'", `'a\b'`, "NULL", "true", "date '2020-01-01'", "now()", "current_date", "1 + 2 * 3", "(1 + 2) * -3",
		"CASE WHEN true THEN 1 ELSE 2 END", "CASE 1 WHEN 2 THEN 'x' END", "'x'::text || 'y'", "numeric(10,2) '1.5'", "'1'::numeric(5,1)",
		"extract(year FROM date '2020-01-01')", "coalesce(NULL, 1)", "NOT false", "1 IS NOT NULL", "1 = 1 AND 2 > 1", "upper('x')",
	} {
		text := formatOf(t, sql)
		if again := formatOf(t, text); again != text {
			t.Errorf("%s is kept as %s, which reads as %s", sql, text, again)
		}
	}
}

func formatOf(t *testing.T, sql string) string {
	t.Helper()
	e, err := parse.ParseExpr(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	text, err := FormatExpr(e)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}
