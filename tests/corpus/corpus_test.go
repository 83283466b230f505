// Package corpus_test runs the statements of testdata/sql, written for it along the SQL chapters of PostgreSQL's
// documentation, on PostgreSQL and on Millrace in the same state. Each has to give the same rows, types and tag, or the same
// SQLSTATE; or Millrace refuses it, and testdata/golden says with which message. None may be accepted with another meaning.
package corpus_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// minStatements is how many statements the corpus has at least.
const minStatements = 2000

// TestCorpus runs all files. A file's golden file has the figures, and what is refused: a change of it is progress or a
// regress.
func TestCorpus(t *testing.T) {
	paths, err := filepath.Glob("testdata/sql/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	node := oracle.StartMillrace(t, oracle.Options{})
	judge := oracle.StartPostgres(t)
	schema, err := os.ReadFile("testdata/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	oracle.Pair{Want: judge, Got: node.Client}.Exec(t, string(schema))
	total, ran := tally{}, 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		t.Run(name, func(t *testing.T) {
			f := &file{name: name, want: newSide(t, judge), got: newSide(t, node.Client)}
			f.run(t, path)
			checkGolden(t, name, f.golden())
			total.add(f.tally)
			ran++
		})
	}
	t.Logf("%s", total)
	if ran == len(paths) && total.statements() < minStatements {
		t.Errorf("the corpus has %d statements, want %d", total.statements(), minStatements)
	}
}

// tally counts the statements of a file by what became of them.
type tally struct{ rows, errors, refused, differ, unreached int }

func (n tally) statements() int { return n.rows + n.errors + n.refused + n.differ + n.unreached }

func (n *tally) add(m tally) {
	n.rows += m.rows
	n.errors += m.errors
	n.refused += m.refused
	n.differ += m.differ
	n.unreached += m.unreached
}

func (n tally) String() string {
	return fmt.Sprintf("%d statements: %d give the same, %d fail alike, %d are refused, %d follow one that is, %d differ as documented",
		n.statements(), n.rows, n.errors, n.refused, n.unreached, n.differ)
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata/golden", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; -rewrite writes it", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; read the change, then -rewrite:\n%s", path, lineDiff(string(want), got))
	}
}

// lineDiff shows the lines that only one of two texts has.
func lineDiff(want, got string) string {
	var b strings.Builder
	only := func(sign, a, b2 string) {
		other := map[string]int{}
		for _, line := range strings.Split(b2, "\n") {
			other[line]++
		}
		for _, line := range strings.Split(a, "\n") {
			if other[line]--; other[line] < 0 {
				fmt.Fprintf(&b, "%s %s\n", sign, line)
			}
		}
	}
	only("-", want, got)
	only("+", got, want)
	return b.String()
}
