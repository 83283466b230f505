package log

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/millracedb/millrace/log/vfs"
)

const (
	// compactingSuffix is of files that are being written: behind a crash they are refuse.
	compactingSuffix = ".compacting"
	// swapSuffix is of a second name of a compacted segment, for a moment: refuse likewise.
	swapSuffix = ".swap"
	// compactedSuffix is of a segment that is whole and stored, and stands for all that it spans, whatever else is there.
	compactedSuffix = ".compacted"
)

// compactedPath is the name of a compacted segment until it has its place: "<base>-<next>.compacted".
func compactedPath(dir string, base, next Offset) string {
	return filepath.Join(dir, fmt.Sprintf("%020d-%020d%s", int64(base), int64(next), compactedSuffix))
}

func parseCompactedName(name string) (base, next Offset, ok bool) {
	first, second, found := strings.Cut(name, "-")
	base, ok1 := parseSegmentName(first, "")
	next, ok2 := parseSegmentName(second, compactedSuffix)
	return base, next, found && ok1 && ok2 && base < next
}

// install puts a rewritten segment in the place of a group. gone: one of them was dropped meanwhile, and nothing was done.
//
// The rename to the name that ends in .compacted is the moment at which it is decided; all before it is undone by
// recovery, all behind it done again. Readers: the new view is published first, then the files are switched, under the lock
// of the handle cache. Who has the old view reads on in open files, or opens the new ones under the old names, and when that
// does not fit sees a newer generation and looks again; who has the new view waits for the lock.
func (c *compaction) install(group []compactable, s *segment) (gone bool, err error) {
	p := c.p
	p.syncMu.Lock() // no truncation, drop or close from here on
	defer p.syncMu.Unlock()
	at, err := c.place(group)
	if err != nil || at < 0 {
		return at < 0, err
	}
	next := group[len(group)-1].next
	marker := compactedPath(p.dir, s.base, next)
	if err := p.fs.Rename(s.path+compactingSuffix, marker); err != nil {
		return false, err
	}
	if err := c.swap(at, group, s, marker); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		return false, p.poison(fmt.Errorf("switch segment %d: %w", s.base, err))
	}
	return false, nil
}

// place returns where in the view the group is, -1 if it is not there any more.
func (c *compaction) place(group []compactable) (int, error) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if err := c.p.usable(); err != nil {
		return 0, err
	}
	if c.p.cuts.Load() != c.cuts {
		return 0, errTruncated
	}
	return slices.IndexFunc(c.p.view.Load().sealed, func(s segmentView) bool { return s.seg == group[0].seg }), nil
}

func (c *compaction) swap(at int, group []compactable, s *segment, marker string) error {
	p := c.p
	if err := p.fs.SyncDir(p.dir); err != nil {
		return err
	}
	if err := p.fs.Link(marker, s.path+swapSuffix); err != nil {
		return err
	}
	if err := c.show(at, group, s); err != nil {
		return err
	}
	if err := p.fs.SyncDir(p.dir); err != nil {
		return err
	}
	for _, old := range group[1:] {
		if err := old.seg.remove(p.fs, p.dir); err != nil {
			return err
		}
	}
	if err := p.fs.Remove(marker); err != nil {
		return err
	}
	return p.fs.SyncDir(p.dir)
}

// show gives readers the new segment and its files their names. The marker is still there, so the order on disk is of no
// meaning.
func (c *compaction) show(at int, group []compactable, s *segment) error {
	p := c.p
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handles.mu.Lock()
	defer p.handles.mu.Unlock()
	s.sparse, s.stamps, s.sealed = nil, nil, true
	p.publish(func(v *view) {
		v.sealed = slices.Concat(v.sealed[:at], []segmentView{s.view()}, v.sealed[at+len(group):])
		v.generation++
	})
	for _, old := range group {
		p.handles.forgetLocked(old.seg)
	}
	return renames(p.fs,
		s.index+compactingSuffix, s.index,
		s.times+compactingSuffix, s.times,
		s.path+swapSuffix, s.path)
}

// renames takes pairs of an old and a new name.
func renames(fs vfs.FS, pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if err := fs.Rename(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// failedSync poisons the partition if err is a failed sync: the node stops for every one, also of a file that nobody
// needs. It returns err.
func (p *Partition) failedSync(err error) error {
	if errors.Is(err, vfs.ErrSyncFailed) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.poison(err)
	}
	return err
}
