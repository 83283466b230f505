package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/parse"
)

// BenchmarkPlan measures planning without parsing: a point query, a join with grouping, and INSERTs of 1 and 1,000 rows.
func BenchmarkPlan(b *testing.B) {
	w := newWorld()
	w.run(`CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, n numeric(10,2), d date);
		CREATE TABLE u (id bigint PRIMARY KEY, a int)`, false, false)
	rows := strings.Repeat(", ($1, 2, 'some text', 1.5, '2020-01-01')", 1000)[1:]
	for _, c := range []struct{ name, sql string }{
		{"point", "SELECT a, b FROM t WHERE id = $1"},
		{"join", "SELECT u.a, count(*), sum(n) FROM t JOIN u ON u.id = t.a WHERE t.b = 'x' GROUP BY u.a ORDER BY 2 DESC LIMIT 10"},
		{"insert1", "INSERT INTO t VALUES ($1, 2, 'some text', 1.5, '2020-01-01')"},
		{"insert1000", fmt.Sprintf("INSERT INTO t VALUES %s", rows)},
	} {
		all, err := parse.Parse(c.sql)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := planOnce(&Env{Catalog: w.catalog}, all[0].Stmt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func planOnce(env *Env, stmt ast.Statement) (err error) {
	switch stmt := stmt.(type) {
	case *ast.SelectStmt:
		_, err = PlanQuery(stmt.Query, env)
	case *ast.Insert:
		_, err = PlanInsert(stmt, env)
	}
	return err
}
