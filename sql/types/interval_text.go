package types

import (
	"math"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// intervalUnit is a unit of time in the text of an interval, by the field that it counts in.
type intervalUnit uint8

const (
	unitMicrosecond intervalUnit = iota
	unitMillisecond
	unitSecond
	unitMinute
	unitHour
	unitDay
	unitWeek
	unitMonth
	unitYear
	unitDecade
	unitCentury
	unitMillennium
)

// intervalWords are the words of PostgreSQL's deltatktbl (src/backend/utils/adt/datetime.c).
var intervalWords = func() map[string]intervalUnit {
	m := map[string]intervalUnit{}
	for unit, words := range []string{
		"us microsecon usec useconds usecs", "ms millisecon msec msecs mseconds", "s sec second seconds secs", "m min mins minute minutes",
		"h hour hours hr hrs", "d day days", "w week weeks", "mon mons month months", "y year years yr yrs", "dec decs decade decades",
		"c cent century centuries", "mil mils millennia millennium"} {
		for _, w := range strings.Fields(words) {
			m[w[:min(len(w), 10)]] = intervalUnit(unit)
		}
	}
	return m
}()

// microsOf is the length of a unit shorter than a day.
var microsOf = [...]int64{1, 1000, microsPerSecond, 60 * microsPerSecond, 3600 * microsPerSecond}

// monthsOf is the length of a unit of a year or more.
var monthsOf = map[intervalUnit]int64{unitYear: 12, unitDecade: 120, unitCentury: 1200, unitMillennium: 12000}

// intervalParser collects the fields of an interval.
type intervalParser struct {
	micros, days, months int64
	seen                 uint16 // bit per unit
	overflow             bool
}

// parseInterval reads an interval: numbers with units, hh:mm:ss, y-m, "ago", or ISO 8601's P….
func parseInterval(s string) (Datum, error) {
	p := &intervalParser{}
	ok := p.verbose(s)
	if !ok && !p.overflow {
		p = &intervalParser{}
		ok = p.iso(trimSpace(s))
	}
	switch {
	case p.overflow:
		return Datum{}, pgerr.New("22015", "interval field value out of range: \"%s\"", s)
	case !ok:
		return Datum{}, badSyntax(Interval, s)
	case p.days != int64(int32(p.days)) || p.months != int64(int32(p.months)):
		return Datum{}, pgerr.New("22015", "interval field value out of range: \"%s\"", s)
	}
	return StrDatum(Duration{p.micros, int32(p.days), int32(p.months)}.Pack()), nil
}

// verbose reads from the last token to the first, as a number takes the unit behind it; one without a unit counts
// seconds, and before a time of day, days.
func (p *intervalParser) verbose(s string) bool {
	tokens, ok := intervalTokens(strings.ToLower(s))
	if !ok {
		return false
	}
	unit, ago := unitSecond, false
	for i := len(tokens) - 1; i >= 0; i-- {
		token := tokens[i]
		switch {
		case isLetter(token[0]):
			if token == "ago" {
				ago = true
				break
			}
			if unit, ok = intervalWords[token[:min(len(token), 10)]]; !ok {
				return false
			}
		case strings.IndexByte(token, ':') > 0:
			if !p.clock(token) {
				return false
			}
			unit = unitDay
		default:
			if !p.number(token, &unit) {
				return false
			}
		}
	}
	if ago {
		p.micros, p.days, p.months = -p.micros, -p.days, -p.months
	}
	return p.seen != 0
}

// intervalTokens cuts s into words and numbers with their signs and separators.
func intervalTokens(s string) (tokens []string, ok bool) {
	for i := 0; i < len(s); {
		start := i
		switch c := s[i]; {
		case strings.IndexByte(" \t\n\v\f\r,@", c) >= 0:
			i++
			continue
		case isLetter(c):
			for ; i < len(s) && isLetter(s[i]); i++ {
			}
			if i < len(s) && (isDigit(s[i]) || strings.IndexByte("+-./", s[i]) >= 0) {
				return nil, false
			}
			tokens = append(tokens, s[start:i])
			continue
		case c == '+' || c == '-':
			for i++; i < len(s) && s[i] == ' '; i++ {
			}
			if i == len(s) || !isDigit(s[i]) && s[i] != '.' {
				return nil, false
			}
		case !isDigit(c) && c != '.':
			return nil, false
		}
		first := i
		for i++; i < len(s) && (isDigit(s[i]) || s[i] == ':' || s[i] == '.' || s[i] == '-'); i++ {
		}
		tokens = append(tokens, strings.TrimSpace(s[start:first][:min(first-start, 1)])+s[first:i])
	}
	return tokens, true
}

// note marks a unit as given; false if it was.
func (p *intervalParser) note(units ...intervalUnit) bool {
	for _, u := range units {
		if p.seen&(1<<u) != 0 {
			return false
		}
		p.seen |= 1 << u
	}
	return true
}

// clock reads [-]hh:mm[:ss[.f]] or mm:ss.f.
func (p *intervalParser) clock(token string) bool {
	negative := token[0] == '-'
	parts := strings.Split(strings.TrimLeft(token, "+-"), ":")
	if len(parts) == 2 && strings.IndexByte(parts[1], '.') >= 0 {
		parts = append([]string{"0"}, parts...)
	}
	if len(parts) == 2 {
		parts = append(parts, "0")
	}
	if len(parts) != 3 || !p.note(unitHour, unitMinute, unitSecond) {
		return false
	}
	hour, minute := p.integer(parts[0]), p.integer(parts[1])
	whole, fraction, ok := p.split(parts[2])
	if !ok || hour < 0 || minute < 0 || strings.IndexByte(parts[2], '-') >= 0 {
		return false
	}
	if minute > 59 || whole > 60 || hour > math.MaxInt32 {
		p.overflow = true
		return false
	}
	micros := (hour*3600+minute*60+whole)*microsPerSecond + int64(math.RoundToEven(fraction*1e6))
	if negative {
		micros = -micros
	}
	p.micros = p.sum(p.micros, micros, 1)
	return true
}

// integer reads digits; -1 if they are none.
func (p *intervalParser) integer(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		p.overflow = p.overflow || s != "" && strings.Trim(s, "0123456789") == ""
		return -1
	}
	return n
}

