package catalog

import "github.com/millracedb/millrace/sql/types"

// SystemSchema is where Millrace's own relations are.
const SystemSchema = "millrace"

// ErrorsID is the id of the stream millrace.errors, below FirstRelationID.
const ErrorsID RelationID = 16000

// ErrorsStream describes millrace.errors: the rows that continuous queries leave out, and the records that they pass over.
// A task writes them in the commit that leaves them out, so each is there once; therefore partition i is on shard i.
func ErrorsStream(shards int) *Relation {
	r := &Relation{ID: ErrorsID, Schema: SystemSchema, Name: "errors", Kind: KindStream}
	for _, name := range []string{"query", "change", "code", "message", "row"} {
		r.Columns = append(r.Columns, Column{Name: name, Type: types.Text})
	}
	for i := range shards {
		r.Placement = append(r.Placement, ShardID(i))
	}
	return r
}

// IsSystem reports whether the relation is Millrace's own: nobody else creates, writes or drops it.
func (id RelationID) IsSystem() bool { return id < FirstRelationID }
