package pg

import (
	"fmt"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// copyParser turns the data of COPY FROM into rows.
type copyParser interface {
	// feed adds a piece of the data, which is copied.
	feed(data []byte)
	// next parses one row into the batch of rows, and reports whether there was one. last says that no more data come.
	next(last bool) (bool, error)
	rows() *copyRows
}

func newCopyParser(cp *session.Copy, scope types.Scope) copyParser {
	ts := cp.ColumnTypes()
	rows := copyRows{copy: cp, scope: scope, types: ts, batch: types.NewBatch(ts, copyBatchRows)}
	if cp.Format.Binary {
		return &copyBinaryParser{copyRows: rows}
	}
	return newCopyTextParser(rows)
}

// copyRows is what the formats have in common: the rows that were parsed, and where in the data the parser is.
type copyRows struct {
	copy  *session.Copy
	types []types.Type
	scope types.Scope
	batch *types.Batch // the rows parsed; whoever takes them puts a new one
	line  int          // number of the line or row at hand, from 1
}

func (r *copyRows) rows() *copyRows { return r }

// take gives the rows away.
func (r *copyRows) take() *types.Batch {
	b := r.batch
	r.batch = types.NewBatch(r.types, copyBatchRows)
	return b
}

// boundRow bounds what is kept of a row that is not whole yet.
func (r *copyRows) boundRow(size int) error {
	if size > maxCopyRowBytes {
		return r.located(pgerr.New(pgerr.ProgramLimitExceeded, "a row of COPY data is longer than %d bytes", maxCopyRowBytes), nil)
	}
	return nil
}

func badFormat(format string, args ...any) error {
	return pgerr.New(pgerr.BadCopyFileFormat, format, args...)
}

// maxShownBytes is how much of a line or a value an error shows, as in PostgreSQL.
const maxShownBytes = 100

// located says in which line an error is.
func (r *copyRows) located(err error, line []byte) error {
	if err == nil {
		return nil
	}
	e := *pgerr.From(err)
	e.Where = fmt.Sprintf("COPY %s, line %d", r.copy.Relation, max(r.line, 1))
	if line != nil {
		e.Where += `: "` + shown(string(line)) + `"`
	}
	return &e
}

func (r *copyRows) locatedColumn(err error, column, value string) error {
	e := *pgerr.From(err)
	e.Where = fmt.Sprintf("COPY %s, line %d, column %s: %q", r.copy.Relation, r.line, column, "")
	e.Where = e.Where[:len(e.Where)-1] + shown(value) + `"`
	return &e
}

func shown(s string) string {
	if len(s) <= maxShownBytes {
		return s
	}
	n := maxShownBytes
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "..."
}
