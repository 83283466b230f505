package catalog

import (
	"slices"
	"strings"
)

// ForeignKey is a FOREIGN KEY constraint: the values of Columns, if none is NULL, are those of Referenced of a row of Table.
type ForeignKey struct {
	Name    string `json:"name"`
	Columns []int  `json:"columns"`
	// Table is the table referred to, which may be the same one. Index is its unique index that keeps Referenced, in some order; 0:
	// they are its primary key.
	Table      RelationID `json:"table"`
	Index      RelationID `json:"index,omitempty"`
	Referenced []int      `json:"referenced"`
	// Full is MATCH FULL: all of Columns are NULL or none.
	Full     bool      `json:"full,omitempty"`
	OnDelete RefAction `json:"on_delete,omitempty"`
	OnUpdate RefAction `json:"on_update,omitempty"`
	// SetColumns are those that ON DELETE SET NULL and SET DEFAULT set; nil: all.
	SetColumns []int `json:"set_columns,omitempty"`
	// Comment is what COMMENT ON says of it.
	Comment string `json:"comment,omitempty"`
}

// RefAction is what happens to the rows that refer to one that goes, or whose key changes.
type RefAction string

// The actions.
const (
	NoAction   RefAction = "" // an error, at the end of the statement
	Restrict   RefAction = "restrict"
	Cascade    RefAction = "cascade"
	SetNull    RefAction = "set null"
	SetDefault RefAction = "set default"
)

// MaxForeignKeys is how many foreign keys a table may have: together with its CHECK constraints.
const MaxForeignKeys = MaxChecks

// letter is the action in pg_constraint; words are those of SQL.
func (a RefAction) letter() string {
	return map[RefAction]string{NoAction: "a", Restrict: "r", Cascade: "c", SetNull: "n", SetDefault: "d"}[a]
}

func (a RefAction) words() string {
	if a == NoAction {
		return "NO ACTION"
	}
	return strings.ToUpper(string(a))
}

// Self reports whether the foreign key of table r refers to r.
func (f *ForeignKey) Self(r *Relation) bool { return f.Table == r.ID }

// Key returns the relation in which the keys are rows: the unique index, or the table itself; and the places in Columns of the key's
// columns, in the order of the key.
func (f *ForeignKey) Key(c *Catalog) (*Relation, []IndexColumn) {
	key := c.ByID(f.Table)
	columns := key.KeyColumns()
	if f.Index != 0 {
		key = c.ByID(f.Index)
		columns = slices.Clone(key.Index.Columns)
	}
	for i := range columns {
		columns[i].Column = slices.Index(f.Referenced, columns[i].Column)
	}
	return key, columns
}

// ForeignKeyNamed returns the foreign key of r with a name, nil if there is none.
func (r *Relation) ForeignKeyNamed(name string) *ForeignKey {
	for i := range r.ForeignKeys {
		if r.ForeignKeys[i].Name == name {
			return &r.ForeignKeys[i]
		}
	}
	return nil
}

// Reference is a foreign key and the table that has it.
type Reference struct {
	Child *Relation
	*ForeignKey
}

// References returns the foreign keys that refer to r, by the numbers of their tables.
func (c *Catalog) References(r *Relation) (out []Reference) {
	for _, id := range r.ReferencedBy {
		child := c.ByID(id)
		for i := range child.ForeignKeys {
			if child.ForeignKeys[i].Table == r.ID {
				out = append(out, Reference{child, &child.ForeignKeys[i]})
			}
		}
	}
	return out
}

// Definition returns the SQL text of the constraint, as pg_get_constraintdef does; name says what the table referred to is called.
func (f Reference) Definition(c *Catalog, name func(*Relation) string) string {
	parent := c.ByID(f.Table)
	text := "FOREIGN KEY (" + f.Child.columnList(f.Columns) + ") REFERENCES " + name(parent) + "(" + parent.columnList(f.Referenced) + ")"
	if f.Full {
		text += " MATCH FULL"
	}
	if f.OnUpdate != NoAction {
		text += " ON UPDATE " + f.OnUpdate.words()
	}
	if f.OnDelete != NoAction {
		text += " ON DELETE " + f.OnDelete.words()
	}
	if f.SetColumns != nil {
		text += " (" + f.Child.columnList(f.SetColumns) + ")"
	}
	return text
}

// QuotedName returns the name of r, quoted where that is needed, with its schema in front if wanted.
func (r *Relation) QuotedName(qualified bool) string {
	if qualified {
		return quoteIdent(r.Schema) + "." + quoteIdent(r.Name)
	}
	return quoteIdent(r.Name)
}

// columnList returns the names of columns, quoted where that is needed.
func (r *Relation) columnList(columns []int) string {
	var out []string
	for _, c := range columns {
		out = append(out, quoteIdent(r.Columns[c].Name))
	}
	return strings.Join(out, ", ")
}

// foreignKeyOID returns the number in pg_constraint of foreign key i of r. They count down from where CHECK constraints count up to.
func (r *Relation) foreignKeyOID(i int) uint32 { return r.checkOID(MaxChecks - 1 - i) }

// ForeignKeyOf returns the foreign key that has the number oid in pg_constraint; without a Child if there is none.
func (c *Catalog) ForeignKeyOf(oid uint32) Reference {
	if oid&checkBit == 0 {
		return Reference{}
	}
	r := c.ByID(RelationID(oid &^ checkBit >> checkBits))
	if i := MaxChecks - 1 - int(oid%MaxChecks); r != nil && i < len(r.ForeignKeys) {
		return Reference{r, &r.ForeignKeys[i]}
	}
	return Reference{}
}

// linkReferences tells each table who refers to it; a foreign key to what is gone, or by an index that is gone, goes too. Nobody else
// sees c yet.
func (c *Catalog) linkReferences() {
	lists := map[RelationID][]RelationID{}
	for id, r := range c.byID {
		gone := func(f ForeignKey) bool { return c.byID[f.Table] == nil || f.Index != 0 && c.byID[f.Index] == nil }
		if slices.ContainsFunc(r.ForeignKeys, gone) {
			n := *r
			n.ForeignKeys = slices.DeleteFunc(slices.Clone(r.ForeignKeys), gone)
			c.put(&n)
			r = &n
		}
		for _, f := range r.ForeignKeys {
			if !slices.Contains(lists[f.Table], id) {
				lists[f.Table] = append(lists[f.Table], id)
			}
		}
	}
	for id, r := range c.byID {
		list := lists[id]
		slices.Sort(list)
		if !slices.Equal(list, r.ReferencedBy) {
			n := *r
			n.ReferencedBy = list
			c.put(&n)
		}
	}
}

// put puts r in the place of the relation with its id and name.
func (c *Catalog) put(r *Relation) { c.byID[r.ID], c.byName[r.key()] = r, r }
