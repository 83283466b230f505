package planner

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Bounds of options.
const (
	minSegmentBytes = 64 << 10
	maxSegmentBytes = 4 << 30
)

// topicOption reads one option of a topic into its configuration.
type topicOption struct {
	fixed bool // cannot be changed by ALTER
	set   func(c *catalog.TopicConfig, o ast.Option) error
	// reset takes the value from the defaults.
	reset func(c *catalog.TopicConfig, defaults catalog.TopicConfig)
}

// topicOptions are the options that say how a topic is stored, beside partitions.
var topicOptions = map[string]topicOption{
	"replication_factor": {
		set: func(c *catalog.TopicConfig, o ast.Option) (err error) {
			c.ReplicationFactor, err = optionInt(o, 1, maxReplicas)
			return err
		},
		reset: func(c *catalog.TopicConfig, d catalog.TopicConfig) { c.ReplicationFactor = d.ReplicationFactor },
	},
	"retention":        durationOption(func(c *catalog.TopicConfig) *int64 { return &c.RetentionMillis }),
	"segment_age":      durationOption(func(c *catalog.TopicConfig) *int64 { return &c.SegmentAgeMillis }),
	"delete_retention": durationOption(func(c *catalog.TopicConfig) *int64 { return &c.DeleteRetentionMillis }),
	"retention_bytes":  sizeOption(func(c *catalog.TopicConfig) *int64 { return &c.RetentionBytes }, 1, math.MaxInt64),
	"segment_bytes":    sizeOption(func(c *catalog.TopicConfig) *int64 { return &c.SegmentBytes }, minSegmentBytes, maxSegmentBytes),
	"cleanup_policy": wordOption(func(c *catalog.TopicConfig) *catalog.CleanupPolicy { return &c.Cleanup },
		catalog.CleanupDelete, catalog.CleanupCompact, catalog.CleanupCompactDelete),
	"format": fixed(wordOption(func(c *catalog.TopicConfig) *catalog.Format { return &c.Format }, catalog.FormatNative, catalog.FormatJSON)),
	"compression": wordOption(func(c *catalog.TopicConfig) *catalog.Compression { return &c.Compression },
		catalog.CompressionNone, catalog.CompressionLZ4, catalog.CompressionZstd),
	"durability": wordOption(func(c *catalog.TopicConfig) *catalog.Durability { return &c.Durability },
		catalog.DurabilitySync, catalog.DurabilityAsync),
	"state": fixed(wordOption(func(c *catalog.TopicConfig) *catalog.StateStore { return &c.State }, catalog.StateRocksDB, catalog.StateMemory)),
}

func fixed(o topicOption) topicOption {
	o.fixed = true
	return o
}

// wordOption is an option whose value is one of some words. Spaces and the order of a list do not count.
func wordOption[T ~string](field func(*catalog.TopicConfig) *T, words ...T) topicOption {
	return topicOption{
		set: func(c *catalog.TopicConfig, o ast.Option) error {
			text, ok := optionText(o)
			given := strings.ToLower(strings.ReplaceAll(text, " ", ""))
			if first, second, two := strings.Cut(given, ","); two && first > second {
				given = second + "," + first
			}
			var known []string
			for _, w := range words {
				if ok && o.Value != nil && given == string(w) {
					*field(c) = w
					return nil
				}
				known = append(known, strconv.Quote(string(w)))
			}
			return badOption(o).WithDetail("Valid values are %s.", strings.Join(known, ", "))
		},
		reset: func(c *catalog.TopicConfig, d catalog.TopicConfig) { *field(c) = *field(&d) },
	}
}

func durationOption(field func(*catalog.TopicConfig) *int64) topicOption {
	return topicOption{
		set: func(c *catalog.TopicConfig, o ast.Option) error {
			text, ok := optionText(o)
			millis, err := parseDuration(text)
			if !ok || o.Value == nil || err != nil {
				return badOption(o).WithDetail("Valid values are times of at least a millisecond, such as '7 days', '12 hours', '1 day 12 hours', '30 minutes' or 60000 (milliseconds), and 'infinite'.")
			}
			*field(c) = millis
			return nil
		},
		reset: func(c *catalog.TopicConfig, d catalog.TopicConfig) { *field(c) = *field(&d) },
	}
}

