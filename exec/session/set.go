package session

import (
	"context"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func lookupDefinition(name string) (definition, bool) {
	d, ok := definitions[strings.ToLower(name)]
	return d, ok
}

// set is SET and RESET.
func (c *compiler) set(t *ast.Set) (*command, error) {
	s := c.session
	tag := upper(firstWord(c.parsed.Text))
	return &command{start: func(_ context.Context, p *Portal) error {
		if t.All {
			s.settings.resetAll()
			return p.finish(tag)
		}
		if t.Local && !s.inBlock() {
			s.warn(pgerr.NoActiveSQLTransaction, "SET LOCAL can only be used in transaction blocks")
			_, err := s.settings.check(strings.ToLower(t.Name), t.Values)
			return firstError(err, p.finish(tag))
		}
		isMode, err := s.setMode(t.Name, t.Values)
		if !isMode {
			err = s.settings.set(t.Name, t.Values, t.Local)
		}
		if err != nil {
			return err
		}
		return p.finish(tag)
	}}, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// showSetting is SHOW of a run-time parameter.
func (c *compiler) showSetting(name string) (*command, error) {
	if name == "all" {
		return c.showAllSettings(), nil
	}
	value, ok := c.session.settings.get(name)
	if !ok {
		return nil, unknownSetting(name)
	}
	label := name
	if d, known := lookupDefinition(name); known {
		label = d.name
	}
	fields := textFields(label)
	s := c.session
	return literal("SHOW", fields, func() [][]string {
		if v, ok := s.settings.get(name); ok {
			value = v
		}
		return [][]string{{value}}
	}), nil
}

func (c *compiler) showAllSettings() *command {
	s := c.session
	return literal("SHOW", textFields("name", "setting", "description"), func() [][]string {
		var rows [][]string
		for _, name := range s.settings.all() {
			d, _ := lookupDefinition(name)
			rows = append(rows, []string{name, s.settings.value(name), d.help})
		}
		return rows
	})
}

func textFields(names ...string) []plan.Field {
	fields := make([]plan.Field, len(names))
	for i, n := range names {
		fields[i] = plan.Field{Name: n, Type: types.Text}
	}
	return fields
}

// literal returns a command with a small result of texts, made when it runs.
func literal(tag string, fields []plan.Field, rows func() [][]string) *command {
	return &command{fields: fields, start: func(_ context.Context, p *Portal) error {
		b := types.NewBatch(fieldTypes(fields), 0)
		for _, r := range rows() {
			row := make([]types.Datum, len(r))
			for i, text := range r {
				row[i] = types.Datum{Str: text}
			}
			b.AppendRow(row, 1)
		}
		p.tag, p.op = tag, &oneBatch{batch: b}
		return nil
	}}
}

func fieldTypes(fields []plan.Field) []types.Type {
	ts := make([]types.Type, len(fields))
	for i, f := range fields {
		ts[i] = f.Type
	}
	return ts
}

// oneBatch is an operator over a batch that is there.
type oneBatch struct{ batch *types.Batch }

// Next implements exec.Operator.
func (o *oneBatch) Next(context.Context) (*types.Batch, error) {
	b := o.batch
	o.batch = nil
	return b, nil
}

// Close implements exec.Operator.
func (o *oneBatch) Close() { o.batch = nil }
