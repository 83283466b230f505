package types

import (
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// intervalUnit is what a word stands for: a number of months, days or µs. Fractions of months and years are handed down.
type intervalUnit struct {
	name   string // no two of one name in a text
	months int64
	days   int64
	micros int64
}

var intervalUnits = func() map[string]intervalUnit {
	m := map[string]intervalUnit{}
	for _, u := range []struct {
		intervalUnit
		words string
	}{
		{intervalUnit{name: "microsecond", micros: 1}, "us usec usecs useconds microsecond microseconds"},
		{intervalUnit{name: "millisecond", micros: 1000}, "ms msec msecs mseconds millisecond milliseconds"},
		{intervalUnit{name: "second", micros: microsPerSecond}, "s sec secs second seconds"},
		{intervalUnit{name: "minute", micros: 60 * microsPerSecond}, "m min mins minute minutes"},
		{intervalUnit{name: "hour", micros: 3600 * microsPerSecond}, "h hr hrs hour hours"},
		{intervalUnit{name: "day", days: 1}, "d day days"},
		{intervalUnit{name: "week", days: 7}, "w week weeks"},
		{intervalUnit{name: "month", months: 1}, "mon mons month months"},
		{intervalUnit{name: "year", months: 12}, "y yr yrs year years"},
		{intervalUnit{name: "decade", months: 120}, "dec decs decade decades"},
		{intervalUnit{name: "century", months: 1200}, "c cent century centuries"},
		{intervalUnit{name: "millennium", months: 12000}, "mil mils millennium millennia"},
	} {
		for _, word := range strings.Fields(u.words) {
			m[word] = u.intervalUnit
		}
	}
	return m
}()

// intervalParser gathers the fields of an interval, with checks for overflow.
type intervalParser struct {
	Duration
	fields   int16           // of the type
	seen     map[string]bool // names of units
	overflow bool            // of a field
	tooLong  bool            // all months together
}

// parseInterval reads an interval as PostgreSQL's DecodeInterval and DecodeISO8601Interval do: numbers with units, hh:mm:ss,
// years-months, ago, and ISO 8601's P forms. Errors: 22007, 22015.
func parseInterval(t Type, s string) (Datum, error) {
	p := &intervalParser{seen: map[string]bool{}, fields: t.Scale}
	ok := len(s) <= maxIntervalText && p.words(s)
	if !ok && !p.overflow && !p.tooLong {
		*p = intervalParser{seen: map[string]bool{}}
		ok = len(s) <= maxIntervalText && p.iso(trimSpace(s))
	}
	switch {
	case p.tooLong:
		return Datum{}, pgerr.New(pgerr.DatetimeFieldOverflow, "interval out of range")
	case p.overflow:
		return Datum{}, pgerr.New("22015", "interval field value out of range: \"%s\"", s)
	case !ok:
		return Datum{}, pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type interval: \"%s\"", s)
	}
	return StrDatum(RoundInterval(t, p.Pack())), nil
}

// maxIntervalText bounds a text: PostgreSQL's MAXDATELEN with room for words.
const maxIntervalText = 256

// intervalTokens cuts s into words, signed numbers (with : . -) and leaves out "@".
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
			if i < len(s) && !endsIntervalWord(s[start:i], s[i]) {
				return nil, false
			}
		case isDigit(c), c == '+' || c == '-' || c == '.':
			if c == '+' || c == '-' {
				for i++; i < len(s) && s[i] == ' '; i++ {
				}
			}
			digits := i
			for ; i < len(s) && (isDigit(s[i]) || s[i] == ':' || s[i] == '.' || s[i] == '-' && i > digits && isDigit(s[i-1])); i++ {
			}
			if i == digits {
				return nil, false
			}
			tokens = append(tokens, strings.ReplaceAll(s[start:i], " ", ""))
			continue
		default:
			return nil, false
		}
		tokens = append(tokens, s[start:i])
	}
	return tokens, len(tokens) > 0
}

// endsIntervalWord reports whether next may stand right behind a word: PostgreSQL takes most words with a number or a separator behind
// them for dates or zones.
func endsIntervalWord(word string, next byte) bool {
	switch {
	case next == '-' || next == '/' || next == '.':
		return false
	case next == '+' || isDigit(next):
		switch strings.ToLower(word) {
		case "d", "h", "m", "s", "y", "mon", "dec":
			return true
		}
		return false
	}
	return true
}

