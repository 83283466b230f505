package expr

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	for _, s := range funcs.All() {
		if len(s.Args) == 1 && s.Args[0].ID == types.IDAnyArray && s.Result.ID == types.IDAnyArray && s.Kind == funcs.Scalar && !s.Variadic {
			register(s.ID, castArrayLoop(s.ID))
			continue
		}
		if len(s.Args) == 1 && isCast(s.ID) && (s.Args[0].ID >= types.IDAnyElement || s.Result.ID >= types.IDAnyElement) {
			registerEnumCast(s)
			continue
		}
		if strings.HasPrefix(s.ID, "cut(") {
			register(s.ID, fitLoop(s.Args[0], true))
		}
		if !strings.HasPrefix(s.ID, "cast(") {
			continue
		}
		if l := safeCast(s.Args[0].ID, s.Result.ID); l != nil {
			registerSafe(s.ID, l)
			continue
		}
		register(s.ID, roundedLoop(s.Result, castLoop(s.Args[0], s.Result)))
	}
}

// isCast reports whether the id is that of a cast.
func isCast(id string) bool { return strings.HasPrefix(id, "cast(") || strings.HasPrefix(id, "cut(") }

// isInt reports whether the type is smallint, integer or bigint.
func isInt(id types.ID) bool {
	return id == types.IDInt2 || id == types.IDInt4 || id == types.IDInt8
}

// isOID reports whether the type is a number of an object in the catalog.
func isOID(id types.ID) bool { return types.Type{ID: id}.IsOID() }

// safeCast returns the loop of a cast that cannot fail, or nil.
func safeCast(from, to types.ID) loop {
	switch {
	case isInt(from) && isInt(to) && from < to, isOID(from) && (isOID(to) || to == types.IDInt8),
		(from == types.IDName || from == types.IDChar || from == types.IDVarchar) && to == types.IDText, from == types.IDFloat4 && to == types.IDFloat8:
		return sameLoop
	case isInt(from) && to == types.IDFloat8:
		return func(k *call) error {
			for i := range k.out.Float {
				k.out.Float[i] = float64(k.int(0, i))
			}
			return nil
		}
	case isInt(from) && to == types.IDFloat4:
		return func(k *call) error {
			for i := range k.out.Float {
				k.out.Float[i] = float64(float32(k.int(0, i)))
			}
			return nil
		}
	case isOID(from) && to == types.IDInt4:
		return intLoop(func(x int64) int64 { return int64(int32(x)) })
	case (from == types.IDInt2 || from == types.IDInt4) && isOID(to):
		return intLoop(func(x int64) int64 { return int64(uint32(x)) })
	case from == types.IDInt4 && to == types.IDBool:
		return intLoop(func(x int64) int64 { return bit(x != 0) })
	case from == types.IDBool && to == types.IDInt4:
		return sameLoop
	}
	return nil
}

// castLoop returns the loop of any other cast.
func castLoop(from, to types.Type) loop {
	f, t := from.ID, to.ID
	switch {
	case from.IsVector() && to.IsArray():
		return rows(func(k *call, i int) error {
			k.out.Str[i] = types.ArrayOfVector(from, k.str(0, i))
			return nil
		})
	case isInt(f) && isInt(t):
		return narrowLoop(rangeOf(to))
	case f == types.IDJSONB && t != types.IDJSON && !to.IsString():
		return rows(jsonbScalar)
	case f == types.IDJSON && t == types.IDJSONB, f == types.IDJSONB && t == types.IDJSON:
		return textInLoop
	case t == types.IDVarchar, t == types.IDBpchar:
		return fitLoop(from, false)
	case t == types.IDText || t == types.IDName || t == types.IDChar && from.IsString():
		return textOutLoop(from)
	case from.IsString() && f != types.IDChar:
		return textInLoop
	case t == types.IDFloat4:
		return toFloat4Loop(f)
	case t == types.IDNumeric:
		return toNumericLoop(from)
	case f == types.IDNumeric && t == types.IDFloat8:
		return rows(numericToFloat)
	case f == types.IDNumeric && isInt(t):
		return numericToIntLoop(to)
	case from.Class() == types.ClassFloat && isInt(t):
		return floatToIntLoop(rangeOf(to))
	case f == types.IDInt8 && isOID(t):
		return rows(bigintToOID)
	case f == types.IDDate && t == types.IDTimestamptz:
		return rows(dateToTimestamptz)
	case f == types.IDTimestamptz && t == types.IDDate:
		return timestampToDateLoop(sessionZone)
	case f == types.IDDate && t == types.IDTimestamp:
		return rows(func(k *call, i int) (err error) { k.out.Int[i], err = startOfDate(k.int(0, i), time.UTC); return err })
	case f == types.IDTimestamp && t == types.IDDate:
		return timestampToDateLoop(utc)
	case f == types.IDTimestamp && t == types.IDTimestamptz:
		return rows(func(k *call, i int) error { return fromZone(k, i, k.int(0, i), k.Location) })
	case f == types.IDTimestamptz && t == types.IDTimestamp:
		return rows(func(k *call, i int) error { return toZone(k, i, k.int(0, i), k.Location) })
	case f == t: // a modifier; the result is rounded to it
		return sameLoop
	case f == types.IDTimestamp && t == types.IDTime:
		return timeOfDayLoop(utc)
	case f == types.IDTimestamptz && t == types.IDTime:
		return timeOfDayLoop(sessionZone)
	case f == types.IDTime && t == types.IDInterval:
		return rows(func(k *call, i int) error { k.out.Str[i] = types.Duration{Micros: k.int(0, i)}.Pack(); return nil })
	case f == types.IDInterval && t == types.IDTime:
		return rows(func(k *call, i int) error { k.out.Int[i] = dayTime(k.span(0, i).Micros); return nil })
	case f == types.IDInt4 && t == types.IDChar:
		return rows(intToChar)
	case f == types.IDChar && t == types.IDInt4:
		return rows(charToInt)
	}
	panic("BUG: no loop for a cast from " + from.String() + " to " + to.String())
}

