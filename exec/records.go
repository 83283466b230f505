package exec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Undecodable is a record that does not decode to the columns of a stream. It is no row of the stream: whoever reads it
// passes over it and tells a hook. The same record may be told again: by each query that reads it, and after a restart.
type Undecodable struct {
	Stream    catalog.RelationID
	Partition catalog.PartitionID // of the topic
	Offset    log.Offset
	Err       error
}

// streamDecoder turns the records of a topic to rows of a stream. It is for one goroutine.
type streamDecoder struct {
	*plan.Records              // nil: native, and nobody else writes the topic
	columns       []types.Type // stored ones
	row           []types.Datum
	scratch       *types.Batch // of native rows that others may have written
}

func newStreamDecoder(records *plan.Records, columns []types.Type) *streamDecoder {
	return &streamDecoder{Records: records, columns: columns, row: make([]types.Datum, len(columns))}
}

// isRow reports whether a record can be a row: one without a value is none, except of a topic, and where it deletes.
func (d *streamDecoder) isRow(rec *log.Record) bool {
	return rec.Value != nil || d.Records != nil && (d.Format == catalog.FormatRaw || d.Deletes)
}

// decode appends the row of a record to into: column c to into.Cols[want[c]] unless want[c] is negative; want nil means each
// in its place. After an error into is as it was.
func (d *streamDecoder) decode(rec *log.Record, into *types.Batch, want []int) error {
	n := into.Len
	err := d.append(rec, into, want)
	if err != nil {
		truncate(into, n)
	}
	return err
}

func (d *streamDecoder) append(rec *log.Record, into *types.Batch, want []int) error {
	switch {
	case d.Records == nil && want == nil:
		return types.DecodeRow(rec.Value, into)
	case d.Records == nil:
		return types.DecodeRowColumns(rec.Value, d.columns, want, nil, into)
	}
	// All columns are looked at, whichever are wanted: whether a record is a row does not depend on who asks.
	if err := d.fill(rec); err != nil {
		return err
	}
	for _, c := range d.required(rec) {
		if d.row[c].Null {
			return fmt.Errorf("no value for column %q, which is NOT NULL", d.Names[c])
		}
	}
	for c, v := range d.row {
		switch {
		case want == nil:
			into.Cols[c].Append(v)
		case want[c] >= 0:
			into.Cols[want[c]].Append(v)
		}
	}
	into.Len++
	return nil
}

// required lists the columns that must have a value: of a record that deletes those of the key.
func (d *streamDecoder) required(rec *log.Record) []int {
	if rec.Value == nil && d.Deletes {
		return d.Key
	}
	return d.NotNull
}

// fill decodes a record to d.row.
func (d *streamDecoder) fill(rec *log.Record) error {
	if rec.Value == nil && d.Deletes {
		return d.fillKey(rec.Key)
	}
	switch d.Format {
	case catalog.FormatRaw:
		d.row[0], d.row[1] = rawText(rec.Key), rawText(rec.Value)
		return nil
	case catalog.FormatJSON:
		return d.fillJSON(rec)
	}
	return d.fillNative(rec)
}

// fillKey decodes a record's key to the key columns of d.row. The others are NULL.
func (d *streamDecoder) fillKey(key []byte) (err error) {
	for c := range d.row {
		d.row[c] = types.NullDatum
	}
	if key == nil {
		return errNoRecordKey
	}
	if d.Format == catalog.FormatJSON {
		for _, c := range d.Key {
			if d.row[c], err = jsonDatum(d.columns[c], d.keyMember(key, d.Names[c])); err != nil {
				return fmt.Errorf("column %q: %w", d.Names[c], err)
			}
		}
		return nil
	}
	var ts []types.Type
	for _, c := range d.Key {
		ts = append(ts, d.columns[c])
	}
	values, err := types.DecodeKey(key, ts)
	if err != nil {
		return err
	}
	for i, c := range d.Key {
		d.row[c] = values[i]
	}
	return nil
}

var errNoRecordKey = errors.New("record has neither key nor value")

