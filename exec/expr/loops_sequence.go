package expr

import (
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Sequences are what the functions over sequences need of the session: their effects last, whatever becomes of the
// statement.
type Sequences interface {
	// Next gives the next value of r.
	Next(r *catalog.Relation) (int64, error)
	// Current is the value of r that the session was last given.
	Current(r *catalog.Relation) (int64, error)
	// Last is the value that the session was last given of any sequence.
	Last() (int64, error)
	// Set makes r stand at value, which was given or is the next one.
	Set(r *catalog.Relation, value int64, called bool) error
}

func init() {
	for _, object := range []string{"text", "oid"} {
		register("nextval("+object+")", onSequence(func(k *call, i int, r *catalog.Relation) (err error) {
			k.out.Int[i], err = k.Sequences.Next(r)
			return err
		}))
		register("currval("+object+")", onSequence(func(k *call, i int, r *catalog.Relation) (err error) {
			k.out.Int[i], err = k.Sequences.Current(r)
			return err
		}))
		for _, called := range []string{"", ",bool"} {
			register("setval("+object+",int8"+called+")", onSequence(func(k *call, i int, r *catalog.Relation) error {
				k.out.Int[i] = k.int(1, i)
				return k.Sequences.Set(r, k.int(1, i), len(k.args) < 3 || k.int(2, i) != 0)
			}))
		}
	}
	register("lastval()", rows(func(k *call, i int) (err error) {
		if k.Sequences == nil {
			return noSequences()
		}
		k.out.Int[i], err = k.Sequences.Last()
		return err
	}))
	register("pg_get_serial_sequence(text,text)", rows(serialSequence))
}

func noSequences() error { return pgerr.Unsupported("functions over sequences here are") }

// onSequence returns a loop over the sequence that the first argument names.
func onSequence(f func(k *call, i int, r *catalog.Relation) error) loop {
	return rows(func(k *call, i int) error {
		if k.Sequences == nil {
			return noSequences()
		}
		r, err := k.sequence(i)
		if err != nil {
			return err
		}
		return f(k, i, r)
	})
}

// sequence returns the sequence that the first argument names, or has the number of. Errors: 42P01, 42809.
func (k *call) sequence(i int) (*catalog.Relation, error) {
	var oid uint32
	if k.args[0].Str != nil {
		parts, err := catalog.SplitName(strings.TrimSpace(k.str(0, i)))
		if err != nil {
			return nil, err
		}
		found := false
		if oid, found = k.findRelation(parts); !found {
			return nil, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
		}
	} else {
		oid = uint32(k.int(0, i))
	}
	r := k.relation(int64(oid))
	switch {
	case r == nil:
		return nil, pgerr.New(pgerr.UndefinedTable, "could not open relation with OID %d", oid)
	case r.Sequence == nil:
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a sequence", r.Name)
	}
	return r, nil
}

// serialSequence is pg_get_serial_sequence(table, column).
func serialSequence(k *call, i int) error {
	parts, err := catalog.SplitName(strings.TrimSpace(k.str(0, i)))
	if err != nil {
		return err
	}
	oid, ok := k.findRelation(parts)
	r := k.relation(int64(oid))
	if !ok || r == nil {
		return pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
	}
	for _, c := range r.Columns {
		if c.Name != k.str(1, i) {
			continue
		}
		if s := k.relation(int64(c.Sequence)); s != nil && s.Sequence != nil && s.Sequence.Owner == r.ID {
			k.out.Str[i] = quoteIdent(s.Schema) + "." + quoteIdent(s.Name)
		} else {
			k.setNull(i)
		}
		return nil
	}
	return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", k.str(1, i), r.Name)
}
