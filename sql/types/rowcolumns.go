package types

import "fmt"

// DecodeRowColumns is DecodeRowMissing for some columns only: column c of the row, of type ts[c], is appended to
// into.Cols[want[c]], or passed over where want[c] is negative. Other columns of into are left to the caller, to fill for
// the same row. Errors as DecodeRow.
func DecodeRowColumns(row []byte, ts []Type, want []int, missing []Datum, into *Batch) error {
	if len(row) == 0 || row[0] != rowFormat {
		return fmt.Errorf("row: format: %w", ErrCorrupt)
	}
	r := reader{b: row, pos: 1}
	n := r.count(maxRowColumns)
	bitmap := r.bytes((n + 7) / 8)
	if r.err != nil {
		return fmt.Errorf("row: header: %w", r.err)
	}
	for c := range ts {
		there := c < n && bitmap[c/8]&(1<<(c%8)) == 0
		switch at := want[c]; {
		case there && at < 0:
			r.skip(ts[c].Class())
		case there:
			r.copyValue(into.Cols[at])
		case at >= 0 && c >= n:
			into.Cols[at].Append(missingDatum(missing, c))
		case at >= 0:
			into.Cols[at].Append(NullDatum)
		}
	}
	if r.err == nil && r.pos != len(row) && n <= len(ts) {
		r.err = ErrCorrupt
	}
	if r.err != nil {
		return fmt.Errorf("row: values: %w", r.err)
	}
	into.noteDiff(1)
	return nil
}

// skip passes over one value.
func (r *reader) skip(class Class) {
	switch class {
	case ClassInt:
		r.uvarint()
	case ClassFloat:
		r.bytes(8)
	case ClassString:
		r.bytes(r.count(len(r.b)))
	case ClassDecimal:
		if r.byte()>>1 == 0 {
			r.count(MaxNumericScale)
			r.bytes(r.count(maxCoeffBytes))
		}
	}
}

// copyValue appends one value to v; a string gets its own memory, so that it does not keep the rest of the row.
func (r *reader) copyValue(v *Vector) {
	if v.Type.Class() != ClassString {
		r.value(v)
		return
	}
	v.Str = append(v.Str, string(r.bytes(r.count(len(r.b)))))
	v.noteNull(false)
}
