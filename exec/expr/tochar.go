package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// clockTime is a moment in the session's zone, taken apart for to_char.
type clockTime struct {
	year, month, dayOfMonth int
	day                     int64 // since 2000-01-01
	hour, minute, second    int
	micros                  int
	offset                  int // seconds east
	zone                    string
}

// datePattern is a word of to_char's patterns.
type datePattern struct {
	word   string
	format func(t clockTime) string
}

var fullMonths = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
var fullDays = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

func number(format string, get func(t clockTime) int) func(clockTime) string {
	return func(t clockTime) string { return fmt.Sprintf(format, get(t)) }
}

func hour12(t clockTime) int { return (t.hour+11)%12 + 1 }

func half(t clockTime) string {
	if t.hour < 12 {
		return "AM"
	}
	return "PM"
}

func (t clockTime) monthName() string { return fullMonths[t.month-1] }
func (t clockTime) dayName() string   { return fullDays[weekday(t.day)] }

// datePatterns lists the words that are known, longer ones before those that they start with.
var datePatterns = []datePattern{
	{"HH24", number("%02d", func(t clockTime) int { return t.hour })},
	{"HH12", number("%02d", hour12)}, {"HH", number("%02d", hour12)},
	{"MI", number("%02d", func(t clockTime) int { return t.minute })},
	{"SSSSS", number("%d", func(t clockTime) int { return t.hour*3600 + t.minute*60 + t.second })},
	{"SSSS", number("%d", func(t clockTime) int { return t.hour*3600 + t.minute*60 + t.second })},
	{"SS", number("%02d", func(t clockTime) int { return t.second })},
	{"MS", number("%03d", func(t clockTime) int { return t.micros / 1000 })},
	{"US", number("%06d", func(t clockTime) int { return t.micros })},
	{"YYYY", number("%04d", func(t clockTime) int { return abs(int(withoutYearZero(t.year))) })},
	{"IYYY", number("%04d", func(t clockTime) int { y, _ := isoWeek(t.day); return abs(int(withoutYearZero(y))) })},
	{"YYY", number("%03d", func(t clockTime) int { return abs(int(withoutYearZero(t.year))) % 1000 })},
	{"YY", number("%02d", func(t clockTime) int { return abs(int(withoutYearZero(t.year))) % 100 })},
	{"Month", func(t clockTime) string { return fmt.Sprintf("%-9s", t.monthName()) }},
	{"MONTH", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToUpper(t.monthName())) }},
	{"month", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToLower(t.monthName())) }},
	{"Mon", func(t clockTime) string { return t.monthName()[:3] }},
	{"MON", func(t clockTime) string { return strings.ToUpper(t.monthName()[:3]) }},
	{"mon", func(t clockTime) string { return strings.ToLower(t.monthName()[:3]) }},
	{"MM", number("%02d", func(t clockTime) int { return t.month })},
	{"Day", func(t clockTime) string { return fmt.Sprintf("%-9s", t.dayName()) }},
	{"DAY", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToUpper(t.dayName())) }},
	{"day", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToLower(t.dayName())) }},
	{"Dy", func(t clockTime) string { return t.dayName()[:3] }},
	{"DY", func(t clockTime) string { return strings.ToUpper(t.dayName()[:3]) }},
	{"dy", func(t clockTime) string { return strings.ToLower(t.dayName()[:3]) }},
	{"DDD", number("%03d", func(t clockTime) int { return int(t.day-types.MakeDate(t.year, 1, 1)) + 1 })},
	{"DD", number("%02d", func(t clockTime) int { return t.dayOfMonth })},
	{"ID", number("%d", func(t clockTime) int { return int(isoWeekday(t.day)) })},
	{"IW", number("%02d", func(t clockTime) int { _, w := isoWeek(t.day); return int(w) })},
	{"D", number("%d", func(t clockTime) int { return int(weekday(t.day)) + 1 })},
	{"Q", number("%d", func(t clockTime) int { return (t.month-1)/3 + 1 })},
	{"AM", half}, {"PM", half},
	{"am", func(t clockTime) string { return strings.ToLower(half(t)) }}, {"pm", func(t clockTime) string { return strings.ToLower(half(t)) }},
	{"TZ", func(t clockTime) string { return strings.ToUpper(t.zone) }}, {"tz", func(t clockTime) string { return strings.ToLower(t.zone) }},
	{"OF", formatOffset},
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

