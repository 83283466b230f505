package corpus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// timeout bounds one statement.
const timeout = time.Minute

// side is a session of one of the two servers.
type side struct {
	client *oracle.Client
	conn   *pgx.Conn
}

func newSide(t *testing.T, client *oracle.Client) *side {
	return &side{client: client, conn: client.Conn(t)}
}

// answer is what a server says to a statement: a result, or an error with SQLSTATE.
type answer struct {
	result *oracle.Result
	copied string // what COPY TO STDOUT gave
	err    *pgconn.PgError
}

func (s *side) run(t *testing.T, st statement) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var a answer
	var err error
	switch conn := s.conn.PgConn(); {
	case isCopyIn(st.text):
		var tag pgconn.CommandTag
		tag, err = conn.CopyFrom(ctx, strings.NewReader(st.data), st.text)
		a.result = &oracle.Result{Tag: tag.String()}
	case isCopyOut(st.text):
		var out bytes.Buffer
		var tag pgconn.CommandTag
		tag, err = conn.CopyTo(ctx, &out, st.text)
		a.result, a.copied = &oracle.Result{Tag: tag.String()}, out.String()
	default:
		a.result, err = exec(ctx, conn, st.text)
	}
	if err != nil && !errors.As(err, &a.err) {
		t.Fatalf("%s: %v\nin: %s", s.client.Label, err, st.text)
	}
	return a
}

// exec runs a text of one statement, or of several: then the result is the last one's, and its tag has all.
func exec(ctx context.Context, conn *pgconn.PgConn, text string) (*oracle.Result, error) {
	results, err := conn.Exec(ctx, text).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return &oracle.Result{}, nil
	}
	var tags []string
	for _, r := range results {
		tags = append(tags, r.CommandTag.String())
	}
	last := oracle.NewResult(results[len(results)-1])
	last.Tag = strings.Join(tags, "; ")
	return last, nil
}

// must runs what has to work on both sides.
func (f *file) must(t *testing.T, text string) {
	t.Helper()
	for _, s := range []*side{f.want, f.got} {
		if a := s.run(t, statement{text: text}); a.err != nil {
			t.Fatalf("%s: %v\nin: %s", s.client.Label, a.err, text)
		}
	}
}

// file runs the scripts of a file, and notes what is refused.
type file struct {
	name      string
	want, got *side
	tally     tally
	notes     []string
}

func (f *file) run(t *testing.T, path string) {
	for _, s := range readScripts(t, path) {
		if s.outside {
			f.outside(t, s)
		} else {
			f.inside(t, s)
		}
	}
}

// inside runs a script in a block; savepoints let it go on behind an error.
func (f *file) inside(t *testing.T, s script) {
	f.must(t, "BEGIN")
	defer f.must(t, "ROLLBACK")
	if len(s.statements) == 1 {
		f.compare(t, s.statements[0])
		return
	}
	for i, st := range s.statements {
		f.must(t, "SAVEPOINT corpus")
		switch f.compare(t, st) {
		case gone:
			f.tally.unreached += len(s.statements) - i - 1
			return
		case failed:
			f.must(t, "ROLLBACK TO corpus")
		}
		f.must(t, "RELEASE corpus")
	}
}

// outside runs a script in autocommit, in a schema and a session of its own.
func (f *file) outside(t *testing.T, s script) {
	f.must(t, "CREATE SCHEMA scratch")
	f.must(t, "SET search_path = scratch, public")
	for i, st := range s.statements {
		if f.compare(t, st) == gone {
			f.tally.unreached += len(s.statements) - i - 1
			break
		}
	}
	for _, s := range []*side{f.want, f.got} {
		_ = s.conn.Close(t.Context()) // what the script has set goes with the session
		s.conn = s.client.Conn(t)
	}
	f.must(t, "DROP SCHEMA scratch CASCADE")
}

// missing are the SQLSTATEs, beside refusals, by which Millrace says that it lacks what PostgreSQL has: an operator or
// function, a type or another object, a relation of the catalog.
var missing = []string{"42883", "42704", "42P01", "3F000"}

