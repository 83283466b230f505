package planner

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// overTopic makes rel a stream over the topic that its options name, or a table of the topic's last records.
func (c *creator) overTopic(opts relationOptions) error {
	name, pos := opts.topic, opts.topicPos
	t := Lookup(c.env, name)
	switch {
	case t == nil:
		return pgerr.New(pgerr.UndefinedTable, "topic %q does not exist", strings.Join(name.Parts, ".")).
			WithHint("Create it with CREATE TOPIC.").At(pos)
	case t.Kind != catalog.KindTopic:
		return pgerr.New(pgerr.WrongObjectType, "%q is not a topic", t.Name).WithHint("Create one with CREATE TOPIC.").At(pos)
	}
	for _, o := range c.stmt.Options {
		if ofTable := o.Name == "state" && c.rel.Kind == catalog.KindTable; o.Name != "topic" && o.Name != "format" && !ofTable {
			return pgerr.New(pgerr.InvalidParameterValue, "option %q is the topic's", o.Name).
				WithHint("Give it with CREATE TOPIC or ALTER TOPIC.").At(o.Pos)
		}
	}
	format := t.Config.Format
	if _, given := opts.given["format"]; given {
		format = opts.config.Format
	}
	if c.rel.Kind == catalog.KindTable {
		return c.tableOf(t, format, opts.config.State)
	}
	c.rel.Over, c.rel.Placement, c.rel.PartitionBy = t.ID, t.Placement, nil
	c.rel.Config = catalog.TopicConfig{Format: format}
	if len(c.rel.Columns) == 0 && t.Template != nil {
		c.rel.Columns, c.rel.Key = t.Template.Columns, t.Template.Key
	}
	if len(c.rel.Columns) == 0 {
		return c.noColumns(t)
	}
	return c.agree(t)
}

func (c *creator) noColumns(topic *catalog.Relation) error {
	return pgerr.New(pgerr.InvalidTableDefinition, "%s %q has no columns", c.rel.Kind, c.rel.Name).
		WithDetail("Topic %q was created without columns that it could take.", topic.Name).At(c.stmt.Name.Pos)
}

// agree checks that streams and tables that share a topic in native format have columns of the same types, as far as both
// have them: the bytes of a row do not say what they are.
func (c *creator) agree(topic *catalog.Relation) error {
	if _, format := c.rel.Reads(); format != catalog.FormatNative {
		return nil
	}
	for _, other := range c.env.Catalog.Dependents(topic.ID) {
		if id, format := other.Reads(); id != topic.ID || format != catalog.FormatNative {
			continue
		}
		for i := range min(len(other.Columns), len(c.rel.Columns)) {
			if mine, theirs := c.rel.Columns[i], other.Columns[i]; mine.Type.Base() != theirs.Type.Base() {
				return pgerr.New(pgerr.InvalidTableDefinition, "column %q of type %s does not agree with column %q of %s %q over the same topic", mine.Name, mine.Type, theirs.Name, other.Kind, other.Name).
					WithDetail("That one is of type %s, and records in native format do not tell types.", theirs.Type).At(c.stmt.Name.Pos)
			}
		}
	}
	return nil
}

// topicName reads the value of the option topic: a name, of two parts if it has a point.
func topicName(o ast.Option) (ast.Name, error) {
	text, ok := optionText(o)
	if !ok || o.Value == nil || text == "" {
		return ast.Name{}, badOption(o)
	}
	name := ast.Name{Parts: []string{text}, Pos: o.Pos}
	if schema, rest, two := strings.Cut(text, "."); two && schema != "" && rest != "" {
		name.Parts = []string{schema, rest}
	}
	return name, nil
}
