package planner

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// dropColumn hides a column for ever, with the constraints that speak of it.
func (a *alterer) dropColumn(x ast.AlterAction) error {
	i, err := a.column(x.Name)
	switch {
	case err != nil && x.IfExists:
		a.out.Notices = append(a.out.Notices, fmt.Sprintf("column %q of relation %q does not exist, skipping", x.Name, a.rel.Name))
		return nil
	case err != nil:
		return err
	case slices.Contains(a.rel.Key, i):
		return pgerr.Unsupported("dropping a column of the primary key is").At(x.Pos)
	}
	if err := a.dropReaders(i, x.Cascade); err != nil {
		return err
	}
	err = a.dropReferences("column "+x.Name, x.Cascade, func(f catalog.Reference) bool {
		return slices.Contains(f.Referenced, i) && (f.Child.ID != a.rel.ID || !slices.Contains(f.Columns, i))
	})
	if err != nil {
		return err
	}
	a.rel.Checks = slices.DeleteFunc(a.rel.Checks, func(c catalog.Check) bool { return checkUses(c, i) })
	a.rel.ForeignKeys = slices.DeleteFunc(a.rel.ForeignKeys, func(f catalog.ForeignKey) bool { return slices.Contains(f.Columns, i) })
	for _, x := range a.rel.Indexes {
		if x.Index.Uses(i) {
			a.out.Drop = append(a.out.Drop, x.ID)
		}
	}
	col := &a.rel.Columns[i]
	if q := a.env.Catalog.ByID(col.Sequence); q != nil && q.Sequence != nil && q.Sequence.Owner == a.rel.ID {
		a.out.Drop = append(a.out.Drop, q.ID)
	}
	*col = catalog.Column{Name: fmt.Sprintf("........pg.dropped.%d........", i+1), Type: col.Type, Hidden: true, Dropped: true}
	return nil
}

func checkUses(c catalog.Check, column int) bool {
	x := new(plan.Expr)
	if json.Unmarshal(c.Expr, x) != nil {
		return true
	}
	uses := false
	columnsOf(x, func(i int) { uses = uses || i == column })
	return uses
}

// dropReaders finds the views that read column i: with CASCADE they go, and what reads them; else they are 2BP01.
func (a *alterer) dropReaders(i int, cascade bool) error {
	cat := a.env.Catalog
	for _, d := range cat.Dependents(a.rel.ID) {
		uses, err := a.usesColumn(d, i)
		if err != nil {
			return err
		}
		switch {
		case !uses || slices.Contains(a.out.Drop, d.ID):
			continue
		case !cascade:
			name := a.rel.Columns[i].Name
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop column %s of table %s because other objects depend on it", name, a.rel.Name).
				WithDetail("%s %s depends on column %s of table %s", d.Word(), d.Name, name, a.rel.Name).
				WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
		for next := []*catalog.Relation{d}; len(next) > 0; next = next[1:] {
			if r := next[0]; !slices.Contains(a.out.Drop, r.ID) {
				a.out.Drop, a.out.Cascaded = append(a.out.Drop, r.ID), append(a.out.Cascaded, r)
				next = append(next, cat.Dependents(r.ID)...)
			}
		}
	}
	return nil
}

// usesColumn reports whether the view d reads column i of the table.
func (a *alterer) usesColumn(d *catalog.Relation, i int) (bool, error) {
	if d.Query != nil {
		return topologyUses(d, a.rel.ID, i)
	}
	b := newBinder(&Env{Catalog: a.env.Catalog, SearchPath: a.env.SearchPath, Location: a.env.Location})
	b.lazy = true
	item, err := b.bindView(d, d.Name, nil)
	if err != nil {
		return false, err
	}
	return nodeUses(optimize(item.node), a.rel.ID, i), nil
}

// nodeUses reports whether a plan, or a query in its expressions, reads column i of relation id.
func nodeUses(n plan.Node, id catalog.RelationID, i int) bool {
	uses := false
	walkNodes(n, func(n plan.Node) {
		if s, ok := n.(*plan.Scan); ok && s.Relation.ID == id && slices.Contains(s.Columns, i) {
			uses = true
		}
	})
	walkNodeExprs(n, func(e *plan.Expr) {
		for _, q := range subqueriesOf(e) {
			uses = uses || nodeUses(q.Root, id, i)
		}
	})
	return uses
}

// topologyUses reports whether the topology that keeps d reads column i of relation id: steps up to the first projection
// tell; without one everything is read that was there.
func topologyUses(d *catalog.Relation, id catalog.RelationID, i int) (bool, error) {
	t := new(plan.Topology)
	if err := json.Unmarshal(d.Query.Topology, t); err != nil {
		return false, fmt.Errorf("topology of %q: %w", d.Name, err)
	}
	uses := false
	for _, f := range t.Forwarders {
		uses = uses || f.Source.Relation == id && stepsUse(f.Source, f.Steps, i)
	}
	for _, task := range t.Tasks {
		for _, in := range task.Inputs {
			uses = uses || in.Source.Relation == id && stepsUse(in.Source, in.Steps, i)
		}
	}
	return uses, nil
}

func stepsUse(source plan.Source, steps []plan.Step, i int) bool {
	uses := false
	note := func(c int) { uses = uses || c == i }
	for _, s := range steps {
		if s.Project == nil {
			columnsOf(s.Filter, note)
			continue
		}
		for _, e := range s.Project {
			columnsOf(e, note)
		}
		return uses
	}
	return i < len(source.Columns) // the others came later
}
