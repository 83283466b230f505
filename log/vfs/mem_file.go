package vfs

import (
	"fmt"
	"io"
	"io/fs"
)

// memFile is an open handle; it stays usable when the name goes.
type memFile struct {
	m        *Mem
	n        *memNode
	name     string
	readOnly bool
	closed   bool
}

func (f *memFile) ReadAt(b []byte, at int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return 0, pathError("read", f.name, fs.ErrClosed)
	}
	if at >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.m.before(OpWrite, f.name); err != nil {
		return 0, err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.write(b, at)
}

func (f *memFile) Write(b []byte) (int, error) {
	if err := f.m.before(OpWrite, f.name); err != nil {
		return 0, err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.write(b, int64(len(f.n.data)))
}

func (f *memFile) write(b []byte, at int64) (int, error) {
	if err := f.writable(); err != nil {
		return 0, err
	}
	w := memWrite{at: at, bytes: append([]byte(nil), b...)}
	f.n.data = w.apply(f.n.data)
	f.n.pending = append(f.n.pending, w)
	return len(b), nil
}

func (f *memFile) Truncate(sizeBytes int64) error {
	if err := f.m.before(OpTruncate, f.name); err != nil {
		return err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.writable(); err != nil {
		return err
	}
	f.n.truncate(sizeBytes)
	return nil
}

func (f *memFile) Allocate(sizeBytes int64) error {
	if size, _ := f.Size(); size >= sizeBytes {
		return nil
	}
	return f.Truncate(sizeBytes)
}

func (f *memFile) Sync() error {
	err := f.m.before(OpSync, f.name)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err == nil {
		err = f.writable()
	}
	if err != nil {
		f.n.failed = true
		return fmt.Errorf("sync %s: %w: %w", f.name, ErrSyncFailed, err)
	}
	for _, w := range f.n.pending {
		f.n.stored = w.apply(f.n.stored)
	}
	f.n.pending = nil
	return nil
}

func (f *memFile) writable() error {
	switch {
	case f.closed:
		return pathError("write", f.name, fs.ErrClosed)
	case f.readOnly:
		return pathError("write", f.name, fs.ErrPermission)
	case f.n.failed:
		return fmt.Errorf("%s: an earlier %w", f.name, ErrSyncFailed)
	}
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), nil
}

func (f *memFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.closed = true
	return nil
}
