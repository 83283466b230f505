package funcs

import "github.com/millracedb/millrace/sql/types"

// ArrayAggElements is array_agg over arrays whose elements are the values; it leaves NULLs out.
const ArrayAggElements = "array_agg_elements(anyarray)"

// agg adds an aggregate; it ignores NULLs.
func (r *registry) agg(name string, result types.Type, args ...types.Type) *Signature {
	s := r.fn(name, result, args...)
	s.Kind = Aggregate
	return s
}

func (r *registry) addAggregates() {
	text, b := types.Text, types.Bool
	r.agg("count", types.Int8).doc("number of rows", "count(*)")
	r.agg("count", types.Int8, Any).doc("number of values that are not NULL", "count(x)")
	for _, a := range []struct{ arg, sum, avg types.Type }{
		{types.Int2, types.Int8, types.Numeric}, {types.Int4, types.Int8, types.Numeric}, {types.Int8, types.Numeric, types.Numeric},
		{types.Numeric, types.Numeric, types.Numeric}, {types.Float8, types.Float8, types.Float8},
		{types.Float4, types.Float4, types.Float8},
	} {
		r.agg("sum", a.sum, a.arg).doc("sum of the values", "sum(x)")
		r.agg("avg", a.avg, a.arg).doc("mean of the values", "avg(x)")
	}
	for _, t := range []types.Type{types.Int2, types.Int4, types.Int8, types.Numeric, types.Float8, types.Float4, text, types.Bpchar, types.Timestamptz, types.Timestamp, types.Interval, types.Date, types.Time, types.OID} {
		r.agg("min", t, t).doc("least value", "min(x)")
		r.agg("max", t, t).doc("greatest value", "max(x)")
	}
	r.agg("min", anyArray, anyArray).doc("least value", "min(x)")
	r.agg("max", anyArray, anyArray).doc("greatest value", "max(x)")
	r.agg("min", anyEnum, anyEnum).doc("least value", "min(x)")
	r.agg("max", anyEnum, anyEnum).doc("greatest value", "max(x)")
	r.agg("array_agg", anyArray, anyNonArray).lax().doc("values as an array", "array_agg(x)")
	r.add(&Signature{ID: ArrayAggElements, Name: "array_agg_elements", Args: []types.Type{anyArray}, Result: anyArray, Kind: Aggregate, operator: true})
	r.addStatistics()
	r.agg("bool_and", b, b).doc("whether all values are true", "bool_and(x)")
	r.agg("every", b, b).doc("whether all values are true", "every(x)")
	r.agg("bool_or", b, b).doc("whether a value is true", "bool_or(x)")
	r.agg("string_agg", text, text, text).lax().doc("values in a row, with a separator", "string_agg(x, ',')")
	r.agg("string_agg", types.Bytea, types.Bytea, types.Bytea).lax().doc("values in a row, with a separator", "string_agg(x, '\\x00')")
}
