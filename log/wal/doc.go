// Package wal is the write-ahead log of a node: one sequence of files that many groups share.
//
// Each group is a contiguous run of entries (index, term, bytes) that is appended to at its end and truncated at both
// ends, and a few durable metadata values. All groups that wait at the same time share one write and one fdatasync.
// The package knows nothing of raft beyond that. FORMAT.md in the parent folder has the bytes, the crash stories and
// the limits.
//
// Who does what: callers encode their frames, take their place in the queue under WAL.mu and wait. One goroutine, the
// writer, takes whatever is queued, writes and syncs it, applies it to the groups' published state, and wakes the
// callers. Readers use the published state only, so they never see what is not durable.
//
// Invariants: a write is synced before the next one is written. Published state is the frames of the files, in order,
// applied. After a failed write or sync nothing is ever written again.
package wal
