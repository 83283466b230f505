package types

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
)

// moment is what a text says of a date and a time of day. Exactly one of special and the date is given.
type moment struct {
	special          string // "infinity", "-infinity", "epoch"
	year, month, day int    // 0 while not given; year as in astronomy at the end
	clock            int64  // µs since midnight
	hasOffset        bool   // offset, seconds east, is given
	offset           int
	zone             *time.Location // else a zone by name, or nil

	hasYear, hasClock, textMonth bool
	twoDigitYear, bc             bool
	half                         string // "am", "pm"
}

// momentParser reads dates and times as PostgreSQL's DecodeDateTime does with DateStyle ISO, MDY, in the forms that are
// in common use: ISO 8601, with or without punctuation, month names, m/d/y, AM and PM, BC, zones by offset and name.
type momentParser struct {
	moment
	typ  Type
	text string
}

func parseMoment(t Type, s string) (moment, error) {
	p := momentParser{typ: t, text: s}
	tokens, ok := momentTokens(s)
	if !ok || len(tokens) == 0 {
		return moment{}, p.bad()
	}
	for i, token := range tokens {
		if err := p.take(token, i > 0 && isLetters(tokens[i-1]) && strings.EqualFold(tokens[i-1], "t")); err != nil {
			return moment{}, err
		}
	}
	if p.special == "" {
		return p.moment, p.finish()
	}
	if len(tokens) > 1 {
		return moment{}, p.bad()
	}
	switch p.special {
	case "now", "today", "tomorrow", "yesterday":
		return moment{}, pgerr.Unsupported("date/time value \"%s\" is", p.special).WithHint("Use now() or current_date.")
	}
	return p.moment, nil
}

func (p *momentParser) bad() error { return badSyntax(p.typ, p.text) }

func (p *momentParser) overflow() *pgerr.Error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "date/time field value out of range: \"%s\"", p.text)
}

// maxMomentText is PostgreSQL's MAXDATELEN: no date or time is longer.
const maxMomentText = 128

// momentTokens cuts s into words, numbers with their separators, and signed offsets.
func momentTokens(s string) (tokens []string, ok bool) {
	if len(s) > maxMomentText {
		return nil, false
	}
	for i := 0; i < len(s); {
		start := i
		switch c := s[i]; {
		case strings.IndexByte(" \t\n\v\f\r,", c) >= 0:
			i++
			continue
		case isDigit(c):
			i = endOfNumber(s, i)
		case isLetter(c):
			i = endOfWord(s, i)
		case c == '+' || c == '-':
			for i++; i < len(s) && (isDigit(s[i]) || isLetter(s[i]) || s[i] == ':'); i++ {
			}
		default:
			return nil, false
		}
		tokens = append(tokens, s[start:i])
	}
	return tokens, true
}

// endOfNumber returns the end of a date (digits and letters with one kind of separator), a time, or digits.
func endOfNumber(s string, i int) int {
	for ; i < len(s) && isDigit(s[i]); i++ {
	}
	if i == len(s) {
		return i
	}
	switch sep := s[i]; sep {
	case ':':
		for ; i < len(s) && (isDigit(s[i]) || s[i] == ':' || s[i] == '.'); i++ {
		}
	case '-', '/', '.':
		letters := i+1 < len(s) && isLetter(s[i+1])
		for ; i < len(s) && (isDigit(s[i]) || s[i] == sep || letters && isLetter(s[i])); i++ {
		}
	}
	return i
}

// endOfWord returns the end of a word, a zone's name (with / _ + -), or a date that starts with a month.
func endOfWord(s string, i int) int {
	start := i
	for ; i < len(s) && isLetter(s[i]); i++ {
	}
	if i == len(s) || strings.IndexByte("/_-.", s[i]) < 0 {
		return i
	}
	if strings.EqualFold(s[start:i], "t") {
		return i
	}
	for ; i < len(s) && (isLetter(s[i]) || isDigit(s[i]) || strings.IndexByte("/_-+.", s[i]) >= 0); i++ {
	}
	return i
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isLetters(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) {
			return false
		}
	}
	return true
}

// take uses one token; afterT says that an ISO "T" stands before it.
func (p *momentParser) take(token string, afterT bool) error {
	switch {
	case token[0] == '+' || token[0] == '-':
		return p.takeSigned(token)
	case isLetter(token[0]):
		return p.takeWord(token)
	case strings.IndexByte(token, ':') >= 0:
		return p.takeClock(strings.Split(token, ":"))
	case strings.ContainsAny(token, "-/"), strings.Count(token, ".") > 1:
		return p.takeDate(token)
	}
	return p.takeNumber(token, afterT)
}

