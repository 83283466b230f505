package shard

import "sync/atomic"

// Stats counts what a shard did since it was opened.
type Stats struct {
	Entries   uint64 // applied raft entries
	Ops       uint64 // ops in them
	Commits   uint64 // applied commits of tasks and forwarders
	Records   uint64 // appended records
	Bytes     uint64 // appended bytes of record batches
	Snapshots uint64
	Trimmed   uint64 // bytes of deleted segments
	Compacted uint64 // bytes that compactions saved
}

type counters struct{ entries, ops, commits, records, bytes, snapshots, trimmed, compacted atomic.Uint64 }

func (c *counters) get() Stats {
	return Stats{Entries: c.entries.Load(), Ops: c.ops.Load(), Commits: c.commits.Load(), Records: c.records.Load(),
		Bytes: c.bytes.Load(), Snapshots: c.snapshots.Load(), Trimmed: c.trimmed.Load(), Compacted: c.compacted.Load()}
}
