package shard

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// manifestHeld names the file that has a relation which is held in memory, as of the manifest's entry.
type manifestHeld struct {
	Relation catalog.RelationID `json:"relation"`
	File     string             `json:"file"`
}

// savedHeld is the file of a relation that is held in memory in the newest snapshot, and how many writes are in it: while
// there are no more, the next snapshot names the same file.
type savedHeld struct {
	file   string
	writes uint64
}

// heldCopy is a relation that is held in memory at the moment when a snapshot is cut.
type heldCopy struct {
	id     catalog.RelationID
	rows   state.Snapshot // nil: saved is up to date
	file   string
	writes uint64
}

// cutHeld copies what is held in memory; the trees are copied where they are written to later. It runs in the state machine's
// goroutine.
func (m *machine) cutHeld(index uint64) (copies []heldCopy) {
	for _, id := range m.db.Relations() {
		rows, writes, _ := m.db.Copy(id)
		c := heldCopy{id: id, rows: rows, file: heldName(id, index), writes: writes}
		if saved, ok := m.saved[id]; ok && saved.writes == writes {
			c.rows, c.file = nil, saved.file
		}
		copies = append(copies, c)
	}
	return copies
}

// saveHeld writes the files of a snapshot, durably, and names them in the manifest.
func (s *fsmSnapshot) saveHeld() error {
	if len(s.held) == 0 {
		return nil
	}
	if err := s.m.fs.MkdirAll(heldPath(s.m.dir, "")); err != nil {
		return err
	}
	for _, c := range s.held {
		if c.rows != nil {
			if err := writeHeldFile(s.m.fs, heldPath(s.m.dir, c.file), c.id, s.manifest.Applied, c.rows); err != nil {
				return err
			}
		}
		s.manifest.Held = append(s.manifest.Held, manifestHeld{c.id, c.file})
	}
	return s.m.fs.SyncDir(heldPath(s.m.dir, ""))
}

// heldSaved takes over, when the manifest is durable, what it names.
func (s *fsmSnapshot) heldSaved() error {
	clear(s.m.saved)
	for _, c := range s.held {
		s.m.saved[c.id] = savedHeld{c.file, c.writes}
	}
	return removeHeldFiles(s.m.fs, s.m.dir, s.manifest.Held)
}

// removeHeldFiles deletes the held files that no manifest names: older ones, and what a crash has left.
func removeHeldFiles(fsys vfs.FS, dir string, keep []manifestHeld) error {
	names, err := fsys.List(heldPath(dir, ""))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if slices.ContainsFunc(keep, func(h manifestHeld) bool { return h.File == name }) {
			continue
		}
		if err := fsys.Remove(heldPath(dir, name)); err != nil {
			return err
		}
	}
	return err
}
