package catalog

import (
	"fmt"
	"slices"
	"strconv"
)

// hiddenKey is the key of the name of a view that is to take another one's place: one that nobody can say.
func (r *Relation) hiddenKey() string { return "\x00" + strconv.FormatUint(uint64(r.ID), 10) }

// Replacement returns the view that is being made to take the place of id, nil if none is.
func (c *Catalog) Replacement(id RelationID) *Relation {
	for _, r := range c.Relations() {
		if r.Replaces == id {
			return r
		}
	}
	return nil
}

// VisibleColumns are the columns of r that users see, which come first in a view.
func (r *Relation) VisibleColumns() []Column {
	return slices.DeleteFunc(slices.Clone(r.Columns), func(c Column) bool { return c.Hidden })
}

// TakePlace returns the change by which view id takes the place of the one that it replaces: its name, its owner and what was granted,
// and what was said of it. An error says why it cannot, for the user.
func (c *Catalog) TakePlace(id RelationID) (*Change, error) {
	n := *c.byID[id]
	old := c.byID[n.Replaces]
	for _, d := range c.Dependents(old.ID) {
		return nil, fmt.Errorf("%s %q depends on the version before", d.Word(), d.Name)
	}
	for _, x := range old.Indexes {
		return nil, fmt.Errorf("the version before has index %q", x.Name)
	}
	n.Columns = slices.Clone(n.Columns)
	for i, col := range old.VisibleColumns() {
		if n.Columns[i].Name != col.Name {
			return nil, fmt.Errorf("column %q of the version before was renamed to %q", n.Columns[i].Name, col.Name)
		}
		n.Columns[i].Comment = col.Comment
	}
	n.Replaces, n.Schema, n.Name = 0, old.Schema, old.Name
	n.Owner, n.Grants, n.Comment = old.Owner, old.Grants, old.Comment
	return &Change{Version: c.version, Drop: []RelationID{old.ID}, Put: []*Relation{&n}}, nil
}
