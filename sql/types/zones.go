package types

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
)

var monthNames = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september",
	"october", "november", "december"}

// monthNumber returns the month with a name or its abbreviation, in lower case.
func monthNumber(word string) (int, bool) {
	for i, name := range monthNames {
		if word == name || word == name[:3] || word == "sept" && i == 8 {
			return i + 1, true
		}
	}
	return 0, false
}

// isMonthPrefix reports whether word starts with a month's name, up to a separator.
func isMonthPrefix(word string) bool {
	end := strings.IndexAny(word, "-./")
	_, ok := monthNumber(word[:end])
	return ok
}

func isWeekday(word string) bool {
	switch word {
	case "sunday", "sun", "monday", "mon", "tuesday", "tue", "tues", "wednesday", "wed", "weds", "thursday", "thu", "thur", "thurs",
		"friday", "fri", "saturday", "sat":
		return true
	}
	return false
}

// zoneAbbreviations gives offsets in seconds east: the commonest of PostgreSQL's timezone_abbreviations 'Default'.
var zoneAbbreviations = map[string]int{
	"z": 0, "utc": 0, "gmt": 0, "ut": 0, "uct": 0, "zulu": 0, "wet": 0, "west": 3600, "bst": 3600, "cet": 3600, "met": 3600,
	"cest": 7200, "mest": 7200, "eet": 7200, "ist": 7200, "sast": 7200, "eest": 10800, "idt": 10800, "msk": 10800, "msd": 14400,
	"pkt": 18000, "ict": 25200, "hkt": 28800, "sgt": 28800, "awst": 28800, "jst": 32400, "kst": 32400, "acst": 34200,
	"aest": 36000, "aedt": 39600, "nzst": 43200, "nzdt": 46800, "nst": -12600, "ndt": -9000, "ast": -14400, "adt": -10800,
	"est": -18000, "edt": -14400, "cst": -21600, "cdt": -18000, "mst": -25200, "mdt": -21600, "pst": -28800, "pdt": -25200,
	"akst": -32400, "akdt": -28800, "hst": -36000, "brt": -10800, "art": -10800, "clt": -10800,
}

// zones caches the zones that were loaded by name; zone names come from a fixed set of files, so it is bounded.
var zones sync.Map

// LoadZone returns the zone with a name of the time zone database, or an abbreviation in use. Error: 22023.
func LoadZone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	if offset, ok := zoneAbbreviations[strings.ToLower(name)]; ok {
		if offset == 0 {
			return time.UTC, nil
		}
		return time.FixedZone(strings.ToUpper(name), offset), nil
	}
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || strings.EqualFold(name, "local") {
		if z, ok := posixZone(name); ok {
			return z, nil
		}
		return nil, unknownZone(name)
	}
	zones.Store(name, z)
	return z, nil
}

var posixName = regexp.MustCompile(`^([A-Za-z]{3,}|<[A-Za-z0-9+:-]+>)?([+-]?)(\d{1,2})(?::([0-5]\d))?(?::([0-5]\d))?$`)

// maxPosixHours is how far a zone may be from UTC.
const maxPosixHours = 167

// posixZone returns a zone without summer time in POSIX form ("PostgreSQL 15 docs B.5"): UTC-3 is three hours east of UTC.
func posixZone(name string) (*time.Location, bool) {
	m := posixName.FindStringSubmatch(name)
	if m == nil || m[1] == "" && m[2] == "" {
		return nil, false
	}
	offset := 0
	for _, digits := range m[3:] {
		n, _ := strconv.Atoi(digits)
		offset = offset*60 + n
	}
	if offset > maxPosixHours*3600 {
		return nil, false
	}
	if m[2] != "-" {
		offset = -offset
	}
	return time.FixedZone(strings.Trim(m[1], "<>"), offset), true
}

func unknownZone(name string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", name)
}