func (p *momentParser) takeSigned(token string) error {
	word := strings.ToLower(token)
	switch {
	case word == "-infinity":
		p.special = word
		return nil
	case !p.hasClock && !p.hasYear, len(word) < 2 || !isDigit(word[1]), p.hasOffset || p.zone != nil:
		return p.bad()
	}
	offset, ok := parseOffset(word[1:])
	if !ok {
		return pgerr.New("22009", "time zone displacement out of range: \"%s\"", p.text)
	}
	if word[0] == '-' {
		offset = -offset
	}
	p.hasOffset, p.offset = true, offset
	return nil
}

// parseOffset reads hh[:mm[:ss]] or hhmm as seconds.
func parseOffset(s string) (seconds int, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) == 1 && len(s) > 2 {
		parts = []string{s[:len(s)-2], s[len(s)-2:]}
	}
	unit := 3600
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || i > 2 || i == 0 && n > 15 || i > 0 && n > 59 {
			return 0, false
		}
		seconds += n * unit
		unit /= 60
	}
	return seconds, true
}

func (p *momentParser) takeWord(token string) error {
	word := strings.ToLower(token)
	if month, ok := monthNumber(word); ok && p.typ.ID != IDTime {
		return p.setTextMonth(month)
	}
	switch word {
	case "infinity", "epoch", "now", "today", "tomorrow", "yesterday":
		p.special = word
		return nil
	case "allballs":
		if p.typ.ID != IDTime || p.hasClock {
			return p.bad()
		}
		p.hasClock = true
		return nil
	case "am", "pm":
		p.half = word
		return nil
	case "bc":
		p.bc = true
		return nil
	case "t":
		if p.typ.ID == IDTime && p.hasYear {
			return p.bad()
		}
		return nil
	case "ad", "at", "on":
		return nil
	}
	if isWeekday(word) {
		return nil
	}
	if strings.ContainsAny(word, "-./") && isMonthPrefix(word) {
		return p.takeDate(token)
	}
	return p.takeZone(token)
}

func (p *momentParser) takeZone(token string) error {
	if p.hasOffset || p.zone != nil {
		return p.bad()
	}
	if offset, ok := zoneAbbreviations[strings.ToLower(token)]; ok {
		p.hasOffset, p.offset = true, offset
		return nil
	}
	zone, err := LoadZone(token)
	if err != nil {
		if strings.IndexByte(token, '/') < 0 {
			return p.bad()
		}
		return unknownZone(strings.ToLower(token))
	}
	p.zone = zone
	return nil
}

// takeClock reads hh:mm[:ss[.ffffff]] or mm:ss.ffffff.
func (p *momentParser) takeClock(parts []string) error {
	if p.hasClock || len(parts) > 3 {
		return p.bad()
	}
	p.hasClock = true
	if len(parts) == 2 && strings.Contains(parts[1], ".") {
		parts = []string{"0", parts[0], parts[1]}
	}
	second, fraction := "0", ""
	if len(parts) == 3 && parts[2] != "" {
		second, fraction, _ = strings.Cut(parts[2], ".")
	}
	return p.setClock(parts[0], parts[1], second, fraction)
}

func (p *momentParser) setClock(hour, minute, second, fraction string) error {
	h, err1 := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	s, err3 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || err3 != nil {
		return p.bad()
	}
	micros := 0.0
	if fraction != "" {
		f, err := strconv.ParseFloat("0."+fraction, 64)
		if err != nil {
			return p.bad()
		}
		micros = math.RoundToEven(f * 1e6)
	}
	p.clock = (int64(h)*3600+int64(m)*60+int64(s))*microsPerSecond + int64(micros)
	if m > 59 || s > 60 || h > 24 || p.clock > microsPerDay {
		return p.overflow()
	}
	return nil
}

