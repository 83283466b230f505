package random_test

import "math/rand"

// generate makes the script of a seed: a schema, some rows, views before and after them, and then n statements, mixed,
// with crashes at a third and at two thirds of them.
func generate(seed int64, n int) script {
	g := &generator{Rand: rand.New(rand.NewSource(seed))}
	for range 3 + g.Intn(2) {
		g.createTable()
	}
	for range 1 + g.Intn(2) {
		g.createStream()
	}
	for range 3 {
		g.view()
	}
	for range 25 {
		g.change()
	}
	for range 9 {
		g.view()
	}
	g.compareAll()
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
			g.script = append(g.script, step{kind: crash})
			g.compareAll()
		}
		if i%(n/4+1) == 0 {
			g.view()
		}
	}
	g.compareAll()
	return g.script
}

// compareAll compares all relations whole.
func (g *generator) compareAll() {
	for _, r := range g.relations {
		g.ask(query, "SELECT * FROM "+r.name, r.lax)
	}
}
