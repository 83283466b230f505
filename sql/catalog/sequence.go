package catalog

import (
	"maps"
	"math"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Sequence is how a sequence counts.
type Sequence struct {
	Type      types.Type `json:"type"` // smallint, integer or bigint
	Start     int64      `json:"start"`
	Increment int64      `json:"increment"`
	Min       int64      `json:"min"`
	Max       int64      `json:"max"`
	Cycle     bool       `json:"cycle,omitempty"`
	// Owner is the table whose serial or identity column it counts, and with which it goes; 0: nobody's.
	Owner RelationID `json:"owner,omitempty"`
}

// SequenceState is where a sequence stands. The catalog's is ahead of what was given: up to Last values may have been given.
type SequenceState struct {
	Last   int64 `json:"last"`
	Called bool  `json:"called"` // Last was given; else it is the next one
}

// SequenceMove sets where a sequence stands. It applies if it stands at From; else Apply answers ErrStale. Values are
// reserved by it, a block at a time: those of a block that a crash cuts off are given to nobody.
type SequenceMove struct {
	Sequence RelationID    `json:"sequence"`
	From     SequenceState `json:"from"`
	To       SequenceState `json:"to"`
}

// Identity says who gives the values of an identity column.
type Identity string

// The identities.
const (
	IdentityAlways    Identity = "always"     // the sequence, unless OVERRIDING SYSTEM VALUE is given
	IdentityByDefault Identity = "by default" // the sequence, where the statement gives none
)

// SequenceState returns where the sequence stands.
func (c *Catalog) SequenceState(id RelationID) SequenceState {
	if s, ok := c.sequences[id]; ok {
		return s
	}
	if r := c.byID[id]; r != nil && r.Sequence != nil {
		return SequenceState{Last: r.Sequence.Start}
	}
	return SequenceState{}
}

func (c *Catalog) moveSequence(m SequenceMove) (*Catalog, error) {
	r := c.byID[m.Sequence]
	if r == nil || r.Sequence == nil || c.SequenceState(m.Sequence) != m.From {
		return nil, ErrStale
	}
	n := *c // the maps of relations are shared: nobody changes them
	n.sequences = maps.Clone(c.sequences)
	if n.sequences == nil {
		n.sequences = map[RelationID]SequenceState{}
	}
	n.sequences[m.Sequence] = m.To
	return &n, nil
}

// forgetSequence takes the state of a dropped sequence out of c, which nobody else sees yet.
func (c *Catalog) forgetSequence(id RelationID) {
	if _, ok := c.sequences[id]; ok {
		c.sequences = maps.Clone(c.sequences)
		delete(c.sequences, id)
	}
}

// Advance returns the state after n more values, or fewer if the sequence ends before, the first of them and how many they
// are; 0: there is none left. A sequence that cycles begins again at its other end.
func (q *Sequence) Advance(at SequenceState, n int64) (after SequenceState, first, count int64) {
	first, ok := q.next(at)
	if !ok {
		return at, 0, 0
	}
	room := uint64(q.Max) - uint64(first)
	step := uint64(q.Increment)
	if q.Increment < 0 {
		room, step = uint64(first)-uint64(q.Min), -step
	}
	count = n
	if left := room / step; left < uint64(n-1) {
		count = int64(left) + 1
	}
	return SequenceState{Last: first + (count-1)*q.Increment, Called: true}, first, count
}

// codeSequenceLimit is 2200H, which nobody else needs.
const codeSequenceLimit = "2200H"

// Exhausted is the error of a sequence of that name that has no value left.
func (q *Sequence) Exhausted(name string) error {
	if q.Increment > 0 {
		return pgerr.New(codeSequenceLimit, "nextval: reached maximum value of sequence %q (%d)", name, q.Max)
	}
	return pgerr.New(codeSequenceLimit, "nextval: reached minimum value of sequence %q (%d)", name, q.Min)
}

// next returns the value after at; false if there is none left.
func (q *Sequence) next(at SequenceState) (int64, bool) {
	switch {
	case !at.Called:
		return at.Last, true
	case q.Increment > 0 && (at.Last > math.MaxInt64-q.Increment || at.Last+q.Increment > q.Max):
		return q.Min, q.Cycle
	case q.Increment < 0 && (at.Last < math.MinInt64-q.Increment || at.Last+q.Increment < q.Min):
		return q.Max, q.Cycle
	}
	return at.Last + q.Increment, true
}

// OwnedSequences returns the sequences of the serial and identity columns of table id.
func (c *Catalog) OwnedSequences(id RelationID) []*Relation {
	var out []*Relation
	for _, r := range c.Relations() {
		if r.Sequence != nil && r.Sequence.Owner == id {
			out = append(out, r)
		}
	}
	return out
}

// SequenceUsers returns the relations with a column whose default is a value of sequence id.
func (c *Catalog) SequenceUsers(id RelationID) []*Relation {
	var out []*Relation
	for _, r := range c.Relations() {
		for _, col := range r.Columns {
			if col.Sequence == id && id != 0 {
				out = append(out, r)
				break
			}
		}
	}
	return out
}

// DefaultText is the SQL text of a column's default, as PostgreSQL shows it; "" if it has none. That of an identity column is
// not shown.
func (c *Catalog) DefaultText(col Column) string {
	if r := c.EnumByID(col.Type.Enum); r != nil && strings.HasPrefix(col.Default, "'") {
		name := quoteIdent(r.Name)
		if r.Schema != DefaultSchema {
			name = quoteIdent(r.Schema) + "." + name
		}
		if col.Type.IsArray() {
			name += "[]"
		}
		return col.Default + "::" + name
	}
	if col.Default != "" || col.Sequence == 0 || col.Identity != "" {
		return col.Default
	}
	r := c.ByID(col.Sequence)
	if r == nil {
		return ""
	}
	name := quoteIdent(r.Name)
	if r.Schema != DefaultSchema {
		name = quoteIdent(r.Schema) + "." + name
	}
	return "nextval('" + strings.ReplaceAll(name, "'", "''") + "'::regclass)"
}
