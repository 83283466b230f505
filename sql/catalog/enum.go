package catalog

import (
	"cmp"
	"slices"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Enum is an enum type: its labels in their order. It is immutable.
type Enum struct {
	Labels []Label `json:"labels"`
}

// Label is a label of an enum. Rows, keys and plans have its Value, which never changes: neither a new label before it nor another
// name for it writes a row.
type Label struct {
	Name string `json:"name"`
	// Value orders the labels. There is room between two for more.
	Value int64 `json:"value"`
	// Order is pg_enum.enumsortorder, made as PostgreSQL makes it.
	Order float32 `json:"order"`
	// ID is the label's number in pg_enum, from the same numbers as relations; the catalog gives it.
	ID RelationID `json:"id"`
}

// labelGap lies between the values of labels that were added one after the other: at least 44 labels can be put one after the other
// in one place between two of them.
const labelGap = 1 << 44

// Bounds of a type.
const (
	// MaxLabels is how many labels a type may have: the catalog is held in memory.
	MaxLabels = 10_000
	// MaxLabelBytes is the length of a label, as in PostgreSQL.
	MaxLabelBytes = 63
)

// NewEnum returns a type with labels, which differ. Errors: 22023, 42602, 54000.
func NewEnum(labels []string) (*Enum, error) {
	e := &Enum{}
	for i, name := range labels {
		switch {
		case len(name) > MaxLabelBytes:
			return nil, badLabel(name)
		case e.Label(name) != nil:
			err := pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"").
				WithDetail("Label %q stands twice.", name)
			err.Schema, err.Table, err.Constraint = catalogSchema, "pg_enum", "pg_enum_typid_label_index"
			return nil, err
		case i == MaxLabels:
			return nil, tooManyLabels()
		}
		e.Labels = append(e.Labels, Label{Name: name, Value: int64(i+1) * labelGap, Order: float32(i + 1)})
	}
	return e, nil
}

func badLabel(name string) error {
	return pgerr.New(pgerr.InvalidName, "invalid enum label %q", name).WithDetail("Labels must be %d bytes or less.", MaxLabelBytes)
}

func tooManyLabels() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "too many labels of an enum type").WithDetail("A type has at most %d.", MaxLabels)
}

// Label returns the label of a name, nil if there is none.
func (e *Enum) Label(name string) *Label {
	for i := range e.Labels {
		if e.Labels[i].Name == name {
			return &e.Labels[i]
		}
	}
	return nil
}

// LabelOf returns the label of a value, nil if there is none.
func (e *Enum) LabelOf(value int64) *Label {
	i, ok := slices.BinarySearchFunc(e.Labels, value, func(l Label, v int64) int { return cmp.Compare(l.Value, v) })
	if !ok {
		return nil
	}
	return &e.Labels[i]
}

// With returns e with one more label, before or behind the one named neighbor; at the end if that is "". Errors: 22023, 42602,
// 42710, 54000.
func (e *Enum) With(name, neighbor string, before bool) (*Enum, error) {
	at := len(e.Labels)
	switch {
	case len(name) > MaxLabelBytes:
		return nil, badLabel(name)
	case e.Label(name) != nil:
		return nil, pgerr.New(pgerr.DuplicateObject, "enum label %q already exists", name)
	case at >= MaxLabels:
		return nil, tooManyLabels()
	case neighbor != "":
		if at = slices.IndexFunc(e.Labels, func(l Label) bool { return l.Name == neighbor }); at < 0 {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%q is not an existing enum label", neighbor)
		}
		if !before {
			at++
		}
	}
	l := Label{Name: name}
	switch last := len(e.Labels); {
	case last == 0:
		l.Value, l.Order = labelGap, 1
	case at == 0:
		l.Value, l.Order = e.Labels[0].Value-labelGap, e.Labels[0].Order-1
	case at == last:
		l.Value, l.Order = e.Labels[last-1].Value+labelGap, e.Labels[last-1].Order+1
	default:
		a, b := e.Labels[at-1], e.Labels[at]
		if l.Value, l.Order = a.Value+(b.Value-a.Value)/2, (a.Order+b.Order)/2; l.Value == a.Value {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "there is no room left between labels %q and %q", a.Name, b.Name)
		}
	}
	n := &Enum{Labels: slices.Insert(slices.Clone(e.Labels), at, l)}
	n.spreadOrder()
	return n, nil
}

// spreadOrder numbers the labels from 1 if the numbers that PostgreSQL orders by, which have 24 bits, no longer differ.
func (e *Enum) spreadOrder() {
	for i := 1; i < len(e.Labels); i++ {
		if e.Labels[i].Order <= e.Labels[i-1].Order {
			for i := range e.Labels {
				e.Labels[i].Order = float32(i + 1)
			}
			return
		}
	}
}

// Renamed returns e with another name for a label. Errors: 22023, 42602, 42710.
func (e *Enum) Renamed(from, to string) (*Enum, error) {
	switch {
	case len(to) > MaxLabelBytes:
		return nil, badLabel(to)
	case e.Label(from) == nil:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "%q is not an existing enum label", from)
	case e.Label(to) != nil:
		return nil, pgerr.New(pgerr.DuplicateObject, "enum label %q already exists", to)
	}
	n := &Enum{Labels: slices.Clone(e.Labels)}
	n.Label(from).Name = to
	return n, nil
}

// EnumType returns the type that values of the enum r have.
func (r *Relation) EnumType() types.Type { return types.EnumOf(uint32(r.ID), quoteIdent(r.Name)) }

// UsesType reports whether t is the enum type id, or an array of it.
func UsesType(t types.Type, id RelationID) bool { return t.Enum != 0 && RelationID(t.Enum) == id }

func typeKey(schema, name string) string { return key(schema, name) + "\x00type" }

// LookupType returns the enum type schema.name, nil if there is none.
func (c *Catalog) LookupType(schema, name string) *Relation { return c.byName[typeKey(schema, name)] }

// EnumByID returns the enum type with a number, nil if there is none.
func (c *Catalog) EnumByID(id uint32) *Relation {
	if r := c.byID[RelationID(id)]; r != nil && r.Enum != nil {
		return r
	}
	return nil
}

// Enums returns the enum types in the order of their numbers.
func (c *Catalog) Enums() []*Relation {
	return slices.DeleteFunc(c.Relations(), func(r *Relation) bool { return r.Enum == nil })
}

// TypeByOID returns the type with a number in pg_type.
func (c *Catalog) TypeByOID(oid uint32) (types.Type, bool) {
	if t, ok := types.FromOID(oid); ok {
		return t, true
	}
	number, array := types.EnumOfOID(oid)
	r := c.EnumByID(number)
	switch {
	case r == nil:
		return types.Type{}, false
	case array:
		return types.ArrayOf(r.EnumType()), true
	}
	return r.EnumType(), true
}

// withLabelNumbers gives the labels of r that have no number one. Nobody else sees c yet.
func (c *Catalog) withLabelNumbers(r *Relation) *Relation {
	if r.Enum == nil || !slices.ContainsFunc(r.Enum.Labels, func(l Label) bool { return l.ID == 0 }) {
		return r
	}
	n := *r
	n.Enum = &Enum{Labels: slices.Clone(r.Enum.Labels)}
	for i := range n.Enum.Labels {
		if l := &n.Enum.Labels[i]; l.ID == 0 {
			l.ID = c.nextID
			c.nextID++
		}
	}
	return &n
}
