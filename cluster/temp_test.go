package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/pgerr"
)

// hungry is a statement that needs some MB of temporary files with the smallest work_mem.
const hungry = "SELECT x FROM generate_series(1, 200000) x ORDER BY x % 1000, x LIMIT 1 OFFSET 150000"

// runs runs statements in a session of its own, and returns the rows of the last one.
func runs(ctx context.Context, n *Node, statements ...string) (rows int, err error) {
	s, err := session.New(n, session.Options{User: "millrace", Database: "x"})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for _, sql := range statements {
		prepared, err := s.Prepare(ctx, "", sql, nil)
		if err != nil {
			return 0, err
		}
		portal, err := s.Bind(ctx, "", prepared, nil)
		rows = 0
		for done := false; err == nil && !done; {
			b, end, e := portal.Next(ctx, 0)
			if b != nil {
				rows += b.Len
			}
			done, err = end, e
		}
		if err := errors.Join(err, s.Sync(background)); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

const leastMemory = "SET work_mem = '64kB'"

// wantNoTemp checks that nothing is left of temporary files.
func wantNoTemp(t *testing.T, n *Node) {
	t.Helper()
	if used := n.temp.used.Load(); used != 0 {
		t.Errorf("%d bytes of temporary files are in use", used)
	}
	names, err := os.ReadDir(n.temp.dir)
	if err != nil || len(names) != 0 {
		t.Errorf("temporary files %v, %v", names, err)
	}
}

// A statement's temporary files are gone at its end: after success, beyond the bound, when the disk is full, when it is canceled. The bound
// and the disk fail it alone.
func TestTempFiles(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	n := openWith(t, Config{DataDir: t.TempDir(), FreeSpace: func(string) (int64, error) { return free.Load(), nil }})
	if rows, err := runs(background, n, leastMemory, hungry); rows != 1 || err != nil || n.temp.last.Load() == 0 {
		t.Errorf("%d rows, %v, with %d files", rows, err, n.temp.last.Load())
	}
	wantNoTemp(t, n)

	n.temp.limit = 1 << 20
	_, err := runs(background, n, leastMemory, hungry)
	wantCode(t, err, pgerr.ConfigurationLimitExceeded)
	wantNoTemp(t, n)
	if _, err := runs(background, n, hungry); err != nil {
		t.Errorf("with memory enough: %v", err)
	}
	n.temp.limit = maxTempBytes

	free.Store(diskReserveBytes - 1)
	n.checkSpace()
	_, err = runs(background, n, leastMemory, hungry)
	wantCode(t, err, pgerr.DiskFull)
	wantNoTemp(t, n)
	free.Store(1 << 40)
	n.checkSpace()

	ctx, cancel := context.WithCancel(background)
	stop := make(chan struct{})
	go func() { // when there is something to be left
		for n.temp.used.Load() < 1<<20 {
			select {
			case <-stop:
				return
			default:
			}
		}
		cancel()
	}()
	_, err = runs(ctx, n, leastMemory, hungry)
	close(stop)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	wantNoTemp(t, n)
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if pgerr.Code(err) != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

// What a killed process may have left of a temporary file is removed at the start.
func TestTempFilesAtStart(t *testing.T) {
	dir := t.TempDir()
	must(t, openNode(t, dir).Close())
	stale := filepath.Join(dir, tempDir, "17")
	must(t, os.WriteFile(stale, []byte("rows"), 0o640))
	n := openNode(t, dir)
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("the file is there: %v", err)
	}
	wantNoTemp(t, n)
}

// failingFile fails all that it is asked with err.
type failingFile struct {
	vfs.File
	err error
}

func (f failingFile) Write([]byte) (int, error)         { return 0, f.err }
func (f failingFile) ReadAt([]byte, int64) (int, error) { return 0, f.err }
func (f failingFile) Close() error                      { return nil }

// A disk that fails has PostgreSQL's SQLSTATEs, and what was not written is not in use when the file is closed.
func TestTempFileErrors(t *testing.T) {
	for err, code := range map[error]string{unix.ENOSPC: pgerr.DiskFull, unix.EIO: pgerr.IOError} {
		files := &tempFiles{space: &diskSpace{}, limit: 100}
		f := &tempFile{files: files, file: failingFile{err: err}}
		_, writeErr := f.Write(make([]byte, 60))
		wantCode(t, writeErr, code)
		_, readErr := f.ReadAt(make([]byte, 60), 0)
		wantCode(t, readErr, code)
		_, limitErr := f.Write(make([]byte, 60))
		wantCode(t, limitErr, pgerr.ConfigurationLimitExceeded)
		must(t, f.Close())
		if used := files.used.Load(); used != 0 {
			t.Errorf("%d bytes in use", used)
		}
	}
}
