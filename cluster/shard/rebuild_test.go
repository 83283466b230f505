package shard

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
)

// fileStores gives a shard stores that are files as RocksDB's are, but in the test's file system: a table that never changes, with
// a checksum, and CURRENT, which names it.
type fileStores struct{ fs vfs.FS }

type fileStore struct {
	*state.Memory
	fs    vfs.FS
	dir   string
	mu    sync.Mutex
	table int // number of the newest
}

func (s fileStores) Open(dir string, _ func(error)) (state.Disk, error) {
	if err := s.fs.MkdirAll(dir); err != nil {
		return nil, err
	}
	f := &fileStore{Memory: state.NewMemory(), fs: s.fs, dir: dir}
	return f, f.load()
}

func (s fileStores) Verify(dir string) error {
	f := &fileStore{Memory: state.NewMemory(), fs: s.fs, dir: dir}
	if err := f.load(); err != nil {
		return err
	}
	if f.table == 0 {
		return fmt.Errorf("store %s: %w", dir, fs.ErrNotExist)
	}
	return nil
}

func (f *fileStore) load() error {
	current, err := group.ReadFile(f.fs, filepath.Join(f.dir, "CURRENT"))
	if errors.Is(err, fs.ErrNotExist) {
		if names, err := f.fs.List(f.dir); err != nil || len(names) > 0 {
			return errors.Join(err, fmt.Errorf("%s: CURRENT is gone: %w", f.dir, state.ErrCorrupt))
		}
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := fmt.Sscanf(string(current), "%06d.sst", &f.table); err != nil {
		return fmt.Errorf("%s/CURRENT: %w", f.dir, state.ErrCorrupt)
	}
	b, err := group.ReadFile(f.fs, f.name(f.table))
	if err != nil || len(b) < 4 || crc32.ChecksumIEEE(b[4:]) != binary.BigEndian.Uint32(b) {
		return fmt.Errorf("%s: %w: %v", f.name(f.table), state.ErrCorrupt, err)
	}
	var ops state.Batch
	if err := json.Unmarshal(b[4:], &ops); err != nil {
		return err
	}
	return f.Write(&ops)
}

func (f *fileStore) name(table int) string {
	return filepath.Join(f.dir, fmt.Sprintf("%06d.sst", table))
}

// Flush implements state.DB.
func (f *fileStore) Flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ops state.Batch
	it := f.Scan(nil, nil)
	for it.Next() {
		ops.Put(bytes.Clone(it.Key()), bytes.Clone(it.Value()))
	}
	contents, err := json.Marshal(ops)
	if err = errors.Join(err, it.Close()); err != nil {
		return err
	}
	b := append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(contents)), contents...)
	if err := group.ReplaceFile(f.fs, f.name(f.table+1), b); err != nil {
		return err
	}
	if err := group.ReplaceFile(f.fs, filepath.Join(f.dir, "CURRENT"), fmt.Appendf(nil, "%06d.sst", f.table+1)); err != nil {
		return err
	}
	f.table++
	if err := f.fs.Remove(f.name(f.table - 1)); f.table > 1 {
		return err
	}
	return nil
}

// Checkpoint implements state.Disk.
func (f *fileStore) Checkpoint(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := fmt.Sprintf("%06d.sst", f.table)
	if err := f.fs.MkdirAll(dir); err != nil {
		return err
	}
	if err := f.fs.Link(f.name(f.table), filepath.Join(dir, name)); err != nil {
		return err
	}
	return group.ReplaceFile(f.fs, filepath.Join(dir, "CURRENT"), []byte(name)) // syncs the directory
}

// newFileRig is a shard over files only, with a snapshot, and entries and a table behind it.
func newFileRig(t *testing.T) *rig {
	r := &rig{t: t, fs: vfs.NewMem(), fatal: make(chan error, 16)}
	r.again(r.fs)
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent}), streamPart(1, "x")}})
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"b", "1", absent})}})
	r.snapshot()
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "2", at(0)})}})
	must(t, r.shard.machine.disk.Flush())
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"c", "1", absent})}})
	return r
}

// again starts the shard over other files.
func (r *rig) again(files *vfs.Mem) {
	r.t.Helper()
	if r.shard != nil {
		r.close()
	}
	r.fs, r.stores = files, fileStores{files}
	r.open()
	must(r.t, r.shard.WaitReady(context.Background()))
}

// wantWhole checks that all that newFileRig wrote is there, and that the shard goes on.
func (r *rig) wantWhole() {
	r.t.Helper()
	if err := r.shard.Damage(); err != nil {
		r.t.Errorf("isolated: %v", err)
		return
	}
	r.wantShard([]string{"a=2@2", "b=1@1", "c=1@3"}, []string{"1", "1", "2", "1"})
}

func (r *rig) overwrite(name string, contents string) {
	r.t.Helper()
	must(r.t, group.ReplaceFile(r.fs, name, []byte(contents)))
}

