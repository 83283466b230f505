package session

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// createType is CREATE TYPE … AS ENUM.
func (c *compiler) createType(t *ast.CreateType) (*command, error) {
	return c.change("CREATE TYPE", func(c *compiler) (*catalog.Change, func(), error) {
		r, err := planner.PlanCreateType(t, c.plannerEnv())
		if err != nil {
			return nil, nil, err
		}
		c.own([]*catalog.Relation{r})
		return &catalog.Change{Put: []*catalog.Relation{r}}, nil, nil
	}), nil
}

// typeNamed returns the enum type that n names. Errors: 3F000, 42704, 42809.
func (c *compiler) typeNamed(n ast.Name) (*catalog.Relation, error) {
	env := c.plannerEnv()
	if r := planner.LookupType(env, n); r != nil {
		return r, nil
	}
	if err := planner.SchemaError(env, n); err != nil {
		return nil, err
	}
	if t, err := planner.TypeNamed(env, ast.TypeName{Schema: n.Schema(), Name: n.Last()}); err == nil {
		return nil, pgerr.New(pgerr.WrongObjectType, "%s is not an enum", t)
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "type %q does not exist", strings.Join(n.Parts, "."))
}

// alterType is ALTER TYPE.
func (c *compiler) alterType(t *ast.AlterType) (*command, error) {
	return c.change("ALTER TYPE", func(c *compiler) (*catalog.Change, func(), error) {
		r, err := c.typeNamed(t.Name)
		if err != nil {
			return nil, nil, err
		}
		if err := c.allowOwner(r); err != nil {
			return nil, nil, err
		}
		put, tell, err := c.alteredType(t, r)
		if err != nil || put == nil {
			return nil, tell, err
		}
		return &catalog.Change{Put: put}, tell, nil
	}), nil
}

// alteredType returns what ALTER TYPE makes of r, and of the relations with columns of it; nil if nothing is to be done.
func (c *compiler) alteredType(t *ast.AlterType, r *catalog.Relation) ([]*catalog.Relation, func(), error) {
	var err error
	n := *r
	switch t.Verb {
	case "add value":
		if t.IfNotExists && r.Enum.Label(t.Value) != nil {
			return nil, func() { c.session.notef("enum label %q already exists, skipping", t.Value) }, nil
		}
		n.Enum, err = r.Enum.With(t.Value, t.Neighbor, t.Before)
		return []*catalog.Relation{&n}, nil, err
	case "rename value":
		put, err := planner.PlanRenameLabel(r, t.Value, t.NewValue, c.plannerEnv())
		return put, nil, err
	case "rename to":
		put, err := planner.PlanRenameType(r, r.Schema, t.NewName, c.plannerEnv())
		return put, nil, err
	case "set schema":
		put, err := planner.PlanRenameType(r, t.NewName, r.Name, c.plannerEnv())
		return put, nil, err
	case "owner to":
		to, err := c.ownerToBe(*t.Role)
		if err != nil {
			return nil, nil, err
		}
		return []*catalog.Relation{withOwner(r, to.ID)}, nil, nil
	}
	return nil, nil, fmt.Errorf("BUG: ALTER TYPE does %q", t.Verb)
}

func (c *compiler) commentType(t *ast.Comment, ch *catalog.Change) error {
	r, err := c.typeNamed(t.Name)
	if err != nil {
		return err
	}
	n := *r
	n.Comment = t.Text
	ch.Put = []*catalog.Relation{&n}
	return c.allowOwner(r)
}

// typeUse is a relation that has to do with an enum type.
type typeUse struct {
	relation *catalog.Relation
	columns  []catalog.Column // of the type
	checks   []string         // the names of constraints that have to do with it
	query    bool             // its query has to do with it
}

// typeUses lists what uses the enum type id, in the order of numbers.
func typeUses(cat *catalog.Catalog, id catalog.RelationID) []typeUse {
	var out []typeUse
	reads := cat.Dependents(id)
	for _, r := range cat.Relations() {
		u := typeUse{relation: r}
		for _, col := range r.Columns {
			if !col.Dropped && catalog.UsesType(col.Type, id) {
				u.columns = append(u.columns, col)
			}
		}
		for _, k := range r.Checks {
			if planner.MentionsEnum(k.Expr, id) {
				u.checks = append(u.checks, k.Name)
			}
		}
		if u.query = slices.Contains(reads, r) || r.Query != nil && planner.MentionsEnum(r.Query.Topology, id); r.SQL() != "" {
			u.query = u.query || u.columns != nil
		}
		if u.columns != nil || u.checks != nil || u.query {
			out = append(out, u)
		}
	}
	return out
}

// called lists what messages call the uses: a view, or columns and constraints of a table.
func (u typeUse) called(c *compiler) []string {
	name := c.called(u.relation)
	if u.query {
		return []string{name}
	}
	var out []string
	for _, col := range u.columns {
		out = append(out, "column "+col.Name+" of "+name)
	}
	for _, k := range u.checks {
		out = append(out, "constraint "+k+" on "+name)
	}
	return out
}

