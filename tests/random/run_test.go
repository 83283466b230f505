package random_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// stepKind says what to do with a step and what must agree.
type stepKind int

const (
	change   stepKind = iota // runs and compares what it returns, if anything
	query                    // compares rows as a multiset
	ordered                  // compares rows in their order
	crash                    // kills the server and starts it again
	restart                  // stops the server in order and starts it again
	follow                   // follows the changes of the relation that sql names
	followed                 // compares what the changes gave with what the relation holds
)

// step is one line of a script.
type step struct {
	kind stepKind
	sql  string
	// lax marks what PostgreSQL may refuse because of the data, where Millrace leaves the row out: the query of a view
	// that fails for a row.
	lax bool
	key []int // of a relation to follow
}

type script []step

// String is the script in the form of tests/sql/testdata, which kills the server at the end of each script.
func (s script) String() string {
	var b strings.Builder
	for _, step := range s {
		switch step.kind {
		case crash:
			b.WriteString("-- a crash\n")
		case restart:
			b.WriteString("-- a restart\n")
		case follow, followed:
			b.WriteString("-- EMIT CHANGES of " + step.sql + "\n")
		default:
			b.WriteString(step.sql + ";\n")
		}
	}
	return b.String()
}

// difference is a step whose answers differ.
type difference struct {
	step int
	sql  string
	kind string // what differs: the two codes, or "rows"
	text string
}

func (d difference) String() string { return d.text + "\nin: " + d.sql }

// outcome is what came of a script.
type outcome struct {
	ran, compared, agreedErrors, skipped int
	rows, empty                          int // rows that agree; queries without any
	differences                          []difference
}

// maxDifferences bounds what is gathered of a script that goes on after queries that differ.
const maxDifferences = 20

// run runs a script on a new node and a new database, up to the first difference; with keepGoing, queries that
// differ do not end it.
func run(t *testing.T, s script, shards int, keepGoing bool) (o outcome) {
	node := oracle.StartMillrace(t, oracle.Options{Args: []string{"--shards", fmt.Sprint(shards)}})
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: node.Client}
	fs := followers{}
	for i, step := range s {
		o.ran++
		d := o.step(t, node, pair, fs, step)
		if d == nil {
			continue
		}
		d.step, d.sql = i, step.sql
		o.differences = append(o.differences, *d)
		if !keepGoing || step.kind == change || len(o.differences) == maxDifferences {
			return o
		}
	}
	return o
}

// step does what a step asks for.
func (o *outcome) step(t *testing.T, node *oracle.Millrace, pair oracle.Pair, fs followers, s step) *difference {
	switch s.kind {
	case crash:
		clear(fs)
		node.Kill(t)
		node.Restart(t)
	case restart:
		clear(fs)
		node.Restart(t)
	case follow:
		fs.start(t, node, s.sql, s.key)
	case followed:
		o.compared++
		return fs.check(t, node, s.sql)
	default:
		return o.compare(pair, s)
	}
	return nil
}

// compare runs one step on both sides. It returns nil if they agree.
func (o *outcome) compare(pair oracle.Pair, s step) *difference {
	want, wantErr := pair.Want.TryQuery(s.sql)
	wantCode := code(wantErr)
	if s.lax && misfit(wantCode) {
		o.skipped++
		return nil
	}
	got, gotErr := pair.Got.TryQuery(s.sql)
	gotCode := code(gotErr)
	if s.kind != change && strings.HasPrefix(wantCode, "22") && gotErr == nil && len(got.Rows) == 0 {
		o.skipped++ // PostgreSQL computes constants while it plans, even for no rows
		return nil
	}
	o.compared++
	switch {
	case wantCode != gotCode && !sameClass(wantCode, gotCode):
		return &difference{kind: wantCode + "/" + gotCode, text: fmt.Sprintf("PostgreSQL: %v\nMillrace:   %v", wantErr, gotErr)}
	case wantErr != nil:
		o.agreedErrors++
		return nil
	}
	if s.kind != change {
		o.rows += len(want.Rows)
		if len(want.Rows) == 0 {
			o.empty++
		}
	}
	if text := diff(want, got, s); text != "" {
		return &difference{kind: "rows", text: "Millrace (+) differs from PostgreSQL (-)\n" + text}
	}
	return nil
}

// sameClass says whether both codes are of data that does not fit: which row or expression is computed first, and so
// which of several such errors is raised, no standard says.
func sameClass(a, b string) bool { return misfit(a) && misfit(b) || conflicting(a) && conflicting(b) }

// conflicting says whether a code is of rows that meet others: in one statement, by one key or another.
func conflicting(code string) bool { return code == "23505" || code == "21000" }

func misfit(code string) bool { return strings.HasPrefix(code, "22") || code == "23502" }

func diff(want, got *oracle.Result, s step) string {
	if text := oracle.Diff(want, got); text != "" {
		return text
	}
	if want.Tag != got.Tag && !strings.HasPrefix(s.sql, "CREATE") && !strings.HasPrefix(s.sql, "DROP") { // a view is another thing
		return fmt.Sprintf("- command tag %s\n+ command tag %s", want.Tag, got.Tag)
	}
	if s.kind != ordered {
		return ""
	}
	for i := range want.Rows {
		w := &oracle.Result{Columns: want.Columns, Rows: want.Rows[i : i+1]}
		g := &oracle.Result{Columns: got.Columns, Rows: got.Rows[i : i+1]}
		if text := oracle.Diff(w, g); text != "" {
			return fmt.Sprintf("the order differs from row %d on: %s", i+1, text)
		}
	}
	return ""
}

// code is the SQLSTATE of an error, "" for none; an error without one is its text. NaN as an integer is "not supported",
// but an error of data like others.
func code(err error) string {
	if err == nil {
		return ""
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		if strings.HasPrefix(e.Message, "cannot convert ") {
			return "22 " + e.Message
		}
		return e.Code
	}
	return err.Error()
}
