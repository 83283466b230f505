package funcs

import "github.com/millracedb/millrace/sql/types"

func (r *registry) addTime() {
	text, ts, local, date := types.Text, types.Timestamptz, types.Timestamp, types.Date
	r.fn("current_timestamp", ts).stable().doc("when the statement began", "current_timestamp")
	for _, name := range []string{"now", "transaction_timestamp", "statement_timestamp"} {
		r.fn(name, ts).stable().doc("when the statement began", name+"()")
	}
	r.fn("localtimestamp", local).stable().doc("when the statement began, in the session's zone", "localtimestamp")
	r.fn("localtime", types.Time).stable().doc("when the statement began, as time of day in the session's zone", "localtime")
	r.fn("make_time", types.Time, types.Int4, types.Int4, types.Float8).doc("time of hour, minute and seconds", "make_time(8, 15, 23.5)")
	r.fn("extract", types.Numeric, text, types.Time).doc("field of a time of day", "extract(hour FROM time '08:15')")
	r.fn("date_part", types.Float8, text, types.Time).doc("field of a time of day", "date_part('hour', time '08:15')")
	r.fn("clock_timestamp", ts).volatile().doc("the time now", "clock_timestamp()")
	r.fn("current_date", date).stable().doc("today's date", "current_date")
	r.fn("date_trunc", ts, text, ts).stable().doc("start of the unit of time", "date_trunc('hour', now())")
	r.fn("date_trunc", ts, text, ts, text).stable().doc("start of the unit of time in a zone", "date_trunc('day', now(), 'Asia/Tokyo')")
	r.fn("date_trunc", local, text, local).doc("start of the unit of time", "date_trunc('hour', localtimestamp)")
	r.fn("extract", types.Numeric, text, local).doc("field of a time", "extract(hour FROM localtimestamp)")
	r.fn("date_part", types.Float8, text, local).doc("field of a time", "date_part('hour', localtimestamp)")
	r.fn("extract", types.Numeric, text, ts).stable().doc("field of a time", "extract(hour FROM now())")
	r.fn("extract", types.Numeric, text, date).doc("field of a date", "extract(year FROM current_date)")
	r.fn("date_part", types.Float8, text, ts).stable().doc("field of a time", "date_part('hour', now())")
	r.fn("date_part", types.Float8, text, date).doc("field of a date", "date_part('year', current_date)")
	r.fn("to_timestamp", ts, types.Float8).doc("seconds since 1970 as a time", "to_timestamp(1284352323)")
	r.fn("make_date", date, types.Int4, types.Int4, types.Int4).doc("date of year, month and day", "make_date(2013, 7, 15)")
	r.fn("make_timestamptz", ts, types.Int4, types.Int4, types.Int4, types.Int4, types.Int4, types.Float8).stable().
		doc("time of year, month, day, hour, minute and seconds", "make_timestamptz(2013, 7, 15, 8, 15, 23.5)")
	r.fn("make_timestamp", local, types.Int4, types.Int4, types.Int4, types.Int4, types.Int4, types.Float8).
		doc("time of year, month, day, hour, minute and seconds", "make_timestamp(2013, 7, 15, 8, 15, 23.5)")
	r.fn("make_timestamptz", ts, types.Int4, types.Int4, types.Int4, types.Int4, types.Int4, types.Float8, text).stable().
		doc("likewise, in a zone", "make_timestamptz(2013, 7, 15, 8, 15, 23.5, 'Asia/Tokyo')")
	r.fn("timezone", local, types.Interval, ts).doc("local time so much east", "timezone(interval '2 hours', now())")
	r.fn("timezone", ts, types.Interval, local).doc("moment of a local time so much east", "timezone(interval '2 hours', localtimestamp)")
	r.fn("timeofday", text).volatile().doc("the time now, as text", "timeofday()")
	for _, t := range []types.Type{types.Time, local, ts} {
		r.fn("overlaps", types.Bool, t, t, t, t).lax().
			doc("whether two spans have a time in common", "(date '2001-02-16', date '2001-12-21') OVERLAPS (date '2001-10-30', date '2002-10-30')")
	}
	r.fn("timezone", local, text, ts).doc("local time in a zone", "timezone('Asia/Tokyo', now())")
	r.fn("timezone", ts, text, local).doc("moment of a local time in a zone", "timezone('Asia/Tokyo', localtimestamp)")
	r.fn("isfinite", types.Bool, local).doc("whether it is not infinite", "isfinite(localtimestamp)")
	r.fn("isfinite", types.Bool, ts).doc("whether it is not infinite", "isfinite(now())")
	r.fn("isfinite", types.Bool, date).doc("whether it is not infinite", "isfinite(current_date)")
	r.fn("to_date", date, text, text).stable().doc("a date by a pattern", "to_date('05 Dec 2000', 'DD Mon YYYY')")
	r.fn("to_timestamp", ts, text, text).stable().doc("a time by a pattern", "to_timestamp('2000-12-05 08:15', 'YYYY-MM-DD HH24:MI')")
	for _, n := range []struct {
		t    types.Type
		call string
	}{{types.Int4, "to_char(125, '999th')"}, {types.Int8, "to_char(-125::bigint, '999MI')"}, {types.Numeric, "to_char(1485.8, '9G999D99')"},
		{types.Float4, "to_char(125.8::real, '999D9')"}, {types.Float8, "to_char(0.0004859::float8, '9.99EEEE')"}} {
		r.fn("to_char", text, n.t, text).stable().doc("a number by a pattern", n.call)
	}
	r.fn("to_char", text, types.Interval, text).stable().doc("an interval by a pattern", "to_char(interval '15h 2m 12s', 'HH24:MI:SS')")
	r.fn("to_number", types.Numeric, text, text).stable().doc("a number by a pattern", "to_number('12,454.8-', '99G999D9S')")
	r.fn("to_char", text, local, text).stable().doc("a time by a pattern", "to_char(localtimestamp, 'YYYY-MM-DD HH24:MI:SS')")
	r.fn("to_char", text, ts, text).stable().doc("a time by a pattern", "to_char(now(), 'YYYY-MM-DD HH24:MI:SS')")
}
