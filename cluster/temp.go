package cluster

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/pgerr"
)

// tempDir is where the files of statements are that need more memory than they may use.
const tempDir = "tmp"

// maxTempBytes bounds the temporary files of a node together.
const maxTempBytes = 16 << 30

// tempFiles makes temporary files. They lose their names when they are made, so that nothing is left of them when the process ends,
// however it does.
type tempFiles struct {
	fs    vfs.FS
	dir   string
	space *diskSpace
	limit int64
	last  atomic.Uint64 // number of a file
	used  atomic.Int64  // bytes
}

var _ exec.Temp = (*tempFiles)(nil)

// openTemp empties the directory: a process may have been killed before a file had lost its name.
func (n *Node) openTemp() error {
	dir := n.dir.join(tempDir)
	if err := n.cfg.FS.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove temporary files: %w", err)
	}
	if err := n.cfg.FS.MkdirAll(dir); err != nil {
		return fmt.Errorf("make the directory of temporary files: %w", err)
	}
	n.temp = &tempFiles{fs: n.cfg.FS, dir: dir, space: &n.space, limit: maxTempBytes}
	if n.cfg.tempBytes != 0 {
		n.temp.limit = n.cfg.tempBytes
	}
	return nil
}

// Temp implements session.Engine.
func (n *Node) Temp() exec.Temp { return n.temp }

// Create implements exec.Temp.
func (t *tempFiles) Create() (exec.TempFile, error) {
	if err := t.space.refusal(); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s/%d", t.dir, t.last.Add(1))
	f, err := t.fs.Create(name)
	if err != nil {
		return nil, tempError("create", err)
	}
	if err := t.fs.Remove(name); err != nil {
		_ = f.Close()
		return nil, tempError("create", err)
	}
	return &tempFile{files: t, file: f}, nil
}

type tempFile struct {
	files *tempFiles
	file  vfs.File
	size  int64
}

// Write implements exec.TempFile.
func (f *tempFile) Write(b []byte) (int, error) {
	if err := f.files.space.refusal(); err != nil {
		return 0, err
	}
	n := int64(len(b))
	if f.files.used.Add(n) > f.files.limit {
		f.files.used.Add(-n)
		return 0, pgerr.New(pgerr.ConfigurationLimitExceeded, "temporary file size exceeds temp_file_limit (%dkB)", f.files.limit>>10).
			WithDetail("The limit is for all statements of the node together.")
	}
	f.size += n
	if _, err := f.file.Write(b); err != nil {
		return 0, tempError("write to", err)
	}
	return len(b), nil
}

// ReadAt implements exec.TempFile.
func (f *tempFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.file.ReadAt(b, at)
	if err != nil {
		return n, tempError("read from", err)
	}
	return n, nil
}

// Close implements exec.TempFile.
func (f *tempFile) Close() error {
	f.files.used.Add(-f.size)
	f.size = 0
	return f.file.Close()
}

func tempError(what string, err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return pgerr.New(pgerr.DiskFull, "could not %s temporary file: no space left on device", what).WithCause(err)
	}
	return pgerr.New(pgerr.IOError, "could not %s temporary file", what).WithCause(err)
}