// roundedLoop rounds what l gives to the digits of seconds that the result has, if it is of a type with seconds.
func roundedLoop(to types.Type, l loop) loop {
	switch to.ID {
	case types.IDTime, types.IDTimestamp, types.IDTimestamptz:
		return func(k *call) error {
			err := l(k)
			if k.out.Type.Precision > 0 && err == nil {
				for i := range k.out.Int {
					k.out.Int[i] = types.RoundSeconds(k.out.Type, k.out.Int[i])
				}
			}
			return err
		}
	case types.IDInterval:
		return func(k *call) error {
			err := l(k)
			if k.out.Type.Precision > 0 && err == nil {
				for i := range k.out.Str {
					k.out.Str[i] = types.RoundInterval(k.out.Type, k.out.Str[i])
				}
			}
			return err
		}
	}
	return l
}

func narrowLoop(r intRange) loop {
	return rows(func(k *call, i int) error {
		x := k.int(0, i)
		k.out.Int[i] = x
		if r.wrap(x) != x {
			return r.err()
		}
		return nil
	})
}

func bigintToOID(k *call, i int) error {
	x := k.int(0, i)
	k.out.Int[i] = x
	if x != int64(uint32(x)) {
		return pgerr.New(pgerr.NumericValueOutOfRange, "OID out of range")
	}
	return nil
}

// textOutLoop converts to text through the output form; booleans are spelled out.
func textOutLoop(from types.Type) loop {
	return func(k *call) error {
		var buf []byte
		return k.each(func(i int) error {
			if from.IsString() {
				k.out.Str[i] = types.TrimToType(k.out.Type, plainText(from, k.str(0, i)))
				return nil
			}
			a := k.args[0]
			buf = appendText(buf[:0], from, a.Datum(a.at(i)), k.evaluation)
			k.out.Str[i] = types.TrimToType(k.out.Type, string(buf))
			return nil
		})
	}
}

// plainText is a string as text: a char(n) without the spaces at its end.
func plainText(t types.Type, s string) string {
	if t.ID == types.IDBpchar {
		return types.TrimPadding(s)
	}
	return s
}

// fitLoop converts to varchar or char, of the result's length; cut says that what is too long is cut.
func fitLoop(from types.Type, cut bool) loop {
	return func(k *call) error {
		var buf []byte
		return k.each(func(i int) (err error) {
			if from.IsString() {
				s := k.str(0, i)
				if k.out.Type.ID != types.IDBpchar {
					s = plainText(from, s)
				}
				k.out.Str[i], err = types.FitString(k.out.Type, s, cut)
				return err
			}
			a := k.args[0]
			buf = appendText(buf[:0], from, a.Datum(a.at(i)), k.evaluation)
			k.out.Str[i], err = types.FitString(k.out.Type, string(buf), cut)
			return err
		})
	}
}

// appendText appends d as a cast to text gives it.
func appendText(dst []byte, t types.Type, d types.Datum, ev *evaluation) []byte {
	if t.ID == types.IDBool {
		return strconv.AppendBool(dst, d.Int != 0)
	}
	if t.ID == types.IDBpchar {
		return append(dst, types.TrimPadding(d.Str)...)
	}
	return types.FormatText(dst, t, d, ev.Scope())
}

// textInLoop converts from text through the input form.
func textInLoop(k *call) error {
	return k.each(func(i int) error {
		d, err := types.ParseText(k.out.Type, k.str(0, i), k.Scope())
		if err != nil {
			return err
		}
		k.set(i, d)
		return nil
	})
}

