package expr

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// fromCharField is a word of to_date's and to_timestamp's patterns: a number of so many digits, or something else that read takes.
type fromCharField struct {
	word   string
	digits int // 0: no number
	set    func(r *fromChar, n, length int) error
	read   func(r *fromChar, word string) error
}

// fromChar is the reading of one text by a pattern, after do_to_timestamp and DCH_from_char of formatting.c.
type fromChar struct {
	text, rest string
	skipped    int // spaces and separators that were passed beyond the pattern's
	has        map[string]int
	bc, pm     bool
	hour12     bool
	zone       int    // -1 or 1: the sign of the zone that was read
	word       string // of the field that is being read, as it is written
}

// patternNode is a part of a pattern: a field, or a character.
type patternNode struct {
	field *fromCharField
	word  string // the field as it is written
	fill  bool   // FM
	char  rune
	plain bool // in quotes
}

func (r *fromChar) put(name string, n int) error {
	if old, ok := r.has[name]; ok && old != n {
		return pgerr.New(pgerr.InvalidDatetimeFormat, "conflicting values for \"%s\" field in formatting string", r.word).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	r.has[name] = n
	return nil
}

// setTo returns what keeps a number under a name.
func setTo(name string) func(*fromChar, int, int) error {
	return func(r *fromChar, n, _ int) error { return r.put(name, n) }
}

// fraction returns what keeps digits of a second as microseconds.
func fraction(digits int) func(*fromChar, int, int) error {
	return func(r *fromChar, n, length int) error {
		for ; length < digits; length++ {
			n *= 10
		}
		for ; digits < 6; digits++ {
			n *= 10
		}
		return r.put("micros", n)
	}
}

// partialYear completes a year of fewer than four digits to the one nearest to 2020.
func partialYear(r *fromChar, n, length int) error {
	if length < 4 {
		switch {
		case n < 0:
		case n < 70:
			n += 2000
		case n < 100:
			n += 1900
		case n < 520:
			n += 2000
		case n < 1000:
			n += 1000
		}
	}
	return r.put("year", n)
}

func hourOf12(r *fromChar, n, _ int) error {
	r.hour12 = true
	return r.put("hour", n)
}

// fromCharFields lists the words that are known, longer ones before those that they start with. What is not here is 0A000.
var fromCharFields = []fromCharField{
	{word: "HH24", digits: 2, set: setTo("hour")}, {word: "HH12", digits: 2, set: hourOf12}, {word: "HH", digits: 2, set: hourOf12},
	{word: "MI", digits: 2, set: setTo("minute")}, {word: "SSSSS", digits: 5, set: setTo("seconds of day")}, {word: "SSSS", digits: 5, set: setTo("seconds of day")},
	{word: "SS", digits: 2, set: setTo("second")}, {word: "MS", digits: 3, set: fraction(3)}, {word: "US", digits: 6, set: fraction(6)},
	{word: "FF1", digits: 1, set: fraction(1)}, {word: "FF2", digits: 2, set: fraction(2)}, {word: "FF3", digits: 3, set: fraction(3)},
	{word: "FF4", digits: 4, set: fraction(4)}, {word: "FF5", digits: 5, set: fraction(5)}, {word: "FF6", digits: 6, set: fraction(6)},
	{word: "YYYY", digits: 4, set: setTo("year")}, {word: "YYY", digits: 3, set: partialYear}, {word: "YY", digits: 2, set: partialYear}, {word: "Y", digits: 1, set: partialYear},
	{word: "MONTH", read: monthWord}, {word: "MON", read: monthWord}, {word: "MM", digits: 2, set: setTo("month")},
	{word: "DDD", digits: 3, set: setTo("day of year")}, {word: "DD", digits: 2, set: setTo("day")},
	{word: "DAY", read: dayWord}, {word: "DY", read: dayWord}, {word: "J", digits: 9, set: setTo("julian day")}, {word: "Q", digits: 1, set: func(*fromChar, int, int) error { return nil }},
	{word: "A.M.", read: halfWord}, {word: "P.M.", read: halfWord}, {word: "AM", read: halfWord}, {word: "PM", read: halfWord},
	{word: "A.D.", read: eraWord}, {word: "B.C.", read: eraWord}, {word: "AD", read: eraWord}, {word: "BC", read: eraWord},
	{word: "TZH", read: zoneHour}, {word: "TZM", digits: 2, set: setTo("minutes of zone")},
}

// refusedFields are words of PostgreSQL's patterns that are not known here.
var refusedFields = []string{"FX", "TM", "TH", "SP", "Y,YYY", "IYYY", "IYY", "IY", "IDDD", "ID", "IW", "I", "CC", "WW", "W", "D", "RM", "TZ", "OF"}

// parsePattern takes a pattern apart. Error: 0A000.
func parsePattern(pattern string) ([]patternNode, error) {
	var nodes []patternNode
	for pattern != "" {
		if pattern[0] == '"' {
			quoted, rest, _ := strings.Cut(pattern[1:], `"`)
			for _, c := range quoted {
				nodes = append(nodes, patternNode{char: c, plain: true})
			}
			pattern = rest
			continue
		}
		upper := strings.ToUpper(pattern)
		fill := strings.HasPrefix(upper, "FM")
		if fill {
			upper, pattern = upper[2:], pattern[2:]
		}
		if f := fieldAt(upper); f != nil {
			nodes, pattern = append(nodes, patternNode{field: f, word: pattern[:len(f.word)], fill: fill}), pattern[len(f.word):]
			if suffix := strings.ToUpper(pattern); strings.HasPrefix(suffix, "TH") {
				return nil, pgerr.Unsupported("pattern \"TH\" of to_date and to_timestamp is")
			}
			continue
		}
		for _, word := range refusedFields {
			if strings.HasPrefix(upper, word) {
				return nil, pgerr.Unsupported("pattern \"%s\" of to_date and to_timestamp is", word)
			}
		}
		if pattern == "" {
			break
		}
		c, size := utf8.DecodeRuneInString(pattern)
		nodes, pattern = append(nodes, patternNode{char: c}), pattern[size:]
	}
	return nodes, nil
}

func fieldAt(pattern string) *fromCharField {
	for i := range fromCharFields {
		if f := &fromCharFields[i]; strings.HasPrefix(pattern, f.word) && !strings.HasPrefix(pattern, "Y,YYY") {
			return f
		}
	}
	return nil
}

func isSeparator(c rune) bool {
	return c > 0x20 && c < 0x7f && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
}

func isSpaceRune(c rune) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// skipSpaces passes spaces, which later characters of the pattern may stand for.
func (r *fromChar) skipSpaces() {
	for r.rest != "" && isSpaceRune(rune(r.rest[0])) {
		r.rest = r.rest[1:]
		r.skipped++
	}
}

// read reads the text by the nodes of a pattern.
func (r *fromChar) read(nodes []patternNode) error {
	for i, n := range nodes {
		if r.rest == "" {
			return nil
		}
		if n.field != nil || i == 0 {
			r.skipSpaces()
		}
		switch {
		case n.field != nil:
			if err := r.field(nodes, i); err != nil {
				return err
			}
			r.skipped = 0
			r.skipSpaces()
		case !n.plain && (isSpaceRune(n.char) || isSeparator(n.char)):
			r.skipped--
			if r.rest != "" && (isSpaceRune(rune(r.rest[0])) || isSeparator(rune(r.rest[0]))) {
				r.rest = r.rest[1:]
				r.skipped++
			}
		case r.skipped > 0:
			r.skipped--
		case r.rest != "":
			_, size := utf8.DecodeRuneInString(r.rest)
			r.rest = r.rest[size:]
		}
	}
	return nil
}

func (r *fromChar) field(nodes []patternNode, i int) error {
	n := nodes[i]
	r.word = n.word
	if n.field.digits == 0 {
		return n.field.read(r, n.field.word)
	}
	value, length, err := r.number(n, i+1 == len(nodes) || nodes[i+1].endsNumber())
	if err != nil {
		return err
	}
	return n.field.set(r, value, length)
}

// endsNumber reports whether a number that stands before n ends where digits do.
func (n patternNode) endsNumber() bool {
	if n.field != nil {
		return n.field.digits == 0
	}
	return n.char < '0' || n.char > '9'
}

// number reads digits: as many as there are if open is set or FM given, else just those of the field.
func (r *fromChar) number(n patternNode, open bool) (value, length int, err error) {
	word, digits := r.word, n.field.digits
	open = open || n.fill
	copied := r.rest
	if len(copied) > digits {
		copied = copied[:digits]
	}
	if !open && len(copied) < digits {
		return 0, 0, pgerr.New(pgerr.InvalidDatetimeFormat, "source string too short for \"%s\" formatting field", word).
			WithDetail("Field requires %d characters, but only %d remain.", digits, len(copied)).WithHint(fixedWidthHint)
	}
	from := copied
	if open {
		from = r.rest
	}
	end := 0
	if end < len(from) && (from[end] == '-' || from[end] == '+') {
		end++
	}
	for end < len(from) && from[end] >= '0' && from[end] <= '9' {
		end++
	}
	text := from[:end]
	switch {
	case strings.Trim(text, "+-") == "":
		return 0, 0, pgerr.New(pgerr.InvalidDatetimeFormat, "invalid value \"%s\" for \"%s\"", copied, word).WithDetail("Value must be an integer.")
	case !open && end < digits:
		return 0, 0, pgerr.New(pgerr.InvalidDatetimeFormat, "invalid value \"%s\" for \"%s\"", copied, word).
			WithDetail("Field requires %d characters, but only %d could be parsed.", digits, end).WithHint(fixedWidthHint)
	}
	v, parseErr := strconv.ParseInt(text, 10, 32)
	if parseErr != nil {
		return 0, 0, pgerr.New(pgerr.DatetimeFieldOverflow, "value for \"%s\" in source string is out of range", word).
			WithDetail("Value must be in the range %d to %d.", math.MinInt32, math.MaxInt32)
	}
	r.rest = r.rest[end:]
	return int(v), end, nil
}

const fixedWidthHint = "If your source string is not fixed-width, try using the \"FM\" modifier."

// oneOf takes the word of a list that the rest starts with, in any case; -1 if there is none.
func (r *fromChar) oneOf(words []string) (int, error) {
	for i, w := range words {
		if len(r.rest) >= len(w) && strings.EqualFold(r.rest[:len(w)], w) {
			r.rest = r.rest[len(w):]
			return i, nil
		}
	}
	text, _, _ := strings.Cut(r.rest, " ")
	return -1, pgerr.New(pgerr.InvalidDatetimeFormat, "invalid value \"%s\" for \"%s\"", text, r.word).
		WithDetail("The given value did not match any of the allowed values for this field.")
}

func cutWords(words []string, n int) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w[:n]
	}
	return out
}

