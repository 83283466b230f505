package catalog

// View is what a plain view shows: a query that is put in the place of its name wherever that is read.
type View struct {
	SQL      string            `json:"sql"`      // the user's text of the SELECT
	Settings map[string]string `json:"settings"` // TimeZone, search_path … at CREATE
	// Sees are the relations that the text names, under the names that they had at CREATE: a view goes on to mean the same
	// relations and columns when those are renamed, and does not show columns that come later.
	Sees []Seen `json:"sees,omitempty"`
	// Updatable and Insertable say that UPDATE and DELETE, and INSERT, write through the view to what it reads.
	Updatable  bool `json:"updatable,omitempty"`
	Insertable bool `json:"insertable,omitempty"`
}

// Seen is a relation as a view's text names it: Columns are its stored columns, in their order.
type Seen struct {
	Relation RelationID `json:"relation"`
	Schema   string     `json:"schema"`
	Name     string     `json:"name"`
	Columns  []string   `json:"columns"`
}

// See returns r as the text of a view that is created now names it.
func See(r *Relation) Seen {
	s := Seen{Relation: r.ID, Schema: r.Schema, Name: r.Name}
	for _, c := range r.Columns {
		s.Columns = append(s.Columns, c.Name)
	}
	return s
}

// Seen returns the relation that the view's text names schema.name, nil if there is none.
func (v *View) Seen(schema, name string) *Seen {
	for i := range v.Sees {
		if s := &v.Sees[i]; s.Schema == schema && s.Name == name {
			return s
		}
	}
	return nil
}

// Word is what messages call a relation of r's kind.
func (r *Relation) Word() string {
	switch r.Kind {
	case KindView:
		return "materialized view"
	case KindPlainView:
		return "view"
	}
	return string(r.Kind)
}

// HasTopic reports whether the relation has a topic of its own.
func (r *Relation) HasTopic() bool { return r.Over == 0 && r.HasRecords() }

// HasRecords reports whether there are records of the relation, in whichever topic: it is no plain view, no sequence, no type, and no
// index that is not unique.
func (r *Relation) HasRecords() bool {
	return r.Kind != KindPlainView && r.Kind != KindSequence && r.Kind != KindType && (r.Index == nil || r.Index.Unique)
}

// SQL returns the text of the query of a view, plain or materialized; "" of other relations.
func (r *Relation) SQL() string {
	switch {
	case r.Query != nil:
		return r.Query.SQL
	case r.View != nil:
		return r.View.SQL
	}
	return ""
}

// reads reports whether r's query, or its text, reads id directly.
func (r *Relation) reads(id RelationID) bool {
	if r.View != nil {
		for _, s := range r.View.Sees {
			if s.Relation == id {
				return true
			}
		}
	}
	return r.Query != nil && (contains(r.Query.DependsOn, id) || contains(r.Query.Through, id))
}
