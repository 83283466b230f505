package shard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// sickStores opens a store of which one kind of calls reports damage, once it is told to.
type sickStores struct {
	memoryStores
	fails *atomic.Value // string
}

// sickStore is the store of sickStores.
type sickStore struct {
	keepOpen
	fails   *atomic.Value
	damaged func(error)
}

func newSickRig(t *testing.T) (*rig, *atomic.Value) {
	r, fails := newRig(t), new(atomic.Value)
	r.close()
	fails.Store("")
	r.stores = sickStores{memoryStores{r.db, r.fs}, fails}
	r.open()
	must(t, r.shard.WaitReady(context.Background()))
	return r, fails
}

func (s sickStores) Open(_ string, damaged func(error)) (state.Disk, error) {
	if err := sick(s.fails, "open", func(error) {}); err != nil {
		return nil, err
	}
	return sickStore{keepOpen{s.db, s.fs}, s.fails, damaged}, nil
}

func (s sickStores) Verify(dir string) error {
	return errors.Join(sick(s.fails, "open", func(error) {}), s.memoryStores.Verify(dir))
}

func sick(fails *atomic.Value, call string, damaged func(error)) error {
	if fails.Load() != call {
		return nil
	}
	err := fmt.Errorf("%s of 000007.sst at 4096: %w", call, state.ErrCorrupt)
	damaged(err)
	return err
}

func (s sickStore) Get(key []byte) ([]byte, error) {
	if err := sick(s.fails, "get", s.damaged); err != nil {
		return nil, err
	}
	return s.keepOpen.Get(key)
}

func (s sickStore) Write(b *state.Batch) error {
	if err := sick(s.fails, "write", s.damaged); err != nil {
		return err
	}
	return s.keepOpen.Write(b)
}

func (s sickStore) Flush() error {
	if err := sick(s.fails, "flush", s.damaged); err != nil {
		return err
	}
	return s.keepOpen.Flush()
}

func (s sickStore) Checkpoint(dir string) error {
	if err := sick(s.fails, "checkpoint", s.damaged); err != nil {
		return err
	}
	return s.keepOpen.Checkpoint(dir)
}

// TestDamagedStore shows, for each call that may meet damage of a shard's store, that the shard is isolated: readers, writers and
// waiters hear of it with file and position, the log once, nothing of the write-ahead log is cut, the node goes on. When the store has
// been mended, the next start has all that was acknowledged.
func TestDamagedStore(t *testing.T) {
	for _, call := range []string{"open", "get", "write", "flush", "checkpoint"} {
		t.Run(call, func(t *testing.T) {
			r, fails := newSickRig(t)
			r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent})}})
			waiting := make(chan error, 1)
			fails.Store(call)
			switch call {
			case "open":
				r.close()
				r.open()
				must(t, r.shard.WaitReady(context.Background()))
			case "get", "write":
				go func() { waiting <- r.shard.Wait(context.Background(), partitionOf(0), 100) }()
				_, err := r.shard.Propose(context.Background(), &Write{Parts: []Part{tablePart(0, row{"a", "2", at(0)})}})
				if !errors.Is(err, ErrUnknown) || !errors.Is(err, state.ErrCorrupt) { // it is in the write-ahead log
					t.Errorf("write that met the damage: %v", err)
				}
				wantDamage(t, <-waiting, call)
			default:
				if taken, err := r.shard.TakeSnapshot(); taken || err == nil || !strings.Contains(err.Error(), "000007.sst") {
					t.Errorf("snapshot that met the damage: %v, %v", taken, err)
				}
			}
			r.wantIsolated(call)
			fails.Store("")
			r.wantIsolated(call) // until the next start
			r.close()
			if n := strings.Count(r.logged.String(), "level=ERROR"); n != 1 || !strings.Contains(r.logged.String(), "000007.sst at 4096") {
				t.Errorf("logged: %s", r.logged.String())
			}
			select {
			case err := <-r.fatal:
				t.Errorf("fatal: %v", err)
			default:
			}
			r.open()
			must(t, r.shard.WaitReady(context.Background()))
			if call == "get" || call == "write" {
				r.wantShard([]string{"a=2@1"}, []string{"1", "2"})
			} else {
				r.wantShard([]string{"a=1@0"}, []string{"1"})
			}
			r.snapshot()
		})
	}
}

// wantIsolated looks at all that an isolated shard is asked.
func (r *rig) wantIsolated(call string) {
	r.t.Helper()
	ctx := context.Background()
	wantDamage(r.t, r.shard.Damage(), call)
	_, err := r.shard.Propose(ctx, &Write{Parts: []Part{streamPart(1, "x")}})
	wantDamage(r.t, err, call)
	_, err = r.shard.Submit(ctx, &Drop{Relations: []catalog.RelationID{relation}})
	wantDamage(r.t, err, call)
	s := r.shard.Snapshot()
	defer s.Close()
	_, err = s.Rows(partitionOf(0)).Get([]byte("k"))
	wantDamage(r.t, err, call)
	wantDamage(r.t, s.State().Scan(nil, nil).Close(), call)
	for _, from := range []log.Offset{0, s.EndOffset(partitionOf(0)) - 1} {
		_, err = s.ReadLog(partitionOf(0), from, 100, nil)
		wantDamage(r.t, err, call)
	}
	_, err = r.shard.State().Get([]byte("k"))
	wantDamage(r.t, err, call)
	wantDamage(r.t, r.shard.Wait(ctx, partitionOf(0), 100), call)
	wantDamage(r.t, r.shard.WaitFrontier(ctx, exec.ConsumerID{Query: relation}, 0, 1), call)
	if term, _ := r.shard.Leading(); term != 0 {
		r.t.Errorf("it is led in term %d", term)
	}
	if taken, err := r.shard.TakeSnapshot(); taken || err != nil {
		r.t.Errorf("snapshot: %v, %v", taken, err)
	}
	must(r.t, r.shard.Swept(ctx))
}

func wantDamage(t *testing.T, err error, call string) {
	t.Helper()
	var coded *pgerr.Error
	if !errors.As(err, &coded) || coded.Code != pgerr.DataCorrupted || coded.Hint == "" || !errors.Is(err, ErrDamaged) || !errors.Is(err, state.ErrCorrupt) {
		t.Errorf("no error of damage: %v", err)
	} else if !strings.HasPrefix(coded.Message, "data of shard 0 is damaged: ") || !strings.Contains(coded.Message, call+" of 000007.sst at 4096") {
		t.Errorf("message: %s", coded.Message)
	}
}
