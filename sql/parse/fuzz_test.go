package parse

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// seeds gives the fuzzer every input of the golden files, and the statements of the corpus.
func seeds(f *testing.F) {
	for _, statement := range Corpus(f) {
		f.Add(statement)
	}
	err := filepath.Walk("testdata/golden", func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, part := range strings.Split(string(text), "\n\n") {
			input, _, _ := strings.Cut(part, "\n----")
			if _, sql, ok := strings.Cut(input, "\n"); ok {
				f.Add(sql)
			}
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
}

// Corpus returns the statements of tests/corpus.
func Corpus(tb testing.TB) (statements []string) {
	paths, err := filepath.Glob("../../tests/corpus/testdata/sql/*.sql")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no corpus: %v", err)
	}
	comments := regexp.MustCompile(`(?m)^--.*\n`)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		statements = append(statements, strings.Split(comments.ReplaceAllString(string(text), ""), ";\n")...)
	}
	return statements
}

// FuzzTokens shows that the tokenizer ends, and that its tokens are in order, within the text and where they say.
func FuzzTokens(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, sql string) {
		if !utf8.ValidString(sql) {
			return
		}
		var l lexer
		l.run(sql)
		end := int32(0)
		for i, tok := range l.toks {
			if tok.start < end || tok.end < tok.start || int(tok.end) > len(sql) {
				t.Fatalf("token %d of %q is at %d to %d, behind %d", i, sql, tok.start, tok.end, end)
			}
			if want := utf8.RuneCountInString(sql[:tok.start]) + 1; int(tok.pos) != want {
				t.Fatalf("token %d of %q is at character %d, says %d", i, sql, want, tok.pos)
			}
			end = tok.end
		}
		if last := l.toks[len(l.toks)-1]; last.kind != tEOF && l.err == nil {
			t.Fatalf("%q does not end", sql)
		}
	})
}

var (
	quotedName = regexp.MustCompile("`(?:[^`]|``)*`")
	outside    = regexp.MustCompile(`^(?:[(),.? \d\n]|SELECT|DISTINCT|FROM|WHERE|GROUP BY|HAVING|ORDER BY|DESC|LIMIT|OFFSET|` +
		`WITH|RECURSIVE|AS|ON|JOIN|LEFT|RIGHT|STRAIGHT_JOIN|UNION|INTERSECT|EXCEPT|ALL)*$`)
)

// FuzzParse shows that no text makes the parser panic; that an error has a code of those that a user may see, never
// XX000, which would be a translation that the TiDB parser refuses or that loses a node; and that nothing of the user's
// text gets into the translation but inside quoted names.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, sql string) {
		checkParse(t, sql)
	})
}

func checkParse(t *testing.T, sql string) {
	t.Helper()
	all, err := Parse(sql)
	if err != nil {
		checkError(t, sql, err)
		return
	}
	for _, p := range all {
		Dump(p.Stmt)
		if from := string([]rune(sql)[p.Start:]); !strings.HasPrefix(from, p.Text) {
			t.Fatalf("%q: the text %q is not at %d", sql, p.Text, p.Start)
		}
	}
	text, err := Translate(sql)
	if err != nil {
		t.Fatalf("%q parses but does not translate: %v", sql, err)
	}
	if rest := quotedName.ReplaceAllString(text, ""); !outside.MatchString(rest) {
		t.Fatalf("%q: the translation %q has %q", sql, text, rest)
	}
}

func checkError(t *testing.T, sql string, err error) {
	t.Helper()
	e := pgerr.From(err)
	switch e.Code {
	case pgerr.SyntaxError, pgerr.FeatureNotSupported, pgerr.StatementTooComplex, pgerr.ProgramLimitExceeded,
		pgerr.CharacterNotInRepertoire, pgerr.InvalidEscapeSequence, pgerr.UndefinedParameter, pgerr.WindowingError, pgerr.ReservedName, pgerr.UndefinedObject:
	default:
		t.Fatalf("%q: %v, cause %v", sql, err, e.Cause)
	}
	if e.Position < 0 || e.Position > utf8.RuneCountInString(sql)+1 {
		t.Fatalf("%q: position %d of %v is outside", sql, e.Position, err)
	}
}
