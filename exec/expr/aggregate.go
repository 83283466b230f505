package expr

import (
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// Aggregate is the state of one aggregate over one group. NULLs do not count, except in count(*). One goroutine may use it.
type Aggregate interface {
	// Add adds row of arg (nil: count(*)) diff times; a negative diff takes it away.
	Add(arg *types.Vector, row int, diff int64) error
	// Result returns the aggregate's value; it does not alias the state.
	Result() (types.Datum, error)
	// Append appends the encoded state. Equal multisets of rows give equal bytes.
	Append(dst []byte) []byte
	// Decode sets the state to an encoded one and returns the bytes behind it. Error: types.ErrCorrupt.
	Decode(b []byte) (rest []byte, err error)
}

// NewAggregate returns the state of a that has seen no row. Error: 0A000 for string_agg with a separator that is not constant.
func NewAggregate(a plan.Agg) (Aggregate, error) {
	sig := funcs.ByID(a.Func)
	if sig == nil {
		return nil, fmt.Errorf("BUG: no aggregate %q", a.Func)
	}
	name := sig.Name
	var arg types.Type
	if len(a.Args) > 0 {
		arg = a.Args[0].Type
	}
	switch name {
	case "count":
		return &countAggregate{}, nil
	case "sum", "avg":
		return newSum(name == "avg", arg)
	case "min":
		return &extremeAggregate{sign: -1, typ: arg}, nil
	case "max":
		return &extremeAggregate{sign: 1, typ: arg}, nil
	case "bool_and", "every":
		return &boolAggregate{and: true}, nil
	case "bool_or":
		return &boolAggregate{}, nil
	case "string_agg":
		return newTextAggregate(a.Args)
	case "json_agg", "jsonb_agg":
		return &jsonAggregate{a.Type, newValueCounts(arg)}, nil
	case "bit_and", "bit_or", "bit_xor":
		return &bitAggregate{name: name}, nil
	case "array_agg":
		return &arrayAggregate{newValueCounts(arg)}, nil
	case "array_agg_elements":
		return &elementsAggregate{arrayAggregate{newValueCounts(a.Type.Element())}, arg}, nil
	}
	if s, ok := spreads[name]; ok {
		return newSpread(s, arg), nil
	}
	if funcs.IsPairAggregate(name) {
		return &pairAggregate{name: name}, nil
	}
	return nil, fmt.Errorf("BUG: no aggregate %q", a.Func)
}

// Invertible reports whether the aggregate with the given signature id can take rows away; MIN and MAX cannot, as they hold
// one value.
func Invertible(id string) bool {
	name := funcs.ByID(id).Name
	if _, ok := spreads[name]; ok || funcs.IsPairAggregate(name) {
		return true
	}
	switch name {
	case "bit_and", "bit_or", "bit_xor", "count", "sum", "avg", "bool_and", "bool_or", "every", "string_agg", "json_agg", "jsonb_agg", "array_agg", "array_agg_elements":
		return true
	}
	return false
}

// KeepsNulls reports whether a NULL counts in the aggregate with the given signature id as a value of its own.
func KeepsNulls(id string) bool {
	switch funcs.ByID(id).Name {
	case "json_agg", "jsonb_agg", "array_agg":
		return true
	}
	return false
}

func newSum(avg bool, t types.Type) (Aggregate, error) {
	switch t.ID {
	case types.IDInt2, types.IDInt4:
		return &intSum{avg: avg}, nil
	case types.IDInt8:
		return &intSum{avg: avg, wide: true}, nil
	case types.IDNumeric:
		return &decimalSum{avg: avg}, nil
	case types.IDFloat8:
		return &floatSum{avg: avg}, nil
	case types.IDInterval:
		return &intervalSum{avg: avg}, nil
	case types.IDFloat4:
		return &floatSum{avg: avg, single: !avg}, nil
	}
	return nil, fmt.Errorf("BUG: no sum over %v", t)
}
