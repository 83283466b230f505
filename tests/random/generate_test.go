package random_test

import "math/rand"

// generate makes the script of a seed: a schema, some rows, views before and after them, and then n statements, mixed,
// with crashes at a third and at two thirds of them.
func generate(seed int64, n int) script {
	g := &generator{Rand: rand.New(rand.NewSource(seed))}
	g.zone = pick(g, "UTC", "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin")
	g.add(change, "SET TimeZone TO '"+g.zone+"'")
	g.add(change, "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'a')")
	for range 3 + g.Intn(2) {
		g.createTable()
	}
	for range 2 + g.Intn(2) {
		g.createStream()
	}
	g.index()
	g.index()
	g.relations[len(g.relations)-1].weight = 2 // see multiply
	for range 3 {
		g.view()
	}
	for _, r := range g.some(func(r *relation) bool { return r.kind != view }) {
		g.fill(r)
	}
	g.filled = true
	for range 12 {
		g.change()
	}
	for range 12 {
		g.view()
	}
	g.compareAll()
	g.follow()
	for i := 1; i <= n; i++ {
		if g.chance(2) {
			g.change()
		} else {
			g.query()
		}
		if i%(n/20+1) == 0 {
			g.compareAll()
		}
		if i%(n/3+1) == 0 {
			g.crash()
		}
		if i%(n/4+1) == 0 {
			g.view()
		}
	}
	g.compareAll()
	return g.script
}

// crash kills the server while its views have much to do.
func (g *generator) crash() {
	if g.chance(2) {
		g.view()
	}
	g.multiply()
	for range 4 {
		g.change()
	}
	g.followed = nil
	g.script = append(g.script, step{kind: pick(g, crash, crash, crash, restart)})
	g.add(change, "SET TimeZone TO '"+g.zone+"'")
	g.follow()
	g.compareAll()
}

// follow follows the changes of some relations.
func (g *generator) follow() {
	for _, r := range g.some(func(r *relation) bool { return r.keyed && r.weight == 1 }) {
		if len(g.followed) < 4 && g.chance(2) {
			g.followed = append(g.followed, r)
			g.script = append(g.script, step{kind: follow, sql: r.name, key: r.key})
		}
	}
}

// compareAll compares all relations whole.
func (g *generator) compareAll() {
	for _, r := range g.relations {
		g.script = append(g.script, step{kind: query, sql: "SELECT * FROM " + r.name, lax: r.lax})
	}
	for _, r := range g.followed {
		g.add(followed, r.name)
	}
}
