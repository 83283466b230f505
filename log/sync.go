package log

import (
	"fmt"
	"slices"

	"github.com/millracedb/millrace/log/vfs"
)

// syncJob is a segment that has bytes to store, as it was when the Sync began.
type syncJob struct {
	seg     *segment
	f       vfs.File
	size    int64
	next    Offset
	entries []indexEntry // not in the index file yet
	stamps  []indexEntry // not in the time index file yet
	maxTime int64
	sealed  bool
}

// Sync makes all that was appended before the call durable: segments, directory, then the evidence in the indexes.
// A failed sync poisons the partition and its error wraps vfs.ErrSyncFailed; nothing may be taken as stored then.
func (p *Partition) Sync() error {
	p.syncMu.Lock()
	defer p.syncMu.Unlock()
	jobs, names, err := p.syncJobs()
	if err != nil {
		return err
	}
	err = p.storeJobs(jobs, names)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		return p.poison(err)
	}
	p.finishJobs(jobs)
	return nil
}

func (p *Partition) syncJobs() (jobs []syncJob, names bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.usable(); err != nil {
		return nil, false, err
	}
	for _, s := range p.unsynced {
		jobs = append(jobs, s.syncJob())
	}
	if p.active.synced < p.active.size {
		jobs = append(jobs, p.active.syncJob())
	}
	names, p.newNames = p.newNames, false
	return jobs, names, nil
}

func (s *segment) syncJob() syncJob {
	return syncJob{
		seg: s, f: s.f, size: s.size, next: s.next, sealed: s.sealed, maxTime: s.maxTime,
		entries: s.sparse[s.unsaved:], stamps: s.stamps[s.unsaved:],
	}
}

// storeJobs works without mu. All data goes before any evidence, so that evidence in one segment covers all before it.
func (p *Partition) storeJobs(jobs []syncJob, names bool) error {
	for _, j := range jobs {
		if err := j.f.Sync(); err != nil {
			return fmt.Errorf("sync segment %d: %w", j.seg.base, err)
		}
	}
	if names {
		if err := p.fs.SyncDir(p.dir); err != nil {
			return err
		}
	}
	for _, j := range jobs {
		if err := j.storeIndexes(); err != nil {
			return fmt.Errorf("index of segment %d: %w", j.seg.base, err)
		}
	}
	return nil
}

func (j *syncJob) storeIndexes() error {
	if err := j.seg.w.write(j.entries, indexEntry{off: j.next, pos: j.size}); err != nil {
		return err
	}
	if err := j.seg.tw.write(j.stamps, indexEntry{off: j.next, pos: j.maxTime}); err != nil {
		return err
	}
	if !j.sealed {
		return nil
	}
	if err := j.seg.w.f.Sync(); err != nil {
		return err
	}
	return j.seg.tw.f.Sync()
}

// finishJobs notes what is stored now and lets go of sealed segments. A segment that was sealed while the Sync ran
// stays for the next one. Called under mu.
func (p *Partition) finishJobs(jobs []syncJob) {
	for _, j := range jobs {
		j.seg.synced = j.size
		j.seg.unsaved += len(j.entries)
		if j.sealed {
			j.seg.close()
		}
	}
	p.unsynced = slices.DeleteFunc(p.unsynced, func(s *segment) bool { return s.f == nil })
	p.pending.Store(int32(len(p.unsynced)))
	p.publish(func(v *view) { v.sealed = forgetIndexes(v.sealed) })
}

// forgetIndexes returns the views with the indexes of stored segments dropped from memory: readers load them from
// their files when they need them.
func forgetIndexes(sealed []segmentView) []segmentView {
	first := slices.IndexFunc(sealed, func(s segmentView) bool { return s.sparse != nil && s.seg.f == nil })
	if first < 0 {
		return sealed
	}
	sealed = slices.Clone(sealed)
	for i := first; i < len(sealed); i++ {
		if sealed[i].seg.f == nil {
			sealed[i].sparse, sealed[i].seg.sparse = nil, nil
			sealed[i].stamps, sealed[i].seg.stamps = nil, nil
		}
	}
	return sealed
}
