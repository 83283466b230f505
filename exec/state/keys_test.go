package state

import (
	"testing"

	"github.com/millracedb/millrace/sql/catalog"
)

// TestSplitKeys shows that keys come apart into what they were made of, and that keys of another space do not.
func TestSplitKeys(t *testing.T) {
	p := catalog.PartitionID{Topic: catalog.RelationID(20000).Topic(0), Partition: 3}
	row := RowKey(p, []byte("key"))
	if got, k, ok := SplitRowKey(row); !ok || got != p || string(k) != "key" {
		t.Errorf("row: %v %q %v", got, k, ok)
	}
	task := append(TaskPrefix(20000, 3, 7, 2), "rest"...)
	if got, node, store, rest, ok := SplitTaskKey(task); !ok || got != p || node != 7 || store != 2 || string(rest) != "rest" {
		t.Errorf("task: %v %d %d %q %v", got, node, store, rest, ok)
	}
	if _, _, ok := SplitRowKey(task); ok {
		t.Error("a task's key is a row's")
	}
	for n := range len(task) - len("rest") {
		if _, _, _, _, ok := SplitTaskKey(task[:n]); ok {
			t.Errorf("%d bytes are a task's key", n)
		}
	}
}
