package wal

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// filledLog is a closed log of two groups over several files.
func filledLog(t *testing.T) *vfs.Mem {
	t.Helper()
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{FileBytes: 700})
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Group(1).SetMeta("vote", []byte("me")))
	mustAppend(t, w.Group(2), 7, 4)
	mustAppend(t, w.Group(1), 4, 2)
	must(t, w.Close())
	return fs
}

// files returns the contents of the log's files by name.
func files(t *testing.T, fs vfs.FS) map[string]string {
	t.Helper()
	names, err := fs.List(testDir)
	must(t, err)
	out := map[string]string{}
	for _, name := range names {
		f, err := fs.Open(testDir + "/" + name)
		must(t, err)
		size, err := f.Size()
		must(t, err)
		b := make([]byte, size)
		must(t, readFull(f, b, 0))
		must(t, f.Close())
		out[name] = string(b)
	}
	return out
}

func mustVerify(t *testing.T, fs vfs.FS) (Summary, []*CorruptError) {
	t.Helper()
	var problems []*CorruptError
	sum, err := Verify(fs, testDir, func(p *CorruptError) { problems = append(problems, p) })
	must(t, err)
	return sum, problems
}

// A log at rest verifies and reads, and neither changes a byte of it.
func TestReadOnly(t *testing.T) {
	fs := filledLog(t)
	before := files(t, fs)
	sum, problems := mustVerify(t, fs)
	if len(problems) > 0 || sum.Torn != nil || sum.Files != len(before) || sum.Frames < 9 {
		t.Errorf("summary %+v, problems %v", sum, problems)
	}
	w, err := OpenReadOnly(fs, testDir)
	must(t, err)
	checkRange(t, w.Group(1), 1, 5)
	checkRange(t, w.Group(2), 7, 10)
	if err := w.Group(1).Append(entries(1, 6, 1)); !isErr(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	must(t, w.Close())
	if _, err := w.Group(1).Get(1); !isErr(err, ErrClosed) {
		t.Errorf("get of a closed log: %v", err)
	}
	if !maps.Equal(before, files(t, fs)) {
		t.Error("the files changed")
	}
}

// A torn last write is left out and left alone; Verify says where it begins, and Open cuts it there.
func TestReadOnlyTornWrite(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Close())
	end := endOf(w)
	flip(t, fs, filePath(testDir, 1), end+70, 1) // of a frame that never was; the mark at end is overwritten
	f, err := fs.OpenRW(filePath(testDir, 1))
	must(t, err)
	_, err = f.WriteAt([]byte("MWF1 torn"), end)
	must(t, err)
	must(t, f.Close())
	before := files(t, fs)

	sum, problems := mustVerify(t, fs)
	if len(problems) > 0 || sum.Torn == nil || sum.Torn.Position != end || sum.Torn.File != filePath(testDir, 1) {
		t.Errorf("torn at %v, want %d; problems %v", sum.Torn, end, problems)
	}
	r, err := OpenReadOnly(fs, testDir)
	must(t, err)
	checkRange(t, r.Group(1), 1, 3)
	must(t, r.Close())
	if !maps.Equal(before, files(t, fs)) {
		t.Error("the files changed")
	}
	must(t, mustOpen(t, fs, Options{}).Close())
	if sum, _ := mustVerify(t, fs); sum.Torn != nil {
		t.Errorf("torn after a recovery: %v", sum.Torn)
	}
}

// For each flipped bit, Verify's first problem is the one for which Open refuses the log, and none where it does not.
func TestVerifyFlippedBits(t *testing.T) {
	fs := filledLog(t)
	for name, contents := range files(t, fs) {
		path := testDir + "/" + name
		for at := range int64(len(contents)) {
			rotten := fs.Crash(vfs.CrashKeep, nil)
			flip(t, rotten, path, at, 1<<(at%8))
			sum, problems := mustVerify(t, rotten)
			w, err := Open(rotten, testDir, Options{FileBytes: 700})
			var corrupt *CorruptError
			switch {
			case err == nil:
				must(t, w.Close())
				if len(problems) > 0 {
					t.Fatalf("%s byte %d: %v", name, at, problems[0])
				}
			case !errors.As(err, &corrupt) || len(problems) == 0 || !samePlace(problems[0], corrupt):
				t.Fatalf("%s byte %d: problems %v, open says %v (%+v)", name, at, problems, err, sum)
			}
		}
	}
}

// samePlace says that two reports are of one place; the reasons are worded apart.
func samePlace(a, b *CorruptError) bool { return a.File == b.File && a.Position == b.Position }

// Behind a frame that does not verify the others are still looked at.
func TestVerifyFindsAll(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	mustAppend(t, w.Group(1), 1, 6)
	var want []int64
	for _, index := range []uint64{2, 5} {
		at, ok := w.Group(1).state.find(index)
		if !ok {
			t.Fatal("no entry")
		}
		want = append(want, int64(at.at))
	}
	must(t, w.Close())
	flip(t, fs, filePath(testDir, 1), want[0]+frameHeaderBytes+3, 1) // payload
	flip(t, fs, filePath(testDir, 1), want[1]+40, 1)                 // header
	_, problems := mustVerify(t, fs)
	if len(problems) != 2 || problems[0].Position != want[0] || problems[1].Position != want[1] {
		t.Fatalf("problems %v, want them at %v", problems, want)
	}
	if !strings.Contains(problems[0].Reason, "entry 2 of group 1") || !strings.Contains(problems[1].Reason, "header") {
		t.Errorf("reasons: %v", problems)
	}
	must(t, fs.Remove(filePath(testDir, 1)))
	if sum, problems := mustVerify(t, fs); sum.Files != 0 || len(problems) != 0 {
		t.Errorf("no files: %+v, %v", sum, problems)
	}
}