// outcome says what a statement left behind.
type outcome uint8

const (
	done   outcome = iota // the same on both sides
	failed                // nothing on either
	gone                  // something on one side only: what follows would be compared in another state
)

// compare runs a statement on both sides.
func (f *file) compare(t *testing.T, st statement) outcome {
	t.Helper()
	want, got := f.want.run(t, st), f.got.run(t, st)
	difference := diff(want, got, hasOrder(st.text))
	result := gone
	switch {
	case want.err != nil && got.err != nil:
		result = failed
	case want.err == nil && got.err == nil:
		result = done
	}
	switch {
	case st.differs != "":
		if difference == "" {
			t.Errorf("no difference, where there is said to be one: %s\nin: %s", st.differs, st.text)
		}
		f.tally.differ++
		f.note(st, "differs: "+st.differs)
	case difference == "":
		f.alike(st, want.err, got.err)
	case got.err != nil && isRefusal(got.err, want.err):
		f.tally.refused++
		f.note(st, got.err.Code+" "+got.err.Message)
	default:
		t.Errorf("PostgreSQL (-) and Millrace (+)\nin: %s\n%s", st.text, difference)
		f.tally.differ++
	}
	return result
}

// alike counts a statement to which both sides say the same, and notes an error that they word otherwise, or place otherwise
// where PostgreSQL places it at all.
func (f *file) alike(st statement, want, got *pgconn.PgError) {
	if want == nil {
		f.tally.rows++
		return
	}
	f.tally.errors++
	if want.Message != got.Message || want.Position != 0 && want.Position != got.Position {
		f.note(st, fmt.Sprintf("%s at %d: %s\n    PostgreSQL at %d: %s", got.Code, got.Position, got.Message, want.Position, want.Message))
	}
}

func isRefusal(got, want *pgconn.PgError) bool {
	return got.Code == "0A000" || got.Code == "42601" || slices.Contains(missing, got.Code) && (want == nil || !slices.Contains(missing, want.Code))
}

// diff tells how two answers differ, "" if they do not.
func diff(want, got answer, ordered bool) string {
	switch {
	case want.err != nil && got.err != nil && want.err.Code == got.err.Code:
		return ""
	case want.err != nil || got.err != nil:
		return fmt.Sprintf("- %s\n+ %s", want, got)
	case want.result.Tag != got.result.Tag || !ordered && sortLines(want.copied) != sortLines(got.copied) || ordered && want.copied != got.copied:
		return fmt.Sprintf("- %s %s\n+ %s %s", want.result.Tag, want.copied, got.result.Tag, got.copied)
	}
	if d := oracle.Diff(want.result, got.result); d != "" {
		return d
	}
	same := func(a, b oracle.Row) bool { return slices.Equal(a, b) }
	if ordered && !slices.EqualFunc(want.result.Rows, got.result.Rows, same) {
		return fmt.Sprintf("- in order %v\n+ in order %v", want.result.Rows, got.result.Rows)
	}
	return ""
}

func sortLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// hasOrder reports whether a query asks for an order of its rows: an ORDER BY outside of parentheses, or in a query that is
// copied.
func hasOrder(text string) bool {
	if isCopyOut(text) {
		return strings.Contains(text, "ORDER BY")
	}
	depth := 0
	outside := strings.Map(func(r rune) rune {
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		default:
			if depth == 0 {
				return r
			}
		}
		return -1
	}, text)
	return strings.Contains(outside, "ORDER BY")
}

func (a answer) String() string {
	if a.err != nil {
		return fmt.Sprintf("%s at %d: %s", a.err.Code, a.err.Position, a.err.Message)
	}
	return fmt.Sprintf("%s %v", a.result.Tag, a.result.Rows)
}

func (f *file) note(st statement, what string) {
	f.notes = append(f.notes, strings.Join(strings.Fields(st.text), " ")+"\n    "+what+"\n")
}

// golden is what the golden file should hold.
func (f *file) golden() string {
	return f.tally.String() + "\n\n" + strings.Join(f.notes, "")
}
