package plan

import "github.com/millracedb/millrace/sql/types"

// Nodes of WITH.
type (
	// WithItem gives the rows of a WITH item whose query is run once in a statement, wherever its rows are read. Input uses no
	// rows of outer queries.
	WithItem struct {
		Item  *Item
		Input Node
	}
	// Recursive gives the rows of Base, and then, as long as there are any, those of Step over the rows that came last, which a
	// WorkTable with the same ID gives in Step. Without All a row that was given before is left out (UNION).
	Recursive struct {
		ID         int
		Name       string
		All        bool
		Base, Step Node
	}
	// WorkTable gives, in the Step of a Recursive, the rows that came last.
	WorkTable struct {
		ID          int
		Name        string
		ColumnTypes []types.Type
	}
)

// Item tells a WITH item. Again: it is read in several places, or more than once in one.
type Item struct {
	Name  string
	Again bool
}

// Types implements Node.
func (n *WithItem) Types() []types.Type { return n.Input.Types() }

// Types implements Node.
func (n *Recursive) Types() []types.Type { return n.Base.Types() }

// Types implements Node.
func (n *WorkTable) Types() []types.Type { return n.ColumnTypes }
