package shard

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/log/vfs"
)

// TestCheckpoints shows that a snapshot names a copy of the store, that it is the only one then, and that a start removes what
// a crash left of others.
func TestCheckpoints(t *testing.T) {
	r := newRig(t)
	var names []string
	for _, value := range []string{"a", "b"} {
		r.want(Applied, &Write{Parts: []Part{streamPart(0, value)}})
		r.snapshot()
		names = append(names, r.newest().Checkpoint)
		r.wantCheckpoints(names[len(names)-1])
	}
	if names[0] == names[1] || names[0] == "" {
		t.Errorf("checkpoints: %q", names)
	}
	must(t, r.fs.MkdirAll(filepath.Join("shard", checkpointsDir, names[1]+".tmp")))
	r.crash(r.db).wantCheckpoints(names[1])
}

// newest is the manifest of the newest snapshot.
func (r *rig) newest() *manifest {
	r.t.Helper()
	contents, err := group.NewSnapshots(r.fs, "shard/snapshot").Newest()
	must(r.t, err)
	m, err := decodeManifest(contents)
	must(r.t, err)
	return m
}

func (r *rig) wantCheckpoints(name string) {
	r.t.Helper()
	names, err := r.fs.List(filepath.Join("shard", checkpointsDir))
	must(r.t, err)
	if len(names) != 1 || names[0] != name {
		r.t.Errorf("checkpoints: %q, want %q", names, name)
	}
}

// TestOldManifest shows that a shard whose snapshot is of version 1, which knew no checkpoints, opens, and that a newer one is
// refused with both versions.
func TestOldManifest(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "a")}})
	r.snapshot()
	files := r.edited(fmt.Sprintf(`"version":%d`, manifestVersion), `"version":1`)
	old := startRig(t, files, clone(t, r.db))
	old.want(Applied, &Write{Parts: []Part{streamPart(0, "b")}})
	old.wantShard(nil, []string{"a", "b"})
	old.snapshot()
	old.wantCheckpoints(old.newest().Checkpoint)
	if _, err := decodeManifest(fmt.Appendf(nil, `{"version":%d}`, manifestVersion+1)); err == nil {
		t.Error("a newer version was read")
	}
}

// edited returns the rig's files with a change in the contents of the snapshot; both texts have the same length.
func (r *rig) edited(from, to string) *vfs.Mem {
	r.t.Helper()
	r.close()
	files := r.fs.Crash(vfs.CrashKeep, nil)
	snapshots := group.NewSnapshots(files, "shard/snapshot")
	contents, err := snapshots.Newest()
	must(r.t, err)
	known, err := snapshots.List()
	must(r.t, err)
	sink, err := snapshots.Create(known[0].Version, known[0].Index, known[0].Term, known[0].Configuration, known[0].ConfigurationIndex, nil)
	must(r.t, err)
	if !bytes.Contains(contents, []byte(from)) {
		r.t.Fatalf("no %s in %s", from, contents)
	}
	_, err = sink.Write(bytes.Replace(contents, []byte(from), []byte(to), 1))
	must(r.t, err)
	must(r.t, sink.Close())
	return files
}
