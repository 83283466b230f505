package session

import (
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// alterRelation is ALTER … RENAME, and ALTER TABLE with actions on columns and constraints.
func (c *compiler) alterRelation(t *ast.AlterRelation) (*command, error) {
	if len(t.Actions) == 1 && t.Actions[0].Verb == "add unique" {
		return c.addUnique(t)
	}
	return c.changeRules("ALTER "+upper(t.Kind), func(c *compiler) (*ruleChange, func(), error) {
		r := c.resolve(t.Name)
		switch {
		case r == nil && t.IfExists:
			return nil, func() { c.session.noticeMissing([]string{pgerr.From(c.noObject("relation", t.Name)).Message}) }, nil
		case r == nil:
			return nil, nil, pgerr.From(c.noObject("relation", t.Name)).At(t.Name.Pos)
		case r.ID.IsSystem():
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: %q is a system relation", r.Name)
		case !isKind(r, t.Kind) && !(t.Kind == "table" && r.HasTopic() || t.Kind == "table" && !r.HasRecords()):
			return nil, nil, wrongKind(r, t.Kind, "ALTER", "change").At(t.Name.Pos)
		}
		if err := c.allowOwner(r); err != nil {
			return nil, nil, err
		}
		if len(t.Actions) == 1 && t.Actions[0].Verb == "owner to" {
			n := *r
			owned, err := c.newOwner(&n, *t.Actions[0].Role)
			return &ruleChange{Change: catalog.Change{Put: append(owned, &n)}}, nil, err
		}
		a, err := planner.PlanAlter(t, r, c.plannerEnv())
		if err != nil {
			return nil, nil, err
		}
		if err := c.fill(a); err != nil {
			return nil, nil, err
		}
		put := append(append([]*catalog.Relation{a.Relation}, a.Also...), a.Parents...)
		return &ruleChange{Change: catalog.Change{Drop: a.Drop, Put: put}, rules: c.newRules(a)}, func() { c.tellAlter(a) }, nil
	}), nil
}

func (c *compiler) tellAlter(a *planner.RelationChange) {
	for _, n := range a.Notices {
		c.session.notef("%s", n)
	}
	var names []string
	for _, r := range a.Cascaded {
		names = append(names, c.called(r))
	}
	c.session.noticeCascade(append(names, a.Gone...))
}

// fill evaluates what added columns are in the rows that are there.
func (c *compiler) fill(a *planner.RelationChange) error {
	for _, f := range a.Fill {
		v, err := c.session.env(nil, nil, nil).Evaluate(c.ctx, f.Value, 1)
		if err != nil {
			return err
		}
		if d := v.Datum(0); !d.Null {
			a.Relation.Columns[f.Column].Missing = &d
		}
	}
	return nil
}
