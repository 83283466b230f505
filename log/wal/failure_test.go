package wal

import (
	"fmt"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// A failed sync or write poisons the log: the caller hears of it, nothing is tried again, what was published stays
// readable, and after a restart all acknowledged entries are there.
func TestFailurePoisons(t *testing.T) {
	for _, op := range []vfs.Op{vfs.OpSync, vfs.OpWrite} {
		t.Run(string(op), func(t *testing.T) {
			fs := vfs.NewMem()
			w := mustOpen(t, fs, Options{})
			mustAppend(t, w.Group(1), 1, 10)
			var after []vfs.Op
			failing := false
			fs.SetHook(func(o vfs.Op, name string) error {
				if failing {
					after = append(after, o)
				}
				if o == op {
					failing = true
					return fmt.Errorf("the disk is on fire")
				}
				return nil
			})
			err := w.Group(1).Append(entries(1, 11, 1))
			if !isErr(err, ErrFailed) || op == vfs.OpSync && !isErr(err, vfs.ErrSyncFailed) {
				t.Errorf("append: %v", err)
			}
			<-w.Failed()
			for range 3 {
				if err := w.Group(2).Append(entries(2, 1, 1)); !isErr(err, ErrFailed) {
					t.Errorf("append afterwards: %v", err)
				}
			}
			checkRange(t, w.Group(1), 1, 10)
			if err := w.Close(); !isErr(err, ErrFailed) {
				t.Errorf("close: %v", err)
			}
			if op == vfs.OpSync && len(after) > 0 {
				t.Errorf("after the failed sync: %v", after)
			}
			fs.SetHook(nil)
			w2 := mustOpen(t, fs.Crash(vfs.CrashDrop, nil), Options{})
			checkRange(t, w2.Group(1), 1, 10)
		})
	}
}

// Everything that is queued fails with the write before it: nobody waits for ever.
func TestFailureWakesAll(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	began, gate := make(chan struct{}), make(chan struct{})
	fs.SetHook(func(op vfs.Op, _ string) error {
		if op == vfs.OpSync {
			close(began)
			<-gate
			return fmt.Errorf("the disk is gone")
		}
		return nil
	})
	errs := make(chan error, 20)
	add := func(g uint32) { errs <- w.Group(g).Append(entries(g, 1, 1)) }
	go add(0)
	<-began
	for g := range uint32(19) {
		go add(1 + g)
	}
	waitQueued(w, 19)
	close(gate)
	for range 20 {
		if err := <-errs; !isErr(err, ErrFailed) {
			t.Errorf("append: %v", err)
		}
	}
}