// flipByte changes a file in place: a checkpoint with the same table has the damage, too.
func (r *rig) flipByte(name string) {
	r.t.Helper()
	f, err := r.fs.OpenRW(name)
	must(r.t, err)
	var b [1]byte
	_, err = f.ReadAt(b[:], 9)
	must(r.t, err)
	_, err = f.WriteAt([]byte{b[0] ^ 1}, 9)
	must(r.t, err)
	must(r.t, errors.Join(f.Sync(), f.Close()))
}

// table returns the name of the only table in one of the shard's directories.
func (r *rig) tableIn(dir string) string {
	r.t.Helper()
	names, err := r.fs.List(filepath.Join("shard", dir))
	must(r.t, err)
	at := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, tableSuffix) })
	return filepath.Join("shard", dir, names[at])
}

// storeDamages are what a checkpoint makes good.
var storeDamages = map[string]func(r *rig){
	"CURRENT is gone":     func(r *rig) { must(r.t, r.fs.Remove("shard/state/CURRENT")) },
	"CURRENT is garbage":  func(r *rig) { r.overwrite("shard/state/CURRENT", "xyz") },
	"a newer table":       func(r *rig) { r.flipByte(r.tableIn(StoreDir)) },
	"a table is gone":     func(r *rig) { must(r.t, r.fs.Remove(r.tableIn(StoreDir))) },
	"the store is gone":   func(r *rig) { must(r.t, r.fs.RemoveAll("shard/state")) },
	"the store was reset": func(r *rig) { must(r.t, r.fs.RemoveAll("shard/state")); must(r.t, r.fs.MkdirAll("shard/state")) },
}

// TestRebuild shows that a damaged store is replaced by the newest checkpoint, that the entries behind that are applied again, that the
// damaged one is kept and the log has a line, and that the checkpoint can be used again.
func TestRebuild(t *testing.T) {
	for name, damage := range storeDamages {
		t.Run(name, func(t *testing.T) {
			r := newFileRig(t)
			for range 2 {
				r.close()
				r.logged.Reset()
				damage(r)
				r.again(r.fs)
				r.wantWhole()
				if _, err := r.fs.Stat("shard/state.damaged"); err != nil {
					t.Errorf("the damaged store: %v", err)
				}
				if !strings.Contains(r.logged.String(), "was rebuilt from its checkpoint") {
					t.Errorf("logged: %s", r.logged.String())
				}
				must(t, r.shard.machine.disk.Flush())
			}
			r.want(Applied, &Write{Parts: []Part{streamPart(1, "y")}})
			r.snapshot()
			r.again(r.fs.Crash(vfs.CrashDrop, nil))
			r.wantWhole()
		})
	}
}

// TestRebuildWithoutSnapshot shows a damaged store of a shard that has never taken a snapshot: the write-ahead log has everything.
func TestRebuildWithoutSnapshot(t *testing.T) {
	r := &rig{t: t, fatal: make(chan error, 16)}
	r.again(vfs.NewMem())
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent})}})
	must(t, r.shard.machine.disk.Flush())
	r.close()
	r.flipByte(r.tableIn(StoreDir))
	r.again(r.fs)
	if err := r.shard.Damage(); err != nil {
		t.Error(err)
	}
	r.wantShard([]string{"a=1@0"}, []string{"1"})
}

// TestNoRebuild shows what a checkpoint cannot make good: a table that it shares with the store, or a checkpoint that is gone
// itself. The shard is isolated, at the next start too, nothing is replaced, and files that are brought back end it.
func TestNoRebuild(t *testing.T) {
	for name, damage := range map[string]func(r *rig){
		"a shared table":         func(r *rig) { r.flipByte(r.tableIn(StoreDir)) },
		"the checkpoint is gone": func(r *rig) { must(r.t, r.fs.RemoveAll("shard/checkpoints")); r.flipByte(r.tableIn(StoreDir)) },
		"both are damaged": func(r *rig) {
			must(r.t, r.fs.Remove("shard/state/CURRENT"))
			must(r.t, r.fs.Remove(filepath.Join("shard/checkpoints", r.newest().Checkpoint, "CURRENT")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFileRig(t)
			r.snapshot() // now the newest table is in the checkpoint
			r.want(Applied, &Write{Parts: []Part{streamPart(1, "y")}})
			r.close()
			sound := r.fs.Crash(vfs.CrashKeep, nil)
			damage(r)
			for range 2 {
				r.again(r.fs)
				if err := r.shard.Damage(); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "it cannot be rebuilt: ") {
					t.Errorf("damage: %v", err)
				}
				if _, err := r.fs.Stat("shard/state.damaged"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("something was replaced: %v", err)
				}
			}
			r.again(sound)
			r.wantWhole()
		})
	}
}

