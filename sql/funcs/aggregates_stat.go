package funcs

import (
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// pairAggregates are those over pairs of floats, y before x.
var pairAggregates = []struct{ name, doc string }{
	{"corr", "correlation coefficient"}, {"covar_pop", "covariance of all pairs"}, {"covar_samp", "covariance of a sample"},
	{"regr_avgx", "mean of x"}, {"regr_avgy", "mean of y"}, {"regr_count", "number of pairs without a NULL"},
	{"regr_intercept", "where the least-squares line meets the y axis"}, {"regr_r2", "square of the correlation coefficient"},
	{"regr_slope", "slope of the least-squares line"}, {"regr_sxx", "sum of the squared distances of x to its mean"},
	{"regr_sxy", "sum of the products of the distances to the means"}, {"regr_syy", "sum of the squared distances of y to its mean"},
}

// IsPairAggregate reports whether the name is that of an aggregate over pairs of floats, which the planner puts into arrays.
func IsPairAggregate(name string) bool {
	return name == "corr" || strings.HasPrefix(name, "covar_") || strings.HasPrefix(name, "regr_")
}

// IsOrderedSet reports whether the name is that of an ordered-set aggregate: f(fraction) WITHIN GROUP (ORDER BY value).
func IsOrderedSet(name string) bool {
	return name == "percentile_cont" || name == "percentile_disc" || name == "mode"
}

// addStatistics adds aggregates of statistics and bits.
func (r *registry) addStatistics() {
	for _, t := range []types.Type{types.Int2, types.Int4, types.Int8, types.Numeric, types.Float8, types.Float4} {
		result := types.Numeric
		if t.Class() == types.ClassFloat {
			result = types.Float8
		}
		r.agg("var_pop", result, t).doc("variance of all values", "var_pop(x)")
		r.agg("var_samp", result, t).doc("variance of a sample", "var_samp(x)")
		r.agg("variance", result, t).doc("variance of a sample", "variance(x)")
		r.agg("stddev_pop", result, t).doc("standard deviation of all values", "stddev_pop(x)")
		r.agg("stddev_samp", result, t).doc("standard deviation of a sample", "stddev_samp(x)")
		r.agg("stddev", result, t).doc("standard deviation of a sample", "stddev(x)")
	}
	for _, t := range []types.Type{types.Int2, types.Int4, types.Int8} {
		r.agg("bit_and", t, t).doc("bits that all values have", "bit_and(x)")
		r.agg("bit_or", t, t).doc("bits that a value has", "bit_or(x)")
		r.agg("bit_xor", t, t).doc("bits that an odd number of values have", "bit_xor(x)")
	}
	f := types.Float8
	for _, a := range pairAggregates {
		result := f
		if a.name == "regr_count" {
			result = types.Int8
		}
		r.agg(a.name, result, f, f).doc(a.doc, a.name+"(y, x)")
	}
	r.agg("json_object_agg", types.JSON, Any, Any).lax().stable().doc("keys and values as an object", "json_object_agg(k, v)")
	r.agg("jsonb_object_agg", types.JSONB, Any, Any).lax().doc("keys and values as an object, the last value of each key", "jsonb_object_agg(k, v)")
	many := types.ArrayOf(f)
	for _, t := range []types.Type{f, types.Interval} {
		r.agg("percentile_cont", t, f, t).lax().doc("value at a fraction, between two values if need be", "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)")
		r.agg("percentile_cont", types.ArrayOf(t), many, t).lax().doc("values at fractions", "percentile_cont(ARRAY[0.25,0.75]) WITHIN GROUP (ORDER BY x)")
	}
	r.agg("percentile_disc", anyElement, f, anyElement).lax().doc("first value at or behind a fraction", "percentile_disc(0.5) WITHIN GROUP (ORDER BY x)")
	r.agg("percentile_disc", anyArray, many, anyElement).lax().doc("first values at or behind fractions", "percentile_disc(ARRAY[0.25,0.75]) WITHIN GROUP (ORDER BY x)")
	r.agg("mode", anyElement, anyElement).lax().doc("most frequent value", "mode() WITHIN GROUP (ORDER BY x)")
}
