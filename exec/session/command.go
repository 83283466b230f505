package session

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// class says how a command stands to transactions.
type class uint8

const (
	classLocal class = iota // touches the session only
	classRead               // reads relations
	classWrite              // writes rows
	classDDL                // changes the catalog
)

// command is a planned statement; it may be run many times.
type command struct {
	class  class
	text   string
	params []types.Type
	fields []plan.Field // nil: no rows
	// start runs the statement for p as far as needed before rows can be pulled, and calls p.finish or p.deliver.
	start func(ctx context.Context, p *Portal) error

	copy     *Copy // COPY
	endless  bool  // EMIT CHANGES
	empty    bool
	ends     bool // may run in a failed block
	volatile bool // depends on the session's cursors or statements: planned for each use
}

// compiler is what compiling one statement needs.
type compiler struct {
	session *Session
	ctx     context.Context
	catalog *catalog.Catalog
	parsed  parse.Parsed
	params  []types.Type // as long as there are parameters; inferred ones are filled in
}

func (s *Session) compile(ctx context.Context, cat *catalog.Catalog, parsed parse.Parsed, declared []types.Type) (*command, error) {
	c := &compiler{session: s, ctx: ctx, catalog: cat, parsed: parsed}
	c.params = append(c.params, declared...)
	for len(c.params) < parsed.NumParams {
		c.params = append(c.params, types.Type{})
	}
	cmd, err := c.statement(parsed.Stmt)
	if err != nil {
		return nil, err
	}
	cmd.text = parsed.Text
	cmd.ends = endsBlock(parsed.Stmt)
	if cmd.params == nil {
		cmd.params = c.params
	}
	return cmd, nil
}

// statement compiles a statement of any kind. A new kind is added here, and a test fails until it is.
func (c *compiler) statement(stmt ast.Statement) (*command, error) {
	switch t := stmt.(type) {
	case *ast.Empty:
		return &command{empty: true, start: func(_ context.Context, p *Portal) error { return p.finish("") }}, nil
	case *ast.SelectStmt:
		return c.query(t.Query)
	case *ast.Insert, *ast.Update, *ast.Delete:
		return c.write(t)
	case *ast.Copy:
		return c.copy(t)
	case *ast.CreateRelation:
		return c.createRelation(t)
	case *ast.CreateQuery:
		if t.Kind == "view" {
			return c.createView(t)
		}
		return c.createQuery(t)
	case *ast.CreateIndex:
		return c.createIndex(t)
	case *ast.CreateType:
		return c.createType(t)
	case *ast.AlterType:
		return c.alterType(t)
	case *ast.CreateSequence:
		return c.createSequence(t)
	case *ast.CreateRole:
		return c.createRole(t)
	case *ast.AlterRole:
		return c.alterRole(t)
	case *ast.DropRole:
		return c.dropRole(t)
	case *ast.GrantRole:
		return c.grantRole(t)
	case *ast.Grant:
		return c.grant(t)
	case *ast.OwnedBy:
		return c.ownedBy(t)
	case *ast.CreateSchema:
		return c.createSchema(t)
	case *ast.AlterSchema:
		return c.alterSchema(t)
	case *ast.Comment:
		return c.comment(t)
	case *ast.AlterRelation:
		return c.alterRelation(t)
	case *ast.AlterOptions:
		return c.alterOptions(t)
	case *ast.Drop:
		return c.drop(t)
	case *ast.Transaction:
		return c.transaction(t)
	case *ast.Set:
		return c.set(t)
	case *ast.Show:
		return c.show(t)
	case *ast.Describe:
		return c.describe(t)
	case *ast.Explain:
		return c.explain(t)
	case *ast.DeclareCursor:
		return c.declare(t)
	case *ast.Fetch:
		return c.fetch(t)
	case *ast.Close:
		return c.closeCursor(t)
	case *ast.Prepare:
		return c.prepare(t)
	case *ast.Execute:
		return c.execute(t)
	case *ast.Deallocate:
		return c.deallocate(t)
	case *ast.Discard:
		return c.discard(t)
	case *ast.Unlisten: // LISTEN is refused, so nobody listens
		return local("UNLISTEN", func() error { return nil }), nil
	case *ast.Truncate:
		return c.truncate(t)
	case *ast.Maintain:
		return c.maintain(t)
	case *ast.Unsupported:
		return nil, pgerr.Unsupported("%s is", t.What).At(t.Pos).WithHint("%s", refusalHints[t.What])
	}
	return nil, pgerr.Unsupported("statement %T is", stmt)
}

// refusalHints say what to do instead of a statement that is not supported.
var refusalHints = map[string]string{
	"LISTEN":                   "Read changes with SELECT … EMIT CHANGES, in a cursor or with COPY (…) TO STDOUT.",
	"NOTIFY":                   "Write a row to a stream, whose readers use SELECT … EMIT CHANGES.",
	"PREPARE TRANSACTION":      "Use COMMIT, which is atomic over all shards.",
	"ALTER DATABASE":           "Use SET, or give settings when connecting.",
	"ALTER DEFAULT PRIVILEGES": "Use GRANT on each relation once it is there.",
	"LOCK":                     "Lock rows with SELECT … FOR UPDATE, or use pg_advisory_xact_lock.",
	"MERGE":                    "Use INSERT … ON CONFLICT.",
}

// start is the position of the statement in the user's text.
func (c *compiler) start() int { return c.parsed.Start + 1 }

// local returns a command that only touches the session.
func local(tag string, do func() error) *command {
	return &command{start: func(_ context.Context, p *Portal) error {
		if err := do(); err != nil {
			return err
		}
		return p.finish(tag)
	}}
}
