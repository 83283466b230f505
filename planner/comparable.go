package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// comparable reports whether values of a type can be compared at all.
func comparable(t types.Type) bool { return t.ID != types.IDJSON && t.Elem != types.IDJSON }

// needEquality refuses expressions whose equal values are to be found but cannot be. Error: 42883.
func needEquality(list ...*plan.Expr) error {
	for _, x := range list {
		if !comparable(x.Type) {
			return pgerr.New(pgerr.UndefinedFunction, "could not identify an equality operator for type %s", x.Type).At(x.Pos)
		}
	}
	return nil
}

// needOrder refuses an expression that is to be sorted by but cannot be. Error: 42883.
func needOrder(t types.Type, pos int) error {
	if comparable(t) {
		return nil
	}
	return pgerr.New(pgerr.UndefinedFunction, "could not identify an ordering operator for type %s", t).
		WithHint("Use an explicit ordering operator or modify the query.").At(pos)
}

// needIndex refuses a column that cannot be part of a key. Error: 42704.
func needIndex(t types.Type, pos int) error {
	if comparable(t) {
		return nil
	}
	return pgerr.New(pgerr.UndefinedObject, "data type %s has no default operator class for access method \"btree\"", t).
		WithHint("You must specify an operator class for the index or define a default operator class for the data type.").At(pos)
}
