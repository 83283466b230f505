package parse

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// TestDepth shows that every way to nest is refused beyond MaxDepth with 54001, and works below it.
func TestDepth(t *testing.T) {
	nest := map[string]func(n int) string{
		"parentheses": func(n int) string { return "SELECT " + rep("(", n) + "1" + rep(")", n) },
		"chain":       func(n int) string { return "SELECT 1" + rep(" + 1", n) },
		"or":          func(n int) string { return "SELECT a OR b" + rep(" OR c = 1", n) },
		"not":         func(n int) string { return "SELECT " + rep("NOT ", n) + "a" },
		"minus":       func(n int) string { return "SELECT " + rep("- ", n) + "a" },
		"casts":       func(n int) string { return "SELECT a" + rep("::int", n) },
		"subscripts":  func(n int) string { return "SELECT a" + rep("[1]", n) },
		"calls":       func(n int) string { return "SELECT " + rep("f(", n) + "1" + rep(")", n) },
		"case":        func(n int) string { return "SELECT " + rep("CASE WHEN a THEN ", n) + "1" + rep(" END", n) },
		"arrays":      func(n int) string { return "SELECT ARRAY" + rep("[", n) + "1" + rep("]", n) },
		"scalar":      func(n int) string { return "SELECT " + rep("(SELECT ", n) + "1" + rep(")", n) },
		"derived":     func(n int) string { return rep("SELECT * FROM (", n) + "SELECT 1" + rep(") x", n) },
		"joins":       func(n int) string { return "SELECT * FROM a" + rep(" JOIN b ON true", n) },
		"nested join": func(n int) string { return "SELECT * FROM " + rep("(a CROSS JOIN ", n) + "b" + rep(")", n) },
		"union":       func(n int) string { return "SELECT 1" + rep(" UNION SELECT 1", n) },
		"queries":     func(n int) string { return rep("(", n) + "SELECT 1" + rep(")", n) },
		"with":        func(n int) string { return rep("WITH a AS (", n) + "SELECT 1" + rep(") SELECT 1", n) },
		"explain":     func(n int) string { return rep("EXPLAIN ", n) + "SELECT 1" },
		"chains of chains": func(n int) string {
			return "SELECT " + rep("(", n/40) + "1" + rep(rep("+1", 60)+")", n/40)
		},
	}
	for name, f := range nest {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(f(MaxDepth / 8)); err != nil {
				t.Errorf("depth %d: %v", MaxDepth/8, err)
			}
			if _, err := Parse(f(2 * MaxDepth)); pgerr.Code(err) != pgerr.StatementTooComplex {
				t.Errorf("depth %d: %v", 2*MaxDepth, err)
			}
		})
	}
}

func rep(s string, n int) string { return strings.Repeat(s, n) }

// TestWide shows that what is wide is not deep: long lists have no limit but the text's.
func TestWide(t *testing.T) {
	const n = 20000
	for _, sql := range []string{
		"SELECT 1" + rep(", a", n),
		"SELECT a IN (1" + rep(", 1", n) + ")",
		"SELECT 1 FROM a" + rep(", a", n),
		"SELECT CASE" + rep(" WHEN a THEN 1", n) + " END",
		"SELECT 1 ORDER BY 1" + rep(", a + 1", n),
		"INSERT INTO t VALUES (now())" + rep(", (now())", n),
		rep("SELECT 1;", n),
	} {
		if _, err := Parse(sql); err != nil {
			t.Errorf("%.40s: %v", sql, err)
		}
	}
}

// TestSizes shows the bounds of a text's length and words, and that closed parentheses in the hundreds of thousands
// are refused quickly.
func TestSizes(t *testing.T) {
	if _, err := Parse(rep(" ", MaxStatementBytes+1)); pgerr.Code(err) != pgerr.ProgramLimitExceeded {
		t.Errorf("length: %v", err)
	}
	if _, err := Parse("SELECT " + rep("1,", MaxTokens/2+1)); pgerr.Code(err) != pgerr.ProgramLimitExceeded {
		t.Errorf("words: %v", err)
	}
	const n = 500000
	if _, err := Parse("SELECT " + rep("(", n) + "1" + rep(")", n)); pgerr.Code(err) != pgerr.StatementTooComplex {
		t.Errorf("parentheses: %v", err)
	}
}

// TestEncoding shows that text that is no UTF-8, or has a zero byte, is refused before anything else.
func TestEncoding(t *testing.T) {
	for _, sql := range []string{"SELECT '\xff'", "SELECT 1\x00"} {
		if _, err := Parse(sql); pgerr.Code(err) != pgerr.CharacterNotInRepertoire {
			t.Errorf("%q: %v", sql, err)
		}
	}
}

// TestParseOne shows that one statement is taken, none is ast.Empty, and two are refused.
func TestParseOne(t *testing.T) {
	p, err := ParseOne(" SELECT $3 ; ")
	if err != nil || p.Text != "SELECT $3" || p.Start != 1 || p.NumParams != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
	p, err = ParseOne(" ; /* nothing */ ; ")
	if _, ok := p.Stmt.(*ast.Empty); !ok || err != nil {
		t.Errorf("got %T, %v", p.Stmt, err)
	}
	if _, err = ParseOne("SELECT 1; SELECT 2"); pgerr.Code(err) != pgerr.SyntaxError {
		t.Errorf("two statements: %v", err)
	}
}

// TestSplit shows the texts, places and parameters of several statements, in characters.
func TestSplit(t *testing.T) {
	all, err := Parse("SELECT 'é;' ; -- x\n INSERT INTO ü VALUES ($2) /* y */;;SELECT $$;$$")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range all {
		got += fmt.Sprintf("%d %q $%d\n", p.Start, p.Text, p.NumParams)
	}
	want := "0 \"SELECT 'é;'\" $0\n20 \"INSERT INTO ü VALUES ($2)\" $2\n55 \"SELECT $$;$$\" $0\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestNotices shows that a cut identifier is told about.
func TestNotices(t *testing.T) {
	all, err := Parse("SELECT 1; SELECT " + rep("a", 70))
	if err != nil || len(all[0].Notices) != 0 || len(all[1].Notices) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
}

// TestConcurrent shows that parsers are not shared between goroutines: run with -race.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 200; i++ {
				sql := fmt.Sprintf("SELECT a%d, %d + $1 FROM t%d WHERE x = 'g%d' ORDER BY 1", g, i, i, g)
				p, err := ParseOne(sql)
				if err != nil {
					t.Error(err)
					return
				}
				q := p.Stmt.(*ast.SelectStmt).Query
				if c := q.Items[0].Expr.(*ast.ColumnRef).Parts[0]; c != fmt.Sprintf("a%d", g) {
					t.Errorf("%s gave column %s", sql, c)
				}
			}
		}()
	}
	wg.Wait()
}
