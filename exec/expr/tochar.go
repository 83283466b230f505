package expr

import (
	"fmt"
	"slices"
	"strings"
	"time"

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
	{"FF1", number("%01d", func(t clockTime) int { return t.micros / 100000 })}, {"FF2", number("%02d", func(t clockTime) int { return t.micros / 10000 })},
	{"FF3", number("%03d", func(t clockTime) int { return t.micros / 1000 })}, {"FF4", number("%04d", func(t clockTime) int { return t.micros / 100 })},
	{"FF5", number("%05d", func(t clockTime) int { return t.micros / 10 })}, {"FF6", number("%06d", func(t clockTime) int { return t.micros })},
	{"Y,YYY", func(t clockTime) string { y := shownYear(t.year); return fmt.Sprintf("%d,%03d", y/1000, y%1000) }},
	{"YYYY", number("%04d", func(t clockTime) int { return shownYear(t.year) })},
	{"IYYY", number("%04d", isoYear)}, {"IYY", number("%03d", func(t clockTime) int { return isoYear(t) % 1000 })},
	{"IY", number("%02d", func(t clockTime) int { return isoYear(t) % 100 })},
	{"YYY", number("%03d", func(t clockTime) int { return shownYear(t.year) % 1000 })},
	{"YY", number("%02d", func(t clockTime) int { return shownYear(t.year) % 100 })},
	{"Y", number("%d", func(t clockTime) int { return shownYear(t.year) % 10 })},
	{"CC", century},
	{"Month", func(t clockTime) string { return fmt.Sprintf("%-9s", t.monthName()) }},
	{"MONTH", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToUpper(t.monthName())) }},
	{"month", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToLower(t.monthName())) }},
	{"Mon", func(t clockTime) string { return t.monthName()[:3] }},
	{"MON", func(t clockTime) string { return strings.ToUpper(t.monthName()[:3]) }},
	{"mon", func(t clockTime) string { return strings.ToLower(t.monthName()[:3]) }},
	{"MM", number("%02d", func(t clockTime) int { return t.month })},
	{"RM", func(t clockTime) string { return fmt.Sprintf("%-4s", romanMonths[t.month-1]) }},
	{"rm", func(t clockTime) string { return fmt.Sprintf("%-4s", strings.ToLower(romanMonths[t.month-1])) }},
	{"Day", func(t clockTime) string { return fmt.Sprintf("%-9s", t.dayName()) }},
	{"DAY", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToUpper(t.dayName())) }},
	{"day", func(t clockTime) string { return fmt.Sprintf("%-9s", strings.ToLower(t.dayName())) }},
	{"Dy", func(t clockTime) string { return t.dayName()[:3] }},
	{"DY", func(t clockTime) string { return strings.ToUpper(t.dayName()[:3]) }},
	{"dy", func(t clockTime) string { return strings.ToLower(t.dayName()[:3]) }},
	{"DDD", number("%03d", dayOfYear)},
	{"DD", number("%02d", func(t clockTime) int { return t.dayOfMonth })},
	{"IDDD", number("%03d", func(t clockTime) int { _, w := isoWeek(t.day); return int((w-1)*7 + isoWeekday(t.day)) })},
	{"ID", number("%d", func(t clockTime) int { return int(isoWeekday(t.day)) })},
	{"IW", number("%02d", func(t clockTime) int { _, w := isoWeek(t.day); return int(w) })},
	{"I", number("%d", func(t clockTime) int { return isoYear(t) % 10 })},
	{"D", number("%d", func(t clockTime) int { return int(weekday(t.day)) + 1 })},
	{"J", number("%d", func(t clockTime) int { return int(t.day) + julianOf2000 })},
	{"Q", number("%d", func(t clockTime) int { return (t.month-1)/3 + 1 })},
	{"WW", number("%02d", func(t clockTime) int { return (dayOfYear(t)-1)/7 + 1 })},
	{"W", number("%d", func(t clockTime) int { return (t.dayOfMonth-1)/7 + 1 })},
	{"AM", half}, {"PM", half}, {"am", lower(half)}, {"pm", lower(half)},
	{"A.M.", dotted(half)}, {"P.M.", dotted(half)}, {"a.m.", lower(dotted(half))}, {"p.m.", lower(dotted(half))},
	{"AD", era}, {"BC", era}, {"ad", lower(era)}, {"bc", lower(era)},
	{"A.D.", dotted(era)}, {"B.C.", dotted(era)}, {"a.d.", lower(dotted(era))}, {"b.c.", lower(dotted(era))},
	{"TZH", func(t clockTime) string { return fmt.Sprintf("%c%02d", signOfOffset(t), abs(t.offset)/3600) }},
	{"TZM", number("%02d", func(t clockTime) int { return abs(t.offset) / 60 % 60 })},
	{"TZ", func(t clockTime) string { return strings.ToUpper(t.zone) }}, {"tz", func(t clockTime) string { return strings.ToLower(t.zone) }},
	{"OF", formatOffset},
}

