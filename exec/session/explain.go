package session

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
)

// explain is EXPLAIN of a query, of DML or of a continuous query, and EXPLAIN (PARSED) of any statement.
func (c *compiler) explain(t *ast.Explain) (*command, error) {
	if t.Analyze && t.Stage != "topology" {
		return nil, pgerr.Unsupported("EXPLAIN ANALYZE is").WithHint("EXPLAIN (TOPOLOGY, ANALYZE) SELECT * FROM a materialized view shows what its query did.").At(c.start())
	}
	for _, o := range t.Options {
		if err := explainOption(o); err != nil {
			return nil, err
		}
	}
	text, err := c.explainText(t)
	if err != nil {
		return nil, err
	}
	if _, query := t.Stmt.(*ast.CreateQuery); t.Analyze && query {
		return nil, pgerr.Unsupported("EXPLAIN ANALYZE of a query that does not run is").At(c.start())
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		rows = append(rows, []string{line})
	}
	return literal("EXPLAIN", textFields("QUERY PLAN"), func() [][]string { return rows }), nil
}

// explainOption accepts PostgreSQL's options as far as they ask for what is given anyway.
func explainOption(o ast.Option) error {
	v := strings.ToLower(optionText(o))
	on, isBool := parseBool(v)
	switch {
	case o.Name == "format" && v == "text", o.Name == "costs", isBool && !on:
		return nil
	}
	return pgerr.Unsupported("EXPLAIN option %s is", upper(o.Name)).At(o.Pos)
}

// explainText shows the stage that is asked for: the syntax tree, the plan as it was bound, the plan as it runs, which is the
// default, or the topology, which is the default of a continuous query.
func (c *compiler) explainText(t *ast.Explain) (string, error) {
	if t.Stage == "parsed" {
		return parse.Dump(t.Stmt), nil
	}
	env := c.plannerEnv()
	env.Unoptimized = t.Stage == "logical"
	switch stmt := t.Stmt.(type) {
	case *ast.CreateQuery:
		if stmt.Kind != "view" {
			return c.explainContinuous(stmt, t.Stage, env)
		}
	case *ast.SelectStmt:
		if t.Stage == "topology" {
			return c.explainView(stmt.Query, t.Analyze)
		}
		q, err := planner.PlanQuery(stmt.Query, env)
		if err != nil {
			return "", err
		}
		c.note(env)
		return planner.Explain(q), nil
	case *ast.Insert, *ast.Update, *ast.Delete:
		if t.Stage == "topology" {
			return "", errNoTopology()
		}
		d, err := planDML(stmt, env)
		if err != nil {
			return "", err
		}
		c.note(env)
		return explainWrite(d), nil
	}
	return "", pgerr.Unsupported("EXPLAIN of this statement is").At(c.start())
}

// explainContinuous shows a stage of CREATE … AS.
func (c *compiler) explainContinuous(stmt *ast.CreateQuery, stage string, env *planner.Env) (string, error) {
	if stage == "logical" || stage == "optimized" {
		root, err := planner.ContinuousPlan(stmt, env)
		if err != nil {
			return "", err
		}
		return planner.ExplainNode(root), nil
	}
	top, err := c.topology(stmt)
	if err != nil {
		return "", err
	}
	return planner.ExplainTopology(top, c.catalog), nil
}

func errNoTopology() error {
	return pgerr.New(pgerr.WrongObjectType, "EXPLAIN (TOPOLOGY) needs a continuous query").
		WithHint("Give it CREATE TABLE … AS SELECT …, or SELECT * FROM a materialized view.")
}

func explainWrite(d *dml) string {
	verb := firstWord(d.tag)
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s\n", verb[:1]+strings.ToLower(verb[1:]), d.relation.Name)
	for i, line := range strings.Split(strings.TrimRight(planner.Explain(d.source), "\n"), "\n") {
		lead := "      "
		if i == 0 {
			lead = "  ->  "
		}
		fmt.Fprintf(&b, "%s%s\n", lead, line)
	}
	return b.String()
}

// explainView gives the topology that keeps v for EXPLAIN (TOPOLOGY) SELECT … FROM v: the one that runs, not a new plan.
func (c *compiler) explainView(sel *ast.Select, analyze bool) (string, error) {
	if len(sel.From) == 1 {
		if ref, ok := sel.From[0].(*ast.TableRef); ok {
			r := c.resolve(ref.Name)
			if r == nil {
				return "", noRelation(ref.Name)
			}
			if r.Query != nil {
				top, err := decodeTopology(r)
				if err != nil {
					return "", err
				}
				if analyze {
					return c.explainRunning(r, top)
				}
				return planner.ExplainTopology(top, c.catalog), nil
			}
		}
	}
	return "", errNoTopology()
}

func noRelation(n ast.Name) error {
	return pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", strings.Join(n.Parts, ".")).At(n.Pos)
}

func decodeTopology(r *catalog.Relation) (*plan.Topology, error) {
	top := &plan.Topology{}
	if r.Query == nil {
		return nil, pgerr.New(pgerr.WrongObjectType, "%q is not a materialized view", r.Name)
	}
	if err := json.Unmarshal(r.Query.Topology, top); err != nil {
		return nil, fmt.Errorf("topology of %q: %w", r.Name, err)
	}
	return top, nil
}
