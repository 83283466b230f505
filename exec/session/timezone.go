package session

import (
	"strings"
	"time"
	_ "time/tzdata" // the binary brings its time zones along
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
	return nil, "", invalidValue("TimeZone", name)
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
