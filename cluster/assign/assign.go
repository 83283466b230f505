// Package assign decides where partitions live. It is pure: the same question has the same answer on every node.
package assign

import "github.com/millracedb/millrace/sql/catalog"

// Partitions returns the shard of each of n partitions: partition i is on shard i modulo the number of shards, so that
// partitions of one number are together, whatever topic they are of, and joins of equally partitioned topics are local.
func Partitions(n, shards int) []catalog.ShardID {
	placement := make([]catalog.ShardID, n)
	for i := range placement {
		placement[i] = catalog.ShardID(i % shards)
	}
	return placement
}
