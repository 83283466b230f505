package parse

import (
	"fmt"
	"strings"
	"testing"

	tidb "github.com/pingcap/tidb/pkg/parser"
)

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
