package inspect

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// encoding says how the values of a topic, or of a store's rows, are to be read.
type encoding struct {
	kind  encodingKind
	names []string // of the columns; nil: they have none
	types []types.Type
}

type encodingKind int

const (
	encodedUnknown encodingKind = iota
	encodedRow                  // row codec
	encodedChanges              // columnar batches of changes
)

// rowsOf is the encoding of a relation's native rows.
func rowsOf(r *catalog.Relation) encoding {
	e := encoding{kind: encodedRow, types: r.Types()}
	for _, c := range r.Columns {
		e.names = append(e.names, c.Name)
	}
	return e
}

// encodingOf returns how the values in a topic are encoded. as is the relation that the user named, or nil: a stream over
// another one's topic says how its records are read.
func (n *node) encodingOf(t catalog.TopicID, as *catalog.Relation) encoding {
	r := n.catalog.ByID(t.Relation())
	if as != nil && t.Local() == 0 {
		r = as
	}
	switch {
	case r == nil:
		return encoding{}
	case t.Local() != 0:
		return changesOf(r, t.Local())
	case r.Kind == catalog.KindTopic || r.Format() != catalog.FormatNative:
		return encoding{}
	}
	return rowsOf(r)
}

// changesOf finds the types of an internal topic among the sources of a query.
func changesOf(r *catalog.Relation, local uint16) encoding {
	var t plan.Topology
	if r.Query == nil || json.Unmarshal(r.Query.Topology, &t) != nil {
		return encoding{}
	}
	var sources []plan.Source
	for _, f := range t.Forwarders {
		sources = append(sources, f.Source)
	}
	for _, task := range t.Tasks {
		for _, in := range task.Inputs {
			sources = append(sources, in.Source)
		}
	}
	for _, s := range sources {
		if s.Kind == plan.SourceChanges && s.Topic == local {
			return encoding{kind: encodedChanges, types: s.Columns}
		}
	}
	return encoding{}
}

// text returns a value in words; what does not decode is shown as bytes, with the reason.
func (e encoding) text(value []byte) string {
	if value == nil {
		return "null"
	}
	b, err := e.decode(value)
	switch {
	case err != nil:
		return fmt.Sprintf("%s (%v)", quoteBytes(value), err)
	case b == nil:
		return quoteBytes(value)
	}
	rows := make([]string, b.Len)
	for i := range rows {
		if rows[i] = e.row(b, i); e.kind == encodedChanges {
			rows[i] = fmt.Sprintf("%+d %s", b.Diff(i), rows[i])
		}
	}
	return strings.Join(rows, ", ")
}

// decode returns the rows in a value, nil if the encoding is not known.
func (e encoding) decode(value []byte) (*types.Batch, error) {
	switch e.kind {
	case encodedRow:
		b := types.NewBatch(e.types, 1)
		if err := types.DecodeRow(value, b); err != nil {
			return nil, err
		}
		return b, nil
	case encodedChanges:
		return types.DecodeBatch(value, e.types)
	}
	return nil, nil
}

func (e encoding) row(b *types.Batch, i int) string {
	cols := make([]string, len(b.Cols))
	for c, v := range b.Cols {
		if cols[c] = datumText(v, i); e.names != nil {
			cols[c] = e.names[c] + "=" + cols[c]
		}
	}
	return "(" + strings.Join(cols, ", ") + ")"
}

func datumText(v *types.Vector, i int) string {
	if v.IsNull(i) {
		return "NULL"
	}
	text := string(types.FormatText(nil, v.Type, v.Datum(i), types.Scope{}))
	if v.Type.Class() == types.ClassString {
		return strconv.Quote(text)
	}
	return text
}

// quoteBytes shows text in quotes, and other bytes in hexadecimal digits.
func quoteBytes(b []byte) string {
	if utf8.Valid(b) && strings.IndexFunc(string(b), func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) }) < 0 {
		return strconv.Quote(string(b))
	}
	return fmt.Sprintf("\\x%x", b)
}
