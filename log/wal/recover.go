package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/millracedb/millrace/log/vfs"
)

// open recovers the log and leaves the writer at its end. It reads and judges everything before it changes anything.
func (w *WAL) open() error {
	if err := w.fs.MkdirAll(w.dir); err != nil {
		return err
	}
	seqs, temps, err := w.listFiles()
	if err != nil {
		return err
	}
	end, err := w.replay(seqs)
	if err != nil {
		return err
	}
	for _, name := range temps {
		if err := w.fs.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(seqs) == 0 {
		return w.begin()
	}
	if err := w.resume(end); err != nil {
		return fmt.Errorf("recover %s: %w", w.writer.file.path, err)
	}
	for _, g := range w.groups {
		g.queuedFirst, g.queuedLast = g.state.first, g.state.last
		for key := range g.state.meta {
			g.queuedKeys[key] = struct{}{}
		}
	}
	return w.writer.reclaim()
}

func (w *WAL) listFiles() (seqs []uint64, temps []string, err error) {
	names, err := w.fs.List(w.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if seq, ok := parseFileName(name); ok {
			seqs = append(seqs, seq)
		} else if strings.HasSuffix(name, tempSuffix) {
			temps = append(temps, name)
		}
	}
	slices.Sort(seqs)
	for i, seq := range seqs {
		if seq != seqs[0]+uint64(i) {
			return nil, nil, &CorruptError{File: filePath(w.dir, seqs[0]+uint64(i)), Reason: "the file is missing"}
		}
	}
	return seqs, temps, nil
}

// begin makes the first file of a new log.
func (w *WAL) begin() error {
	f, err := createFile(w.fs, w.dir, 1, w.opt.salt(), w.opt.FileBytes)
	if err != nil {
		return err
	}
	w.writer.begin(f)
	return nil
}

// logEnd is where the newest file's valid frames end.
type logEnd struct {
	pos     int64
	headEnd int64 // 0: the head is not whole
	dirty   bool  // something other than zeros follows
	marked  bool  // the last frame is a mark
	short   bool  // the file is shorter than it was made
}

// replay applies all frames of all files to the groups.
func (w *WAL) replay(seqs []uint64) (end logEnd, err error) {
	for i, seq := range seqs {
		file, size, err := w.openFile(seq)
		if err != nil {
			return end, err
		}
		r := replayer{w: w, r: frameReader{file: file, size: size, pos: fileHeaderBytes}, head: head{}, oldest: i == 0}
		newest := i == len(seqs)-1
		if end, err = r.replay(newest); err != nil {
			return end, err
		}
		if end.headEnd == 0 && !(newest && (i > 0 || seq == 1)) {
			return end, &CorruptError{File: file.path, Position: end.pos, Reason: "the head is not whole"}
		}
		w.writer.file = file
	}
	return end, w.checkEntries()
}

// checkEntries finds entries that a head named and no file holds.
func (w *WAL) checkEntries() error {
	for _, g := range w.groups {
		if s := &g.state; !s.empty() && s.base != s.first {
			reason := fmt.Sprintf("entries %d to %d of group %d are in no file", s.first, min(s.base-1, s.last), g.id)
			return &CorruptError{File: w.dir, Reason: reason}
		}
	}
	return nil
}

func (w *WAL) openFile(seq uint64) (*walFile, int64, error) {
	path := filePath(w.dir, seq)
	f, err := w.fs.OpenRW(path)
	if err != nil {
		return nil, 0, err
	}
	file := &walFile{fileHeader: fileHeader{seq: seq}, path: path, f: f, refs: 1}
	w.addFile(file)
	if file.size, err = f.Size(); err != nil {
		return nil, 0, err
	}
	var header [fileHeaderBytes]byte
	if err := readFull(f, header[:], 0); err != nil && !errors.Is(err, errShort) {
		return nil, 0, err
	}
	parsed, ok := parseFileHeader(header[:], seq)
	if !ok {
		return nil, 0, &CorruptError{File: path, Reason: "bad file header"}
	}
	file.fileHeader = parsed
	return file, file.size, nil
}

// resume cuts the newest file at its end, makes it durable and points the writer there.
func (w *WAL) resume(end logEnd) error {
	wr := &w.writer
	f := wr.file.f
	if end.headEnd == 0 {
		end.pos = fileHeaderBytes
	}
	if end.dirty {
		if err := f.Truncate(end.pos); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if end.dirty || end.short {
		if err := f.Allocate(max(w.opt.FileBytes, wr.file.allocated)); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := w.fs.SyncDir(w.dir); err != nil {
		return err
	}
	wr.pos, wr.synced, wr.headEnd, wr.marked = end.pos, end.pos, end.headEnd, end.marked || end.headEnd == 0
	return nil
}

// replayer applies one file's frames.
type replayer struct {
	w      *WAL
	r      frameReader
	oldest bool
	head   head
	end    logEnd
}

func (r *replayer) replay(newest bool) (logEnd, error) {
	for {
		f, payload, at, err := r.r.next()
		if err == errBadFrame {
			break
		}
		if err != nil {
			return r.end, err
		}
		if err := r.apply(f, payload, at); err != nil {
			return r.end, r.r.corrupt(at, err.Error())
		}
	}
	r.end.pos = r.r.pos
	r.end.dirty = r.end.headEnd == 0
	r.end.short = r.r.short()
	if r.r.pos == r.r.size {
		return r.end, nil
	}
	if !newest {
		return r.end, r.r.corrupt(r.r.pos, "a bad frame, and a newer file follows")
	}
	rest, err := r.r.judgeRest()
	r.end.dirty = r.end.dirty || rest.dirty
	if err == nil && rest.dirty && r.end.short {
		err = r.r.corrupt(r.r.pos, cutReason)
	}
	if err == nil && rest.evidenceAt > 0 {
		err = r.r.corrupt(r.r.pos, fmt.Sprintf("a bad frame, but the frame at %d says that it was stored", rest.evidenceAt))
	}
	return r.end, err
}

func (r *replayer) apply(f frame, payload []byte, at int64) error {
	r.end.marked = f.kind == kindMark
	switch {
	case r.end.headEnd > 0 && f.kind == kindMark:
		return nil
	case r.end.headEnd > 0:
		g, err := r.w.group(f.group)
		if err != nil {
			return err
		}
		where := position{file: uint32(r.r.file.seq), at: uint32(at), length: uint32(frameHeaderBytes + len(payload))}
		return g.state.apply(f, where, payload)
	case f.kind != kindHeadEnd:
		return r.head.add(f, payload)
	}
	r.end.headEnd = r.r.pos
	if !r.oldest {
		return r.head.agrees(r.w.groups)
	}
	for id, s := range r.head {
		g, err := r.w.group(id)
		if err != nil {
			return err
		}
		s.cache = g.state.cache
		g.state = *s
	}
	return nil
}

// readFull reads all of b at pos, or returns errShort if the file ends before.
func readFull(f vfs.File, b []byte, pos int64) error {
	n, err := f.ReadAt(b, pos)
	if n == len(b) {
		return nil
	}
	if err != nil && !isEOF(err) {
		return err
	}
	return errShort
}
