package catalog

import "maps"

// Backfilled reports whether the query of a relation has taken in what was there when it was created. False says little: the mark is
// made some time after that.
func (c *Catalog) Backfilled(id RelationID) bool {
	_, ok := c.backfilled[id]
	return ok
}

func (c *Catalog) markBackfilled(id RelationID) (*Catalog, error) {
	if r := c.byID[id]; r == nil || r.Query == nil {
		return nil, ErrStale
	}
	n := *c // the maps of relations are shared: nobody changes them
	n.setBackfilled(id)
	return &n, nil
}

// setBackfilled marks a query in c, which nobody else sees yet.
func (c *Catalog) setBackfilled(id RelationID) {
	marks := maps.Clone(c.backfilled)
	if marks == nil {
		marks = map[RelationID]struct{}{}
	}
	marks[id] = struct{}{}
	c.backfilled = marks
}

// forget takes what is kept beside a dropped relation out of c, which nobody else sees yet.
func (c *Catalog) forget(id RelationID) {
	c.forgetSequence(id)
	if c.Backfilled(id) {
		c.backfilled = maps.Clone(c.backfilled)
		delete(c.backfilled, id)
	}
}

// quiet reports whether a command makes no new version: plans do not depend on what it changes.
func (c *Command) quiet() bool { return c.Sequence != nil || c.Backfilled != 0 }
