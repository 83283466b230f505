package pg

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/sql/types"
)

// output gathers messages to the client. It is written when enough has come together and when somebody waits for it. A
// client that does not read stalls its own connection, no other. After an error all that follows is dropped: the reading
// side notices too.
type output struct {
	conn net.Conn
	buf  []byte
	err  error
}

// send adds a message.
func (o *output) send(m pgproto3.BackendMessage) {
	buf, err := m.Encode(o.buf)
	if err != nil {
		o.fail(err)
		return
	}
	o.buf = buf
	o.bound()
}

// bound writes when enough has come together.
func (o *output) bound() {
	if len(o.buf) >= outputBytes {
		o.flush()
	}
}

// flush writes what is there.
func (o *output) flush() {
	if len(o.buf) == 0 {
		return
	}
	if o.err == nil {
		_, err := o.conn.Write(o.buf)
		o.fail(err)
	}
	if cap(o.buf) > keptOutputBytes {
		o.buf = nil
	}
	o.buf = o.buf[:0]
}

// farewell is flush for the last message: it does not wait long for a client that does not read.
func (o *output) farewell() {
	_ = o.conn.SetWriteDeadline(time.Now().Add(refusalTimeout)) // an error shows when it is written
	o.flush()
	if t, ok := o.conn.(*tls.Conn); ok {
		_ = t.CloseWrite() // the client is told that nothing was cut off
	}
}

func (o *output) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// rowWriter writes rows of one result as DataRow messages.
type rowWriter struct {
	out    *output
	binary []bool // by column
	scope  types.Scope
}

// formats gives each of n columns its format, by the rule of Bind: none means text, one is for all.
func formats(codes []int16, n int) ([]bool, error) {
	binaries := make([]bool, n)
	for i := range binaries {
		code := int16(0)
		switch {
		case len(codes) == 1:
			code = codes[0]
		case len(codes) > 1:
			code = codes[i]
		}
		if code != pgproto3.TextFormat && code != pgproto3.BinaryFormat {
			return nil, invalidFormat(code)
		}
		binaries[i] = code == pgproto3.BinaryFormat
	}
	return binaries, nil
}

// write writes the rows of b.
func (w *rowWriter) write(b *types.Batch) {
	for i := range b.Len {
		w.row(b, i)
		w.out.bound()
		if w.out.err != nil {
			return
		}
	}
}

func (w *rowWriter) row(b *types.Batch, i int) {
	buf := w.out.buf
	start := len(buf)
	buf = append(buf, 'D', 0, 0, 0, 0)
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(b.Cols)))
	for c, col := range b.Cols {
		buf = w.value(buf, c, col, i)
	}
	binary.BigEndian.PutUint32(buf[start+1:], uint32(len(buf)-start-1))
	w.out.buf = buf
}

// value appends the length and the bytes of a value; NULL is the length -1.
func (w *rowWriter) value(buf []byte, c int, col *types.Vector, i int) []byte {
	if col.IsNull(i) {
		return append(buf, 0xff, 0xff, 0xff, 0xff)
	}
	at := len(buf)
	buf = append(buf, 0, 0, 0, 0)
	if w.binary[c] {
		buf = types.FormatBinary(buf, col.Type, col.Datum(i), w.scope)
	} else {
		buf = types.FormatText(buf, col.Type, col.Datum(i), w.scope)
	}
	binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	return buf
}
