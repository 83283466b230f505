package expr

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	register("to_char(interval,text)", rows(func(k *call, i int) (err error) {
		if k.str(1, i) == "" {
			k.setNull(i)
			return nil
		}
		k.out.Str[i], err = formatPattern(k.str(1, i), func(word string) (string, string, error) {
			return intervalWord(word, k.span(0, i))
		})
		return err
	}))
}

// intervalPattern is a word of to_char's patterns for intervals: a number of at least so many characters. A sign counts for one
// of them if digits is negative.
type intervalPattern struct {
	word   string
	digits int
	value  func(v types.Duration) int64
}

func hoursOf(v types.Duration) int64  { return v.Micros / microsPerHour }
func yearsOf(v types.Duration) int64  { return int64(v.Months / 12) }
func monthsOf(v types.Duration) int64 { return int64(v.Months % 12) }

// daysOfYear counts a year as 360 days, and a month as 30.
func daysOfYear(v types.Duration) int64 { return int64(v.Months)*30 + int64(v.Days) }

func hoursOf12(v types.Duration) int64 {
	if h := hoursOf(v) % 12; h != 0 {
		return h
	}
	return 12
}

func fractionOf(unit int64) func(types.Duration) int64 {
	return func(v types.Duration) int64 { return v.Micros % microsPerSecond / unit }
}

// intervalPatterns lists the words for intervals, longer ones before those that they start with.
var intervalPatterns = []intervalPattern{
	{"HH24", 2, hoursOf}, {"HH12", 2, hoursOf12}, {"HH", 2, hoursOf12},
	{"MI", 2, func(v types.Duration) int64 { return v.Micros / microsPerMinute % 60 }},
	{"SSSSS", 1, func(v types.Duration) int64 { return v.Micros / microsPerSecond }},
	{"SSSS", 1, func(v types.Duration) int64 { return v.Micros / microsPerSecond }},
	{"SS", 2, func(v types.Duration) int64 { return v.Micros / microsPerSecond % 60 }},
	{"MS", -3, fractionOf(1000)}, {"US", -6, fractionOf(1)},
	{"FF1", 1, fractionOf(100000)}, {"FF2", -2, fractionOf(10000)}, {"FF3", -3, fractionOf(1000)},
	{"FF4", -4, fractionOf(100)}, {"FF5", -5, fractionOf(10)}, {"FF6", -6, fractionOf(1)},
	{"YYYY", 4, yearsOf}, {"YYY", 3, func(v types.Duration) int64 { return yearsOf(v) % 1000 }},
	{"YY", 2, func(v types.Duration) int64 { return yearsOf(v) % 100 }}, {"Y", 1, func(v types.Duration) int64 { return yearsOf(v) % 10 }},
	{"CC", 2, func(v types.Duration) int64 { return yearsOf(v) / 100 }},
	{"MM", 2, monthsOf}, {"DDD", -3, daysOfYear}, {"DD", -2, func(v types.Duration) int64 { return int64(v.Days) }},
	{"WW", -2, func(v types.Duration) int64 { return (daysOfYear(v)-1)/7 + 1 }},
	{"W", 1, func(v types.Duration) int64 { return (int64(v.Days)-1)/7 + 1 }},
}

// dateOnly are words that say nothing of an interval; notOfIntervals are PostgreSQL's words that are not known here.
var (
	dateOnly = []string{"MONTH", "MON", "DAY", "DY", "D", "ID", "TZH", "TZM", "TZ", "OF", "AD", "BC", "A.D.", "B.C."}

	notOfIntervals = []string{"IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "Y,YYY", "RM", "Q", "J", "FX"}
)

// intervalWord returns the word at the start of a pattern, and what it stands for; "" if there is none.
func intervalWord(pattern string, v types.Duration) (word, text string, err error) {
	upper := strings.ToUpper(pattern)
	for _, w := range notOfIntervals {
		if strings.HasPrefix(upper, w) {
			return "", "", pgerr.Unsupported("pattern \"%s\" of to_char for an interval is", w)
		}
	}
	for _, p := range intervalPatterns {
		if strings.HasPrefix(upper, p.word) {
			return pattern[:len(p.word)], padNumber(p.value(v), p.digits), nil
		}
	}
	for _, w := range []string{"A.M.", "P.M.", "AM", "PM"} {
		if strings.HasPrefix(upper, w) {
			return pattern[:len(w)], halfOf(pattern[:len(w)], hoursOf(v)%24 >= 12), nil
		}
	}
	for _, w := range dateOnly {
		if strings.HasPrefix(upper, w) {
			return "", "", pgerr.New(pgerr.InvalidDatetimeFormat, "invalid format specification for an interval value").
				WithHint("Intervals are not tied to specific calendar dates.")
		}
	}
	return "", "", nil
}

// halfOf writes AM or PM as a word is written.
func halfOf(word string, afternoon bool) string {
	letter := "A"
	if afternoon {
		letter = "P"
	}
	if word == strings.ToLower(word) {
		letter = strings.ToLower(letter)
	}
	return letter + word[1:]
}

// padNumber writes a number with at least so many digits, see intervalPattern.
func padNumber(n int64, digits int) string {
	if digits > 0 && n < 0 {
		digits++
	}
	digits = abs(digits)
	return fmt.Sprintf("%0"+strconv.Itoa(digits)+"d", n)
}