var romanMonths = [...]string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}

// julianOf2000 is the Julian day of 2000-01-01.
const julianOf2000 = 2451545

func lower(f func(clockTime) string) func(clockTime) string {
	return func(t clockTime) string { return strings.ToLower(f(t)) }
}

// dotted is a two-letter word with periods.
func dotted(f func(clockTime) string) func(clockTime) string {
	return func(t clockTime) string { s := f(t); return s[:1] + "." + s[1:] + "." }
}

func era(t clockTime) string {
	if t.year <= 0 {
		return "BC"
	}
	return "AD"
}

// shownYear is the year as it is counted in its era.
func shownYear(year int) int { return abs(int(withoutYearZero(year))) }

func isoYear(t clockTime) int { y, _ := isoWeek(t.day); return shownYear(y) }

func dayOfYear(t clockTime) int { return int(t.day-types.MakeDate(t.year, 1, 1)) + 1 }

// century is that of the year, negative before Christ.
func century(t clockTime) string {
	if t.year > 0 {
		return fmt.Sprintf("%02d", (t.year-1)/100+1)
	}
	return fmt.Sprintf("%03d", t.year/100-1)
}

func signOfOffset(t clockTime) rune {
	if t.offset < 0 {
		return '-'
	}
	return '+'
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

func formatOffset(t clockTime) string {
	sign, o := signOfOffset(t), abs(t.offset)
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
	if isInfiniteTime(micros) || k.str(1, i) == "" {
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
	return formatPattern(pattern, func(pattern string) (string, string, error) {
		word, text := matchPattern(pattern, t)
		return word, text, nil
	})
}

// formatPattern writes a pattern of dates or intervals; match gives the word that a pattern starts with, and its text. FM and TM
// may stand before a word, TH and SP behind it.
func formatPattern(pattern string, match func(pattern string) (word, text string, err error)) (string, error) {
	var b strings.Builder
	for pattern != "" {
		if pattern[0] == '"' {
			pattern = writeQuoted(&b, pattern[1:])
			continue
		}
		if strings.HasPrefix(pattern, `\"`) {
			b.WriteByte('"')
			pattern = pattern[2:]
			continue
		}
		prefix := ""
		if len(pattern) > 1 && slices.Contains([]string{"FM", "fm", "TM", "tm"}, pattern[:2]) {
			prefix, pattern = strings.ToUpper(pattern[:2]), pattern[2:]
		}
		word, text, err := match(pattern)
		if err != nil {
			return "", err
		}
		if word == "" {
			if prefix == "" {
				b.WriteByte(pattern[0])
				pattern = pattern[1:]
			}
			continue
		}
		switch {
		case prefix == "FM":
			text = trimField(text)
		case prefix == "TM":
			text = strings.TrimRight(text, " ")
		}
		pattern = pattern[len(word):]
		b.WriteString(text)
		pattern = writeSuffix(&b, word, text, pattern)
	}
	return b.String(), nil
}

// writeSuffix writes the ending of an ordinal number that TH or th behind a word asks for, and returns what follows.
func writeSuffix(b *strings.Builder, word, text, pattern string) string {
	for _, suffix := range []string{"TH", "th", "SP"} {
		if !strings.HasPrefix(pattern, suffix) {
			continue
		}
		last := text[len(text)-1]
		zone := strings.HasPrefix(word, "TZ") || strings.HasPrefix(word, "OF")
		if last >= '0' && last <= '9' && !zone && suffix != "SP" {
			b.WriteString(ordinal(text, suffix))
		}
		return pattern[2:]
	}
	return pattern
}

// writeQuoted writes text up to a double quote, and returns what follows that; a backslash quotes the next character.
func writeQuoted(b *strings.Builder, pattern string) string {
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '"':
			return pattern[i+1:]
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
		}
		b.WriteByte(pattern[i])
	}
	return ""
}

// matchPattern returns the word at the start of a pattern, and what it stands for. A word matches in lower case, too, if none does
// as it is written.
func matchPattern(pattern string, t clockTime) (word, text string) {
	for _, written := range []func(string) string{func(word string) string { return word }, strings.ToLower} {
		for _, p := range datePatterns {
			if strings.HasPrefix(pattern, written(p.word)) {
				return pattern[:len(p.word)], p.format(t)
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
