package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// OS is the operating system's file system.
var OS FS = osFS{}

type osFS struct{}

// osFile adds the write position and the memory of a failed sync to an *os.File.
type osFile struct {
	f      *os.File
	failed atomic.Bool
}

func (osFS) Create(name string) (File, error) {
	return wrapFile(os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640))
}

func (osFS) OpenRW(name string) (File, error) { return wrapFile(os.OpenFile(name, os.O_RDWR, 0)) }

func (osFS) Open(name string) (File, error) { return wrapFile(os.Open(name)) }

func wrapFile(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &osFile{f: f}, nil
}

func (o osFS) MkdirAll(dir string) error {
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); err == nil {
		if info.IsDir() {
			return nil
		}
		return fmt.Errorf("make directory %s: %w", dir, fs.ErrExist)
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := o.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return o.SyncDir(parent)
}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

func (osFS) Remove(name string) error { return os.Remove(name) }

func (osFS) RemoveAll(name string) error { return os.RemoveAll(name) }

func (osFS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }

func (osFS) Link(oldName, newName string) error { return os.Link(oldName, newName) }

func (osFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (osFS) Stat(name string) (Info, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	return Info{SizeBytes: info.Size(), IsDir: info.IsDir()}, nil
}

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync directory %s: %w: %w", dir, ErrSyncFailed, err)
	}
	return nil
}

func (f *osFile) ReadAt(b []byte, at int64) (int, error) { return f.f.ReadAt(b, at) }

func (f *osFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.usable(); err != nil {
		return 0, err
	}
	return f.f.WriteAt(b, at)
}

func (f *osFile) Write(b []byte) (int, error) {
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	return f.WriteAt(b, size)
}

func (f *osFile) Truncate(sizeBytes int64) error {
	if err := f.usable(); err != nil {
		return err
	}
	return f.f.Truncate(sizeBytes)
}

func (f *osFile) Allocate(sizeBytes int64) error {
	if err := f.usable(); err != nil {
		return err
	}
	return allocate(f.f, sizeBytes)
}

func (f *osFile) Sync() error {
	if err := f.usable(); err != nil {
		return err
	}
	if err := fdatasync(f.f); err != nil {
		f.failed.Store(true)
		return fmt.Errorf("sync %s: %w: %w", f.f.Name(), ErrSyncFailed, err)
	}
	return nil
}

// usable refuses writes to a file whose sync has failed once.
func (f *osFile) usable() error {
	if f.failed.Load() {
		return fmt.Errorf("%s: an earlier %w", f.f.Name(), ErrSyncFailed)
	}
	return nil
}

func (f *osFile) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *osFile) Close() error { return f.f.Close() }
