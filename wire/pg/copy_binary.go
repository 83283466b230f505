package pg

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// copySignature begins the binary format; flags and the length of an extension follow, four bytes each
// ("PostgreSQL 15 docs, COPY, Binary Format").
const copySignature = "PGCOPY\n\xff\r\n\x00"

// copyTrailer ends it: a row of -1 fields.
const copyTrailer = "\xff\xff"

// copyBinaryParser reads the binary format of COPY FROM, as PostgreSQL's copyfromparse.c does. Pieces of the data may be cut
// anywhere. It holds the row that is not whole yet.
type copyBinaryParser struct {
	copyRows
	data  []byte // not yet parsed
	began bool   // the header was read
	ended bool   // the trailer was read
}

func (p *copyBinaryParser) feed(data []byte) { p.data = append(p.data, data...) }

func (p *copyBinaryParser) next(last bool) (bool, error) {
	if !p.began {
		used, err := p.header(last)
		if err != nil || used == 0 {
			return false, err
		}
		p.began, p.data = true, p.data[used:]
	}
	if p.ended {
		return false, p.afterTrailer()
	}
	if !last && !p.whole() {
		return false, p.boundRow(len(p.data))
	}
	return p.row()
}

// header returns the length of the header, 0 if it is not there yet.
func (p *copyBinaryParser) header(last bool) (int, error) {
	const fixed = len(copySignature) + 8
	have := min(len(p.data), len(copySignature))
	if string(p.data[:have]) != copySignature[:have] || last && have < len(copySignature) {
		return 0, badFormat("COPY file signature not recognized")
	}
	if len(p.data) < fixed {
		switch {
		case !last:
			return 0, nil
		case len(p.data) < fixed-4:
			return 0, badFormat("invalid COPY file header (missing flags)")
		}
		return 0, badFormat("invalid COPY file header (missing length)")
	}
	flags := binary.BigEndian.Uint32(p.data[len(copySignature):])
	extension := int32(binary.BigEndian.Uint32(p.data[fixed-4:]))
	switch {
	case flags&(1<<16) != 0:
		return 0, badFormat("invalid COPY file header (WITH OIDS)")
	case flags>>16 != 0:
		return 0, badFormat("unrecognized critical flags in COPY file header")
	case extension < 0:
		return 0, badFormat("invalid COPY file header (missing length)")
	case len(p.data) >= fixed+int(extension):
		return fixed + int(extension), nil
	case last:
		return 0, badFormat("invalid COPY file header (wrong length)")
	}
	return 0, p.boundRow(len(p.data))
}

// whole reports whether the data hold a whole row, or something that is none.
func (p *copyBinaryParser) whole() bool {
	if len(p.data) < 2 {
		return false
	}
	fields := int16(binary.BigEndian.Uint16(p.data))
	if int(fields) != len(p.types) {
		return true
	}
	rest := p.data[2:]
	for range fields {
		if len(rest) < 4 {
			return false
		}
		size := max(int32(binary.BigEndian.Uint32(rest)), 0)
		if len(rest)-4 < int(size) {
			return false
		}
		rest = rest[4+size:]
	}
	return true
}

// row parses the first row of the data; false if what is left is none. After an error the batch is of no use.
func (p *copyBinaryParser) row() (bool, error) {
	p.line++
	if len(p.data) < 2 {
		p.ended, p.data = true, nil
		return false, nil
	}
	fields := int16(binary.BigEndian.Uint16(p.data))
	p.data = p.data[2:]
	switch {
	case fields == -1:
		p.ended = true
		return false, p.afterTrailer()
	case int(fields) != len(p.types):
		return false, p.located(badFormat("row field count is %d, expected %d", fields, len(p.types)), nil)
	}
	for i, t := range p.types {
		d, err := p.field(t)
		if err != nil {
			e := *pgerr.From(err)
			e.Where = fmt.Sprintf("COPY %s, line %d, column %s", p.copy.Relation, p.line, p.copy.Columns[i].Name)
			return false, &e
		}
		p.batch.Cols[i].Append(d)
	}
	p.batch.Len++
	return true, nil
}

// field takes one field from the data.
func (p *copyBinaryParser) field(t types.Type) (types.Datum, error) {
	if len(p.data) < 4 {
		return types.Datum{}, badFormat("unexpected EOF in COPY data")
	}
	size := int32(binary.BigEndian.Uint32(p.data))
	p.data = p.data[4:]
	switch {
	case size == -1:
		return types.NullDatum, nil
	case size < 0:
		return types.Datum{}, badFormat("invalid field size")
	case len(p.data) < int(size):
		return types.Datum{}, badFormat("unexpected EOF in COPY data")
	}
	raw := p.data[:size]
	p.data = p.data[size:]
	return types.ParseBinary(t, raw, p.scope)
}

// afterTrailer is an error if something follows the trailer.
func (p *copyBinaryParser) afterTrailer() error {
	if len(p.data) > 0 {
		return p.located(badFormat("received copy data after EOF marker"), nil)
	}
	return nil
}

func overallFormat(cp *session.Copy) byte {
	if cp.Format.Binary {
		return 1
	}
	return 0
}

// formatCodes are the format codes of n columns.
func formatCodes(n int, isBinary bool) []uint16 {
	codes := make([]uint16, n)
	for i := range codes {
		if isBinary {
			codes[i] = 1
		}
	}
	return codes
}