// set sets row i of the result, which is not NULL.
func (k *call) set(i int, d types.Datum) {
	switch k.out.Type.Class() {
	case types.ClassInt:
		k.out.Int[i] = d.Int
	case types.ClassFloat:
		k.out.Float[i] = d.Float
	case types.ClassString:
		k.out.Str[i] = d.Str
	case types.ClassDecimal:
		k.out.Dec[i].Set(d.Dec)
	}
}

// toNumericLoop converts integers, floats and numerics to a numeric of the result's precision and scale.
func toNumericLoop(from types.Type) loop {
	digits := 15 // DBL_DIG
	if from.ID == types.IDFloat4 {
		digits = 6 // FLT_DIG
	}
	return rows(func(k *call, i int) error {
		z := &k.out.Dec[i]
		switch from.Class() {
		case types.ClassInt:
			z.SetInt64(k.int(0, i))
		case types.ClassFloat:
			setFloat(z, k.float(0, i), digits)
		default:
			z.Set(k.dec(0, i))
		}
		return types.FitNumeric(z, k.out.Type)
	})
}

// setFloat sets z to so many significant digits of f, as PostgreSQL does.
func setFloat(z *apd.Decimal, f float64, digits int) {
	switch {
	case f != f:
		z.Form = apd.NaN
		return
	case math.IsInf(f, 0):
		setInfinite(z, int(math.Copysign(1, f)))
		return
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'g', digits, 64)
	if d, err := types.ParseText(types.Numeric, string(text), types.Scope{}); err == nil {
		trimScale(z, d.Dec)
	}
}

func numericToFloat(k *call, i int) error {
	d := k.dec(0, i)
	f := floatOf(d)
	if math.IsInf(f, 0) && d.Form == apd.Finite || f == 0 && !isZero(d) {
		var buf []byte
		return pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type double precision", types.AppendNumeric(buf, d))
	}
	k.out.Float[i] = f
	return nil
}

func numericToIntLoop(to types.Type) loop {
	r := rangeOf(to)
	return rows(func(k *call, i int) error {
		x, err := decimalToInt(k.dec(0, i), to, r)
		k.out.Int[i] = x
		return err
	})
}

// decimalToInt rounds d to an integer of type to, whose range is r.
func decimalToInt(d *apd.Decimal, to types.Type, r intRange) (int64, error) {
	if d.Form != apd.Finite {
		what := "NaN"
		if d.Form == apd.Infinite {
			what = "infinity"
		}
		return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot convert %s to %s", what, to)
	}
	var whole apd.Decimal
	types.RoundDecimal(&whole, d, 0)
	u := whole.Coeff.Uint64()
	limit := uint64(math.MaxInt64)
	if whole.Negative {
		limit++
		u = -u
	}
	x := int64(u)
	if !whole.Coeff.IsUint64() || whole.Coeff.Uint64() > limit || r.wrap(x) != x {
		return 0, r.err()
	}
	return x, nil
}

func floatToIntLoop(r intRange) loop {
	low := float64(r.min)
	return rows(func(k *call, i int) error {
		f := math.RoundToEven(k.float(0, i))
		if !(f >= low && f < -low) {
			return r.err()
		}
		k.out.Int[i] = int64(f)
		return nil
	})
}

func dateToTimestamptz(k *call, i int) (err error) {
	k.out.Int[i], err = startOfDate(k.int(0, i), k.Location)
	return err
}

// startOfDate returns the moment at which a date begins in a zone.
func startOfDate(days int64, loc *time.Location) (int64, error) {
	switch days {
	case types.DateInfinity:
		return types.TimestampInfinity, nil
	case types.DateNegInfinity:
		return types.TimestampNegInfinity, nil
	}
	const lastDay = 9223371331200000000/microsPerDay - 1
	if days > lastDay {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return types.FromLocal(days*microsPerDay, loc), nil
}

func timestampToDateLoop(zone func(k *call) *time.Location) loop {
	return rows(func(k *call, i int) error {
		switch t := k.int(0, i); t {
		case types.TimestampInfinity:
			k.out.Int[i] = types.DateInfinity
		case types.TimestampNegInfinity:
			k.out.Int[i] = types.DateNegInfinity
		default:
			k.out.Int[i] = floorDiv(types.ToLocal(t, zone(k)), microsPerDay)
		}
		return nil
	})
}

func intToChar(k *call, i int) error {
	x := k.int(0, i)
	switch {
	case x < math.MinInt8 || x > math.MaxInt8:
		return pgerr.New(pgerr.NumericValueOutOfRange, "\"char\" out of range")
	case x == 0:
		k.out.Str[i] = ""
	default:
		k.out.Str[i] = string([]byte{byte(x)})
	}
	return nil
}

func charToInt(k *call, i int) error {
	if s := k.str(0, i); s != "" {
		k.out.Int[i] = int64(int8(s[0]))
	}
	return nil
}
