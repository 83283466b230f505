package expr

import (
	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

var errZeroStep = pgerr.New(pgerr.InvalidParameterValue, "step size cannot equal zero")

// intSeries is generate_series over integers.
type intSeries struct {
	next, stop, step int64
	ended            bool
}

func (s *intSeries) Next(cols []*types.Vector, most int) (n int, err error) {
	for ; n < most && !s.ended && (s.step > 0 && s.next <= s.stop || s.step < 0 && s.next >= s.stop); n++ {
		cols[0].Append(types.IntDatum(s.next))
		after := s.next + s.step
		s.ended = (after > s.next) != (s.step > 0) // it overflows
		s.next = after
	}
	return n, nil
}

// series is generate_series over values that are added by a loop.
type series struct {
	t          types.Type
	next, stop types.Datum
	up         bool
	add        func(types.Datum) (types.Datum, error)
}

func (s *series) Next(cols []*types.Vector, most int) (n int, err error) {
	for ; n < most; n++ {
		if o := types.Compare(s.t, s.next, s.stop); o > 0 && s.up || o < 0 && !s.up {
			break
		}
		cols[0].Append(s.next)
		if s.next, err = s.add(s.next); err != nil {
			return n, err
		}
	}
	return n, nil
}

func registerSeries() {
	for _, t := range []string{"int4", "int8"} {
		ints := func(k *call) (Rows, error) {
			s := &intSeries{next: k.int(0, 0), stop: k.int(1, 0), step: 1}
			if len(k.args) == 3 {
				s.step = k.int(2, 0)
			}
			if s.step == 0 {
				return nil, errZeroStep
			}
			return s, nil
		}
		sets["generate_series("+t+","+t+")"], sets["generate_series("+t+","+t+","+t+")"] = ints, ints
	}
	sets["generate_series(numeric,numeric)"], sets["generate_series(numeric,numeric,numeric)"] = numericSeries, numericSeries
	sets["generate_series(timestamp,timestamp,interval)"] = timeSeries("timestamp_pl_interval")
	sets["generate_series(timestamptz,timestamptz,interval)"] = timeSeries("timestamptz_pl_interval")
}

func numericSeries(k *call) (Rows, error) {
	step := constant(types.Numeric, types.DecDatum(apd.New(1, 0)))
	if len(k.args) == 3 {
		step = k.args[2]
	}
	for i, c := range append(k.args[:2:2], step) {
		d, what := &c.Dec[0], []string{"start", "stop", "step"}[i]
		if what == "step" {
			what = "step size"
		} else {
			what += " value"
		}
		switch d.Form {
		case apd.NaN, apd.NaNSignaling:
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be NaN", what)
		case apd.Infinite:
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be infinity", what)
		}
	}
	if step.Dec[0].Sign() == 0 {
		return nil, errZeroStep
	}
	return &series{t: types.Numeric, next: k.args[0].Datum(0), stop: k.args[1].Datum(0), up: step.Dec[0].Sign() > 0, add: k.adder("numeric_add", types.Numeric, step)}, nil
}

// timeSeries adds an interval with the operator id.
func timeSeries(id string) set {
	return func(k *call) (Rows, error) {
		step := k.args[2]
		o := types.Compare(types.Interval, step.Datum(0), types.StrDatum(zeroInterval()))
		if o == 0 {
			return nil, errZeroStep
		}
		t := k.args[0].Type
		return &series{t: t, next: k.args[0].Datum(0), stop: k.args[1].Datum(0), up: o > 0, add: k.adder(id, t, step)}, nil
	}
}

func zeroInterval() string {
	d, _ := types.ParseText(types.Interval, "0", types.Scope{})
	return d.Str
}

// adder returns what adds step to a value of type t with the operator id.
func (k *call) adder(id string, t types.Type, step column) func(types.Datum) (types.Datum, error) {
	return func(d types.Datum) (types.Datum, error) {
		v, err := callLoop(k.evaluation, loops[id], t, 1, constant(t, d), step)
		if err != nil {
			return d, err
		}
		return v.Datum(0), nil
	}
}
