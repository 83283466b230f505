package parse_test

import (
	"testing"
	"time"

	tidb "github.com/pingcap/tidb/pkg/parser"

	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/tests/bench"
)

const (
	pointSelect = "SELECT id, name, total FROM orders WHERE id = 42"
	joinSelect  = "SELECT c.name, p.maker, count(*), sum(f.seats) FROM flights AS f JOIN carriers AS c ON f.carrier = " +
		"c.carrier LEFT JOIN planes AS p ON f.tailnum = p.tailnum WHERE f.delay > 10 AND f.origin IN ('JFK', 'LGA') " +
		"GROUP BY c.name, p.maker HAVING count(*) > 5 ORDER BY 3 DESC LIMIT 10"
)

// BenchmarkParse compares the parser with the bare TiDB parser, over those statements of the corpus that both accept: ours
// has to read PostgreSQL's text, translate it, and build its own tree beside.
func BenchmarkParse(b *testing.B) {
	for _, row := range []struct {
		name  string
		texts []string
	}{
		{"the corpus", sharedStatements(b)},
		{"a point select", []string{pointSelect}},
		{"a join of three", []string{joinSelect}},
	} {
		b.Run(row.name, func(b *testing.B) {
			ours := func(text string) error { _, err := parse.Parse(text); return err }
			tp := tidb.New()
			bare := func(text string) error { _, _, err := tp.ParseSQL(text); return err }
			bench.Compare(b, bench.Row{Name: "parse " + row.name, Unit: "statements", Bare: "TiDB parser"},
				parsing(b, row.texts, ours), parsing(b, row.texts, bare))
		})
	}
}

// sharedStatements are the statements of the corpus that both parsers accept.
func sharedStatements(b *testing.B) (texts []string) {
	tp := tidb.New()
	all := parse.Corpus(b)
	for _, text := range all {
		if _, err := parse.Parse(text); err != nil {
			continue
		}
		if _, _, err := tp.ParseSQL(text); err == nil {
			texts = append(texts, text)
		}
	}
	b.Logf("both accept %d of %d statements", len(texts), len(all))
	return texts
}

// parsing parses all texts, over and over.
func parsing(b *testing.B, texts []string, parser func(string) error) bench.Side {
	return func(d time.Duration) float64 {
		return bench.Until(d, func() float64 {
			for _, text := range texts {
				if err := parser(text); err != nil {
					b.Error(err)
				}
			}
			return float64(len(texts))
		})
	}
}
