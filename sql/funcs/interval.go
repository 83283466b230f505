package funcs

import "github.com/millracedb/millrace/sql/types"

func (r *registry) addIntervalArithmetic() {
	span, date, local, ts, f := types.Interval, types.Date, types.Timestamp, types.Timestamptz, types.Float8
	r.op("+", "interval_pl", span, span, span)
	r.op("-", "interval_mi", span, span, span)
	r.op("-", "interval_um", span, span)
	r.op("*", "interval_mul", span, span, f)
	r.op("*", "mul_d_interval", span, f, span)
	r.op("/", "interval_div", span, span, f)
	for _, m := range []struct {
		name   string
		t, sum types.Type
	}{{"date", date, local}, {"timestamp", local, local}, {"timestamptz", ts, ts}} {
		plus := r.op("+", m.name+"_pl_interval", m.sum, m.t, span)
		swapped := r.op("+", "interval_pl_"+m.name, m.sum, span, m.t)
		minus := r.op("-", m.name+"_mi_interval", m.sum, m.t, span)
		if m.t == ts { // a day is as long as the session's zone has it
			plus.stable()
			swapped.stable()
			minus.stable()
		}
	}
	r.op("+", "time_pl_interval", types.Time, types.Time, span)
	r.op("+", "interval_pl_time", types.Time, span, types.Time)
	r.op("-", "time_mi_interval", types.Time, types.Time, span)
	r.op("-", "time_mi_time", span, types.Time, types.Time)
	r.op("+", "datetime_pl", local, date, types.Time)
	r.op("+", "timedate_pl", local, types.Time, date)
	r.op("-", "timestamp_mi", span, local, local)
	r.op("-", "timestamptz_mi", span, ts, ts)
}

func (r *registry) addIntervals() {
	span, text := types.Interval, types.Text
	r.fn("extract", types.Numeric, text, span).doc("field of an interval", "extract(hour FROM interval '90 minutes')")
	r.fn("date_part", types.Float8, text, span).doc("field of an interval", "date_part('hour', interval '90 minutes')")
	r.fn("date_trunc", span, text, span).doc("interval without the smaller units", "date_trunc('hour', interval '90 minutes')")
	r.fn("isfinite", types.Bool, span).doc("true: an interval is finite", "isfinite(interval '1 day')")
	r.fn("justify_interval", span, span).doc("24 hours as a day, 30 days as a month, signs alike", "justify_interval(interval '1 mon -1 hour')")
	n := types.Int4
	r.fn("make_interval", span, n, n, n, n, n, n, types.Float8).
		doc("interval of years, months, weeks, days, hours, minutes and seconds", "make_interval(0, 0, 0, 10, 0, 0, 0)")
	r.fn("justify_days", span, span).doc("30 days as a month", "justify_days(interval '35 days')")
	r.fn("justify_hours", span, span).doc("24 hours as a day", "justify_hours(interval '27 hours')")
	r.agg("sum", span, span).doc("sum of the values", "sum(x)")
	r.agg("avg", span, span).doc("mean of the values", "avg(x)")
	for _, t := range []types.Type{types.Timestamp, types.Timestamptz} {
		r.fn("age", span, t, t).doc("years, months, days and time between two times", "age('2001-04-10'::timestamp, '1957-06-13')")
		r.fn("date_bin", t, span, t, t).doc("start of the bin of a width, counted from an origin", "date_bin('15 minutes', now(), '2001-01-01')")
	}
}
