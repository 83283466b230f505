// Package log is Millrace's partitioned log on disk: record batches (Kafka's format v2), segments with sparse offset
// and time indexes, partitions, their retention and compaction.
//
// It knows nothing of topics, raft or SQL, reads no clock, and acknowledges nothing: what is durable is decided by the write-ahead
// log (package log/wal), from which the owner repeats what a partition lost in a crash. FORMAT.md has the bytes,
// the crash stories and the limits.
//
// Invariants: the batches of a partition are contiguous, from StartOffset to NextOffset; a reader gets whole batches
// whose CRC was verified just now; what was synced is never cut as if it were a torn write, but reported as ErrCorrupt.
package log
