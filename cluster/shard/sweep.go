package shard

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// sweepPatience is how long files wait for readers that began before a trim. A reader that takes longer, an open cursor for
// example, then finds that its records are gone.
const sweepPatience = time.Minute

// sweeps is what the files of the logs are behind the entries: segments to delete, segments to compact. It is done beside
// the state machine, by each replica for itself, again after a crash, and decides nothing.
type sweeps struct {
	mu    sync.Mutex
	wake  chan struct{} // capacity 1
	epoch uint64        // one more with each trim
	pins  map[uint64]int
	todo  map[*log.Partition]sweep
	idle  chan struct{} // closed while there is nothing to do now
}

// sweep is what there is to do for one log.
type sweep struct {
	id      catalog.PartitionID
	before  log.Offset // segments below it go; 0: none
	epoch   uint64     // readers of an older one may still read them
	since   time.Time
	compact log.CompactOptions // Below 0: nothing
}

func newSweeps() *sweeps {
	return &sweeps{wake: make(chan struct{}, 1), pins: map[uint64]int{}, todo: map[*log.Partition]sweep{}, idle: make(chan struct{})}
}

// pin has the files stay that are there now, until unpin.
func (s *sweeps) pin() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pins[s.epoch]++
	return s.epoch
}

func (s *sweeps) unpin(epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pins[epoch]--; s.pins[epoch] == 0 {
		delete(s.pins, epoch)
		if len(s.todo) > 0 {
			s.rouse()
		}
	}
}

func (s *sweeps) rouse() {
	if s.resting() {
		s.idle = make(chan struct{})
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// add notes what a change of a log's state leaves to do.
func (s *sweeps) add(id catalog.PartitionID, l *log.Partition, before, after LogState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.todo[l]
	w.id = id
	if after.Start > before.Start {
		s.epoch++
		w.before, w.epoch, w.since = after.Start, s.epoch, time.Now()
	}
	if after.Below > before.Below || after.TombstonesBefore > before.TombstonesBefore {
		w.compact = log.CompactOptions{Below: after.Below, TombstonesBefore: after.TombstonesBefore}
	}
	if w.before > 0 || w.compact.Below > 0 {
		s.todo[l] = w
		s.rouse()
	}
}

// load notes what may have been left at the end of an earlier process. done is what its last compaction was.
func (s *sweeps) load(p *partition, l LogState, done LogState) {
	s.add(p.id, p.log, LogState{Below: done.Below, TombstonesBefore: done.TombstonesBefore}, l)
}

// compactedName is a file in a partition's directory that says up to where it has been compacted, as text: Below,
// TombstonesBefore. It is a hint: without it the log is looked through again. It is never synced.
const compactedName = "compacted"

// compactedTo reads the hint.
func (m *machine) compactedTo(id catalog.PartitionID) (done LogState) {
	f, err := m.fs.Open(filepath.Join(partitionDir(m.dir, id), compactedName))
	if err != nil {
		return done
	}
	defer f.Close()
	var b [64]byte
	n, _ := f.ReadAt(b[:], 0)
	var said LogState
	if _, err := fmt.Sscanf(string(b[:n]), "%d %d.", &said.Below, &said.TombstonesBefore); err == nil && strings.HasSuffix(string(b[:n]), ".") {
		return said
	}
	return done
}

// noteCompacted writes the hint.
func (s *Shard) noteCompacted(id catalog.PartitionID, o log.CompactOptions) error {
	f, err := s.cfg.FS.Create(filepath.Join(partitionDir(s.cfg.Dir, id), compactedName))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(fmt.Appendf(nil, "%d %d.", o.Below, o.TombstonesBefore))
	return err
}

// next returns something that can be done now, or how long to wait for readers if there is nothing (0: for ever).
func (s *sweeps) next(now time.Time) (l *log.Partition, w sweep, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := s.epoch
	for e := range s.pins {
		oldest = min(oldest, e)
	}
	for l, w := range s.todo {
		if left := sweepPatience - now.Sub(w.since); w.before > 0 && oldest < w.epoch && left > 0 {
			if wait == 0 || left < wait {
				wait = left
			}
			if w.compact.Below == 0 {
				continue
			}
			s.todo[l] = sweep{id: w.id, before: w.before, epoch: w.epoch, since: w.since}
			return l, sweep{id: w.id, compact: w.compact}, 0
		}
		delete(s.todo, l)
		return l, w, 0
	}
	if !s.resting() {
		close(s.idle)
	}
	return nil, sweep{}, wait
}

func (s *sweeps) resting() bool {
	select {
	case <-s.idle:
		return true
	default:
		return false
	}
}

// Swept returns when the files are as the entries say, but for what waits for readers.
func (s *Shard) Swept(ctx context.Context) error {
	t := s.view.todo
	t.mu.Lock()
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sweep does what the sweeps say until the shard stops.
func (s *Shard) sweep() {
	for {
		l, w, wait := s.view.todo.next(time.Now())
		if l != nil {
			if err := s.run(l, w); err != nil && !errors.Is(err, log.ErrClosed) {
				s.sweepFailed(err)
			}
			continue
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-s.view.todo.wake:
		case <-timer:
		case <-s.stop:
			return
		}
	}
}

// run deletes and rewrites files of one log. Segments go one by one, so that appends wait for one at most.
func (s *Shard) run(l *log.Partition, w sweep) error {
	for _, seg := range l.Segments() {
		if !seg.Sealed || seg.Next > w.before || s.stopping() {
			break
		}
		if err := l.DropBefore(seg.Next); err != nil {
			return err
		}
		s.machine.stats.trimmed.Add(uint64(seg.SizeBytes))
	}
	if w.compact.Below == 0 || s.stopping() {
		return nil
	}
	done, err := l.Compact(w.compact)
	s.machine.stats.compacted.Add(uint64(max(0, done.BytesBefore-done.BytesAfter)))
	if err != nil {
		return err
	}
	if err := s.noteCompacted(w.id, w.compact); err != nil {
		s.cfg.Logger.Warn("a compaction was not noted; it is done again at the next start", "shard", s.id, "error", err)
	}
	return nil
}

func (s *Shard) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// sweepFailed: records that are damaged concern their readers, everything else the node.
func (s *Shard) sweepFailed(err error) {
	if errors.Is(err, log.ErrCorrupt) || errors.Is(err, state.ErrCorrupt) {
		s.cfg.Logger.Error("a log was not compacted", "shard", s.id, "error", err)
		return
	}
	s.cfg.Fatal(fmt.Errorf("shard %d: trim or compact a log: %w", s.id, err))
}