func monthWord(r *fromChar, word string) error {
	words := fullMonths[:]
	if word == "MON" {
		words = cutWords(words, 3)
	}
	i, err := r.oneOf(words)
	if err != nil {
		return err
	}
	return r.put("month", i+1)
}

func dayWord(r *fromChar, word string) error {
	words := fullDays[:]
	if word == "DY" {
		words = cutWords(words, 3)
	}
	_, err := r.oneOf(words)
	return err
}

func halfWord(r *fromChar, word string) error {
	words := []string{"am", "pm"}
	if strings.Contains(word, ".") {
		words = []string{"a.m.", "p.m."}
	}
	i, err := r.oneOf(words)
	r.pm, r.hour12 = i == 1, true
	return err
}

func eraWord(r *fromChar, word string) error {
	words := []string{"ad", "bc"}
	if strings.Contains(word, ".") {
		words = []string{"a.d.", "b.c."}
	}
	i, err := r.oneOf(words)
	r.bc = i == 1
	return err
}

func zoneHour(r *fromChar, _ string) error {
	r.zone = 1
	switch passed := len(r.text) - len(r.rest); {
	case strings.HasPrefix(r.rest, "-"):
		r.zone = -1
		r.rest = r.rest[1:]
	case strings.HasPrefix(r.rest, "+"), strings.HasPrefix(r.rest, " "):
		r.rest = r.rest[1:]
	case r.skipped > 0 && passed > 0 && r.text[passed-1] == '-': // it was taken for a separator
		r.zone = -1
	}
	n, _, err := r.number(patternNode{field: &fromCharField{digits: 2}}, true)
	if err != nil {
		return err
	}
	return r.put("hours of zone", n)
}

