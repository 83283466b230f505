package expr

import (
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

func registerIntervalFunctions() {
	get := func(k *call, i int) (field, error) { return intervalField(k.str(0, i), k.span(1, i)) }
	register("extract(text,interval)", extractLoop(get))
	register("date_part(text,interval)", extractLoop(get))
	register("date_trunc(text,interval)", rows(truncateInterval))
	registerSafe("isfinite(interval)", func(k *call) error {
		for i := range k.out.Int {
			k.out.Int[i] = 1
		}
		return nil
	})
	register("justify_days(interval)", rows(func(k *call, i int) error {
		v := k.span(0, i)
		return setSum(k, i, types.Duration{Micros: v.Micros, Months: v.Months}, carry(int64(v.Days), int64(v.Months), 30, func(months, days int64) types.Duration {
			return types.Duration{Days: int32(days), Months: int32(months)}
		}), 1)
	}))
	register("justify_hours(interval)", rows(func(k *call, i int) error {
		v := k.span(0, i)
		return setSum(k, i, types.Duration{Days: v.Days, Months: v.Months}, carry(v.Micros, int64(v.Days), microsPerDay, func(days, micros int64) types.Duration {
			return types.Duration{Micros: micros, Days: int32(days)}
		}), 1)
	}))
	bin := rows(func(k *call, i int) (err error) {
		k.out.Int[i], err = binTime(k.span(0, i), k.int(1, i), k.int(2, i))
		return err
	})
	register("date_bin(interval,timestamp,timestamp)", bin)
	register("date_bin(interval,timestamptz,timestamptz)", bin)
}

// carry splits n into whole units and a rest, such that the rest has the sign of the sum of high and the units.
func carry(n, high, unit int64, make func(units, rest int64) types.Duration) types.Duration {
	units, rest := n/unit, n%unit
	switch sum := high + units; {
	case sum > 0 && rest < 0:
		units, rest = units-1, rest+unit
	case sum < 0 && rest > 0:
		units, rest = units+1, rest-unit
	}
	return make(units, rest)
}

// intervalField returns a field of an interval.
func intervalField(unit string, v types.Duration) (field, error) {
	name, known := units[strings.ToLower(unit)]
	months := int64(v.Months)
	switch name {
	case "epoch":
		return field{value: ((months/12*1461+months%12*120+int64(v.Days)*4)*21600)*microsPerSecond + v.Micros, scale: 6}, nil
	case "microseconds":
		return field{value: v.Micros % microsPerMinute}, nil
	case "milliseconds":
		return field{value: v.Micros % microsPerMinute, scale: 3}, nil
	case "second":
		return field{value: v.Micros % microsPerMinute, scale: 6}, nil
	case "minute":
		return field{value: v.Micros / microsPerMinute % 60}, nil
	case "hour":
		return field{value: v.Micros / microsPerHour}, nil
	case "day":
		return field{value: int64(v.Days)}, nil
	case "month":
		return field{value: months % 12}, nil
	case "quarter":
		return field{value: months%12/3 + 1}, nil
	case "year", "decade", "century", "millennium":
		return field{value: months / intervalMonths[name]}, nil
	}
	return field{}, unitError(unit, types.Interval, known)
}

// intervalMonths are the lengths of the units of months.
var intervalMonths = map[string]int64{"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}

// truncateInterval sets the fields below the unit to zero.
func truncateInterval(k *call, i int) error {
	v := k.span(1, i)
	name, known := units[strings.ToLower(k.str(0, i))]
	length := map[string]int64{"microseconds": 1, "milliseconds": 1000, "second": microsPerSecond, "minute": microsPerMinute, "hour": microsPerHour}[name]
	switch {
	case length != 0:
		v.Micros -= v.Micros % length
	case name == "day":
		v.Micros = 0
	case intervalMonths[name] != 0:
		v = types.Duration{Months: v.Months - v.Months%int32(intervalMonths[name])}
	default:
		return unitError(k.str(0, i), types.Interval, known)
	}
	k.out.Str[i] = v.Pack()
	return nil
}