// sizeOption is a number of bytes between low and high; without an upper bound it may be infinite.
func sizeOption(field func(*catalog.TopicConfig) *int64, low, high int64) topicOption {
	return topicOption{
		set: func(c *catalog.TopicConfig, o ast.Option) error {
			text, ok := optionText(o)
			size, err := parseSize(text)
			if !ok || o.Value == nil || err != nil || size == 0 && high < math.MaxInt64 {
				return badOption(o).WithDetail("Valid values are sizes such as '10GB', '64MB', '100kB' or 1000000 (bytes).")
			}
			if size != 0 && (size < low || size > high) {
				return pgerr.New(pgerr.InvalidParameterValue, "value %s out of bounds for option %q", text, o.Name).
					WithDetail("Valid values are between %q and %q.", catalog.FormatSize(low), catalog.FormatSize(high)).At(o.Pos)
			}
			*field(c) = size
			return nil
		},
		reset: func(c *catalog.TopicConfig, d catalog.TopicConfig) { *field(c) = *field(&d) },
	}
}

func badOption(o ast.Option) *pgerr.Error {
	text, _ := optionText(o)
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for option %q: \"%s\"", o.Name, text).At(o.Pos)
}

var errNoQuantity = errors.New("not a quantity")

// millisOf gives the units of time by name, in ms. Months and years are of no fixed length.
var millisOf = map[string]int64{}

func init() {
	for names, millis := range map[string]int64{
		"ms msec msecs millisecond milliseconds": 1, "s sec secs second seconds": 1000, "m min mins minute minutes": 60_000,
		"h hr hrs hour hours": 3_600_000, "d day days": 86_400_000, "w week weeks": 7 * 86_400_000,
	} {
		for _, name := range strings.Fields(names) {
			millisOf[name] = millis
		}
	}
}

// parseDuration reads numbers with units of time, or a plain number of ms; infinite is 0.
func parseDuration(s string) (int64, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if isInfinite(s) {
		return 0, nil
	}
	total := int64(0)
	for rest := s; rest != ""; {
		var n, unit int64
		var name string
		n, name, rest = cutQuantity(rest)
		if unit = millisOf[name]; name == "" && rest == "" && total == 0 {
			unit = 1
		}
		if n < 0 || unit == 0 || n > (math.MaxInt64-total)/unit {
			return 0, errNoQuantity
		}
		total += n * unit
	}
	if total == 0 {
		return 0, errNoQuantity
	}
	return total, nil
}

func isInfinite(s string) bool { return s == "infinite" || s == "infinity" || s == "-1" }

// cutQuantity cuts a whole number and the word behind it off s. The number is negative if there is none.
func cutQuantity(s string) (n int64, unit, rest string) {
	digits := strings.IndexFunc(s+" ", func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil {
		return -1, "", ""
	}
	s = strings.TrimLeft(s[digits:], " ")
	letters := strings.IndexFunc(s+" ", func(r rune) bool { return r < 'a' || r > 'z' })
	return n, s[:letters], strings.TrimLeft(s[letters:], " ")
}

// parseSize reads a number of bytes with a unit of PostgreSQL's (kB is 1024), or a plain one; infinite is 0.
func parseSize(s string) (int64, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if isInfinite(s) {
		return 0, nil
	}
	n, unit, rest := cutQuantity(s)
	shift, known := map[string]int{"": 0, "b": 0, "kb": 10, "mb": 20, "gb": 30, "tb": 40}[unit]
	if n <= 0 || !known || rest != "" || n > math.MaxInt64>>shift {
		return 0, errNoQuantity
	}
	return n << shift, nil
}

// checkConfig refuses what relations of a kind cannot have. Tables and views are rebuilt from their changelogs, which
// must not lose the last record of a key.
func checkConfig(kind catalog.Kind, c catalog.TopicConfig, o ast.Option) error {
	if kind != catalog.KindTable && kind != catalog.KindView {
		if o.Name == "state" {
			return pgerr.New(pgerr.InvalidParameterValue, "option %q is for tables and materialized views", o.Name).
				WithDetail("A %s has no rows beside its log.", kind).At(o.Pos)
		}
		return nil
	}
	switch {
	case o.Name == "cleanup_policy" && c.Cleanup != catalog.CleanupCompact:
		return pgerr.New(pgerr.InvalidParameterValue, "cleanup_policy of a %s must be \"compact\"", kind).
			WithDetail("The changelog of a %s keeps the last record of every key.", kind).At(o.Pos)
	case o.Name == "format" && c.Format == catalog.FormatJSON:
		return pgerr.Unsupported("format json of a %s is", kind).WithHint("Use it for a stream.").At(o.Pos)
	}
	return nil
}

func twice(o ast.Option) error {
	return pgerr.New(pgerr.SyntaxError, "parameter %q specified more than once", o.Name).At(o.Pos)
}
