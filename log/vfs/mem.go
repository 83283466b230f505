package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
)

// Op names what a Mem is about to do; a hook sees it before it takes effect.
type Op string

// The operations that change what a crash would leave.
const (
	OpCreate   Op = "create"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
	OpRemove   Op = "remove"
	OpRename   Op = "rename"
	OpLink     Op = "link"
	OpSyncDir  Op = "syncdir"
)

// Mem is a file system in memory for tests. It keeps, beside what a running process sees, what was synced and what
// was done since, so that Crash can show what a power cut leaves. Directories made by MkdirAll are durable at once,
// as the contract of FS says. It is safe for concurrent use.
type Mem struct {
	mu   sync.Mutex
	hook func(op Op, name string) error
	root *memNode
}

// NewMem returns an empty file system with a root directory.
func NewMem() *Mem { return &Mem{root: newMemDir()} }

// SetHook has every operation call hook first, outside of the lock: an error is returned instead of the operation,
// and the hook may call Crash. An error for OpSync or OpSyncDir counts as a failed sync.
func (m *Mem) SetHook(hook func(op Op, name string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

func (m *Mem) before(op Op, name string) error {
	m.mu.Lock()
	hook := m.hook
	m.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(op, name)
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	if err := m.before(OpCreate, name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent("create", name)
	if err != nil {
		return nil, err
	}
	n := dir.entries[base]
	if n == nil {
		n = &memNode{}
		dir.setName(base, n)
	} else if n.isDir {
		return nil, pathError("create", name, fs.ErrExist)
	} else {
		n.truncate(0)
	}
	return &memFile{m: m, n: n, name: name}, nil
}

// OpenRW implements FS.
func (m *Mem) OpenRW(name string) (File, error) { return m.open(name, false) }

// Open implements FS.
func (m *Mem) Open(name string) (File, error) { return m.open(name, true) }

func (m *Mem) open(name string, readOnly bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookup(name)
	if n == nil || n.isDir {
		return nil, pathError("open", name, fs.ErrNotExist)
	}
	return &memFile{m: m, n: n, name: name, readOnly: readOnly}, nil
}

// MkdirAll implements FS.
func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for _, part := range splitPath(dir) {
		child := n.entries[part]
		if child == nil {
			child = newMemDir()
			n.entries[part], n.storedEntries[part] = child, child
		} else if !child.isDir {
			return pathError("mkdir", dir, fs.ErrExist)
		}
		n = child
	}
	return nil
}

// Lock implements FS. A crash ends it.
func (m *Mem) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookup(name)
	if n == nil || n.isDir {
		return nil, pathError("lock", name, fs.ErrNotExist)
	}
	if n.locked {
		return nil, fmt.Errorf("lock %s: %w", name, ErrLocked)
	}
	n.locked = true
	return &memLock{m: m, n: n}, nil
}

// memLock is a lock that is held.
type memLock struct {
	m *Mem
	n *memNode
}

func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if l.n != nil {
		l.n.locked = false
	}
	l.n = nil
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	if err := m.before(OpRemove, name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent("remove", name)
	if err != nil {
		return err
	}
	n := dir.entries[base]
	if n == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	if n.isDir && len(n.entries) > 0 {
		return pathError("remove", name, fs.ErrExist)
	}
	dir.setName(base, nil)
	return nil
}

// RemoveAll implements FS.
func (m *Mem) RemoveAll(name string) error {
	if err := m.before(OpRemove, name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent("remove", name)
	if err == nil && dir.entries[base] != nil {
		dir.setName(base, nil)
	}
	return nil
}

// Rename implements FS.
func (m *Mem) Rename(oldName, newName string) error {
	if err := m.before(OpRename, newName); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	oldDir, oldBase, err := m.parent("rename", oldName)
	if err != nil {
		return err
	}
	newDir, newBase, err := m.parent("rename", newName)
	if err != nil {
		return err
	}
	n := oldDir.entries[oldBase]
	if n == nil {
		return pathError("rename", oldName, fs.ErrNotExist)
	}
	newDir.setName(newBase, n)
	oldDir.setName(oldBase, nil)
	return nil
}

// Link implements FS.
func (m *Mem) Link(oldName, newName string) error {
	if err := m.before(OpLink, newName); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookup(oldName)
	if n == nil || n.isDir {
		return pathError("link", oldName, fs.ErrNotExist)
	}
	dir, base, err := m.parent("link", newName)
	if err != nil {
		return err
	}
	if dir.entries[base] != nil {
		return pathError("link", newName, fs.ErrExist)
	}
	dir.setName(base, n)
	return nil
}

// List implements FS.
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookup(dir)
	if n == nil || !n.isDir {
		return nil, pathError("list", dir, fs.ErrNotExist)
	}
	return sortedNames(n.entries), nil
}

// Stat implements FS.
func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookup(name)
	if n == nil {
		return Info{}, pathError("stat", name, fs.ErrNotExist)
	}
	return Info{SizeBytes: int64(len(n.data)), IsDir: n.isDir}, nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(dir string) error {
	if err := m.before(OpSyncDir, dir); err != nil {
		return fmt.Errorf("sync directory %s: %w: %w", dir, ErrSyncFailed, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lookup(dir)
	if n == nil || !n.isDir {
		return pathError("sync", dir, fs.ErrNotExist)
	}
	applyNames(n.storedEntries, n.pendingNames)
	n.pendingNames = nil
	return nil
}

func (m *Mem) lookup(name string) *memNode {
	n := m.root
	for _, part := range splitPath(name) {
		if n = n.entries[part]; n == nil {
			return nil
		}
	}
	return n
}

// parent returns the directory that holds name, and name's last part.
func (m *Mem) parent(op, name string) (*memNode, string, error) {
	dir, base := path.Split(path.Clean("/" + name))
	n := m.lookup(dir)
	if n == nil || !n.isDir || base == "" {
		return nil, "", pathError(op, name, fs.ErrNotExist)
	}
	return n, base, nil
}

func splitPath(name string) []string {
	return strings.FieldsFunc(path.Clean("/"+name), func(r rune) bool { return r == '/' })
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }
