package shard

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/millracedb/millrace/log"
)

// TestIsolatedPartition shows a start with one partition's files gone: its reader and writer hear where the damage
// is, its neighbour goes on over another start, nothing is cut from the write-ahead log, and a drop ends it.
func TestIsolatedPartition(t *testing.T) {
	ctx := context.Background()
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "a", "b"), streamPart(1, "x")}})
	r.snapshot()
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "c"), streamPart(1, "y")}})
	r.close()
	dir := partitionDir("shard", partitionOf(0))
	must(t, r.fs.RemoveAll(dir))
	for _, value := range []string{"z", "zz"} { // the second start replays what the first one wrote
		r.open()
		must(t, r.shard.WaitReady(ctx))
		s := r.shard.Snapshot()
		if _, err := s.ReadLog(partitionOf(0), 0, 1<<20, nil); !errors.Is(err, log.ErrCorrupt) || !strings.Contains(err.Error(), dir) {
			t.Errorf("read: %v", err)
		}
		s.Close()
		_, err := r.shard.Propose(ctx, &Write{Parts: []Part{streamPart(1, "no"), streamPart(0, "no")}})
		if !errors.Is(err, log.ErrCorrupt) || !strings.Contains(err.Error(), dir) {
			t.Errorf("write: %v", err)
		}
		r.want(Applied, &Write{Parts: []Part{streamPart(1, value)}})
		if taken, err := r.shard.TakeSnapshot(); taken || err != nil {
			t.Errorf("snapshot: %v, %v", taken, err)
		}
		if found := r.shard.Isolated(); len(found) != 1 || found[0].Partition != partitionOf(0) {
			t.Errorf("isolated: %v", found)
		}
		s = r.shard.Snapshot()
		if got := strings.Join(records(t, s, 1), " "); !strings.HasSuffix(got, value) {
			t.Errorf("the neighbour holds %s", got)
		}
		s.Close()
		r.close()
	}
	r.open()
	must(t, r.shard.WaitReady(ctx))
	r.want(Applied, &Drop{Relations: append(r.shard.Relations(), relation)})
	if found := r.shard.Isolated(); len(found) > 0 {
		t.Errorf("isolated after the drop: %v", found)
	}
	r.snapshot()
}
