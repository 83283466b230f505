package session

import (
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// replaceView adds a view that takes the place of another one when it has caught up, and drops one that was to do so before.
// Errors: 42501, 2BP01.
func (c *compiler) replaceView(r *catalog.Relation) error {
	old := c.catalog.ByID(r.Replaces)
	if err := c.allowOwner(old); err != nil {
		return err
	}
	if err := c.replaceable(old); err != nil {
		return err
	}
	ch := catalog.Change{Version: c.catalog.Version(), Put: []*catalog.Relation{r}}
	if other := c.catalog.Replacement(old.ID); other != nil {
		ch.Drop = append(ch.Drop, other.ID)
	}
	return c.session.apply(c.ctx, catalog.Command{Change: &ch})
}

// replaceable checks that nothing hangs on a view that would not follow to its new version. Error: 2BP01.
func (c *compiler) replaceable(r *catalog.Relation) error {
	var lines []string
	for _, d := range append(c.catalog.Dependents(r.ID), r.Indexes...) {
		lines = append(lines, c.called(d)+" depends on "+c.called(r))
	}
	if len(lines) == 0 {
		return nil
	}
	return pgerr.New(pgerr.DependentObjectsStillExist, "cannot replace %s because other objects depend on it", c.called(r)).
		WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("Drop them first, or create the new version under another name and move them to it.")
}