// split reads a number as its whole part and its fraction, both with its sign.
func (p *intervalParser) split(s string) (whole int64, fraction float64, ok bool) {
	head, tail, hasFraction := strings.Cut(s, ".")
	negative := strings.HasPrefix(head, "-")
	if digits := strings.TrimLeft(head, "+-"); digits != "" {
		n := p.integer(digits)
		if n < 0 {
			return 0, 0, false
		}
		whole = n
	} else if !hasFraction {
		return 0, 0, false
	}
	if tail != "" {
		f, err := strconv.ParseFloat("0."+tail, 64)
		if err != nil {
			return 0, 0, false
		}
		fraction = f
	}
	if negative {
		return -whole, -fraction, true
	}
	return whole, fraction, true
}

// number reads a number of the unit, or years and months as y-m.
func (p *intervalParser) number(token string, unit *intervalUnit) bool {
	if dash := strings.LastIndexByte(token, '-'); dash > 0 {
		years, _, ok := p.split(token[:dash])
		months := p.integer(token[dash+1:])
		if !ok || months < 0 || strings.IndexByte(token[:dash], '.') >= 0 {
			return false
		}
		if months >= 12 {
			p.overflow = true
			return false
		}
		if token[0] == '-' {
			months = -months
		}
		*unit = unitMonth
		p.months = p.sum(p.sum(p.months, years, 12), months, 1)
		return p.note(unitMonth) && !p.overflow
	}
	whole, fraction, ok := p.split(token)
	if !ok || !p.note(*unit) {
		return false
	}
	p.add(*unit, whole, fraction)
	return !p.overflow
}

// add adds a number of units; a fraction of a month or more spills into the smaller fields as in PostgreSQL.
func (p *intervalParser) add(unit intervalUnit, whole int64, fraction float64) {
	switch {
	case unit < unitDay:
		p.micros = p.sum(p.micros, whole, microsOf[unit])
		p.addMicros(fraction * float64(microsOf[unit]))
	case unit == unitDay:
		p.days = p.sum(p.days, whole, 1)
		p.addMicros(fraction * float64(microsPerDay))
	case unit == unitWeek:
		p.days = p.sum(p.days, whole, 7)
		p.addDays(fraction * 7)
	case unit == unitMonth:
		p.months = p.sum(p.months, whole, 1)
		p.addDays(fraction * 30)
	default:
		p.months = p.sum(p.months, whole, monthsOf[unit])
		p.months = p.sum(p.months, int64(math.RoundToEven(fraction*float64(monthsOf[unit]))), 1)
	}
}

func (p *intervalParser) addDays(days float64) {
	whole := math.Trunc(days)
	p.days = p.sum(p.days, int64(whole), 1)
	p.addMicros((days - whole) * float64(microsPerDay))
}

func (p *intervalParser) addMicros(micros float64) {
	whole := math.Trunc(micros)
	if rest := micros - whole; rest > 0.5 || rest < -0.5 { // a half is cut
		whole += math.Copysign(1, rest)
	}
	p.micros = p.sum(p.micros, int64(whole), 1)
}

// sum returns a + b*unit and notes an overflow.
func (p *intervalParser) sum(a, b, unit int64) int64 {
	if b > math.MaxInt64/unit || b < math.MinInt64/unit {
		p.overflow = true
		return 0
	}
	s := a + b*unit
	if (s > a) != (b > 0) && b != 0 {
		p.overflow = true
	}
	return s
}

// iso reads PnYnMnWnDTnHnMnS.
func (p *intervalParser) iso(s string) bool {
	if len(s) < 2 || s[0] != 'P' {
		return false
	}
	clock := false
	for s = s[1:]; s != ""; {
		if s[0] == 'T' && !clock {
			clock, s = true, s[1:]
			continue
		}
		n := 0
		for n < len(s) && (isDigit(s[n]) || s[n] == '.' || s[n] == '-' || s[n] == '+') {
			n++
		}
		if n == 0 || n == len(s) || strings.LastIndexAny(s[:n], "+-") > 0 {
			return false
		}
		units := map[byte]intervalUnit{'Y': unitYear, 'M': unitMonth, 'W': unitWeek, 'D': unitDay}
		if clock {
			units = map[byte]intervalUnit{'H': unitHour, 'M': unitMinute, 'S': unitSecond}
		}
		unit, known := units[s[n]]
		whole, fraction, ok := p.split(s[:n])
		if !known || !ok {
			return false
		}
		p.seen = 1
		p.add(unit, whole, fraction)
		s = s[n+1:]
	}
	return p.seen != 0 && !p.overflow
}
