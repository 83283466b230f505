package random_test

import "slices"

// drop drops a view with all that reads it, or fails because something does; or creates what is there.
func (g *generator) drop() {
	views := g.some(func(r *relation) bool { return r.kind == view })
	if len(views) < 8 {
		return
	}
	v := pick(g, views...)
	if g.chance(3) {
		g.add(change, "CREATE MATERIALIZED VIEW IF NOT EXISTS "+v.name+" AS SELECT 1 AS one FROM "+g.base(table).name)
		return
	}
	read := false
	for _, r := range g.relations {
		read = read || r.readsFrom(v.name)
	}
	if read {
		g.add(change, "DROP MATERIALIZED VIEW "+v.name)
		if g.chance(2) {
			return
		}
	}
	g.add(change, "DROP MATERIALIZED VIEW "+v.name+pick(g, " CASCADE", map[bool]string{true: " CASCADE"}[read]))
	g.forget(v)
	if g.chance(2) {
		g.reuse = v.name
		g.view()
	}
}

func (r *relation) readsFrom(name string) bool {
	return slices.ContainsFunc(r.reads, func(o *relation) bool { return o.name == name })
}

// forget takes a relation, and all that reads it, out of what there is.
func (g *generator) forget(dropped *relation) {
	g.relations = slices.DeleteFunc(g.relations, func(r *relation) bool { return r == dropped })
	g.followed = slices.DeleteFunc(g.followed, func(r *relation) bool { return r == dropped })
	for _, r := range slices.Clone(g.relations) {
		if r.readsFrom(dropped.name) {
			g.forget(r)
		}
	}
}
