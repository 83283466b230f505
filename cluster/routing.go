package cluster

import (
	"fmt"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

// place returns the shard of partition p of relation r, or of an internal topic of its query.
func place(r *catalog.Relation, p catalog.PartitionID, shards int) (catalog.ShardID, error) {
	if int64(p.Partition) >= int64(len(r.Placement)) {
		return 0, fmt.Errorf("partition %v: relation %q has %d", p, r.Name, len(r.Placement))
	}
	id := r.Placement[p.Partition]
	if int64(id) >= int64(shards) {
		return 0, fmt.Errorf("partition %v is on shard %d, there are %d", p, id, shards)
	}
	return id, nil
}

// shardOf returns the shard that holds partition p. Errors: exec.ErrDropped, shard.ErrDamaged.
func (n *Node) shardOf(p catalog.PartitionID) (*shard.Shard, error) {
	r := n.Catalog().ByID(p.Topic.Relation())
	if r == nil {
		return nil, fmt.Errorf("partition %v: %w", p, exec.ErrDropped)
	}
	id, err := place(r, p, len(n.shards))
	if err != nil {
		return nil, err
	}
	s := n.shards[id]
	return s, s.Damage()
}