// TestMarkedStore shows a store that was found damaged while it was in use, in a place that opening it does not read: the next
// start reads it whole, and rebuilds it. A store that is whole then is taken, and the mark goes.
func TestMarkedStore(t *testing.T) {
	for _, damaged := range []bool{true, false} {
		r := newFileRig(t)
		before := r.fs
		verified := 0
		r.shard.view.damage.report(fmt.Errorf("000009.sst at 77: %w", state.ErrCorrupt))
		r.close()
		if b, err := group.ReadFile(r.fs, "shard/damaged"); err != nil || !strings.Contains(string(b), "000009.sst at 77") {
			t.Errorf("mark: %q, %v", b, err)
		}
		r.stores = deafStores{fileStores{before}, damaged, &verified}
		r.open()
		must(t, r.shard.WaitReady(context.Background()))
		r.wantWhole()
		_, aside := r.fs.Stat("shard/state.damaged")
		_, mark := r.fs.Stat("shard/damaged")
		if verified == 0 || damaged != (aside == nil) || !errors.Is(mark, fs.ErrNotExist) {
			t.Errorf("damaged %v: verified %d times, %v, %v", damaged, verified, aside, mark)
		}
	}
}

// deafStores meet the damage of the shard's own store only when all of it is read.
type deafStores struct {
	fileStores
	damaged  bool
	verified *int
}

func (d deafStores) Verify(dir string) error {
	*d.verified++
	if d.damaged && filepath.Base(dir) == StoreDir {
		return fmt.Errorf("000009.sst at 77: %w", state.ErrCorrupt)
	}
	return d.fileStores.Verify(dir)
}

// TestRebuildCrash cuts the power before each change of the shard's stores in a rebuild, with what was not synced dropped, torn or
// there. The start after that has everything, from the old store or the new one.
func TestRebuildCrash(t *testing.T) {
	for _, name := range []string{"CURRENT is gone", "the store is gone", "a newer table"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damage := storeDamages[name]
			r := newFileRig(t)
			r.close()
			damage(r)
			damaged := r.fs.Crash(vfs.CrashKeep, nil)
			for at := 1; ; at++ {
				files := crashAt(t, damaged, at)
				if files == nil {
					if at < 8 {
						t.Errorf("the rebuild ends after %d changes", at)
					}
					return
				}
				for mode, cut := range files {
					after := &rig{t: t, fatal: make(chan error, 16)}
					after.again(cut)
					after.wantWhole()
					after.close()
					if t.Failed() {
						t.Fatalf("change %d, %v", at, mode)
					}
				}
			}
		})
	}
}

// crashAt opens the shard on a copy of the files and returns what power cuts before change number at leave; nil if there are fewer.
func crashAt(t *testing.T, files *vfs.Mem, at int) map[vfs.CrashMode]*vfs.Mem {
	number := at
	var mu sync.Mutex
	var left map[vfs.CrashMode]*vfs.Mem
	r := &rig{t: t, fatal: make(chan error, 16)}
	r.fs = files.Crash(vfs.CrashKeep, nil)
	r.stores = fileStores{r.fs}
	r.fs.SetHook(func(_ vfs.Op, name string) error {
		if strings.Contains(name, topicsDir) || !strings.HasPrefix(name, "shard") {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if at--; at == 0 {
			left = map[vfs.CrashMode]*vfs.Mem{}
			others := []vfs.CrashMode{vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles}
			for _, mode := range []vfs.CrashMode{vfs.CrashDrop, others[number%len(others)]} {
				left[mode] = r.fs.Crash(mode, rand.New(rand.NewPCG(uint64(number), uint64(mode))))
			}
		}
		return nil
	})
	r.open()
	must(t, r.shard.WaitReady(context.Background()))
	r.close()
	mu.Lock()
	defer mu.Unlock()
	return left
}

// TestReleaseSpace shows that a table which only the checkpoint of an idle shard holds is let go when space is short, and else
// only when it is large.
func TestReleaseSpace(t *testing.T) {
	r := newFileRig(t)
	ctx := context.Background()
	taken := make(chan struct{}, 8)
	r.shard.cfg.Snapshotted = func() { taken <- struct{}{} }
	before, err := r.shard.pinnedBytes()
	must(t, err)
	must(t, r.shard.ReleaseSpace(ctx, false))
	applied := r.shard.Stats().Entries
	must(t, r.shard.ReleaseSpace(ctx, true))
	<-taken
	after, err := r.shard.pinnedBytes()
	must(t, err)
	if before == 0 || after != 0 || applied != r.shard.Stats().Entries-1 {
		t.Errorf("%d bytes, then %d; %d entries, then %d", before, after, applied, r.shard.Stats().Entries)
	}
	must(t, r.shard.ReleaseSpace(ctx, true)) // nothing to do
	r.again(r.fs.Crash(vfs.CrashDrop, nil))
	r.wantWhole()
}
