// Package vfs is the small file system interface that everything under log goes through, so that tests can
// inject failures and produce the states that a crash leaves behind.
//
// OS is the real file system. NewMem returns one in memory that knows synced from un-synced content.
// Paths use '/' and the rules of path/filepath. Errors wrap fs.ErrNotExist and fs.ErrExist as package os does.
package vfs

import (
	"errors"
	"io"
)

// ErrSyncFailed is wrapped by every error of a failed File.Sync or FS.SyncDir. What is stored is unknown from
// then on. The owner must not try again: it fails all later writes and reports the failure upwards.
var ErrSyncFailed = errors.New("sync failed")

// ErrLocked says that somebody else holds the lock of a file.
var ErrLocked = errors.New("file is locked")

// FS opens, creates and names files. Its methods may be called by many goroutines at once.
type FS interface {
	// Create makes an empty file for reading and writing, or empties the one that exists.
	Create(name string) (File, error)
	// OpenRW opens an existing file for reading and writing.
	OpenRW(name string) (File, error)
	// Open opens an existing file for reading.
	Open(name string) (File, error)
	// MkdirAll makes a directory and its missing parents, durably.
	MkdirAll(dir string) error
	// Remove unlinks a file or an empty directory. Open handles stay usable.
	Remove(name string) error
	// RemoveAll unlinks name and everything below it; a missing name is no error.
	RemoveAll(name string) error
	// Rename gives a file another name, replacing what had it.
	Rename(oldName, newName string) error
	// Link gives a file a second name, which must be free.
	Link(oldName, newName string) error
	// List returns the names in a directory, without their path, sorted.
	List(dir string) ([]string, error)
	// Stat describes a file or directory.
	Stat(name string) (Info, error)
	// SyncDir makes the entries of a directory durable (creations, renames, links, removals).
	SyncDir(dir string) error
	// Lock takes the lock that an existing file is; it ends when the result is closed, and with the process. It waits for
	// nobody. Errors: ErrLocked.
	Lock(name string) (io.Closer, error)
}

// Info is what Stat returns.
type Info struct {
	SizeBytes int64
	IsDir     bool
}

// File is an open file. ReadAt may be called by many goroutines; all other methods need one caller at a time.
type File interface {
	io.ReaderAt
	// WriteAt writes all of b or returns an error; after an error any part of b may have been written.
	io.WriterAt
	// Writer appends at the end of the file, in one write.
	io.Writer
	io.Closer
	// Truncate sets the length; a longer file is filled with zeros.
	Truncate(sizeBytes int64) error
	// Allocate reserves space and makes the file at least sizeBytes long, filled with zeros. It does nothing on a
	// file system that cannot reserve.
	Allocate(sizeBytes int64) error
	// Sync makes content and length durable (fdatasync). Its error wraps ErrSyncFailed, and each later Sync and
	// write of this handle fails too.
	Sync() error
	// Size returns the length in bytes.
	Size() (int64, error)
}
