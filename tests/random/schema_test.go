package random_test

import (
	"fmt"
	"math/rand"
	"strings"
)

// typ is a type of columns and expressions.
type typ int

const (
	boolean typ = iota
	integer
	bigint
	double
	numeric
	text
	timestamptz
	date
	intArray
	textArray
	mood
)

var typeNames = [...]string{"boolean", "int", "bigint", "double precision", "numeric", "text", "timestamptz", "date", "int[]", "text[]", "mood"}

func (t typ) String() string { return typeNames[t] }

// traits are what must be known of an expression to compare results that depend on it.
type traits struct {
	// shown: equal values look the same. Not so for numeric in general, where 1.0 equals 1.00: grouping by such and
	// taking the least of such shows either.
	shown bool
	// wild: doubles of such different sizes that arithmetic overflows, or that a sum depends on the order of its terms.
	wild bool
}

type column struct {
	traits
	name    string
	typ     typ
	decl    string
	notNull bool
	unique  bool
}

type relationKind int

const (
	table relationKind = iota
	stream
	view
)

type relation struct {
	name    string
	kind    relationKind
	columns []column
	key     []int // the places of a table's primary key, or of a view's if they are among its columns
	lax     bool  // a view whose query may fail for a row
	weight  int   // how fast its rows may multiply: joins add up
	depth   int
	reads   []*relation // by a view
	keyed   bool        // key is the whole key: changes can be told apart by it
}

// generator makes a script. All of it follows from its seed.
type generator struct {
	*rand.Rand
	relations []*relation
	script    script
	names     int
	inBlock   bool
	zone      string
	followed  []*relation
	filled    bool   // there may be rows
	reuse     string // a name for the next relation, of one that was dropped
}

// pick returns one of the items.
func pick[T any](g *generator, items ...T) T { return items[g.Intn(len(items))] }

// chance is true in one of n cases.
func (g *generator) chance(n int) bool { return g.Intn(n) == 0 }

func (g *generator) name(prefix string) string {
	if name := g.reuse; name != "" {
		g.reuse = ""
		return name
	}
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

func (g *generator) add(kind stepKind, sql string) {
	g.script = append(g.script, step{kind: kind, sql: sql})
}

// options are those of a table or view.
func (g *generator) options() string {
	if g.chance(3) {
		return pick(g, " WITH (state = 'memory')", " WITH (partitions = 2, state = 'memory')")
	}
	return g.partitions()
}

func (g *generator) partitions() string {
	return pick(g, "", " WITH (partitions = 1)", " WITH (partitions = 4)", " WITH (partitions = 7)")
}

func (g *generator) createTable() {
	r := &relation{name: g.name("t"), kind: table, weight: 1}
	keys := pick(g, 0, 1, 1, 1, 2)
	for i := range keys + 2 + g.Intn(4) {
		c := g.column(fmt.Sprintf("c%d", i))
		if i < keys {
			c = g.keyColumn(c.name)
			r.key = append(r.key, i)
			r.keyed = (i == 0 || r.keyed) && c.shown
		}
		r.columns = append(r.columns, c)
	}
	items := g.declare(r)
	switch len(r.key) {
	case 1:
		items[0] += " PRIMARY KEY"
	case 2:
		items = append(items, "PRIMARY KEY ("+r.columns[0].name+", "+r.columns[1].name+")")
	}
	g.add(change, "CREATE TABLE "+r.name+" ("+strings.Join(items, ", ")+")"+g.options())
	g.relations = append(g.relations, r)
}

func (g *generator) createStream() {
	r := &relation{name: g.name("s"), kind: stream, weight: 1}
	for i := range 3 + g.Intn(3) {
		r.columns = append(r.columns, g.column(fmt.Sprintf("c%d", i)))
	}
	if g.chance(2) {
		r.columns[0] = g.keyColumn("c0")
	}
	items := g.declare(r)
	if r.columns[0].notNull || g.chance(2) {
		items[0] = strings.TrimSuffix(items[0], " NOT NULL") + " KEY"
		r.columns[0].notNull = false
	}
	g.add(change, "CREATE STREAM "+r.name+" ("+strings.Join(items, ", ")+")"+g.partitions())
	g.relations = append(g.relations, r)
}

func (g *generator) declare(r *relation) []string {
	var items []string
	for i, c := range r.columns {
		item := c.name + " " + c.decl
		if c.notNull && i >= len(r.key) {
			item += " NOT NULL"
		}
		if c.notNull && i >= len(r.key) && g.chance(2) {
			item += " DEFAULT " + g.constant(c.typ, false)
		}
		items = append(items, item)
	}
	return items
}

func (g *generator) column(name string) column {
	c := column{name: name, typ: typ(g.Intn(len(typeNames))), traits: traits{shown: true}, notNull: g.chance(6)}
	if g.chance(3) {
		c.typ = pick(g, integer, bigint, text)
	}
	c.decl = c.typ.String()
	switch c.typ {
	case numeric:
		c.shown = false
		if g.chance(2) {
			c.decl, c.shown = "numeric(10,2)", true
		}
	case double:
		c.wild = g.chance(4)
	}
	return c
}

func (g *generator) keyColumn(name string) column {
	t := pick(g, integer, integer, bigint, text, date, timestamptz, boolean)
	switch g.Intn(16) {
	case 0:
		return column{name: name, typ: numeric, decl: "numeric(10,2)", traits: traits{shown: true}, notNull: true}
	case 1: // 1.0 and 1.00 are one key
		return column{name: name, typ: numeric, decl: "numeric", notNull: true}
	case 2: // 0 and -0 are one key
		return column{name: name, typ: double, decl: "double precision", traits: traits{wild: true}, notNull: true}
	}
	return column{name: name, typ: t, decl: t.String(), traits: traits{shown: true}, notNull: true}
}
