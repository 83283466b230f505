package session

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the binary brings its time zones along

	"github.com/millracedb/millrace/sql/types"
)

func checkTimeZone(name string, values []string) (string, error) {
	v, err := single(name, values)
	if err != nil {
		return "", err
	}
	_, canonical, err := loadLocation(v)
	if err != nil {
		return "", invalidValue(name, v)
	}
	return canonical, nil
}

// loadLocation returns the zone with an IANA name in any case, and the name as the database writes it.
func loadLocation(name string) (*time.Location, string, error) {
	for _, candidate := range []string{name, strings.ToUpper(name), titleZone(name)} {
		if candidate == "" || candidate == "Local" {
			continue
		}
		if loc, err := time.LoadLocation(candidate); err == nil {
			return loc, candidate, nil
		}
	}
	if offset, ok := zoneOffset(name); ok {
		loc := time.FixedZone("", offset)
		posix := posixOffset(offset)
		return loc, posix, nil
	}
	if loc, err := types.LoadZone(name); err == nil && strings.ContainsAny(name, "+-0123456789") {
		return loc, name, nil // POSIX: UTC-3
	}
	return nil, "", invalidValue("TimeZone", name)
}

// zoneOffset reads a number of hours, or interval '…', and returns it in seconds east of UTC.
func zoneOffset(name string) (int, bool) {
	if hours, err := strconv.ParseFloat(name, 64); err == nil {
		return int(hours * 3600), hours >= -maxZoneHours && hours <= maxZoneHours
	}
	text, ok := strings.CutPrefix(strings.ToLower(name), "interval '")
	if !ok {
		return 0, false
	}
	d, err := types.ParseText(types.Interval, strings.TrimSuffix(text, "'"), types.Scope{})
	if err != nil {
		return 0, false
	}
	i := types.UnpackInterval(d.Str)
	seconds := i.Micros / 1e6
	return int(seconds), i.Months == 0 && i.Days == 0 && seconds >= -maxZoneHours*3600 && seconds <= maxZoneHours*3600
}

// maxZoneHours is how far a zone may be from UTC.
const maxZoneHours = 167

// posixOffset is the POSIX name of a zone, as PostgreSQL shows it: <+02>-02.
func posixOffset(offset int) string {
	text := func(sign byte) string {
		o := max(offset, -offset)
		s := fmt.Sprintf("%c%02d", sign, o/3600)
		if o%3600 != 0 {
			s += fmt.Sprintf(":%02d", o/60%60)
		}
		if o%60 != 0 {
			s += fmt.Sprintf(":%02d", o%60)
		}
		return s
	}
	if offset < 0 {
		return "<" + text('-') + ">" + text('+')
	}
	return "<" + text('+') + ">" + text('-')
}

// smallWords are parts of zone names that begin with a small letter.
var smallWords = map[string]bool{"of": true, "au": true, "es": true}

// titleZone writes a zone's name in the database's manner: europe/isle_of_man as Europe/Isle_of_Man.
func titleZone(name string) string {
	var out strings.Builder
	word := func(w string) string {
		if w == "" || smallWords[w] {
			return w
		}
		return strings.ToUpper(w[:1]) + w[1:]
	}
	start := 0
	lower := strings.ToLower(name)
	for i := 0; i <= len(lower); i++ {
		if i < len(lower) && !strings.ContainsRune("/_-", rune(lower[i])) {
			continue
		}
		out.WriteString(word(lower[start:i]))
		if i < len(lower) {
			out.WriteByte(lower[i])
		}
		start = i + 1
	}
	return out.String()
}
