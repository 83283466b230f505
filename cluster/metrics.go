package cluster

import (
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millracedb/millrace/cluster/shard"
)

type nodeCounters struct {
	jobs        atomic.Int64
	changes     atomic.Uint64
	failedRows  atomic.Uint64
	undecodable atomic.Uint64
}

// Stats counts what a node did since its start.
type Stats struct {
	Shards      []shard.Stats // by shard
	Jobs        int64         // tasks and forwarders that run now
	Changes     uint64        // changes that continuous queries have taken in
	FailedRows  uint64        // rows that were left out of views because an expression failed
	Undecodable uint64        // records that continuous queries passed over because they do not decode
	Isolated    []bool        // by shard
	Damaged     []int         // partitions that are isolated, by shard
	AsyncLost   uint64        // writes to topics with durability = 'async' that were answered and did not happen
	FreeBytes   int64         // on the disk of the data directory
	DiskFull    bool          // writes are refused
	LogBytes    []int64       // of the partitions, by shard
	WALBytes    int64
	MemoryBytes int64 // of relations with state = 'memory'
	MemoryLimit int64 // of them
	Relations   int
}

// Stats returns the present counts.
func (n *Node) Stats() Stats {
	s := Stats{Jobs: n.stats.jobs.Load(), Changes: n.stats.changes.Load(), FailedRows: n.stats.failedRows.Load(),
		Undecodable: n.stats.undecodable.Load(),
		Relations:   len(n.Catalog().Shown())}
	for _, sh := range n.shards {
		s.Shards = append(s.Shards, sh.Stats())
		s.Isolated = append(s.Isolated, sh.Damage() != nil)
		s.Damaged = append(s.Damaged, len(sh.Isolated()))
		s.LogBytes = append(s.LogBytes, sh.DiskBytes())
	}
	for i := range n.async {
		s.AsyncLost += n.async[i].lost.Load()
	}
	s.FreeBytes, s.DiskFull = n.space.free.Load(), n.space.full.Load()
	s.WALBytes, _ = n.wal.OldestPins()
	s.MemoryBytes, s.MemoryLimit = n.memory.Used(), n.memory.Limit()
	return s
}

var _ prometheus.Collector = (*Node)(nil)

var (
	shardLabel = []string{"shard"}

	descEntries     = prometheus.NewDesc("millrace_shard_entries_total", "Raft entries applied.", shardLabel, nil)
	descOps         = prometheus.NewDesc("millrace_shard_ops_total", "Operations in the applied entries.", shardLabel, nil)
	descCommits     = prometheus.NewDesc("millrace_shard_commits_total", "Commits of tasks and forwarders applied.", shardLabel, nil)
	descRecords     = prometheus.NewDesc("millrace_log_records_total", "Records appended to partitions.", shardLabel, nil)
	descBytes       = prometheus.NewDesc("millrace_log_bytes_total", "Bytes of record batches appended to partitions.", shardLabel, nil)
	descSnapshots   = prometheus.NewDesc("millrace_shard_snapshots_total", "Snapshots taken.", shardLabel, nil)
	descTrimmed     = prometheus.NewDesc("millrace_log_trimmed_bytes_total", "Bytes of segments that were deleted.", shardLabel, nil)
	descCompacted   = prometheus.NewDesc("millrace_log_compacted_bytes_total", "Bytes that compaction saved.", shardLabel, nil)
	descLogBytes    = prometheus.NewDesc("millrace_log_size_bytes", "Size of the partitions.", shardLabel, nil)
	descIsolated    = prometheus.NewDesc("millrace_shard_isolated", "1 while the shard is isolated because its store is damaged.", shardLabel, nil)
	descPartitions  = prometheus.NewDesc("millrace_shard_isolated_partitions", "Partitions that are isolated because their segments are damaged.", shardLabel, nil)
	descAsyncLost   = prometheus.NewDesc("millrace_async_lost_writes_total", "Writes to topics with durability = 'async' that were answered and did not happen.", nil, nil)
	descFree        = prometheus.NewDesc("millrace_disk_free_bytes", "Free space on the disk of the data directory.", nil, nil)
	descFull        = prometheus.NewDesc("millrace_disk_full", "1 while writes are refused because the disk is full.", nil, nil)
	descJobs        = prometheus.NewDesc("millrace_query_jobs", "Tasks and forwarders of continuous queries that run.", nil, nil)
	descChanges     = prometheus.NewDesc("millrace_query_changes_total", "Changes that continuous queries have taken in.", nil, nil)
	descFailedRows  = prometheus.NewDesc("millrace_query_failed_rows_total", "Rows left out of views because an expression failed.", nil, nil)
	descUndecodable = prometheus.NewDesc("millrace_query_undecodable_records_total", "Records of streams that continuous queries passed over because they do not decode.", nil, nil)
	descWAL         = prometheus.NewDesc("millrace_wal_bytes", "Size of the write-ahead log.", nil, nil)
	descMemory      = prometheus.NewDesc("millrace_state_memory_bytes", "What relations with state = 'memory' hold.", nil, nil)
	descMemoryLimit = prometheus.NewDesc("millrace_state_memory_limit_bytes", "What relations with state = 'memory' may hold together.", nil, nil)
	descRelations   = prometheus.NewDesc("millrace_relations", "Streams, tables and views.", nil, nil)
)

// Describe implements prometheus.Collector.
func (n *Node) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(n, ch) }

// Collect implements prometheus.Collector.
func (n *Node) Collect(ch chan<- prometheus.Metric) {
	s := n.Stats()
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for i, sh := range s.Shards {
		label := strconv.Itoa(i)
		counter(descEntries, sh.Entries, label)
		counter(descOps, sh.Ops, label)
		counter(descCommits, sh.Commits, label)
		counter(descRecords, sh.Records, label)
		counter(descBytes, sh.Bytes, label)
		counter(descSnapshots, sh.Snapshots, label)
		counter(descTrimmed, sh.Trimmed, label)
		counter(descCompacted, sh.Compacted, label)
		gauge(descLogBytes, float64(s.LogBytes[i]), label)
		gauge(descIsolated, flag(s.Isolated[i]), label)
		gauge(descPartitions, float64(s.Damaged[i]), label)
	}
	gauge(descJobs, float64(s.Jobs))
	gauge(descFree, float64(s.FreeBytes))
	gauge(descFull, flag(s.DiskFull))
	counter(descAsyncLost, s.AsyncLost)
	gauge(descWAL, float64(s.WALBytes))
	gauge(descMemory, float64(s.MemoryBytes))
	gauge(descMemoryLimit, float64(s.MemoryLimit))
	gauge(descRelations, float64(s.Relations))
	counter(descChanges, s.Changes)
	counter(descFailedRows, s.FailedRows)
	counter(descUndecodable, s.Undecodable)
	n.collectQueries(ch)
}

func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}