// takeDate reads numbers and a month's name between separators.
func (p *momentParser) takeDate(token string) error {
	parts := strings.FieldsFunc(token, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	for i, part := range parts {
		if isLetter(part[0]) {
			month, ok := monthNumber(strings.ToLower(part))
			if !ok {
				return p.bad()
			}
			if err := p.setTextMonth(month); err != nil {
				return err
			}
			parts[i] = ""
		}
	}
	for _, part := range parts {
		if part == "" {
			continue
		}
		if err := p.takeDatePart(part); err != nil {
			return err
		}
	}
	return nil
}

// takeNumber reads digits without separators: yyyymmdd, hhmmss[.ffffff], or a part of a date.
func (p *momentParser) takeNumber(token string, afterT bool) error {
	digits, fraction, hasFraction := strings.Cut(token, ".")
	complete := p.hasYear && p.month != 0 && p.day != 0 || p.typ.ID == IDTime && !p.hasYear && p.month == 0
	switch {
	case p.typ.ID == IDTime && !p.hasYear && p.month == 0 && !p.hasClock && len(digits) == 4:
		afterT = true
	}
	switch {
	case complete && !p.hasClock && (len(digits) == 6 || afterT && len(digits) == 4):
		p.hasClock = true
		return p.setClock(digits[:2], digits[2:4], digits[4:]+"0"[:btoi(len(digits) == 4)], fraction)
	case complete && afterT && !p.hasClock && len(digits) == 2 && !hasFraction:
		p.hasClock = true
		return p.setClock(digits, "0", "0", "")
	case hasFraction, p.typ.ID == IDTime:
		return p.bad()
	case !p.hasYear && p.month == 0 && p.day == 0 && (len(digits) == 8 || len(digits) == 6):
		year := digits[:len(digits)-4]
		p.month, _ = strconv.Atoi(digits[len(digits)-4 : len(digits)-2])
		p.day, _ = strconv.Atoi(digits[len(digits)-2:])
		return p.setYear(year)
	}
	return p.takeDatePart(digits)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// takeDatePart reads year, month or day, whichever is due: a number of three or more digits is the year; otherwise the
// order is month, day, year, or after a year month, day.
func (p *momentParser) takeDatePart(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) > 7 {
		return p.overflow()
	}
	switch {
	case !p.hasYear && len(s) >= 3 && (p.month == 0 && p.day == 0 || p.month != 0 && p.day != 0 || p.textMonth):
		return p.setYear(s)
	case p.month == 0:
		p.month = n
	case p.day == 0:
		p.day = n
	case !p.hasYear:
		return p.setYear(s)
	default:
		return p.bad()
	}
	if n == 0 {
		return p.fieldOverflow()
	}
	return nil
}

func (p *momentParser) fieldOverflow() error {
	return p.overflow().WithHint("Perhaps you need a different \"datestyle\" setting.")
}

func (p *momentParser) setYear(s string) error {
	year, err := strconv.Atoi(s)
	if err != nil {
		return p.overflow()
	}
	p.hasYear, p.year, p.twoDigitYear = true, year, len(s) <= 2
	return nil
}

// setTextMonth sets the month by name; a number that was taken for the month before is the day.
func (p *momentParser) setTextMonth(month int) error {
	if p.textMonth {
		return p.bad()
	}
	if p.month != 0 {
		if p.day != 0 {
			return p.bad()
		}
		p.day = p.month
	}
	p.month, p.textMonth = month, true
	return nil
}

// finish checks that a whole date was given and completes year and time of day.
func (p *momentParser) finish() error {
	if p.typ.ID == IDTime && !p.hasClock {
		return p.bad()
	}
	if p.typ.ID == IDTime && !p.hasYear && p.month == 0 {
		return p.applyHalf()
	}
	if !p.hasYear || p.month == 0 || p.day == 0 {
		return p.bad()
	}
	switch {
	case p.bc && p.year > 0:
		p.year = 1 - p.year
	case p.bc, p.year == 0 && !p.twoDigitYear:
		return p.overflow()
	case p.twoDigitYear && p.year < 70:
		p.year += 2000
	case p.twoDigitYear:
		p.year += 1900
	}
	if p.month > 12 || p.day > 31 {
		return p.fieldOverflow()
	}
	if p.day > daysIn(p.year, p.month) {
		return p.overflow()
	}
	return p.applyHalf()
}

// applyHalf applies AM or PM.
func (p *momentParser) applyHalf() error {
	const noon = 12 * 3600 * microsPerSecond
	if p.half == "" {
		return nil
	}
	if p.clock >= noon+3600*microsPerSecond {
		return p.overflow()
	}
	if p.clock >= noon {
		p.clock -= noon
	}
	if p.half == "pm" {
		p.clock += noon
	}
	return nil
}

func daysIn(year, month int) int {
	if month == 2 && (year%4 == 0 && year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}
