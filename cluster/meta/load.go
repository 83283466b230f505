package meta

import (
	"bytes"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Load returns the catalog of a node that does not run: the newest snapshot in dir and the commands above it in the group's part
// of the write-ahead log, and the index of the last entry of the two. Raft is not started and nothing is changed. The group has
// one voter, so that each stored entry is one that will have been committed.
func Load(fs vfs.FS, dir string, entries *wal.Group) (*catalog.Catalog, uint64, error) {
	f := &fsm{catalog: catalog.Empty(), changed: make(chan struct{})}
	index, err := f.loadSnapshot(group.NewSnapshots(vfs.ReadOnly(fs), dir))
	if err != nil {
		return nil, 0, err
	}
	first, last := entries.FirstIndex(), entries.LastIndex()
	if first > index+1 {
		return nil, 0, fmt.Errorf("catalog: entries %d to %d are in neither the snapshot nor the write-ahead log", index+1, first-1)
	}
	for index < last {
		index++
		e, err := entries.Get(index)
		if err != nil {
			return nil, 0, fmt.Errorf("catalog: %w", err)
		}
		if raft.LogType(e.Type) == raft.LogCommand {
			f.Apply(&raft.Log{Index: e.Index, Term: e.Term, Data: e.Data}) // a refused command is refused again
		}
	}
	c, _ := f.get()
	return c, index, nil
}

// loadSnapshot restores the newest snapshot, if there is one, and returns its index.
func (f *fsm) loadSnapshot(snapshots *group.Snapshots) (uint64, error) {
	known, err := snapshots.List()
	if err != nil || len(known) == 0 {
		return 0, err
	}
	contents, err := snapshots.Newest()
	if err != nil {
		return 0, err
	}
	return known[0].Index, f.Restore(io.NopCloser(bytes.NewReader(contents)))
}
