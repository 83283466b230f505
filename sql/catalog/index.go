package catalog

// IndexColumn is a column of an index in its order: Column is the place of the table's.
type IndexColumn struct {
	Column     int  `json:"column"`
	Desc       bool `json:"desc,omitempty"`
	NullsFirst bool `json:"nulls_first,omitempty"`
}

// KeyColumns are the columns in whose order the rows of a table or view lie within a partition.
func (r *Relation) KeyColumns() []IndexColumn {
	out := make([]IndexColumn, len(r.Key))
	for i, k := range r.Key {
		out[i].Column = k
	}
	return out
}
