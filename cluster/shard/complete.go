package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
)

// checkComplete looks, when all entries were applied and before anything is written, that store, logs and entries fit
// together. A log that is behind has lost records, and is isolated. One that is ahead holds what the write-ahead log has lost, as an entry
// is stored there before it is applied.
func (s *Shard) checkComplete() error {
	s.view.isolateIncomplete(s.cfg.Dir)
	if err := s.view.checkAhead(); err != nil {
		return err
	}
	return s.checkUnknown()
}

func (v *view) checkAhead() (err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends.Scan(func(e partitionEnd) bool {
		if v.isolated[e.id] != nil {
			return true
		}
		if next := e.log.NextOffset(); next > e.end {
			err = lostEntries(fmt.Sprintf("partition %v holds records %d to %d", e.id, e.end, next-1))
		}
		return err == nil
	})
	return err
}

func lostEntries(holds string) error {
	return fmt.Errorf("%s, and the write-ahead log does not hold the entries that wrote them: its end is lost", holds)
}

// checkUnknown looks for logs with records of which the shard knows nothing.
func (s *Shard) checkUnknown() error {
	dir := filepath.Join(s.cfg.Dir, topicsDir)
	names, err := s.cfg.FS.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if id, ok := parsePartitionDir(name); !ok || s.view.knows(id) {
			continue
		}
		if filled, err := s.holdsRecords(filepath.Join(dir, name)); filled || err != nil {
			return errors.Join(err, lostEntries(filepath.Join(dir, name)+" holds records"))
		}
	}
	return err
}

// holdsRecords reports whether there is a segment with anything in it. A log comes into being empty before its first append
// is decided.
func (s *Shard) holdsRecords(dir string) (bool, error) {
	names, err := s.cfg.FS.List(dir)
	for _, name := range names {
		if !strings.HasSuffix(name, ".log") {
			continue
		}
		info, err := s.cfg.FS.Stat(filepath.Join(dir, name))
		if err != nil || info.SizeBytes > 0 {
			return err == nil, err
		}
	}
	return false, err
}

// knows reports whether p has records, or belongs to a dropped relation.
func (v *view) knows(p catalog.PartitionID) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, dropped := v.dropped[p.Topic.Relation()]
	_, found := v.ends.Get(partitionEnd{id: p})
	return dropped || found
}