// checkTypeUsers checks that no relation beside ids uses a type that is one of them. Error: 2BP01.
func (c *compiler) checkTypeUsers(ids []catalog.RelationID) error {
	for _, id := range ids {
		if c.catalog.EnumByID(uint32(id)) == nil {
			continue
		}
		for _, u := range typeUses(c.catalog, id) {
			if !slices.Contains(ids, u.relation.ID) {
				return c.typeInUse(id, u)
			}
		}
	}
	return nil
}

// typeInUse is the error for a type that is still used.
func (c *compiler) typeInUse(id catalog.RelationID, uses ...typeUse) error {
	name := c.called(c.catalog.ByID(id))
	var lines []string
	for _, u := range uses {
		for i, what := range u.called(c) {
			line := what + " depends on " + name
			if !u.query && i < len(u.columns) && u.columns[i].Type.IsArray() {
				line += "[]"
			}
			lines = append(lines, line)
		}
	}
	return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s because other objects depend on it", name).
		WithDetail("%s", strings.Join(lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

// dropTypes is DROP TYPE: with CASCADE the columns of tables and the views that use the types go, too.
func (c *compiler) dropTypes(t *ast.Drop) (*command, error) {
	return c.change("DROP TYPE", func(c *compiler) (*catalog.Change, func(), error) {
		d := &typeDrop{compiler: c, altered: map[catalog.RelationID]*planner.RelationChange{}}
		var missing []string
		for _, n := range t.Names {
			r, err := c.typeNamed(n)
			if err != nil && t.IfExists && (pgerr.Code(err) == pgerr.UndefinedObject || pgerr.Code(err) == pgerr.InvalidSchemaName) {
				missing = append(missing, pgerr.From(err).Message)
				continue
			}
			if pgerr.Code(err) == pgerr.WrongObjectType {
				name, _ := strings.CutSuffix(pgerr.From(err).Message, " is not an enum")
				err = pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop type %s because it is required by the database system", name)
			}
			if err != nil {
				return nil, nil, err
			}
			if err := c.allowOwner(r); err != nil {
				return nil, nil, err
			}
			d.ids = appendNew(d.ids, r.ID)
		}
		for _, id := range slices.Clone(d.ids) {
			if err := d.visit(id, t.Cascade); err != nil {
				return nil, nil, err
			}
		}
		tell := func() {
			c.session.noticeMissing(missing)
			c.session.noticeCascade(d.gone)
		}
		if len(d.ids) == 0 {
			return nil, tell, nil
		}
		return d.change(), tell, nil
	}), nil
}

// typeDrop gathers what goes with types.
type typeDrop struct {
	*compiler
	ids     []catalog.RelationID
	altered map[catalog.RelationID]*planner.RelationChange
	gone    []string // what messages call it
}

func (d *typeDrop) visit(id catalog.RelationID, cascade bool) error {
	uses := typeUses(d.catalog, id)
	if len(uses) > 0 && !cascade {
		return d.typeInUse(id, uses...)
	}
	for _, u := range uses {
		if slices.Contains(d.ids, u.relation.ID) {
			continue
		}
		if err := d.give(id, u); err != nil {
			return err
		}
	}
	return nil
}

// give gives up what uses a type: a view, or columns of a table. Errors: 0A000 for a column that cannot be dropped, 2BP01.
func (d *typeDrop) give(id catalog.RelationID, u typeUse) error {
	r := u.relation
	if u.query {
		ids, added := withDependents(d.catalog, append(d.ids, r.ID))
		d.ids = ids
		for _, a := range append([]*catalog.Relation{r}, added...) {
			d.gone = append(d.gone, d.called(a))
		}
		return nil
	}
	if d.altered[r.ID] != nil {
		return d.typeInUse(id, u)
	}
	alter := &ast.AlterRelation{Kind: "table", Name: ast.Name{Parts: []string{r.Schema, r.Name}}}
	for _, k := range u.checks {
		alter.Actions = append(alter.Actions, ast.AlterAction{Verb: "drop constraint", Name: k})
	}
	for _, col := range u.columns {
		alter.Actions = append(alter.Actions, ast.AlterAction{Verb: "drop column", Name: col.Name, Cascade: true})
	}
	a, err := planner.PlanAlter(alter, r, d.plannerEnv())
	if err != nil {
		return err
	}
	d.altered[r.ID], d.gone = a, append(d.gone, u.called(d.compiler)...)
	for _, id := range a.Drop {
		d.ids = appendNew(d.ids, id)
	}
	for _, v := range a.Cascaded {
		d.gone = append(d.gone, d.called(v))
	}
	return nil
}

func (d *typeDrop) change() *catalog.Change {
	ch := &catalog.Change{Drop: withIndexes(d.catalog, d.ids)}
	for _, r := range d.catalog.Relations() {
		if a := d.altered[r.ID]; a != nil {
			ch.Put = append(append(ch.Put, a.Relation), a.Also...)
		}
	}
	return ch
}
