package pg

import (
	"net"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/types"
)

// ServeConn serves one connection that was not accepted by a listener.
func (s *Server) ServeConn(nc net.Conn) { newConn(s, nc, 1, false).run() }

// ParseCopy gives the parser of COPY FROM data in pieces of size bytes, and returns the rows, each value in text, nil
// for NULL.
func ParseCopy(cp *session.Copy, data []byte, size int) ([][]*string, error) {
	p := newCopyParser(cp, types.Scope{})
	for {
		n := min(size, len(data))
		p.feed(data[:n])
		data = data[n:]
		for {
			ok, err := p.next(len(data) == 0)
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
		}
		if len(data) == 0 {
			return texts(p.rows().batch), nil
		}
	}
}

// CountCopy gives the parser of COPY FROM data in pieces of size bytes, and returns the number of rows.
func CountCopy(cp *session.Copy, data []byte, size int) (int, error) {
	p, rows := newCopyParser(cp, types.Scope{}), 0
	for len(data) > 0 {
		n := min(size, len(data))
		p.feed(data[:n])
		data = data[n:]
		for {
			ok, err := p.next(len(data) == 0)
			if err != nil {
				return rows, err
			}
			if !ok {
				break
			}
			if rows++; p.rows().batch.Len == copyBatchRows {
				p.rows().take()
			}
		}
	}
	return rows, nil
}

func texts(b *types.Batch) [][]*string {
	rows := make([][]*string, b.Len)
	for i := range rows {
		rows[i] = make([]*string, len(b.Cols))
		for c, col := range b.Cols {
			if !col.IsNull(i) {
				text := string(types.FormatText(nil, col.Type, col.Datum(i), types.Scope{}))
				rows[i][c] = &text
			}
		}
	}
	return rows
}

// FormatCopy returns what COPY TO sends for rows of texts, nil for NULL.
func FormatCopy(cp *session.Copy, rows [][]*string) string {
	b := types.NewBatch(cp.ColumnTypes(), len(rows))
	for _, r := range rows {
		row := make([]types.Datum, len(r))
		for i, text := range r {
			row[i] = types.NullDatum
			if text != nil {
				row[i] = types.Datum{Str: *text}
			}
		}
		b.AppendRow(row, 1)
	}
	out := &output{}
	w := newCopyWriter(out, cp, types.Scope{})
	w.begin()
	w.write(b)
	w.end()
	text := ""
	for buf := out.buf; len(buf) > 0; {
		n := 1 + int(buf[1])<<24 + int(buf[2])<<16 + int(buf[3])<<8 + int(buf[4])
		text += string(buf[5:n])
		buf = buf[n:]
	}
	return text
}
