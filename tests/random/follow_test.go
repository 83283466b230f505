package random_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// followTimeout is how long changes that a SELECT has shown may take to come out of EMIT CHANGES.
const followTimeout = 20 * time.Second

// followers are the changes that a test follows, by relation. They end when the server does.
type followers map[string]*follower

// follower takes the changes of a relation from COPY (SELECT … EMIT CHANGES), in text format, and applies them to what
// it has: each of them must fit.
type follower struct {
	conn *pgconn.PgConn
	key  []int // of the relation's columns

	mu      sync.Mutex
	partial []byte            // of a line that has not come to its end
	rows    map[string]string // by key, as COPY writes them
	wrong   string            // the first change that did not fit
	changed chan struct{}     // has room for one signal
}

// start follows a relation from its present contents on.
func (fs followers) start(t *testing.T, node *oracle.Millrace, name string, key []int) {
	f := &follower{conn: node.Conn(t).PgConn(), key: key, rows: map[string]string{}, changed: make(chan struct{}, 1)}
	fs[name] = f
	go func() {
		_, _ = f.conn.CopyTo(context.Background(), f, "COPY (SELECT * FROM "+name+" EMIT CHANGES) TO STDOUT") // ends with the server or the test
	}()
}

// Write takes what the server sends, in pieces of any size.
func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.partial = append(f.partial, p...)
	for {
		line, rest, whole := bytes.Cut(f.partial, []byte("\n"))
		if !whole {
			break
		}
		f.apply(string(line))
		f.partial = rest
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

// apply applies a change: its kind, its time, and the row.
func (f *follower) apply(line string) {
	fields := strings.SplitN(line, "\t", 3)
	if len(fields) < 3 {
		f.complain("a change without a row", line)
		return
	}
	key := keyOf(fields[2], f.key)
	before, there := f.rows[key]
	switch op := fields[0]; {
	case op == "insert" && there, op != "insert" && !there, op == "delete" && before != fields[2]:
		f.complain(fmt.Sprintf("does not fit (there is %q)", before), line)
	case op == "delete":
		delete(f.rows, key)
	default:
		f.rows[key] = fields[2]
	}
}

func (f *follower) complain(what, line string) {
	if f.wrong == "" {
		f.wrong = fmt.Sprintf("a change %s: %q", what, line)
	}
}

// keyOf is the key of a row in COPY's text format.
func keyOf(row string, key []int) string {
	fields := strings.Split(row, "\t")
	var out []string
	for _, k := range key {
		out = append(out, fields[k])
	}
	return strings.Join(out, "\t")
}

// check waits until the changes that came give the contents of the relation, and says what differs if they do not.
func (fs followers) check(t *testing.T, node *oracle.Millrace, name string) *difference {
	f := fs[name]
	if f == nil {
		return nil // its start was dropped from a script that shrinks
	}
	var contents bytes.Buffer
	if _, err := node.Conn(t).PgConn().CopyTo(context.Background(), &contents, "COPY (SELECT * FROM "+name+") TO STDOUT"); err != nil {
		return &difference{kind: "follow", text: err.Error()}
	}
	timeout := time.After(followTimeout)
	for {
		wrong := f.differs(contents.String())
		if wrong == "" {
			return nil
		}
		select {
		case <-f.changed:
		case <-timeout:
			return &difference{kind: "follow", text: "EMIT CHANGES of " + name + " does not give what it holds: " + wrong}
		}
	}
}

func (f *follower) differs(contents string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wrong != "" {
		return f.wrong
	}
	lines := strings.Split(strings.TrimSuffix(contents, "\n"), "\n")
	if contents == "" {
		lines = nil
	}
	for _, line := range lines {
		if row := f.rows[keyOf(line, f.key)]; row != line {
			return fmt.Sprintf("it has %q for %q", row, line)
		}
	}
	if len(lines) != len(f.rows) {
		return fmt.Sprintf("it has %d rows for %d", len(f.rows), len(lines))
	}
	return ""
}
