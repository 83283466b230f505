package catalog

import (
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Names tells names and numbers of what is in the catalog, for texts of values. It implements types.Names.
type Names struct {
	// Current is the catalog at the moment: a continuous query follows it.
	Current func() *Catalog
	// Path lists the schemas that names without one are looked for in, behind pg_catalog.
	Path []string
	// Committed is the catalog without what the transaction has done to it; nil: Current.
	Committed func() *Catalog
}

// EnumLabel implements types.Names.
func (n *Names) EnumLabel(enum uint32, value int64) (string, bool) {
	if r := n.Current().EnumByID(enum); r != nil {
		if l := r.Enum.LabelOf(value); l != nil {
			return l.Name, true
		}
	}
	return "", false
}

// EnumValue implements types.Names.
func (n *Names) EnumValue(enum uint32, label string) (int64, bool, error) {
	r := n.Current().EnumByID(enum)
	if r == nil {
		return 0, false, nil
	}
	l := r.Enum.Label(label)
	if l == nil {
		return 0, false, nil
	}
	return l.Value, true, n.unsafe(r, l)
}

// unsafe refuses a label that the transaction has added to a type that was there before. Error: 55P04.
func (n *Names) unsafe(r *Relation, l *Label) error {
	if n.Committed == nil {
		return nil
	}
	if before := n.Committed().EnumByID(uint32(r.ID)); before == nil || before.Enum.LabelOf(l.Value) != nil {
		return nil
	}
	return pgerr.New(codeUnsafeEnumValue, "unsafe use of new value %q of enum type %s", l.Name, quoteIdent(r.Name)).
		WithHint("New enum values must be committed before they can be used.")
}

// codeUnsafeEnumValue is 55P04, which nobody else needs.
const codeUnsafeEnumValue = "55P04"

// TypeName implements types.Names.
func (n *Names) TypeName(oid uint32) (string, bool) {
	number, array := types.EnumOfOID(oid)
	r := n.Current().EnumByID(number)
	switch {
	case r == nil:
		return "", false
	case array:
		return n.Qualified(r) + "[]", true
	}
	return n.Qualified(r), true
}

// Qualified is r's name as SQL is to say it: with its schema, unless the search path leads to r without.
func (n *Names) Qualified(r *Relation) string {
	for _, schema := range n.Path {
		if found := n.Current().Sibling(schema, r); found != nil {
			if found.ID == r.ID {
				return quoteIdent(r.Name)
			}
			break
		}
	}
	return quoteIdent(r.Schema) + "." + quoteIdent(r.Name)
}

// Sibling returns the object of r's name and kind of names in a schema, nil if there is none.
func (c *Catalog) Sibling(schema string, r *Relation) *Relation {
	s := *r
	s.Schema = schema
	return c.byName[s.key()]
}

// TypeOID implements types.Names.
func (n *Names) TypeOID(name string) (uint32, bool) {
	name, array := strings.CutSuffix(name, "[]")
	parts, err := SplitName(name)
	if err != nil || len(parts) > 2 {
		return 0, false
	}
	schemas := n.Path
	if len(parts) == 2 {
		schemas = parts[:1]
	}
	for _, schema := range schemas {
		r, last := n.Current().LookupType(schema, parts[len(parts)-1]), parts[len(parts)-1]
		if elem, ok := strings.CutPrefix(last, "_"); r == nil && ok {
			r, array = n.Current().LookupType(schema, elem), true
		}
		switch {
		case r == nil:
		case array:
			return types.ArrayOf(r.EnumType()).OID(), true
		default:
			return uint32(r.ID), true
		}
	}
	return 0, false
}
