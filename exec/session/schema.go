package session

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// createSchema is CREATE SCHEMA.
func (c *compiler) createSchema(t *ast.CreateSchema) (*command, error) {
	return c.change("CREATE SCHEMA", func(c *compiler) (*catalog.Change, func(), error) {
		owner, name := c.me(), t.Name
		if t.Owner != nil {
			var err error
			if owner, err = c.ownerToBe(*t.Owner); err != nil {
				return nil, nil, err
			}
		}
		if name == "" {
			name = owner.Name
		}
		if err := c.allowSchemas(); err != nil {
			return nil, nil, err
		}
		if err := schemaName(name); err != nil {
			return nil, nil, err
		}
		exists := pgerr.New(pgerr.DuplicateSchema, "schema %q already exists", name)
		switch {
		case c.catalog.HasSchema(name) && t.IfNotExists:
			exists.Message += ", skipping"
			return nil, func() { c.session.notice("NOTICE", exists) }, nil
		case c.catalog.HasSchema(name):
			return nil, nil, exists
		}
		return &catalog.Change{PutSchemas: []*catalog.Schema{{ID: c.catalog.NextID(), Name: name, Owner: owner.ID}}}, nil, nil
	}), nil
}

// allowSchemas checks that the session's role may make schemas, which is a superuser's: there is no GRANT on the database. Error: 42501.
func (c *compiler) allowSchemas() error {
	if c.me().Superuser {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for database %s", c.session.options.Database)
}

// withSchemaOwner returns the schema with another owner.
func withSchemaOwner(s *catalog.Schema, to catalog.RoleID) *catalog.Schema {
	n := *s
	n.Owner = to
	if n.Grants != nil {
		n.Grants = catalog.Reowned(s.Grants, s.OwnerID(), to)
	}
	return &n
}

// schemaName refuses names that are kept for PostgreSQL's own schemas. Error: 42939.
func schemaName(name string) error {
	if !strings.HasPrefix(name, "pg_") {
		return nil
	}
	return pgerr.New(pgerr.ReservedName, "unacceptable schema name %q", name).WithDetail(`The prefix "pg_" is reserved for system schemas.`)
}

// alterSchema is ALTER SCHEMA. When it is renamed all relations in it name the new one.
func (c *compiler) alterSchema(t *ast.AlterSchema) (*command, error) {
	return c.change("ALTER SCHEMA", func(c *compiler) (*catalog.Change, func(), error) {
		s := c.catalog.Schema(t.Name)
		switch {
		case s == nil && catalog.IsReservedSchema(t.Name):
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: %q is a system schema", t.Name)
		case s == nil:
			return nil, nil, noSchema(t.Name)
		}
		if err := c.allowSchemaOwner(s); err != nil {
			return nil, nil, err
		}
		if err := c.allowSchemas(); err != nil {
			return nil, nil, err
		}
		if t.Owner != nil {
			to, err := c.ownerToBe(*t.Owner)
			if err != nil {
				return nil, nil, err
			}
			return &catalog.Change{PutSchemas: []*catalog.Schema{withSchemaOwner(s, to.ID)}}, nil, nil
		}
		switch {
		case c.catalog.HasSchema(t.NewName):
			return nil, nil, pgerr.New(pgerr.DuplicateSchema, "schema %q already exists", t.NewName)
		}
		if err := schemaName(t.NewName); err != nil {
			return nil, nil, err
		}
		renamed := *s
		renamed.Name = t.NewName
		ch := &catalog.Change{PutSchemas: []*catalog.Schema{&renamed}}
		for _, r := range c.catalog.In(t.Name) {
			moved := *r
			moved.Schema = t.NewName
			ch.Put = append(ch.Put, &moved)
		}
		return ch, nil, nil
	}), nil
}

func noSchema(name string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidSchemaName, "schema %q does not exist", name)
}

// dropSchemas is DROP SCHEMA: with CASCADE all that is in them and all that depends on that goes, too.
func (c *compiler) dropSchemas(t *ast.Drop) (*command, error) {
	return c.change("DROP SCHEMA", func(c *compiler) (*catalog.Change, func(), error) {
		var names, missing []string
		for _, n := range t.Names {
			switch name := n.Last(); {
			case catalog.IsReservedSchema(name):
				return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop schema %s because it is required by the database system", name)
			case len(n.Parts) > 1:
				return nil, nil, pgerr.New(pgerr.SyntaxError, "schema name cannot be qualified")
			case c.catalog.Schema(name) != nil:
				if err := c.allowSchemaOwner(c.catalog.Schema(name)); err != nil {
					return nil, nil, err
				}
				names = append(names, name)
			case t.IfExists:
				missing = append(missing, noSchema(name).Message)
			default:
				return nil, nil, noSchema(name)
			}
		}
		if len(names) == 0 {
			return nil, func() { c.session.noticeMissing(missing) }, nil
		}
		ch, gone, err := c.dropContents(names, t.Cascade)
		if err != nil {
			return nil, nil, err
		}
		return ch, func() {
			c.session.noticeMissing(missing)
			c.session.noticeCascade(gone)
		}, nil
	}), nil
}

// dropContents returns the change that drops schemas with what is in them, and what messages call that. Error: 2BP01.
func (c *compiler) dropContents(names []string, cascade bool) (*catalog.Change, []string, error) {
	d := &schemaDrop{compiler: c, names: names}
	for _, name := range names {
		for _, r := range c.catalog.In(name) {
			if r.Index == nil && (r.Sequence == nil || r.Sequence.Owner == 0) { // else it goes with its table
				d.visit(r, "schema "+name)
			}
		}
	}
	if len(d.ids) > 0 && !cascade {
		what := "schema " + names[0]
		if len(names) > 1 {
			return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop desired object(s) because other objects depend on them").
				WithDetail("%s", strings.Join(d.lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
		return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s because other objects depend on it", what).
			WithDetail("%s", strings.Join(d.lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	if err := c.checkTypeUsers(d.ids); err != nil {
		return nil, nil, err
	}
	ch, also, err := c.dropWithSequences(d.ids, cascade)
	if err != nil {
		return nil, nil, err
	}
	if ch == nil {
		ch = &catalog.Change{Drop: d.ids}
	}
	for _, name := range names {
		ch.DropSchemas = append(ch.DropSchemas, c.catalog.Schema(name).ID)
	}
	return ch, append(d.gone, also...), nil
}

// schemaDrop gathers what goes with schemas: what is in them, each followed by what depends on it elsewhere.
type schemaDrop struct {
	*compiler
	names []string
	ids   []catalog.RelationID
	gone  []string // what messages call it
	lines []string // that it depends on what
}

func (d *schemaDrop) visit(r *catalog.Relation, because string) {
	if slices.Contains(d.ids, r.ID) {
		return
	}
	name := d.called(r)
	for _, f := range d.catalog.References(r) {
		if called := "constraint " + f.Name + " on " + d.called(f.Child); !slices.Contains(d.names, f.Child.Schema) && !slices.Contains(d.gone, called) {
			d.gone, d.lines = append(d.gone, called), append(d.lines, called+" depends on "+name)
		}
	}
	d.ids, d.gone, d.lines = append(d.ids, r.ID), append(d.gone, name), append(d.lines, name+" depends on "+because)
	for _, dependent := range d.catalog.Dependents(r.ID) {
		if !slices.Contains(d.names, dependent.Schema) {
			d.visit(dependent, name)
		}
	}
}
