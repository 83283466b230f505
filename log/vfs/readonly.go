package vfs

import (
	"errors"
	"io"
)

// ErrReadOnly is returned by every change through ReadOnly.
var ErrReadOnly = errors.New("file system is opened for reading only")

// ReadOnly returns fs without the ability to change anything: whatever writes fails with ErrReadOnly, and OpenRW opens for
// reading. So code that also recovers can be used to look at files that must stay as they are.
func ReadOnly(fs FS) FS { return readOnlyFS{fs} }

type readOnlyFS struct{ fs FS }

func (r readOnlyFS) Open(name string) (File, error) {
	f, err := r.fs.Open(name)
	if err != nil {
		return nil, err
	}
	return readOnlyFile{f}, nil
}

func (r readOnlyFS) OpenRW(name string) (File, error)    { return r.Open(name) }
func (r readOnlyFS) List(dir string) ([]string, error)   { return r.fs.List(dir) }
func (r readOnlyFS) Stat(name string) (Info, error)      { return r.fs.Stat(name) }
func (r readOnlyFS) Lock(name string) (io.Closer, error) { return r.fs.Lock(name) }
func (r readOnlyFS) Create(string) (File, error)         { return nil, ErrReadOnly }
func (r readOnlyFS) MkdirAll(string) error               { return ErrReadOnly }
func (r readOnlyFS) Remove(string) error                 { return ErrReadOnly }
func (r readOnlyFS) RemoveAll(string) error              { return ErrReadOnly }
func (r readOnlyFS) Rename(string, string) error         { return ErrReadOnly }
func (r readOnlyFS) Link(string, string) error           { return ErrReadOnly }
func (r readOnlyFS) SyncDir(string) error                { return ErrReadOnly }

// readOnlyFile passes on what reads.
type readOnlyFile struct{ f File }

func (r readOnlyFile) ReadAt(b []byte, at int64) (int, error) { return r.f.ReadAt(b, at) }
func (r readOnlyFile) Size() (int64, error)                   { return r.f.Size() }
func (r readOnlyFile) Close() error                           { return r.f.Close() }
func (readOnlyFile) WriteAt([]byte, int64) (int, error)       { return 0, ErrReadOnly }
func (readOnlyFile) Write([]byte) (int, error)                { return 0, ErrReadOnly }
func (readOnlyFile) Truncate(int64) error                     { return ErrReadOnly }
func (readOnlyFile) Allocate(int64) error                     { return ErrReadOnly }
func (readOnlyFile) Sync() error                              { return ErrReadOnly }
