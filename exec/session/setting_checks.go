package session

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/millracedb/millrace/sql/pgerr"
)

func invalidValue(name, value string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter %q: %q", name, value)
}

// single returns the one value of a setting that takes no list.
func single(name string, values []string) (string, error) {
	if len(values) != 1 {
		return "", pgerr.New(pgerr.InvalidParameterValue, "SET %s takes only one argument", name)
	}
	return values[0], nil
}

func checkText(name string, values []string) (string, error) { return single(name, values) }

// oneOf accepts the given words, in any case.
func oneOf(words ...string) func(string, []string) (string, error) {
	return func(name string, values []string) (string, error) {
		v, err := single(name, values)
		if err != nil {
			return "", err
		}
		if v = strings.ToLower(v); !slices.Contains(words, v) {
			return "", invalidValue(name, v).(*pgerr.Error).WithHint("Available values: %s.", strings.Join(words, ", "))
		}
		return v, nil
	}
}

// only accepts the value that is in force anyway; others are known to PostgreSQL but not to us.
func only(word string) func(string, []string) (string, error) {
	return func(name string, values []string) (string, error) {
		v, err := single(name, values)
		if err != nil {
			return "", err
		}
		if !strings.EqualFold(v, word) {
			return "", unsupportedValue(name, v)
		}
		return word, nil
	}
}

func unsupportedValue(name, value string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "setting %q to %q is not supported", name, value)
}

func checkBool(name string, values []string) (string, error) {
	v, err := single(name, values)
	if err != nil {
		return "", err
	}
	on, ok := parseBool(v)
	switch {
	case !ok:
		return "", pgerr.New(pgerr.InvalidParameterValue, "parameter %q requires a Boolean value", name)
	case on:
		return "on", nil
	}
	return "off", nil
}

// onlyBool accepts the spellings of one truth value.
func onlyBool(word string) func(string, []string) (string, error) {
	return func(name string, values []string) (string, error) {
		v, err := checkBool(name, values)
		if err == nil && v != word {
			err = unsupportedValue(name, v)
		}
		return v, err
	}
}

// parseBool reads a truth value as PostgreSQL's settings and options do: unique prefixes count.
func parseBool(v string) (value, ok bool) {
	v = strings.ToLower(v)
	switch {
	case v == "":
		return false, false
	case v == "1" || v == "on" || strings.HasPrefix("true", v) || strings.HasPrefix("yes", v):
		return true, true
	case v == "0" || v == "off" || v == "of" || strings.HasPrefix("false", v) || strings.HasPrefix("no", v):
		return false, true
	}
	return false, false
}

// checkEncoding accepts the names of UTF-8. As in PostgreSQL only letters and digits count, so quotes within the value, as
// asyncpg sends them, do no harm.
func checkEncoding(name string, values []string) (string, error) {
	v, err := single(name, values)
	if err != nil {
		return "", err
	}
	plain := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}
	switch strings.Map(plain, v) {
	case "utf8", "unicode":
		return "UTF8", nil
	}
	return "", unsupportedValue(name, v)
}

// checkDateStyle accepts lists of ISO and MDY and their other names.
func checkDateStyle(name string, values []string) (string, error) {
	for _, v := range strings.Split(strings.Join(values, ","), ",") {
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "iso", "mdy", "us", "noneuropean", "default":
		case "sql", "postgres", "german", "dmy", "ymd", "euro", "european":
			return "", unsupportedValue(name, v)
		default:
			return "", invalidValue(name, strings.Join(values, ", "))
		}
	}
	return "ISO, MDY", nil
}

// checkIsolation accepts all of PostgreSQL's names that promise no more than what is kept.
func checkIsolation(name string, values []string) (string, error) {
	v, err := oneOf("read uncommitted", "read committed", "repeatable read", "serializable")(name, values)
	if err == nil && v == "serializable" {
		return "", pgerr.Unsupported("isolation level serializable is").
			WithHint("Use REPEATABLE READ, and lock what must not change with SELECT … FOR SHARE or FOR UPDATE.")
	}
	return v, err
}

// checkFloatDigits accepts 1 to 3, which all mean the shortest exact form.
func checkFloatDigits(name string, values []string) (string, error) {
	v, err := single(name, values)
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(v)
	switch {
	case err != nil:
		return "", invalidValue(name, v)
	case n < -15 || n > 3:
		return "", pgerr.New(pgerr.InvalidParameterValue, "%d is outside the valid range for parameter %q (-15 .. 3)", n, name)
	case n < 1:
		return "", unsupportedValue(name, v)
	}
	return strconv.Itoa(n), nil
}

// checkSearchPath takes a list of names and gives it as PostgreSQL shows it.
func checkSearchPath(_ string, values []string) (string, error) {
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = quoteIdentifier(v)
		if len(values) == 1 && strings.ContainsAny(v, `,"`) {
			return v, nil // a list in one string, as a client gives it at start-up
		}
	}
	return strings.Join(items, ", "), nil
}

// quoteIdentifier puts double quotes around names that need them.
func quoteIdentifier(name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9')
	for i := 0; i < len(name) && plain; i++ {
		c := name[i]
		plain = c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// units of time in settings, the smallest first.
var units = []struct {
	name string
	d    time.Duration
}{
	{"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second},
	{"min", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour},
}

func checkDuration(name string, values []string) (string, error) {
	v, err := single(name, values)
	if err != nil {
		return "", err
	}
	d, err := parseDuration(v)
	if err != nil {
		return "", invalidValue(name, v)
	}
	return formatDuration(d), nil
}

// checkLogDuration is checkDuration, with -1 for never.
func checkLogDuration(name string, values []string) (string, error) {
	if len(values) == 1 && strings.TrimSpace(values[0]) == "-1" {
		return "-1", nil
	}
	return checkDuration(name, values)
}

// parseDuration reads milliseconds, or a number with a unit: 250, 10s, 1.5 min.
func parseDuration(v string) (time.Duration, error) {
	v = strings.TrimSpace(v)
	end := strings.LastIndexAny(v, "0123456789.") + 1
	number, err := strconv.ParseFloat(v[:end], 64)
	if err != nil {
		return 0, err
	}
	unit := strings.TrimSpace(v[end:])
	if unit == "" {
		unit = "ms"
	}
	const most = float64(1<<31-1) * float64(time.Millisecond) // as PostgreSQL's: an int of milliseconds
	for _, u := range units {
		if d := number * float64(u.d); u.name == unit && d >= 0 && d <= most {
			return time.Duration(d), nil
		}
	}
	return 0, strconv.ErrRange
}

// formatDuration gives the largest unit that divides d, as SHOW does.
func formatDuration(d time.Duration) string {
	d = d.Round(time.Millisecond)
	if d == 0 {
		return "0"
	}
	for i := len(units) - 1; i > 0; i-- {
		if d%units[i].d == 0 {
			return strconv.FormatInt(int64(d/units[i].d), 10) + units[i].name
		}
	}
	return "0"
}