// fillNative decodes a row that somebody with other columns may have written.
func (d *streamDecoder) fillNative(rec *log.Record) error {
	if d.scratch == nil {
		d.scratch = types.NewBatch(d.columns, 1)
	}
	clearBatch(d.scratch)
	if err := types.DecodeRow(rec.Value, d.scratch); err != nil {
		return err
	}
	for c, t := range d.columns {
		d.row[c] = d.scratch.Cols[c].Datum(0)
		if err := checkRange(t, d.row[c]); err != nil {
			return fmt.Errorf("column %q: %w", d.Names[c], err)
		}
	}
	return nil
}

// checkRange checks that a value is one of its type.
func checkRange(t types.Type, v types.Datum) error {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch t.ID {
	case types.IDBool:
		low, high = 0, 1
	case types.IDInt2:
		low, high = math.MinInt16, math.MaxInt16
	case types.IDInt4, types.IDDate:
		low, high = math.MinInt32, math.MaxInt32
	case types.IDTime:
		low, high = 0, 86400e6
	case types.IDText, types.IDVarchar, types.IDBpchar:
		if err := types.CheckText(v.Str); err != nil || v.Null {
			return err
		}
		fit, err := types.FitString(t, v.Str, false)
		if err == nil && fit != v.Str {
			err = fmt.Errorf("%q is no value of type %s", v.Str, t)
		}
		return err
	case types.IDJSON, types.IDJSONB:
		if v.Null {
			return nil
		}
		d, err := types.ParseText(t, v.Str, types.Scope{})
		if err == nil && d.Str != v.Str {
			err = fmt.Errorf("%q is no value of type %s", v.Str, t)
		}
		return err
	case types.IDArray:
		return checkElements(t, v)
	case types.IDUUID, types.IDInterval:
		if len(v.Str) != 16 && !v.Null {
			return fmt.Errorf("%d bytes are no value of type %s", len(v.Str), t)
		}
	}
	if v.Int < low || v.Int > high {
		return fmt.Errorf("%d is no value of type %s", v.Int, t)
	}
	return nil
}

func checkElements(t types.Type, v types.Datum) error {
	if v.Null {
		return nil
	}
	elements, err := types.DecodeArray(t, v.Str)
	if err != nil {
		return err
	}
	for i := range elements.Len() {
		if err := checkRange(elements.Type, elements.Datum(i)); err != nil {
			return err
		}
	}
	return nil
}

// rawText shows bytes as text, see catalog.TopicColumns.
func rawText(b []byte) types.Datum {
	switch {
	case b == nil:
		return types.NullDatum
	case utf8.Valid(b) && !slices.Contains(b, 0) && !bytes.HasPrefix(b, []byte(hexPrefix)):
		return types.StrDatum(string(b))
	}
	return types.StrDatum(hexPrefix + hex.EncodeToString(b))
}

const hexPrefix = `\x`

// rawBytes is the inverse of rawText. Error: 22P02.
func rawBytes(d types.Datum) ([]byte, error) {
	if d.Null {
		return nil, nil
	}
	digits, isHex := strings.CutPrefix(d.Str, hexPrefix)
	if !isHex {
		return []byte(d.Str), nil
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, pgerr.New(pgerr.InvalidTextRepresentation, "invalid hexadecimal digits in %q", cut(d.Str)).
			WithDetail(`What begins with \x is read as the bytes that hexadecimal digits name.`)
	}
	return b, nil
}

// truncate takes from b what was appended behind its first n rows; its number of rows is n already.
func truncate(b *types.Batch, n int) {
	for c, v := range b.Cols {
		if v.Len() > n {
			b.Cols[c] = v.Slice(0, n)
		}
	}
}

// clearBatch makes b empty and keeps its memory.
func clearBatch(b *types.Batch) {
	for _, v := range b.Cols {
		v.Int, v.Float, v.Str, v.Dec, v.Nulls = v.Int[:0], v.Float[:0], v.Str[:0], v.Dec[:0], nil
	}
	b.Len, b.Diffs = 0, nil
}
