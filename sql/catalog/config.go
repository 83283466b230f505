package catalog

import (
	"fmt"
	"strconv"
)

// TopicConfig says how a relation's own topic (local number 0) is stored. Every field has a value: see DefaultConfig.
// The internal topics of a query do not follow it. It is comparable, and kept as JSON: add fields, never rename.
type TopicConfig struct {
	// ReplicationFactor is how many replicas were asked for; 0: as many as the cluster gives.
	ReplicationFactor int `json:"replication_factor,omitempty"`
	// RetentionMillis is the age, ms, after which records of a topic that deletes may be removed; 0: unlimited, the default.
	RetentionMillis int64 `json:"retention_millis,omitempty"`
	// RetentionBytes is the size of one partition above which the oldest segments of a topic that deletes may be removed;
	// 0: unlimited, the default.
	RetentionBytes int64 `json:"retention_bytes,omitempty"`
	// Cleanup says whether records expire, are compacted to the last of each key, or both. Default: CleanupDelete of topics
	// and streams; tables and views are always CleanupCompact.
	Cleanup CleanupPolicy `json:"cleanup_policy,omitempty"`
	// Format is the encoding of keys and values. Default: FormatNative. It never changes.
	Format Format `json:"format,omitempty"`
	// Compression is that of record batches. Default: CompressionNone.
	Compression Compression `json:"compression,omitempty"`
	// SegmentBytes is the size at which a segment is sealed. Default: DefaultSegmentBytes. Never 0.
	SegmentBytes int64 `json:"segment_bytes,omitempty"`
	// SegmentAgeMillis is the age, ms, at which a segment that holds records is sealed; 0: at no age. Default: 7 days.
	SegmentAgeMillis int64 `json:"segment_age_millis,omitempty"`
	// DeleteRetentionMillis is how long, ms, a tombstone outlives the compaction of what it deletes; 0: for ever. Default: a day.
	DeleteRetentionMillis int64 `json:"delete_retention_millis,omitempty"`
	// Durability says what an acknowledged write is. Default: DurabilitySync.
	Durability Durability `json:"durability,omitempty"`
	// State says where the rows of a table or view are, and the state of its query. Default: StateRocksDB; empty of other
	// relations, which have neither. It never changes.
	State StateStore `json:"state,omitempty"`
}

// CleanupPolicy is the option cleanup_policy.
type CleanupPolicy string

// The cleanup policies.
const (
	CleanupDelete        CleanupPolicy = "delete"
	CleanupCompact       CleanupPolicy = "compact"
	CleanupCompactDelete CleanupPolicy = "compact,delete"
)

// Deletes reports whether records expire by age and size.
func (p CleanupPolicy) Deletes() bool { return p == CleanupDelete || p == CleanupCompactDelete }

// Compacts reports whether a record may be removed when a later one has its key.
func (p CleanupPolicy) Compacts() bool { return p == CleanupCompact || p == CleanupCompactDelete }

// Format is the option format, and FormatRaw.
type Format string

// The formats. FormatRaw is no option: it is how a topic itself is read, see TopicColumns.
const (
	FormatNative Format = "native" // row codec and key codec of sql/types
	FormatJSON   Format = "json"   // the value is an object with a member for each column; the key is the key column's value
	FormatRaw    Format = "raw"
)

// Compression is the option compression.
type Compression string

// The compressions.
const (
	CompressionNone Compression = "none"
	CompressionLZ4  Compression = "lz4"
	CompressionZstd Compression = "zstd"
)

// Durability is the option durability.
type Durability string

// The durabilities: answer a write when it is fsynced by a majority, or when the leader has taken it.
const (
	DurabilitySync  Durability = "sync"
	DurabilityAsync Durability = "async"
)

// StateStore is the option state.
type StateStore string

// The state stores: on disk behind a cache, or in memory. Both are as durable as the write-ahead log.
const (
	StateRocksDB StateStore = "rocksdb"
	StateMemory  StateStore = "memory"
)

// Defaults of TopicConfig.
const (
	DefaultSegmentBytes          = 64 << 20
	defaultSegmentAgeMillis      = 7 * millisPerDay
	defaultDeleteRetentionMillis = millisPerDay
)

// DefaultConfig is what a relation of the kind has where its statement says nothing.
func DefaultConfig(k Kind) TopicConfig {
	c := TopicConfig{Cleanup: CleanupDelete, Format: FormatNative, Compression: CompressionNone, SegmentBytes: DefaultSegmentBytes,
		SegmentAgeMillis: defaultSegmentAgeMillis, DeleteRetentionMillis: defaultDeleteRetentionMillis, Durability: DurabilitySync}
	if k == KindTable || k == KindView || k == KindIndex {
		c.Cleanup, c.State = CleanupCompact, StateRocksDB
	}
	return c
}

// withConfig returns r with the defaults, if it comes from a catalog that had no TopicConfig, or none with a State.
func withConfig(r *Relation) *Relation {
	c, defaults := *r, DefaultConfig(r.Kind)
	switch {
	case r.Over != 0:
		return r
	case r.Config == TopicConfig{}:
		c.Config = defaults
	case r.Config.State == "" && defaults.State != "":
		c.Config.State = defaults.State
	default:
		return r
	}
	return &c
}

// ConfigValue is an option of a topic as text, in the form in which it can be given.
type ConfigValue struct{ Name, Value string }

// Values returns the options of c, in a fixed order.
func (c TopicConfig) Values() []ConfigValue {
	values := []ConfigValue{
		{"format", string(c.Format)}, {"cleanup_policy", string(c.Cleanup)},
		{"retention", FormatDuration(c.RetentionMillis)}, {"retention_bytes", FormatSize(c.RetentionBytes)},
		{"compression", string(c.Compression)}, {"durability", string(c.Durability)},
		{"segment_bytes", FormatSize(c.SegmentBytes)}, {"segment_age", FormatDuration(c.SegmentAgeMillis)},
		{"delete_retention", FormatDuration(c.DeleteRetentionMillis)},
	}
	if c.State != "" {
		values = append(values, ConfigValue{"state", string(c.State)})
	}
	if c.ReplicationFactor > 0 {
		values = append(values, ConfigValue{"replication_factor", strconv.Itoa(c.ReplicationFactor)})
	}
	return values
}

const (
	millisPerSecond = 1000
	millisPerMinute = 60 * millisPerSecond
	millisPerHour   = 60 * millisPerMinute
	millisPerDay    = 24 * millisPerHour
)

// infinite is how no limit is written.
const infinite = "infinite"

// FormatDuration writes a time in ms in the largest unit that divides it: 7 days; 0 is infinite.
func FormatDuration(millis int64) string {
	if millis == 0 {
		return infinite
	}
	for _, u := range []struct {
		millis int64
		name   string
	}{{millisPerDay, "day"}, {millisPerHour, "hour"}, {millisPerMinute, "minute"}, {millisPerSecond, "second"}, {1, "millisecond"}} {
		if n := millis / u.millis; millis%u.millis == 0 {
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return ""
}

// FormatSize writes a number of bytes in the largest unit that divides it: 10GB, of 1024³; 0 is infinite.
func FormatSize(bytes int64) string {
	if bytes == 0 {
		return infinite
	}
	for i, unit := range []string{"TB", "GB", "MB", "kB"} {
		if size := int64(1) << (40 - 10*i); bytes%size == 0 {
			return fmt.Sprintf("%d%s", bytes/size, unit)
		}
	}
	return strconv.FormatInt(bytes, 10)
}
