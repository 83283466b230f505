package inspect

import (
	"fmt"
	"io"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// verification prints what is found and counts it.
type verification struct {
	n               *node
	w               io.Writer
	problems, notes int
	partitions      int
	sum             log.Summary
}

// verify reads all logs. The error says that there are problems.
func (n *node) verify(w io.Writer) error {
	v := &verification{n: n, w: w}
	frames, err := v.wal()
	if err != nil {
		return err
	}
	for _, id := range n.shards() {
		if err := v.shard(id); err != nil {
			return fmt.Errorf("shard %d: %w", id, err)
		}
	}
	fmt.Fprintf(w, "verified the write-ahead log (%s, %s, %d bytes) and %s (%s, %s, %s, %d bytes): %s, %s\n",
		some(frames.Files, "file"), some(frames.Frames, "frame"), frames.Bytes, some(v.partitions, "partition"), some(v.sum.Segments, "segment"),
		someBatches(v.sum.Batches), some(v.sum.Records, "record"), v.sum.Bytes, some(v.problems, "problem"), some(v.notes, "note"))
	if v.problems > 0 {
		return fmt.Errorf("log verify: %s", some(v.problems, "problem"))
	}
	return nil
}

func someBatches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

func (v *verification) problem(format string, args ...any) {
	v.problems++
	fmt.Fprintf(v.w, "problem: "+format+"\n", args...)
}

func (v *verification) note(format string, args ...any) {
	v.notes++
	fmt.Fprintf(v.w, "note: "+format+"\n", args...)
}

// wal reads the write-ahead log, and what of the catalog is not in the shards.
func (v *verification) wal() (wal.Summary, error) {
	before := v.problems
	sum, err := wal.Verify(vfs.OS, v.n.WALDir(), func(c *wal.CorruptError) { v.problem("%s at %d: %s", c.File, c.Position, c.Reason) })
	if err != nil {
		return sum, err
	}
	if t := sum.Torn; t != nil {
		v.note("%s at %d: %s begins here; the next start cuts it", t.File, t.Position, t.Reason)
	}
	switch {
	case v.problems > before:
		v.note("nothing is compared with the write-ahead log, as it cannot be read whole")
	case v.n.catalogErr != nil:
		v.problem("%v", v.n.catalogErr)
	}
	return sum, nil
}

// shard reads a shard's logs. If the rest of the shard cannot be read, the logs are read by themselves.
func (v *verification) shard(id catalog.ShardID) error {
	if err := v.n.VerifyStores(id, func(err error) { v.problem("shard %d: %v", id, err) }); err != nil {
		return err
	}
	s, done, err := v.n.OpenShard(id, v.n.wal)
	if err != nil {
		v.problem("%v", err)
		return v.files(id)
	}
	ps, err := v.known(id, s)
	if err != nil {
		v.problem("shard %d: %v", id, err)
		err = v.files(id)
	} else {
		for _, p := range ps {
			if err = v.partition(id, s, p); err != nil {
				break
			}
		}
	}
	if closeErr := done(); err == nil {
		err = closeErr
	}
	return err
}

// known compares what is known of a shard, but for the logs, and lists its partitions.
func (v *verification) known(id catalog.ShardID, s *shard.Stopped) ([]shard.StoppedPartition, error) {
	if err := s.Check(func(reason string) { v.problem("shard %d: %s", id, reason) }); err != nil {
		return nil, err
	}
	return s.Partitions()
}

// files reads logs of which nothing is known but their files.
func (v *verification) files(id catalog.ShardID) error {
	ps, err := shard.FindPartitions(vfs.OS, v.n.ShardDir(id))
	for _, p := range ps {
		if err == nil {
			_, _, err = v.log(p)
		}
	}
	return err
}

func (v *verification) partition(id catalog.ShardID, s *shard.Stopped, p shard.StoppedPartition) error {
	if p.Dropped {
		return nil // its files go with the next snapshot
	}
	v.place(id, p.ID)
	next, sound, err := v.log(p)
	if err != nil || !sound {
		return err
	}
	if reason, harmless := s.CheckEnd(p, next); reason == "" {
		return nil
	} else if harmless {
		v.note("%s: %s", p.Dir, reason)
	} else {
		v.problem("%s: %s", p.Dir, reason)
	}
	return nil
}

// log reads a partition's files, and returns where they end, and whether without a problem.
func (v *verification) log(p shard.StoppedPartition) (next log.Offset, sound bool, err error) {
	v.partitions++
	if !p.Files {
		return 0, true, nil
	}
	before := v.problems
	sum, err := log.Verify(vfs.OS, p.Dir, p.Synced, func(f log.Finding) {
		if f.Harmless {
			v.note("%s at %d: %s", f.File, f.Position, f.Reason)
		} else {
			v.problem("%s at %d: %s", f.File, f.Position, f.Reason)
		}
	})
	v.sum.Segments += sum.Segments
	v.sum.Batches += sum.Batches
	v.sum.Records += sum.Records
	v.sum.Bytes += sum.Bytes
	return sum.Next, v.problems == before, err
}

// place compares a partition with the catalog. A relation that is not in it was dropped, and its shards are not told yet.
func (v *verification) place(id catalog.ShardID, p catalog.PartitionID) {
	if v.n.catalogErr != nil {
		return
	}
	relation := p.Topic.Relation()
	r := v.n.catalog.ByID(relation)
	switch {
	case r == nil && relation >= v.n.catalog.NextID():
		v.problem("shard %d: partition %v: the catalog has only given ids below %d", id, p, v.n.catalog.NextID())
	case r != nil && int64(p.Partition) >= int64(r.Partitions()):
		v.problem("shard %d: partition %v: %s has %d", id, p, quoteName(r), r.Partitions())
	case r != nil && r.Placement[p.Partition] != id:
		v.problem("shard %d: partition %v belongs on shard %d", id, p, r.Placement[p.Partition])
	}
}
