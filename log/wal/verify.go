package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"github.com/millracedb/millrace/log/vfs"
)

// Summary is what Verify has read.
type Summary struct {
	Files, Frames int
	Bytes         int64 // of frames that verify, headers of files included
	// Torn is where a write begins that was never acknowledged, as its process ended within it; nil if there is none. The
	// next Open cuts it. It is no damage.
	Torn *CorruptError
}

// Verify reads all files of the log in dir and calls problem for each place that is not what was written: frames that do
// not verify although they were stored, and frames that cannot follow each other. It changes nothing. An error means
// that a file could not be read. Nobody may write the log meanwhile.
func Verify(fsys vfs.FS, dir string, problem func(*CorruptError)) (Summary, error) {
	v := verifier{fs: vfs.ReadOnly(fsys), dir: dir, problem: problem, seen: map[string]bool{}}
	names, err := v.fs.List(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return v.sum, err
	}
	var seqs []uint64 // ascending, as the names are sorted
	for _, name := range names {
		if seq, ok := parseFileName(name); ok {
			seqs = append(seqs, seq)
		}
	}
	for i, seq := range seqs {
		if err := v.file(seq, i == len(seqs)-1); err != nil {
			return v.sum, err
		}
	}
	return v.sum, v.replay()
}

type verifier struct {
	fs      vfs.FS
	dir     string
	problem func(*CorruptError)
	seen    map[string]bool // file and position of each problem
	sum     Summary
}

func (v *verifier) report(err *CorruptError) {
	place := fmt.Sprintf("%s@%d", err.File, err.Position)
	if !v.seen[place] {
		v.seen[place] = true
		v.problem(err)
	}
}

// replay applies the frames to groups, which tells whether they can follow each other. It ends at the first problem.
func (v *verifier) replay() error {
	w, err := OpenReadOnly(v.fs, v.dir)
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		v.report(corrupt)
		return nil
	}
	if err != nil {
		return err
	}
	return w.Close()
}

func (v *verifier) file(seq uint64, newest bool) error {
	path := filePath(v.dir, seq)
	f, err := v.fs.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	var header [fileHeaderBytes]byte
	if err := readFull(f, header[:], 0); err != nil && !errors.Is(err, errShort) {
		return fmt.Errorf("read %s: %w", path, err)
	}
	v.sum.Files++
	parsed, ok := parseFileHeader(header[:], seq)
	if !ok {
		v.report(&CorruptError{File: path, Reason: "bad file header"})
		return nil
	}
	v.sum.Bytes += fileHeaderBytes
	return v.frames(&frameReader{file: &walFile{fileHeader: parsed, path: path, f: f}, size: size, pos: fileHeaderBytes}, newest)
}

// frames reads a file to its end: behind a frame that does not verify it goes on with the next that does.
func (v *verifier) frames(r *frameReader, newest bool) error {
	for r.pos < r.size {
		f, _, at, err := r.next()
		if err == nil {
			v.sum.Frames++
			v.sum.Bytes += r.pos - at
			continue
		}
		if !errors.Is(err, errBadFrame) {
			return err
		}
		if newest {
			if ended, err := v.atEnd(r); ended || err != nil {
				return err
			}
		}
		v.report(&CorruptError{File: r.file.path, Position: r.pos, Reason: badReason(f)})
		if found, err := r.resync(); !found || err != nil {
			return err
		}
	}
	return nil
}

// atEnd reports whether the newest file's frames may end at r.pos, and notes a torn write there.
func (v *verifier) atEnd(r *frameReader) (bool, error) {
	rest, err := r.judgeRest()
	if err != nil || rest.evidenceAt > 0 {
		return false, err
	}
	if rest.dirty && r.short() {
		v.report(&CorruptError{File: r.file.path, Position: r.pos, Reason: cutReason})
		return true, nil
	}
	if rest.dirty {
		v.sum.Torn = &CorruptError{File: r.file.path, Position: r.pos, Reason: "a write that was never acknowledged"}
	}
	return true, nil
}

// badReason describes a bad frame by its header, which is zero if that does not verify either.
func badReason(f frame) string {
	switch f.kind {
	case 0:
		return "the header of a frame does not verify"
	case kindEntry:
		return fmt.Sprintf("the payload of entry %d of group %d does not verify", f.index, f.group)
	}
	return fmt.Sprintf("the payload of a frame of kind %s of group %d does not verify", f.kind, f.group)
}

// resync moves to the next frame whose header verifies; false if there is none.
func (r *frameReader) resync() (bool, error) {
	magic := binary.LittleEndian.AppendUint32(nil, frameMagic)
	buf := make([]byte, min(readChunkBytes, r.size-r.pos))
	for at := r.pos + 1; at+frameHeaderBytes <= r.size; {
		b := buf[:min(int64(len(buf)), r.size-at)]
		if err := readFull(r.file.f, b, at); err != nil {
			return false, fmt.Errorf("read %s: %w", r.file.path, err)
		}
		for i := 0; ; i++ {
			next := bytes.Index(b[i:], magic)
			if next < 0 {
				break
			}
			i += next
			if _, ok := parseHeader(b[i:], r.file.salt, at+int64(i)); ok {
				r.pos = at + int64(i)
				return true, nil
			}
		}
		at += max(int64(len(b))-frameHeaderBytes+1, 1) // a header may lie across the end
	}
	return false, nil
}
