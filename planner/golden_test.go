package planner

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
)

// TestGolden shows, for SQL statements, the plans, topologies and descriptors that they give, or their errors with
// SQLSTATE and place. Each statement of a file sees the relations that those before it created.
//
//	sql [params] [fields]    plans the statements of the input, creates what they create
//	sql brief                the same, and shows no plans
//	records t=n …            from now on relations have so many records; without it no sizes are known
//	stages                   the plans of queries, DML and continuous queries before and behind the rules
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		w := newWorld()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "stages":
				return w.stages(d.Input)
			case "records":
				return w.size(d)
			case "sql":
			default:
				d.Fatalf(t, "unknown command %q", d.Cmd)
			}
			w.brief = d.HasArg("brief")
			return w.run(d.Input, d.HasArg("fields") || w.brief, d.HasArg("params"))
		})
	})
}

// errNoPlan is for statements that are the session's alone.
var errNoPlan = errors.New("a statement without a plan")

// world is a catalog that grows by the statements run in it.
type world struct {
	catalog *catalog.Catalog
	env     *Env
	brief   bool
	records map[string]int64
}

func newWorld() *world { return &world{catalog: catalog.Empty()} }

// size has relations have so many records.
func (w *world) size(d *datadriven.TestData) string {
	w.records = map[string]int64{}
	for _, a := range d.CmdArgs {
		n, err := strconv.ParseInt(a.Vals[0], 10, 64)
		if err != nil {
			return err.Error()
		}
		w.records[a.Key] = n
	}
	return ""
}

// recordsOf is Env.Records of a world with sizes.
func (w *world) recordsOf() func(*catalog.Relation) int64 {
	if w.records == nil {
		return nil
	}
	return func(r *catalog.Relation) int64 { return w.records[r.Name] }
}

// spread places partitions on two shards in turn.
func spread(n int) []catalog.ShardID {
	out := make([]catalog.ShardID, n)
	for i := range out {
		out[i] = catalog.ShardID(i % 2)
	}
	return out
}

func (w *world) run(sql string, fields, params bool) string {
	all, err := parse.Parse(sql)
	if err != nil {
		return errorText(err)
	}
	var b strings.Builder
	for _, p := range all {
		w.env = &Env{Catalog: w.catalog, Settings: map[string]string{"TimeZone": "UTC"}, Records: w.recordsOf()}
		text, fs, err := w.statement(p.Stmt)
		if err != nil {
			return b.String() + errorText(err)
		}
		if !w.brief {
			b.WriteString(text)
		}
		if fields {
			b.WriteString(fieldsText(fs))
		}
		if params {
			fmt.Fprintf(&b, "params: %v\n", w.env.ParamTypes)
		}
	}
	return b.String()
}

// stages shows what EXPLAIN (LOGICAL) and EXPLAIN (OPTIMIZED) do.
func (w *world) stages(sql string) string {
	all, err := parse.Parse(sql)
	if err != nil {
		return errorText(err)
	}
	var b strings.Builder
	for _, p := range all {
		for _, stage := range []string{"logical", "optimized"} {
			w.env = &Env{Catalog: w.catalog, Settings: map[string]string{"TimeZone": "UTC"}, Unoptimized: stage == "logical"}
			text, err := w.stage(p.Stmt)
			if err != nil {
				return b.String() + errorText(err)
			}
			b.WriteString(stage + "\n" + text)
		}
	}
	return b.String()
}

func (w *world) stage(stmt ast.Statement) (string, error) {
	if c, ok := stmt.(*ast.CreateQuery); ok {
		root, err := ContinuousPlan(c, w.env)
		if err != nil {
			return "", err
		}
		return ExplainNode(root), nil
	}
	text, _, err := w.statement(stmt)
	return text, err
}

func errorText(err error) string {
	e := pgerr.From(err)
	s := fmt.Sprintf("ERROR %s at %d: %s\n", e.Code, e.Position, e.Message)
	if e.Detail != "" {
		s += "DETAIL: " + e.Detail + "\n"
	}
	if e.Hint != "" {
		s += "HINT: " + e.Hint + "\n"
	}
	return s
}

func fieldsText(fs []plan.Field) string {
	var out []string
	for _, f := range fs {
		s := f.Name + " " + f.Type.String()
		if f.Relation != 0 {
			s += fmt.Sprintf(" (%d.%d)", f.Relation, f.Attribute)
		}
		out = append(out, s)
	}
	return "fields: " + strings.Join(out, ", ") + "\n"
}

func (w *world) statement(stmt ast.Statement) (string, []plan.Field, error) {
	switch stmt := stmt.(type) {
	case *ast.SelectStmt:
		q, err := PlanQuery(stmt.Query, w.env)
		if err != nil {
			return "", nil, err
		}
		return Explain(q), q.Fields, nil
	case *ast.CreateRelation:
		rel, err := PlanCreateRelation(stmt, w.env, w.catalog.NextID(), spread)
		return w.create(rel, err)
	case *ast.CreateQuery:
		rel, err := PlanCreateQuery(stmt, w.env, w.catalog.NextID(), spread)
		return w.create(rel, err)
	case *ast.AlterOptions:
		return w.alter(stmt)
	case *ast.CreateIndex:
		return w.index(stmt)
	}
	return w.write(stmt)
}

