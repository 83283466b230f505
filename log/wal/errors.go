package wal

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound means that the group holds no entry of that index.
	ErrNotFound = errors.New("entry not found")
	// ErrNotNext means that appended entries do not follow the group's last one, or each other.
	ErrNotNext = errors.New("index is not the next one")
	// ErrTooLarge means that a limit of FORMAT.md would be exceeded; nothing was written.
	ErrTooLarge = errors.New("too large")
	// ErrClosed means that the log was closed.
	ErrClosed = errors.New("write-ahead log closed")
	// ErrFailed means that a write or sync failed: nothing is written any more, and what was not acknowledged may be
	// stored or not.
	ErrFailed = errors.New("write-ahead log failed")
	// ErrCorrupt is wrapped by every CorruptError.
	ErrCorrupt = errors.New("corrupt write-ahead log")
)

// CorruptError says where the log's files are not what was written. It is ErrCorrupt.
type CorruptError struct {
	File     string
	Position int64 // in bytes
	Reason   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt write-ahead log: %s at %d: %s", e.File, e.Position, e.Reason)
}

// Unwrap makes errors.Is(err, ErrCorrupt) hold.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }
