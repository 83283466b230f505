package state

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/log"
)

// StoredRows is the value under a row key of a table or view: the offset in the changelog of the last write, and the rows
// with their multiplicities. A base table has one row with multiplicity 1. A view may hold, between the commits of
// its sources, several rows or a negative multiplicity under one key (a + may come before the − that it replaces); at
// rest it too has one row with multiplicity 1.
//
// Format: uvarint offset, then per row: varint multiplicity, uvarint length, bytes in the row codec.
type StoredRows struct {
	Offset log.Offset
	Rows   []StoredRow
}

// StoredRow is a row with its multiplicity.
type StoredRow struct {
	Count int64
	Row   []byte
}

// Append appends the encoded form of s to b.
func (s StoredRows) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(s.Offset))
	for _, r := range s.Rows {
		b = binary.AppendVarint(b, r.Count)
		b = binary.AppendUvarint(b, uint64(len(r.Row)))
		b = append(b, r.Row...)
	}
	return b
}

// DecodeRows decodes a stored value; the rows alias it.
func DecodeRows(b []byte) (StoredRows, error) {
	off, n := binary.Uvarint(b)
	if n <= 0 {
		return StoredRows{}, fmt.Errorf("stored rows: offset: %w", ErrCorrupt)
	}
	s := StoredRows{Offset: log.Offset(off)}
	for b = b[n:]; len(b) > 0; {
		count, n := binary.Varint(b)
		if n <= 0 {
			return s, fmt.Errorf("stored rows: multiplicity: %w", ErrCorrupt)
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return s, fmt.Errorf("stored rows: length: %w", ErrCorrupt)
		}
		start := n + m
		s.Rows = append(s.Rows, StoredRow{Count: count, Row: b[start : start+int(size)]})
		b = b[start+int(size):]
	}
	return s, nil
}
