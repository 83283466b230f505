package session

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Copy says what the data of a COPY are. The wire turns them to rows, or rows to them.
type Copy struct {
	In       bool         // FROM STDIN; else TO STDOUT
	Relation string       // for messages; "" of a query
	Columns  []plan.Field // of the data, in their order
	Format   CopyFormat

	target *catalog.Relation // of In
	names  []ast.NamedPos    // the columns given, nil for all
}

// copy is COPY. COPY TO is a query whose rows are shown otherwise; COPY FROM is one atomic statement.
func (c *compiler) copy(t *ast.Copy) (*command, error) {
	format, err := readCopyOptions(t.Options, t.From)
	if err != nil {
		return nil, err
	}
	if t.From {
		return c.copyFrom(t, format)
	}
	return c.copyTo(t, format)
}

func (c *compiler) copyTo(t *ast.Copy, format CopyFormat) (*command, error) {
	sel, name := t.Query, ""
	if sel == nil {
		r := c.resolve(t.Table)
		if r != nil && r.SQL() != "" {
			return nil, pgerr.New(pgerr.WrongObjectType, "cannot copy from %s %q", r.Word(), r.Name).
				WithHint("Try the COPY (SELECT ...) TO variant.")
		}
		sel, name = selectColumns(t.Table, t.Columns), t.Table.Last()
	}
	cmd, err := c.query(sel)
	if err != nil {
		return nil, err
	}
	start := cmd.start
	cmd.copy = &Copy{Relation: name, Columns: cmd.fields, Format: format}
	cmd.fields = nil
	cmd.start = func(ctx context.Context, p *Portal) error {
		err := start(ctx, p)
		p.tag = "COPY"
		return err
	}
	return cmd, nil
}

// selectColumns is SELECT columns FROM table.
func selectColumns(table ast.Name, columns []ast.NamedPos) *ast.Select {
	sel := &ast.Select{From: []ast.TableExpr{&ast.TableRef{Name: table}}}
	for _, col := range columns {
		sel.Items = append(sel.Items, ast.SelectItem{Expr: &ast.ColumnRef{P: ast.P{Pos: col.Pos}, Parts: []string{col.Word}}})
	}
	if columns == nil {
		sel.Items = []ast.SelectItem{{Expr: &ast.Star{}}}
	}
	return sel
}

func (c *compiler) copyFrom(t *ast.Copy, format CopyFormat) (*command, error) {
	r := c.resolve(t.Table)
	switch {
	case r == nil:
		return nil, noRelation(ast.Name{Parts: t.Table.Parts}) // without its place, as PostgreSQL says it
	case r.SQL() != "" || r.Source != nil:
		return nil, pgerr.New(pgerr.WrongObjectType, "cannot copy to %s %q", r.Word(), r.Name)
	}
	cp := &Copy{In: true, Relation: r.Name, Format: format, target: r, names: t.Columns}
	columns, err := copyColumns(r, t.Columns)
	if err != nil {
		return nil, err
	}
	cp.Columns = columns
	return &command{class: classWrite, copy: cp, start: func(context.Context, *Portal) error {
		return pgerr.New(pgerr.ProtocolViolation, "COPY FROM STDIN needs data")
	}}, nil
}

// copyColumns are the columns given, or all that are not hidden.
func copyColumns(r *catalog.Relation, names []ast.NamedPos) ([]plan.Field, error) {
	var fields []plan.Field
	if names == nil {
		for _, col := range r.Columns {
			if !col.Hidden {
				fields = append(fields, plan.Field{Name: col.Name, Type: col.Type})
			}
		}
		return fields, nil
	}
	seen := map[string]bool{}
	for _, n := range names {
		i := columnIndex(r, n.Word)
		switch {
		case i < 0:
			return nil, pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", n.Word, r.Name)
		case seen[n.Word]:
			return nil, pgerr.New(pgerr.DuplicateColumn, "column %q specified more than once", n.Word)
		}
		seen[n.Word] = true
		fields = append(fields, plan.Field{Name: n.Word, Type: r.Columns[i].Type})
	}
	return fields, nil
}

func columnIndex(r *catalog.Relation, name string) int {
	for i, col := range r.Columns {
		if col.Name == name && !col.Hidden {
			return i
		}
	}
	return -1
}

// ColumnTypes are the types of the data's columns.
func (c *Copy) ColumnTypes() []types.Type { return fieldTypes(c.Columns) }
