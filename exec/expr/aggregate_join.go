package expr

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// Ordered is an aggregate over one group whose result depends on the order of its rows: rows are added only, with all
// arguments. One goroutine may use it.
type Ordered interface {
	// AddRow adds a row of the arguments, and returns how many bytes the state grew by.
	AddRow(args []*types.Vector, row int) (int64, error)
	Result() (types.Datum, error)
}

// NewOrdered returns the state of an ordered aggregate for a query, nil if a is none.
func NewOrdered(a plan.Agg) Ordered {
	sig := funcs.ByID(a.Func)
	switch {
	case sig == nil:
	case sig.Name == "string_agg":
		return &joinAggregate{}
	case sig.Name == "array_agg":
		return &gatherElements{}
	case sig.Name == "json_agg", sig.Name == "jsonb_agg":
		return &gatherAggregate{result: a.Type}
	case sig.Name == "json_object_agg", sig.Name == "jsonb_object_agg":
		return &objectAggregate{result: a.Type}
	case funcs.IsOrderedSet(sig.Name):
		return &percentile{name: sig.Name, result: a.Type}
	}
	return nil
}

// joinAggregate is string_agg in the order of the rows, with a separator from each row.
type joinAggregate struct {
	some bool
	text []byte
}

func (a *joinAggregate) AddRow(args []*types.Vector, row int) (int64, error) {
	if args[0].IsNull(row) {
		return 0, nil
	}
	before := len(a.text)
	if a.some && !args[1].IsNull(row) {
		a.text = append(a.text, args[1].Str[row]...)
	}
	a.text = append(a.text, args[0].Str[row]...)
	if len(a.text) > maxText {
		return 0, errTextLength
	}
	a.some = true
	return int64(len(a.text) - before), nil
}

func (a *joinAggregate) Result() (types.Datum, error) {
	if !a.some {
		return types.NullDatum, nil
	}
	return types.StrDatum(string(a.text)), nil
}
