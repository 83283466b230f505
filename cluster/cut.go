package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// cutRetries is how often a cut that splits a transaction is mended before transactions are held back for a moment.
const cutRetries = 3

// cut is a snapshot of several shards in which every transaction is whole or not at all.
type cut struct {
	snapshots []*shard.Snapshot // by shard; nil: not part of it
	relations map[catalog.RelationID]*catalog.Relation
	take      func(catalog.ShardID) *shard.Snapshot // not nil: a shard's is taken when it is first read
}

var _ exec.Reader = (*cut)(nil)

// takeCut takes snapshots of the shards, one after the other, and then looks whether one holds a transaction that
// another one lacks. If so that one is taken anew, when the transaction has arrived there.
func (n *Node) takeCut(ctx context.Context, ids []catalog.ShardID) (*cut, error) {
	since := make([]uint64, len(n.shards))
	for _, id := range ids {
		since[id] = n.shards[id].Finishes()
	}
	c := &cut{snapshots: make([]*shard.Snapshot, len(n.shards))}
	for _, id := range ids {
		c.snapshots[id] = n.shards[id].Snapshot()
	}
	if len(ids) < 2 {
		return c, nil
	}
	for range cutRetries {
		whole, err := n.mend(ctx, c, ids, since)
		if err != nil {
			c.Close()
			return nil, err
		}
		if whole {
			return c, nil
		}
	}
	n.retake(c, ids)
	return c, nil
}

// retake takes all snapshots anew, while transactions over several shards are held back before their commit point.
func (n *Node) retake(c *cut, ids []catalog.ShardID) {
	n.commits.hold()
	defer n.commits.release()
	for _, id := range ids {
		n.replace(c, id)
	}
}

func (n *Node) replace(c *cut, id catalog.ShardID) {
	c.snapshots[id].Close()
	c.snapshots[id] = n.shards[id].Snapshot()
}

// mend takes the snapshots of shards anew that lack a transaction which another one has. It returns true if there was none.
func (n *Node) mend(ctx context.Context, c *cut, ids []catalog.ShardID, since []uint64) (bool, error) {
	whole := true
	for _, id := range ids {
		lacks := false
		for _, other := range ids {
			if other == id {
				continue
			}
			some, resolved := c.snapshots[id].Lacks(id, c.snapshots[other], since[other])
			lacks = lacks || some
			for _, ch := range resolved {
				if err := wait(ctx, ch); err != nil {
					return false, err
				}
			}
		}
		if lacks {
			whole = false
			n.replace(c, id)
		}
	}
	return whole, nil
}

func wait(ctx context.Context, ch <-chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// of returns the snapshot that holds p.
func (c *cut) of(p catalog.PartitionID) (*shard.Snapshot, error) {
	r := c.relations[p.Topic.Relation()]
	if r == nil {
		return nil, fmt.Errorf("partition %v is not part of the snapshot", p)
	}
	id, err := place(r, p, len(c.snapshots))
	if err == nil && c.snapshots[id] == nil && c.take != nil {
		c.snapshots[id] = c.take(id)
	}
	if err == nil && c.snapshots[id] == nil {
		err = fmt.Errorf("shard %d of partition %v is not part of the snapshot", id, p)
	}
	if err != nil {
		return nil, err
	}
	return c.snapshots[id], nil
}

// Rows implements exec.Reader.
func (c *cut) Rows(p catalog.PartitionID) state.Reader {
	s, err := c.of(p)
	if err != nil {
		return noRows{err}
	}
	return s.Rows(p)
}

// Untaken reports whether a cut that takes its snapshots when they are first read has taken none.
func (c *cut) Untaken() bool {
	return c.take != nil && !slices.ContainsFunc(c.snapshots, func(s *shard.Snapshot) bool { return s != nil })
}

// OffsetForTime implements exec.Reader.
func (c *cut) OffsetForTime(p catalog.PartitionID, millis int64) (log.Offset, error) {
	s, err := c.of(p)
	if err != nil {
		return 0, err
	}
	return s.OffsetForTime(p, millis)
}

// ReadLog implements exec.Reader.
func (c *cut) ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	s, err := c.of(p)
	if err != nil {
		return nil, err
	}
	return s.ReadLog(p, from, maxBytes, buf)
}

// StartOffset implements exec.Reader; it is 0 of a partition that is not part of the snapshot.
func (c *cut) StartOffset(p catalog.PartitionID) log.Offset {
	s, err := c.of(p)
	if err != nil {
		return 0
	}
	return s.StartOffset(p)
}

// EndOffset implements exec.Reader; it is 0 of a partition that is not part of the snapshot.
func (c *cut) EndOffset(p catalog.PartitionID) log.Offset {
	s, err := c.of(p)
	if err != nil {
		return 0
	}
	return s.EndOffset(p)
}

// Close implements exec.Reader.
func (c *cut) Close() {
	for i, s := range c.snapshots {
		if s != nil {
			s.Close()
			c.snapshots[i] = nil
		}
	}
}

// noRows answers every read with err.
type noRows struct{ err error }

func (r noRows) Get([]byte) ([]byte, error)          { return nil, r.err }
func (r noRows) Scan(_, _ []byte) state.Iterator     { return r }
func (r noRows) ScanBack(_, _ []byte) state.Iterator { return r }
func (r noRows) Next() bool                          { return false }
func (r noRows) Key() []byte                         { return nil }
func (r noRows) Value() []byte                       { return nil }
func (r noRows) Close() error                        { return r.err }
