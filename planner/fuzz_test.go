package planner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
)

// FuzzPlan shows that whatever parses is planned or refused with a SQLSTATE: planning never panics. It starts from the
// statements of the golden files, over tables of theirs.
func FuzzPlan(f *testing.F) {
	for _, sql := range goldenInputs(f) {
		f.Add(sql)
	}
	base := newWorld()
	base.run(`CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, n numeric(10,2), ts timestamptz);
		CREATE TABLE u (id bigint PRIMARY KEY, a smallint, c text);
		CREATE TABLE ab (a int, b int, v text, PRIMARY KEY (b, a));
		CREATE STREAM s (k int NOT NULL KEY, v text, d date);
		CREATE TABLE loose (v int);
		CREATE MATERIALIZED VIEW v AS SELECT a, count(*) FROM t GROUP BY a`, false, false)
	f.Fuzz(func(t *testing.T, sql string) {
		all, err := parse.Parse(sql)
		if err != nil {
			return
		}
		for _, p := range all {
			w := &world{catalog: base.catalog, env: &Env{Catalog: base.catalog}}
			if _, _, err := w.statement(p.Stmt); err != nil && err != errNoPlan && pgerr.Code(err) == pgerr.InternalError {
				t.Errorf("%s: %v", p.Text, err)
			}
		}
	})
}

// goldenInputs returns the inputs of the golden files.
func goldenInputs(f *testing.F) []string {
	files, err := filepath.Glob("testdata/golden/*")
	if err != nil {
		f.Fatal(err)
	}
	var out []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		datadriven.RunTestFromString(&testing.T{}, inputsOnly(string(text)), func(_ *testing.T, d *datadriven.TestData) string {
			out = append(out, d.Input)
			return ""
		})
	}
	return out
}