// words reads the traditional forms, from right to left: a unit stands behind its number.
func (p *intervalParser) words(s string) bool {
	tokens, ok := intervalTokens(s)
	if !ok {
		return false
	}
	unit, ago := intervalUnits[bareUnit(p.fields)], false
	for i := len(tokens) - 1; i >= 0; i-- {
		token := tokens[i]
		if isLetter(token[0]) {
			word := strings.ToLower(token)
			if word == "ago" {
				ago = true
				continue
			}
			if unit, ok = intervalUnits[word]; !ok {
				return false
			}
			continue
		}
		switch {
		case strings.Contains(token, ":"):
			ok = p.clock(token)
			unit = intervalUnits["day"]
		case strings.LastIndexByte(token, '-') > 0:
			ok = p.yearsMonths(token)
			unit = intervalUnits["month"]
		default:
			if ok = p.number(token, unit); unit.name == "hour" {
				unit = intervalUnits["day"]
			}
		}
		if !ok {
			return false
		}
	}
	if len(p.seen) == 0 {
		return false
	}
	return !ago || p.negate()
}

func (p *intervalParser) negate() bool {
	if p.Months == math.MinInt32 || p.Days == math.MinInt32 || p.Micros == math.MinInt64 {
		return p.tooLarge()
	}
	p.Months, p.Days, p.Micros = -p.Months, -p.Days, -p.Micros
	return true
}

func (p *intervalParser) tooLarge() bool {
	p.overflow = true
	return false
}

// mark notes that a unit was given; false if it was before.
func (p *intervalParser) mark(names ...string) bool {
	for _, name := range names {
		if p.seen[name] {
			return false
		}
		p.seen[name] = true
	}
	return true
}

// number reads a signed number, perhaps with a fraction, of a unit.
func (p *intervalParser) number(token string, unit intervalUnit) bool {
	whole, fraction, ok := p.split(token)
	if !ok {
		return false
	}
	if !p.mark(unit.name) || unit.name == "second" && fraction != 0 && !p.mark("millisecond", "microsecond") {
		return false
	}
	return p.add(whole, fraction, unit)
}

// split reads a number as its whole part and its fraction, both with its sign.
func (p *intervalParser) split(token string) (whole int64, fraction float64, ok bool) {
	digits, decimals, hasFraction := strings.Cut(token, ".")
	negative := strings.HasPrefix(token, "-")
	if digits == "" || digits == "-" || digits == "+" {
		if !hasFraction || decimals == "" {
			return 0, 0, false
		}
		digits += "0"
	}
	whole, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, 0, p.failed(err)
	}
	if decimals != "" {
		if fraction, err = strconv.ParseFloat("0."+decimals, 64); err != nil || strings.ContainsAny(decimals, ".:-") {
			return 0, 0, false
		}
		if negative {
			fraction = -fraction
		}
	}
	return whole, fraction, true
}

