package pg

import (
	"context"
	"encoding/binary"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/types"
)

// copyOut runs COPY TO STDOUT: a message of CopyData for each row. Rows of an endless query go out as they come.
func (c *conn) copyOut(ctx context.Context, portal *session.Portal, x execution) error {
	cp := portal.Copy()
	codes := formatCodes(len(cp.Columns), cp.Format.Binary)
	c.out.send(&pgproto3.CopyOutResponse{OverallFormat: overallFormat(cp), ColumnFormatCodes: codes})
	w := newCopyWriter(c.out, cp, c.session.Scope())
	w.begin()
	rows, _, err := c.pull(ctx, portal, 0, w.write)
	if err != nil {
		return err
	}
	w.end()
	c.out.send(&pgproto3.CopyDone{})
	return c.complete(ctx, portal, x, rows)
}

// copyWriter writes rows in the formats of COPY.
type copyWriter struct {
	out   *output
	copy  *session.Copy
	scope types.Scope
	text  []byte // of a value, used again
	// special are the letters that stand behind a backslash for the bytes that the text format does not write as they are; 0: it does.
	special [256]byte
}

func newCopyWriter(out *output, cp *session.Copy, scope types.Scope) *copyWriter {
	w := &copyWriter{out: out, copy: cp, scope: scope}
	w.special['\\'] = '\\'
	w.special[cp.Format.Delimiter] = cp.Format.Delimiter
	for control, letter := range escapes {
		w.special[control] = letter
	}
	return w
}

// begin writes what comes before the rows. The binary format's header goes with the first message, as PostgreSQL sends it;
// there are clients that rely on it.
func (w *copyWriter) begin() {
	switch {
	case w.copy.Format.Binary:
		w.text = append(w.text, copySignature+"\x00\x00\x00\x00\x00\x00\x00\x00"...)
	case w.copy.Format.Header:
		w.header()
	}
}

// end writes what comes behind the rows.
func (w *copyWriter) end() {
	if w.copy.Format.Binary {
		w.text = append(w.text, copyTrailer...)
		w.message()
	}
}

// message writes w.text as one message.
func (w *copyWriter) message() {
	buf := append(w.out.buf, 'd')
	buf = binary.BigEndian.AppendUint32(buf, uint32(4+len(w.text)))
	w.out.buf = append(buf, w.text...)
	w.text = w.text[:0]
	w.out.bound()
}

func (w *copyWriter) write(b *types.Batch) {
	for i := range b.Len {
		if w.copy.Format.Binary {
			w.binaryRow(b, i)
		} else {
			w.row(func(buf []byte, c int) []byte { return w.value(buf, b.Cols[c], i) })
		}
		if w.out.err != nil {
			return
		}
	}
}

// binaryRow writes one message with a row in the binary format.
func (w *copyWriter) binaryRow(b *types.Batch, i int) {
	w.text = binary.BigEndian.AppendUint16(w.text, uint16(len(b.Cols)))
	for _, col := range b.Cols {
		if col.IsNull(i) {
			w.text = binary.BigEndian.AppendUint32(w.text, ^uint32(0))
			continue
		}
		at := len(w.text)
		w.text = types.FormatBinary(append(w.text, 0, 0, 0, 0), col.Type, col.Datum(i), w.scope)
		binary.BigEndian.PutUint32(w.text[at:], uint32(len(w.text)-at-4))
	}
	w.message()
}

func (w *copyWriter) header() {
	w.row(func(buf []byte, c int) []byte {
		w.text = append(w.text[:0], w.copy.Columns[c].Name...)
		return w.field(buf)
	})
}

// row writes one message with what column appends for each column.
func (w *copyWriter) row(column func(buf []byte, c int) []byte) {
	buf := w.out.buf
	start := len(buf)
	buf = append(buf, 'd', 0, 0, 0, 0)
	for c := range w.copy.Columns {
		if c > 0 {
			buf = append(buf, w.copy.Format.Delimiter)
		}
		buf = column(buf, c)
	}
	buf = append(buf, '\n')
	binary.BigEndian.PutUint32(buf[start+1:], uint32(len(buf)-start-1))
	w.out.buf = buf
	w.out.bound()
}

func (w *copyWriter) value(buf []byte, col *types.Vector, i int) []byte {
	if col.IsNull(i) {
		return append(buf, w.copy.Format.Null...)
	}
	w.text = types.FormatText(w.text[:0], col.Type, col.Datum(i), w.scope)
	return w.field(buf)
}

// field appends w.text as a field.
func (w *copyWriter) field(buf []byte) []byte {
	if w.copy.Format.CSV {
		return w.csv(buf)
	}
	return w.plain(buf)
}

// escapes are the letters for control characters in the text format.
var escapes = map[byte]byte{'\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v'}

func (w *copyWriter) plain(buf []byte) []byte {
	from := 0 // of what is written as it is
	for i, c := range w.text {
		if letter := w.special[c]; letter != 0 {
			buf = append(append(buf, w.text[from:i]...), '\\', letter)
			from = i + 1
		}
	}
	return append(buf, w.text[from:]...)
}

func (w *copyWriter) csv(buf []byte) []byte {
	f := &w.copy.Format
	text := string(w.text)
	alone := len(w.copy.Columns) == 1 && text == `\.` // would be the end of the data
	if text != f.Null && !alone && !strings.ContainsAny(text, string([]byte{f.Delimiter, f.Quote, '\n', '\r'})) {
		return append(buf, text...)
	}
	buf = append(buf, f.Quote)
	for _, c := range w.text {
		if c == f.Quote || c == f.Escape {
			buf = append(buf, f.Escape)
		}
		buf = append(buf, c)
	}
	return append(buf, f.Quote)
}
