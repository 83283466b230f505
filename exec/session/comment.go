package session

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// comment is COMMENT ON: the text goes into the object's descriptor. Who owns an object comments on it.
func (c *compiler) comment(t *ast.Comment) (*command, error) {
	return c.change("COMMENT", func(c *compiler) (*catalog.Change, func(), error) {
		ch := &catalog.Change{}
		var err error
		switch t.Kind {
		case "schema":
			err = c.commentSchema(t, ch)
		case "role":
			err = c.commentRole(t, ch)
		case "type":
			err = c.commentType(t, ch)
		default:
			var r *catalog.Relation
			if r, err = c.commentRelation(t); err == nil {
				ch.Put = []*catalog.Relation{r}
			}
		}
		return ch, nil, err
	}), nil
}

func (c *compiler) commentSchema(t *ast.Comment, ch *catalog.Change) error {
	s := c.catalog.Schema(t.Name.Last())
	switch {
	case s == nil && catalog.IsReservedSchema(t.Name.Last()):
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied: %q is a system schema", t.Name.Last())
	case s == nil:
		return noSchema(t.Name.Last())
	}
	n := *s
	n.Comment = t.Text
	ch.PutSchemas = []*catalog.Schema{&n}
	return c.allowSchemaOwner(s)
}

func (c *compiler) commentRole(t *ast.Comment, ch *catalog.Change) error {
	r := c.catalog.RoleNamed(t.Name.Last())
	switch me := c.me(); {
	case r == nil:
		return pgerr.New(pgerr.UndefinedObject, "role %q does not exist", t.Name.Last())
	case r.Superuser && !me.Superuser:
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to comment on superuser role")
	case !me.Superuser && !me.CreateRole:
		return pgerr.New(pgerr.InsufficientPrivilege, "must have CREATEROLE privilege")
	}
	n := *r
	n.Comment = t.Text
	ch.PutRoles = []*catalog.Role{&n}
	return nil
}

// commentRelation returns a relation with the comment on it, or on something of it.
func (c *compiler) commentRelation(t *ast.Comment) (*catalog.Relation, error) {
	if t.Kind == "index" {
		return c.commentIndex(t)
	}
	name := t.Name
	if t.Kind == "column" {
		if len(name.Parts) == 1 {
			return nil, pgerr.New(pgerr.SyntaxError, "column name must be qualified").At(name.Pos)
		}
		name.Parts = name.Parts[:len(name.Parts)-1]
	}
	r := c.resolve(name)
	if r == nil {
		return nil, c.noObject("relation", name)
	}
	n := *r
	switch {
	case t.Kind == "column":
		if err := commentColumn(&n, t); err != nil {
			return nil, err
		}
	case t.Constraint != "":
		if err := commentConstraint(&n, t); err != nil {
			return nil, err
		}
	case !isKind(r, t.Kind):
		return nil, wrongKind(r, t.Kind, "COMMENT ON", "comment on")
	default:
		n.Comment = t.Text
	}
	return &n, c.allowOwner(r)
}

func commentColumn(r *catalog.Relation, t *ast.Comment) error {
	name := t.Name.Last()
	i := slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return c.Name == name && !c.Hidden })
	switch {
	case r.Sequence != nil:
		return pgerr.New(pgerr.WrongObjectType, "cannot set comment on relation %q", r.Name).
			WithDetail("This operation is not supported for sequences.")
	case i < 0:
		return pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", name, r.Name)
	}
	r.Columns = slices.Clone(r.Columns)
	r.Columns[i].Comment = t.Text
	return nil
}

func commentConstraint(r *catalog.Relation, t *ast.Comment) error {
	if r.HasPrimaryKey && r.PrimaryKeyName() == t.Constraint {
		r.KeyComments.Constraint = t.Text
		return nil
	}
	if i := slices.IndexFunc(r.ForeignKeys, func(f catalog.ForeignKey) bool { return f.Name == t.Constraint }); i >= 0 {
		r.ForeignKeys = slices.Clone(r.ForeignKeys)
		r.ForeignKeys[i].Comment = t.Text
		return nil
	}
	i := slices.IndexFunc(r.Checks, func(c catalog.Check) bool { return c.Name == t.Constraint })
	if i < 0 {
		return pgerr.New(pgerr.UndefinedObject, "constraint %q for table %q does not exist", t.Constraint, r.Name)
	}
	r.Checks = slices.Clone(r.Checks)
	r.Checks[i].Comment = t.Text
	return nil
}

// commentIndex comments on an index, that of a primary key too. Errors: 42809, 42P01.
func (c *compiler) commentIndex(t *ast.Comment) (*catalog.Relation, error) {
	if r := c.resolve(t.Name); r != nil && r.Index != nil {
		n := *r
		n.Comment = t.Text
		return &n, c.ownIndex(r)
	} else if r != nil {
		return nil, pgerr.New(pgerr.WrongObjectType, "%q is not an index", r.Name)
	}
	schemas := []string{t.Name.Schema()}
	if schemas[0] == "" {
		schemas = c.catalog.Path(c.session.settings.searchPath())
	}
	for _, schema := range schemas {
		for _, r := range c.catalog.In(schema) {
			if r.HasPrimaryKey && r.PrimaryKeyName() == t.Name.Last() {
				n := *r
				n.KeyComments.Index = t.Text
				return &n, c.allowOwner(r)
			}
		}
	}
	return nil, pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", strings.Join(t.Name.Parts, "."))
}
