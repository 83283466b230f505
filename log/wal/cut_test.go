package wal

import (
	"bytes"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// A newest file whose end was cut off within a frame is refused, although no frame behind says that it was stored: it is
// shorter than it was made. A cut behind the frames, or exactly between two, leaves what lies before it.
func TestCutOffEnd(t *testing.T) {
	fs := vfs.NewMem()
	opt := Options{FileBytes: 4096}
	w := mustOpen(t, fs, opt)
	mustAppend(t, w.Group(1), 1, 3)
	mustAppend(t, w.Group(2), 7, 4)
	must(t, w.Close())
	path, used := w.writer.file.path, endOf(w)
	refused := 0
	for size := int64(0); size < opt.FileBytes; size++ {
		short := fs.Crash(vfs.CrashKeep, nil)
		f, err := short.OpenRW(path)
		must(t, err)
		must(t, f.Truncate(size))
		must(t, f.Close())
		w, err := Open(short, testDir, opt)
		if err != nil {
			if !isErr(err, ErrCorrupt) {
				t.Fatalf("cut at %d: %v", size, err)
			}
			refused++
			continue
		}
		if size >= used {
			checkRange(t, w.Group(1), 1, 3)
			checkRange(t, w.Group(2), 7, 10)
		}
		must(t, w.Close())
		checkAllocated(t, short, path, opt.FileBytes)
	}
	if frames := 10; refused < int(used)-frames {
		t.Errorf("%d of %d cuts were refused", refused, used)
	}
}

// endOf returns where the last frame of a closed log ends; behind it is the mark that the writer leaves when it is idle.
func endOf(w *WAL) int64 {
	return w.writer.pos - int64(len(appendFrame(nil, frame{kind: kindMark}, nil, nil)))
}

// checkAllocated looks that recovery has made the file as long as it was: else its next torn write would look like a cut.
func checkAllocated(t *testing.T, fs vfs.FS, path string, want int64) {
	t.Helper()
	info, err := fs.Stat(path)
	must(t, err)
	if info.SizeBytes != want {
		t.Fatalf("%s has %d bytes after recovery, %d were allocated", path, info.SizeBytes, want)
	}
}

// What a recovery has cut, and a crash has kept from being allocated again, is no damage.
func TestCutByRecovery(t *testing.T) {
	fs := vfs.NewMem()
	opt := Options{FileBytes: 4096}
	w := mustOpen(t, fs, opt)
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Close())
	path, end := w.writer.file.path, endOf(w)
	f, err := fs.OpenRW(path)
	must(t, err)
	must(t, f.Truncate(end))
	must(t, f.Close())
	w = mustOpen(t, fs, opt)
	checkRange(t, w.Group(1), 1, 3)
	mustAppend(t, w.Group(1), 4, 1)
	torn := fs.Crash(vfs.CrashKeep, nil)
	must(t, w.Close())
	f, err = torn.OpenRW(path)
	must(t, err)
	_, err = f.WriteAt(bytes.Repeat([]byte{7}, 20), w.writer.pos+200)
	must(t, err)
	must(t, f.Close())
	w = mustOpen(t, torn, opt)
	checkRange(t, w.Group(1), 1, 4)
	must(t, w.Close())
}