// failed tells a number that is too large from one that is none.
func (p *intervalParser) failed(err error) bool {
	p.overflow = p.overflow || isRange(err)
	return false
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// add adds whole and fraction of a unit; fractions of days become time, those of months days, those of years months.
func (p *intervalParser) add(whole int64, fraction float64, unit intervalUnit) bool {
	switch {
	case unit.micros != 0:
		return p.addMicros(whole, unit.micros) && p.addFractionMicros(fraction, unit.micros)
	case unit.days != 0:
		return p.addDays(whole, unit.days) && p.addFractionDays(fraction, unit.days)
	case unit.months == 1:
		return p.addMonths(whole, 1) && p.addFractionDays(fraction, 30)
	}
	return p.addMonths(whole, unit.months) && p.addMonths(int64(math.RoundToEven(fraction*float64(unit.months))), 1)
}

func (p *intervalParser) addMicros(n, scale int64) bool {
	high, low := bits.Mul64(magnitude(n), uint64(scale))
	if high != 0 || low > math.MaxInt64 {
		return p.tooLarge()
	}
	product := int64(low)
	if n < 0 {
		product = -product
	}
	sum := p.Micros + product
	if (sum > p.Micros) != (product > 0) && product != 0 {
		return p.tooLarge()
	}
	p.Micros = sum
	return true
}

// addFractionMicros adds a fraction of scale µs, rounded to the nearest, halves toward zero.
func (p *intervalParser) addFractionMicros(fraction float64, scale int64) bool {
	if fraction == 0 {
		return true
	}
	fraction *= float64(scale)
	whole := int64(fraction)
	switch rest := fraction - float64(whole); {
	case rest > 0.5:
		whole++
	case rest < -0.5:
		whole--
	}
	return p.addMicros(whole, 1)
}

func (p *intervalParser) addDays(n, scale int64) bool { return p.addTo(&p.Days, n, scale) }

func (p *intervalParser) addFractionDays(fraction float64, scale int64) bool {
	fraction *= float64(scale)
	days := int64(fraction)
	return p.addDays(days, 1) && p.addFractionMicros(fraction-float64(days), microsPerDay)
}

// addMonths adds n times scale months, which are years from 12 on.
func (p *intervalParser) addMonths(n, scale int64) bool {
	if years := scale / 12; years > 0 && n != 0 && (n > math.MaxInt32/years || n < math.MinInt32/years) {
		return p.tooLarge()
	}
	ok := p.addTo(&p.Months, n, scale)
	p.tooLong = !ok && n <= math.MaxInt32 && n >= math.MinInt32
	return ok
}

func (p *intervalParser) addTo(to *int32, n, scale int64) bool {
	if n > math.MaxInt32 || n < math.MinInt32 {
		return p.tooLarge()
	}
	sum := int64(*to) + n*scale
	if sum > math.MaxInt32 || sum < math.MinInt32 {
		return p.tooLarge()
	}
	*to = int32(sum)
	return true
}

// clock reads [-]hh:mm[:ss[.ffffff]] or [-]mm:ss.ffffff.
func (p *intervalParser) clock(token string) bool {
	if !p.mark("hour", "minute", "second", "millisecond", "microsecond") {
		return false
	}
	negative := token[0] == '-'
	parts := strings.Split(strings.TrimLeft(token, "+-"), ":")
	last := len(parts) - 1
	seconds, fraction, hasFraction := strings.Cut(parts[last], ".")
	parts[last] = seconds
	if len(parts) == 2 {
		if hasFraction || p.fields == fieldMinute|fieldSecond {
			parts = append([]string{"0"}, parts...)
		} else {
			parts = append(parts, "0")
		}
	}
	if len(parts) != 3 {
		return false
	}
	var n [3]int64
	for i, part := range parts {
		var err error
		if n[i], err = strconv.ParseInt(part, 10, 64); err != nil {
			return p.failed(err)
		}
	}
	if n[1] > 59 || n[2] > 60 {
		return p.tooLarge()
	}
	var time intervalParser
	f := 0.0
	if fraction != "" {
		var err error
		if f, err = strconv.ParseFloat("0."+fraction, 64); err != nil {
			return false
		}
	}
	if !time.addMicros(n[0], 3600*microsPerSecond) || !time.addMicros(n[1], 60*microsPerSecond) || !time.addMicros(n[2], microsPerSecond) ||
		!time.addMicros(int64(math.RoundToEven(f*1e6)), 1) {
		return p.tooLarge()
	}
	if negative {
		time.Micros = -time.Micros
	}
	return p.addMicros(time.Micros, 1)
}

// yearsMonths reads SQL's years-months.
func (p *intervalParser) yearsMonths(token string) bool {
	i := strings.LastIndexByte(token, '-')
	years, err1 := strconv.ParseInt(token[:i], 10, 64)
	months, err2 := strconv.ParseInt(token[i+1:], 10, 64)
	if err1 != nil || err2 != nil {
		return p.failed(err1)
	}
	if months >= 12 {
		return p.tooLarge()
	}
	if token[0] == '-' {
		months = -months
	}
	return p.mark("month") && p.addMonths(years, 12) && p.addMonths(months, 1)
}

// isoAlternative is the other form: P0001-02-03T04:05:06.
var isoAlternative = regexp.MustCompile(`^P(\d+)-(\d+)-(\d+)(?:T(\d+):(\d+):(\d+(?:\.\d*)?))?$`)

func (p *intervalParser) isoNumbers(numbers []string) bool {
	for i, unit := range []string{"y", "mon", "d", "h", "m", "s"} {
		if numbers[i] == "" {
			continue
		}
		whole, fraction, ok := p.split(numbers[i])
		if !ok || !p.add(whole, fraction, intervalUnits[unit]) {
			return false
		}
	}
	return true
}

// iso reads ISO 8601: P[n Y][n M][n W][n D][T[n H][n M][n S]], or isoAlternative.
func (p *intervalParser) iso(s string) bool {
	if len(s) < 2 || s[0] != 'P' {
		return false
	}
	if m := isoAlternative.FindStringSubmatch(s); m != nil {
		return p.isoNumbers(m[1:])
	}
	dates := map[byte]string{'Y': "y", 'M': "mon", 'W': "w", 'D': "d"}
	times := map[byte]string{'H': "h", 'M': "m", 'S': "s"}
	units := dates
	for i := 1; i < len(s); {
		if s[i] == 'T' {
			units, i = times, i+1
			continue
		}
		start := i
		for ; i < len(s) && (isDigit(s[i]) || s[i] == '.' || s[i] == '-' || s[i] == '+'); i++ {
		}
		if i == len(s) || i == start || units[s[i]] == "" {
			return false
		}
		whole, fraction, ok := p.split(s[start:i])
		if !ok || !p.add(whole, fraction, intervalUnits[units[s[i]]]) {
			return false
		}
		i++
	}
	return true
}