// index makes an index that is there at once.
func (w *world) index(stmt *ast.CreateIndex) (string, []plan.Field, error) {
	table := Lookup(w.env, stmt.Table)
	if table == nil {
		return "", nil, noRelation(stmt.Table)
	}
	x, changed, err := PlanCreateIndex(stmt, table, w.env, spread)
	if err != nil {
		return "", nil, err
	}
	x.Index.Building = false
	w.catalog, err = w.catalog.Apply(catalog.Command{Change: &catalog.Change{Version: w.catalog.Version(), Put: []*catalog.Relation{changed, x}}})
	return "index " + x.Name + "\n", nil, err
}

func (w *world) alter(stmt *ast.AlterOptions) (string, []plan.Field, error) {
	rel := Lookup(w.env, stmt.Name)
	if rel == nil {
		return "", nil, noRelation(stmt.Name)
	}
	a, err := PlanAlterOptions(stmt, rel, w.catalog.ByID(rel.Over))
	if err != nil {
		return "", nil, err
	}
	if w.catalog, err = w.catalog.Apply(catalog.Command{Alter: &a}); err != nil {
		return "", nil, err
	}
	return configText(w.catalog.ByID(rel.ID)), nil, nil
}

// configText shows what is not the default of a relation's topic.
func configText(r *catalog.Relation) string {
	var b strings.Builder
	if r.Over != 0 {
		fmt.Fprintf(&b, "  over relation %d, format %s\n", r.Over, r.Format())
		return b.String()
	}
	defaults := map[string]string{}
	for _, v := range catalog.DefaultConfig(r.Kind).Values() {
		defaults[v.Name] = v.Value
	}
	for _, v := range r.Config.Values() {
		if defaults[v.Name] != v.Value {
			fmt.Fprintf(&b, "  with %s = %s\n", v.Name, v.Value)
		}
	}
	return b.String()
}

func (w *world) create(rel *catalog.Relation, err error) (string, []plan.Field, error) {
	if err != nil || rel == nil {
		return "", nil, err
	}
	if w.catalog, err = w.catalog.Apply(catalog.Command{Create: rel}); err != nil {
		return "", nil, err
	}
	text := relationText(rel)
	if rel.Query != nil {
		t, err := Topology(rel)
		if err != nil {
			return "", nil, err
		}
		text += ExplainTopology(t, w.catalog)
	}
	return text, nil, nil
}

func relationText(r *catalog.Relation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.%s, %d partitions\n", r.Kind, r.Schema, r.Name, r.Partitions())
	for _, c := range r.Columns {
		fmt.Fprintf(&b, "  %s %s", c.Name, c.Type)
		if c.NotNull {
			b.WriteString(" NOT NULL")
		}
		if c.Default != "" {
			fmt.Fprintf(&b, " DEFAULT %s", c.Default)
		}
		if c.Hidden {
			b.WriteString(" hidden")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "  key %v, partition by %v\n", r.Key, r.PartitionBy)
	return b.String() + configText(r)
}

func (w *world) write(stmt ast.Statement) (string, []plan.Field, error) {
	switch stmt := stmt.(type) {
	case *ast.Insert:
		p, err := PlanInsert(stmt, w.env)
		if err != nil {
			return "", nil, err
		}
		return insertText(p), p.Fields, nil
	case *ast.Update:
		p, err := PlanUpdate(stmt, w.env)
		if err != nil {
			return "", nil, err
		}
		return Explain(p.Input) + returningText(p.Relation, p.Returning), p.Fields, nil
	case *ast.Delete:
		p, err := PlanDelete(stmt, w.env)
		if err != nil {
			return "", nil, err
		}
		return Explain(p.Input) + returningText(p.Relation, p.Returning), p.Fields, nil
	}
	return "", nil, errNoPlan
}

func insertText(p *plan.Insert) string {
	s := Explain(p.Source)
	if v, ok := p.Source.Root.(*plan.Values); ok {
		for _, row := range v.Rows {
			s += "  (" + listText(row, textContext{}) + ")\n"
		}
	}
	both := textContext{rows: append(columnNames(p.Relation, ""), columnNames(p.Relation, "excluded.")...)}
	if p.OnConflictNothing {
		s += "on conflict do nothing\n"
	}
	if p.OnConflictSet != nil {
		s += "on conflict set " + listText(p.OnConflictSet, both) + "\n"
	}
	if p.OnConflictWhere != nil {
		s += "on conflict where " + exprText(p.OnConflictWhere, both) + "\n"
	}
	return s + returningText(p.Relation, p.Returning)
}

func columnNames(r *catalog.Relation, prefix string) names {
	var out names
	for _, c := range r.Columns {
		out = append(out, prefix+c.Name)
	}
	return out
}

func returningText(r *catalog.Relation, es []*plan.Expr) string {
	if es == nil {
		return ""
	}
	return "returning " + listText(es, textContext{rows: columnNames(r, "")}) + "\n"
}
