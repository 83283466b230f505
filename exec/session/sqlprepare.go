package session

import (
	"context"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// prepare is PREPARE.
func (c *compiler) prepare(t *ast.Prepare) (*command, error) {
	s := c.session
	declared := make([]types.Type, len(t.Types))
	for i, n := range t.Types {
		t, err := planner.TypeNamed(c.plannerEnv(), n)
		if err != nil {
			return nil, err
		}
		declared[i] = t.Base() // parameters have no modifiers
	}
	parsed := parse.Parsed{Stmt: t.Stmt, Text: c.parsed.Text, Start: c.parsed.Start, NumParams: c.parsed.NumParams}
	return &command{params: []types.Type{}, start: func(ctx context.Context, p *Portal) error {
		if _, err := s.PrepareParsed(ctx, t.Name, parsed, declared); err != nil {
			return err
		}
		return p.finish("PREPARE")
	}}, nil
}

// execute is EXECUTE: the prepared statement's command with the arguments as its parameters.
func (c *compiler) execute(t *ast.Execute) (*command, error) {
	s := c.session
	prepared := s.prepared[t.Name]
	if prepared == nil || t.Name == "" {
		return nil, noStatement(t.Name)
	}
	if err := s.refresh(c.ctx, prepared); err != nil {
		return nil, err
	}
	want := prepared.Params()
	if len(t.Args) != len(want) {
		return nil, pgerr.New(pgerr.SyntaxError, "wrong number of parameters for prepared statement %q", t.Name).
			WithDetail("Expected %d parameters but got %d.", len(want), len(t.Args))
	}
	arguments, err := c.arguments(t.Args, want)
	if err != nil {
		return nil, err
	}
	cmd := *prepared.command
	cmd.volatile, cmd.params = true, c.params
	cmd.start = func(ctx context.Context, p *Portal) error {
		values, err := arguments(ctx, p)
		if err != nil {
			return err
		}
		p.params = values
		return prepared.command.start(ctx, p)
	}
	return &cmd, nil
}

// arguments compiles the arguments of EXECUTE, to values of the wanted types.
func (c *compiler) arguments(args []ast.Expr, want []types.Type) (func(context.Context, *Portal) ([]types.Datum, error), error) {
	if len(args) == 0 {
		return func(context.Context, *Portal) ([]types.Datum, error) { return nil, nil }, nil
	}
	row := &ast.Select{}
	for i, a := range args {
		row.Items = append(row.Items, ast.SelectItem{Expr: &ast.Cast{Arg: a, Type: ast.TypeName{Name: want[i].Base().String()}}})
	}
	q, err := c.planQuery(row)
	if err != nil {
		return nil, err
	}
	s := c.session
	return func(ctx context.Context, p *Portal) ([]types.Datum, error) {
		op, err := s.openQuery(ctx, q, p.params)
		if err != nil {
			return nil, err
		}
		defer op.Close()
		b, err := op.Next(ctx)
		if err != nil {
			return nil, err
		}
		return b.Row(0), nil
	}, nil
}

// deallocate is DEALLOCATE.
func (c *compiler) deallocate(t *ast.Deallocate) (*command, error) {
	s := c.session
	if t.Name == "" {
		return local("DEALLOCATE ALL", func() error {
			clear(s.prepared)
			return nil
		}), nil
	}
	return local("DEALLOCATE", func() error {
		if s.prepared[t.Name] == nil {
			return noStatement(t.Name)
		}
		delete(s.prepared, t.Name)
		return nil
	}), nil
}

// discard is DISCARD.
func (c *compiler) discard(t *ast.Discard) (*command, error) {
	s := c.session
	switch what := upper(t.What); what {
	case "SEQUENCES":
		return local("DISCARD SEQUENCES", func() error { s.sequences.forget(); return nil }), nil
	case "PLANS", "TEMP", "TEMPORARY": // plans are refreshed by themselves; of the others there are none
		if what == "TEMPORARY" {
			what = "TEMP"
		}
		return local("DISCARD "+what, func() error { return nil }), nil
	case "ALL":
		return &command{start: func(_ context.Context, p *Portal) error {
			if s.inBlock() {
				return pgerr.New(pgerr.ActiveSQLTransaction, "DISCARD ALL cannot run inside a transaction block")
			}
			s.closePortals(func(o *Portal) bool { return o != p })
			clear(s.prepared)
			s.settings.resetAll()
			s.sequences.forget()
			s.locks.UnlockAdvisoryAll()
			return p.finish("DISCARD ALL")
		}}, nil
	default:
		return nil, pgerr.Unsupported("DISCARD %s is", what).At(c.start())
	}
}
