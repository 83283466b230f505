package catalog

import "cmp"

// KeyComments are the comments on a primary key, which is an index and a constraint.
type KeyComments struct {
	Index      string `json:"index,omitempty"`
	Constraint string `json:"constraint,omitempty"`
}

// Description is the comment on an object, or on a column of a relation, as a row of pg_description has it.
type Description struct {
	Object uint32
	Class  string // the relation of pg_catalog that the object is in
	Column int    // from 1; 0: on the object itself
	Text   string
}

// Descriptions returns all comments but those on roles. The comment on an object is in its descriptor, and goes with it.
func (c *Catalog) Descriptions() []Description {
	var out []Description
	add := func(class string, object uint32, column int, text string) {
		if text != "" {
			out = append(out, Description{object, class, column, text})
		}
	}
	for _, name := range c.schemaNames() {
		add("pg_namespace", c.SchemaOID(name), 0, c.schemaComment(name))
	}
	for _, r := range c.Relations() {
		if r.Enum != nil {
			add("pg_type", r.oid(), 0, r.Comment)
			continue
		}
		add("pg_class", r.oid(), 0, r.Comment)
		for i, col := range r.Columns {
			add("pg_class", r.oid(), i+1, col.Comment)
		}
		add("pg_class", r.keyOID(), 0, r.KeyComments.Index)
		add("pg_constraint", r.keyOID(), 0, r.KeyComments.Constraint)
		for i, check := range r.Checks {
			add("pg_constraint", r.checkOID(i), 0, check.Comment)
		}
		for i, f := range r.ForeignKeys {
			add("pg_constraint", r.foreignKeyOID(i), 0, f.Comment)
		}
	}
	return out
}

// Description returns the comment on an object in a class, or on a column of it; with class "" in any. "" says that there is none.
func (c *Catalog) Description(class string, object uint32, column int) string {
	switch class {
	case "pg_class":
		r := c.ByID(RelationID(object))
		if r != nil && r.Enum != nil {
			return ""
		}
		if r == nil {
			if r = c.ByID(PrimaryKeyRelation(object)); r == nil || column != 0 {
				return ""
			}
			return r.KeyComments.Index
		}
		switch {
		case column == 0:
			return r.Comment
		case column > 0 && column <= len(r.Columns):
			return r.Columns[column-1].Comment
		}
	case "pg_constraint":
		if _, check := c.CheckOf(object); check != nil {
			return check.Comment
		}
		if f := c.ForeignKeyOf(object); f.Child != nil {
			return f.Comment
		}
		if r := c.ByID(PrimaryKeyRelation(object)); r != nil {
			return r.KeyComments.Constraint
		}
	case "pg_type":
		if r := c.EnumByID(object); r != nil {
			return r.Comment
		}
	case "pg_namespace":
		return c.schemaComment(c.SchemaByOID(object))
	case "":
		return cmp.Or(c.Description("pg_class", object, column), c.Description("pg_constraint", object, column), c.Description("pg_namespace", object, column), c.Description("pg_type", object, column))
	}
	return ""
}

func (c *Catalog) schemaComment(name string) string {
	if s := c.schemas[name]; s != nil {
		return s.Comment
	}
	if name == catalogSchema {
		return "system catalog schema"
	}
	return ""
}

func fillDescription(x *systemContext, add func(record)) {
	for _, d := range x.catalog.Descriptions() {
		add(record{"objoid": num(d.Object), "classoid": num(SystemOIDs[d.Class]), "objsubid": num(d.Column), "description": str(d.Text)})
	}
}

func fillSharedDescription(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Roles() {
		if r.Comment != "" {
			add(record{"objoid": num(uint32(r.ID)), "classoid": num(SystemOIDs["pg_authid"]), "description": str(r.Comment)})
		}
	}
}
