package random_test

import "strings"

// mistake adds a statement that must fail.
func (g *generator) mistake() {
	r := g.base(table)
	last := r.columns[len(r.columns)-1].name
	row := g.row(r)
	switch g.Intn(9) {
	case 0:
		g.add(change, "INSERT INTO "+r.name+" VALUES "+strings.TrimSuffix(row, ")")+", 1)")
	case 1:
		g.add(change, "INSERT INTO "+r.name+" ("+last+", nosuch) VALUES (NULL, 1)")
	case 2:
		g.add(change, "UPDATE nosuch SET "+last+" = NULL")
	case 3:
		g.add(change, "UPDATE "+r.name+" SET nosuch = 1")
	case 4:
		g.add(change, "DELETE FROM "+r.name+" WHERE nosuch > 1")
	case 5:
		g.add(change, "INSERT INTO "+r.name+" ("+last+", "+last+") VALUES (NULL, NULL)")
	case 6:
		c := r.columns[g.Intn(len(r.columns))]
		g.add(change, "INSERT INTO "+r.name+" ("+c.name+") VALUES ("+pick(g, "'x y'", "NULL", "99999999999", "1e400", "'2020-13-45'")+")")
	case 7:
		if len(r.key) > 0 {
			g.add(change, "INSERT INTO "+r.name+" VALUES "+row+", "+row+g.onConflict(r))
		}
	default:
		c := r.columns[g.Intn(len(r.columns))]
		if c.notNull {
			g.add(change, "UPDATE "+r.name+" SET "+c.name+" = NULL")
		}
	}
}
