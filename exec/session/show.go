package session

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// listing is one SHOW of the catalog's contents: rows for each relation that it is about.
type listing struct {
	columns []string
	about   func(*catalog.Relation) bool
	row     func(Engine, *catalog.Catalog, *catalog.Relation) []string
	rows    func(Engine, *catalog.Catalog, *catalog.Relation) [][]string // if there may be several
	// replacements says that it is about views too that are to replace others.
	replacements bool
}

// listings by the word after SHOW.
var listings = map[string]listing{
	"tables": {
		columns: []string{"schema", "name", "kind", "key", "partitions", "state", "state_bytes"},
		about:   (*catalog.Relation).Keyed,
		row: func(e Engine, _ *catalog.Catalog, r *catalog.Relation) []string {
			return []string{r.Schema, r.Name, r.Word(), keyText(r), partitionsText(r), string(r.Config.State), stateBytesText(e, r)}
		},
	},
	"streams": {
		columns: []string{"schema", "name", "key", "partitions", "topic", "format"},
		about:   func(r *catalog.Relation) bool { return r.Kind == catalog.KindStream },
		row: func(_ Engine, cat *catalog.Catalog, r *catalog.Relation) []string {
			return []string{r.Schema, r.Name, keyText(r), partitionsText(r), topicText(cat, r), string(r.Format())}
		},
	},
	"topics": {
		columns: []string{"name", "relation", "kind", "partitions", "format", "cleanup_policy", "retention", "retention_bytes", "compression", "durability"},
		about:   (*catalog.Relation).HasTopic,
		row: func(_ Engine, _ *catalog.Catalog, r *catalog.Relation) []string {
			out := []string{r.Topic().String(), r.Schema + "." + r.Name, r.Word(), partitionsText(r)}
			for _, v := range r.Config.Values()[:6] {
				out = append(out, v.Value)
			}
			return out
		},
	},
	"queries": {
		columns: []string{"schema", "name", "state", "reason", "reads", "query", "state_bytes",
			"lag_records", "lag_seconds", "backfill_rows", "backfill_total", "backfill_percent", "backfill_left"},
		about:        func(r *catalog.Relation) bool { return r.Query != nil },
		row:          queryRow,
		replacements: true,
	},
	"tasks": {
		columns: []string{"schema", "query", "kind", "node", "partition", "shard", "state", "frontier", "end", "lag_records",
			"rows_in", "rows_out", "commits", "busy_seconds", "restarts", "last_error"},
		about:        func(r *catalog.Relation) bool { return r.Query != nil },
		rows:         taskRows,
		replacements: true,
	},
}

func keyText(r *catalog.Relation) string {
	var names []string
	for _, k := range r.Key {
		names = append(names, r.Columns[k].Name)
	}
	return strings.Join(names, ", ")
}

func partitionsText(r *catalog.Relation) string { return strconv.Itoa(r.Partitions()) }

// topicText names the topic that a stream or table is over, "" if it has one of its own.
func topicText(cat *catalog.Catalog, r *catalog.Relation) string {
	id, _ := r.Reads()
	if t := cat.ByID(id); t != nil {
		return t.Name
	}
	return ""
}

func stateBytesText(e Engine, r *catalog.Relation) string {
	return strconv.FormatInt(e.StateBytes(r), 10)
}

func readsText(cat *catalog.Catalog, r *catalog.Relation) string {
	var names []string
	for _, id := range r.Query.DependsOn {
		if d := cat.ByID(id); d != nil {
			names = append(names, d.Name)
		}
	}
	return strings.Join(names, ", ")
}

// show is SHOW of the catalog's contents or of a setting.
func (c *compiler) show(t *ast.Show) (*command, error) {
	if l, ok := listings[t.Name]; ok {
		return c.list(l), nil
	}
	switch t.Name {
	case "nodes":
		return nil, pgerr.Unsupported("SHOW %s is", upper(t.Name)).At(c.start())
	}
	return c.showSetting(t.Name)
}

func (c *compiler) list(l listing) *command {
	s := c.session
	return literal("SHOW", textFields(l.columns...), func() [][]string {
		cat := s.catalog()
		var rows [][]string
		for _, r := range cat.Relations() {
			switch {
			case r.Index != nil || r.Enum != nil || !l.about(r) || r.Replaces != 0 && !l.replacements:
			case l.rows != nil:
				rows = append(rows, l.rows(s.engine, cat, r)...)
			default:
				rows = append(rows, l.row(s.engine, cat, r))
			}
		}
		return rows
	})
}

// describe is DESCRIBE: a row for each column, then one for each option of the topic.
func (c *compiler) describe(t *ast.Describe) (*command, error) {
	r := c.resolve(t.Name)
	if r == nil {
		return nil, noRelation(t.Name)
	}
	var rows [][]string
	for i, col := range r.Columns {
		if !col.Hidden {
			rows = append(rows, []string{col.Name, col.Type.String(), nullableText(col), keyMark(r, i), col.Default})
		}
	}
	if r.View == nil {
		rows = append(rows, optionRows(c.catalog, r)...)
	}
	cmd := literal("DESCRIBE", textFields("column", "type", "nullable", "key", "default"), func() [][]string { return rows })
	cmd.volatile = true
	return cmd, nil
}

// optionRows are the options of r's topic: the name, the word option, and the value where columns have their default.
func optionRows(cat *catalog.Catalog, r *catalog.Relation) [][]string {
	options := r.Config.Values()
	if r.Over != 0 {
		options = []catalog.ConfigValue{{Name: "topic", Value: topicText(cat, r)}, {Name: "format", Value: string(r.Format())}}
	}
	if r.Source != nil {
		options[0] = catalog.ConfigValue{Name: "format", Value: string(r.Source.Format)}
		options = append([]catalog.ConfigValue{{Name: "topic", Value: topicText(cat, r)}}, options...)
	}
	rows := [][]string{{"partitions", "option", "", "", partitionsText(r)}}
	for _, o := range options {
		rows = append(rows, []string{o.Name, "option", "", "", o.Value})
	}
	return rows
}

func nullableText(c catalog.Column) string {
	if c.NotNull {
		return "not null"
	}
	return ""
}

func keyMark(r *catalog.Relation, column int) string {
	for _, k := range r.Key {
		if k == column {
			if r.HasPrimaryKey {
				return "primary key"
			}
			return "key"
		}
	}
	return ""
}
