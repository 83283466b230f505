package parse

import (
	"fmt"
	"strings"
	"testing"

	tidb "github.com/pingcap/tidb/pkg/parser"
)

const (
	pointSelect = "SELECT id, name, total FROM orders WHERE id = 42"
	bigSelect   = "SELECT c.name, p.maker, count(*), sum(f.seats) FROM flights AS f JOIN carriers AS c ON f.carrier = " +
		"c.carrier LEFT JOIN planes AS p ON f.tailnum = p.tailnum WHERE f.delay > 10 AND f.origin IN ('JFK', 'LGA') " +
		"GROUP BY c.name, p.maker HAVING count(*) > 5 ORDER BY 3 DESC LIMIT 10"
)

// BenchmarkParse shows what a statement costs, beside the TiDB parser alone on the same text, which both accept.
func BenchmarkParse(b *testing.B) {
	for name, sql := range map[string]string{"point": pointSelect, "join": bigSelect} {
		b.Run(name+"/millrace", func(b *testing.B) { benchParse(b, sql) })
		b.Run(name+"/tidb", func(b *testing.B) {
			tp := tidb.New()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := tp.ParseSQL(sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchParse(b *testing.B, sql string) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(sql); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInsert shows lists of a thousand rows: of literals only, with one call a row, and the TiDB parser alone.
func BenchmarkInsert(b *testing.B) {
	insert := func(row string) string {
		var s strings.Builder
		s.WriteString("INSERT INTO t (a, b, c, d) VALUES ")
		for i := 0; i < 1000; i++ {
			if i > 0 {
				s.WriteString(", ")
			}
			fmt.Fprintf(&s, row, i, i)
		}
		return s.String()
	}
	literals := insert("(%d, 'name %d', 3.14, NULL)")
	b.Run("literals", func(b *testing.B) { b.SetBytes(int64(len(literals))); benchParse(b, literals) })
	b.Run("params", func(b *testing.B) { benchParse(b, insert("(%d, $%[2]d1, $1, true)")) })
	b.Run("calls", func(b *testing.B) { benchParse(b, insert("(%d, 'name %d', 3.14, now())")) })
	b.Run("tidb", func(b *testing.B) {
		tp := tidb.New()
		for b.Loop() {
			if _, _, err := tp.ParseSQL(literals); err != nil {
				b.Fatal(err)
			}
		}
	})
}
