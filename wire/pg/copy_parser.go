package pg

import (
	"fmt"

	"github.com/millracedb/millrace/sql/types"
)

// copyTextParser turns the bytes of COPY FROM into rows, in text or CSV, as PostgreSQL's copyfromparse.c does. Pieces of the
// data may be cut anywhere. It holds the piece that is no whole line yet.
type copyTextParser struct {
	copyRows

	data   []byte // not yet parsed
	lines  lineSplitter
	header bool // the first line is still to come, and holds names
	ended  bool // the end-of-data marker was met

	fields []copyField // of the line at hand, used again
	text   []byte      // of a field whose escapes were resolved, used again
}

// copyField is one field of a line.
type copyField struct {
	text string
	null bool
}

func newCopyTextParser(rows copyRows) *copyTextParser {
	format := &rows.copy.Format
	return &copyTextParser{copyRows: rows, lines: lineSplitter{format: format}, header: format.Header}
}

// feed adds a piece of the data, which is copied.
func (p *copyTextParser) feed(data []byte) {
	if !p.ended {
		p.data = append(p.data, data...)
	}
}

// next parses one row into the batch, and reports whether there was one. last says that no more data come: what is left
// is a line even without its end.
func (p *copyTextParser) next(last bool) (bool, error) {
	for !p.ended {
		l, ok, err := p.lines.split(p.data, last)
		if err != nil {
			p.line++
			return false, p.located(err, nil)
		}
		if !ok && last && p.header && p.copy.Format.HeaderMatch {
			l, ok = line{lines: 1}, true // no data at all: no heading
		}
		if !ok {
			return false, p.keep()
		}
		p.line += l.lines
		row, err := p.parseLine(l)
		p.data = p.data[l.used:]
		if row || err != nil {
			return row, err
		}
	}
	p.data = nil
	return false, nil
}

// keep bounds what is left, and lets go of an empty buffer.
func (p *copyTextParser) keep() error {
	if len(p.data) == 0 {
		p.data = nil
	}
	return p.boundRow(len(p.data))
}

// parseLine parses one line, and reports whether it was a row.
func (p *copyTextParser) parseLine(l line) (bool, error) {
	p.ended = l.end || p.copy.Format.CSV && string(l.text) == `\.`
	if p.ended && (p.copy.Format.CSV || len(l.text) == 0) {
		return false, nil
	}
	if err := types.CheckTextBytes(p.data[:l.used]); err != nil {
		return false, p.located(err, nil)
	}
	header := p.header
	p.header = false
	if header && !p.copy.Format.HeaderMatch {
		return false, nil
	}
	if err := p.split(string(l.text)); err != nil {
		return false, p.located(err, l.text)
	}
	if header {
		return false, p.located(p.matchHeader(), append([]byte{}, l.text...))
	}
	return true, p.row(l.text)
}

func (p *copyTextParser) split(line string) error {
	p.fields = p.fields[:0]
	if p.copy.Format.CSV {
		return p.splitCSV(line)
	}
	return p.splitText(line)
}

// matchHeader is HEADER MATCH.
func (p *copyTextParser) matchHeader() error {
	if len(p.fields) != len(p.types) {
		return badFormat("wrong number of fields in header line: got %d, expected %d", len(p.fields), len(p.types))
	}
	for i, f := range p.fields {
		if want := p.copy.Columns[i].Name; f.null || f.text != want {
			got := fmt.Sprintf("%q", f.text)
			if f.null {
				got = fmt.Sprintf("null value (%q)", p.copy.Format.Null)
			}
			return badFormat("column name mismatch in header line field %d: got %s, expected %q", i+1, got, want)
		}
	}
	return nil
}

// row adds the fields as a row. After an error the batch is of no use.
func (p *copyTextParser) row(line []byte) error {
	if len(p.fields) > len(p.types) {
		return p.located(badFormat("extra data after last expected column"), line)
	}
	for i, f := range p.fields {
		if f.null {
			p.batch.Cols[i].Append(types.NullDatum)
			continue
		}
		d, err := types.ParseText(p.types[i], f.text, p.scope)
		if err != nil {
			return p.locatedColumn(err, p.copy.Columns[i].Name, f.text)
		}
		p.batch.Cols[i].Append(d)
	}
	if n := len(p.fields); n < len(p.types) {
		return p.located(badFormat("missing data for column %q", p.copy.Columns[n].Name), line)
	}
	p.batch.Len++
	return nil
}