func formatOffset(t clockTime) string {
	sign, o := '+', t.offset
	if o < 0 {
		sign, o = '-', -o
	}
	if o%3600 == 0 {
		return fmt.Sprintf("%c%02d", sign, o/3600)
	}
	return fmt.Sprintf("%c%02d:%02d", sign, o/3600, o/60%60)
}

// toChar is to_char(timestamptz, text) for the patterns above, FM before them, and text in double quotes. Other words are
// copied as they are, unless they are patterns of PostgreSQL.
// toCharLoop writes moments as in a zone; one without a zone has no name of it.
func toCharLoop(zone func(k *call) *time.Location) loop {
	return rows(func(k *call, i int) error { return toChar(k, i, zone(k), k.args[0].Type.ID == types.IDTimestamptz) })
}

func toChar(k *call, i int, loc *time.Location, hasZone bool) error {
	micros := k.int(0, i)
	if isInfiniteTime(micros) {
		k.setNull(i)
		return nil
	}
	at := types.ToTime(micros, loc)
	local := types.ToLocal(micros, loc)
	t := clockTime{day: floorDiv(local, microsPerDay), hour: at.Hour(), minute: at.Minute(), second: at.Second(), micros: at.Nanosecond() / 1000}
	t.year, t.month, t.dayOfMonth = types.SplitDate(t.day)
	if hasZone {
		t.zone, t.offset = at.Zone()
	}
	text, err := formatDate(k.str(1, i), t)
	k.out.Str[i] = text
	return err
}

func formatDate(pattern string, t clockTime) (string, error) {
	var b strings.Builder
	for pattern != "" {
		if pattern[0] == '"' {
			quoted, rest, _ := strings.Cut(pattern[1:], `"`)
			b.WriteString(quoted)
			pattern = rest
			continue
		}
		trim := strings.HasPrefix(pattern, "FM")
		word, text := matchPattern(strings.TrimPrefix(pattern, "FM"), t)
		switch {
		case word == "" && trim:
			pattern = pattern[2:]
			continue
		case word == "":
			if err := refusePattern(pattern); err != nil {
				return "", err
			}
			b.WriteByte(pattern[0])
			pattern = pattern[1:]
			continue
		case trim:
			pattern = pattern[2:]
			text = trimField(text)
		}
		b.WriteString(text)
		pattern = pattern[len(word):]
	}
	return b.String(), nil
}

// matchPattern returns the word at the start of a pattern, and what it stands for. A word matches in any case if it does
// not match as it is written.
func matchPattern(pattern string, t clockTime) (word, text string) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, p := range datePatterns {
			if len(pattern) < len(p.word) {
				continue
			}
			if head := pattern[:len(p.word)]; same(head, p.word) {
				return head, p.format(t)
			}
		}
	}
	return "", ""
}

// trimField cuts the filling of a field, which FM asks for.
func trimField(s string) string {
	s = strings.TrimRight(s, " ")
	if t := strings.TrimLeft(s, "0"); t != s {
		if t == "" {
			return "0"
		}
		return t
	}
	return s
}

// refusePattern returns 0A000 for a pattern of PostgreSQL that is not known here.
func refusePattern(pattern string) error {
	for _, word := range []string{"TH", "th", "CC", "J", "RM", "WW", "W", "BC", "AD", "B.C.", "A.D.", "A.M.", "P.M.", "a.m.", "p.m.", "Y,YYY", "SP", "FF", "TM"} {
		if strings.HasPrefix(pattern, word) {
			return pgerr.Unsupported("pattern \"%s\" of to_char is", word)
		}
	}
	return nil
}