// readByPattern reads text. Errors: 22007, 22008, 0A000.
func readByPattern(text, pattern string) (*fromChar, error) {
	nodes, err := parsePattern(pattern)
	if err != nil {
		return nil, err
	}
	r := &fromChar{text: text, rest: text, has: map[string]int{}}
	return r, r.read(nodes)
}

func (r *fromChar) outOfRange() error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "date/time field value out of range: \"%s\"", r.text)
}

// date returns the day that was read.
func (r *fromChar) date() (int64, error) {
	if j, ok := r.has["julian day"]; ok {
		return int64(j) - julianOf2000, nil
	}
	year := r.has["year"]
	if r.bc {
		year = -year
	}
	if year < 0 {
		year++
	}
	month, hasMonth := r.has["month"]
	day, hasDay := r.has["day"]
	if n, ok := r.has["day of year"]; ok && !hasMonth && !hasDay {
		if year == 0 && !r.bc {
			return 0, pgerr.New(pgerr.InvalidDatetimeFormat, "cannot calculate day of year without year information")
		}
		if n < 1 || n > int(types.MakeDate(year+1, 1, 1)-types.MakeDate(year, 1, 1)) {
			return 0, r.outOfRange()
		}
		return types.MakeDate(year, 1, 1) + int64(n) - 1, nil
	}
	if !hasMonth {
		month = 1
	}
	if !hasDay {
		day = 1
	}
	if month < 1 || month > 12 || day < 1 || day > 31 || year > 5874897 || year < -4713 {
		return 0, r.outOfRange()
	}
	at := types.MakeDate(year, month, day)
	if _, _, d := types.SplitDate(at); d != day {
		return 0, r.outOfRange()
	}
	return at, nil
}

