package assign

import (
	"fmt"
	"testing"
)

// TestPartitions shows that partitions go around the shards, and that equal numbers meet on one shard.
func TestPartitions(t *testing.T) {
	if got := fmt.Sprint(Partitions(5, 3)); got != "[0 1 2 0 1]" {
		t.Errorf("five over three: %s", got)
	}
	few, many := Partitions(2, 8), Partitions(16, 8)
	for i := range few {
		if few[i] != many[i] {
			t.Errorf("partition %d: shards %d and %d", i, few[i], many[i])
		}
	}
}