// clock returns the time of day that was read, in µs.
func (r *fromChar) clock() (int64, error) {
	hour, minute, second := r.has["hour"], r.has["minute"], r.has["second"]
	if s, ok := r.has["seconds of day"]; ok {
		hour, minute, second = s/3600, s/60%60, s%60
	}
	if r.hour12 {
		switch {
		case hour < 1 || hour > 12:
			return 0, pgerr.New(pgerr.InvalidDatetimeFormat, "hour \"%d\" is invalid for the 12-hour clock", hour).
				WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
		case r.pm && hour < 12:
			hour += 12
		case !r.pm && hour == 12:
			hour = 0
		}
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, r.outOfRange()
	}
	return (int64(hour*60+minute)*60+int64(second))*microsPerSecond + int64(r.has["micros"]), nil
}

func dateByPattern(k *call, i int) error {
	r, err := readByPattern(k.str(0, i), k.str(1, i))
	if err != nil {
		return err
	}
	if _, err := r.clock(); err != nil {
		return err
	}
	k.out.Int[i], err = r.date()
	return err
}

func timestampByPattern(k *call, i int) error {
	r, err := readByPattern(k.str(0, i), k.str(1, i))
	if err != nil {
		return err
	}
	clock, err := r.clock()
	if err != nil {
		return err
	}
	day, err := r.date()
	if err != nil {
		return err
	}
	if !inDays(day) {
		return outOfRange()
	}
	local := day*microsPerDay + clock
	if r.zone != 0 {
		k.out.Int[i] = local - int64(r.zone*(r.has["hours of zone"]*60+r.has["minutes of zone"]))*microsPerMinute
	} else {
		k.out.Int[i] = types.FromLocal(local, zoneOf(k.Location))
	}
	if !types.ValidTimestamp(k.out.Int[i]) {
		return outOfRange()
	}
	return nil
}

func zoneOf(loc *time.Location) *time.Location {
	if loc == nil {
		return time.UTC
	}
	return loc
}
