package log

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt is wrapped by every error that says that stored bytes are not what was written. See CorruptError.
	ErrCorrupt = errors.New("corrupt")
	// ErrIncomplete means that the bytes end before the batch does.
	ErrIncomplete = errors.New("incomplete batch")
	// ErrBatchTooLarge means that a batch would exceed MaxBatchBytes.
	ErrBatchTooLarge = errors.New("batch too large")
	// ErrCompressed means that the records of a batch are compressed in a way that this package does not read.
	ErrCompressed = errors.New("compressed batch")
	// ErrGap means that appended batches do not begin at NextOffset, or not where the one before ends.
	ErrGap = errors.New("offset is not the next one")
	// ErrOutOfRange means that an offset lies outside of what the partition holds.
	ErrOutOfRange = errors.New("offset out of range")
	// ErrClosed means that the partition was closed or removed.
	ErrClosed = errors.New("partition closed")
	// ErrPoisoned means that an earlier write or sync failed; the partition takes no more writes until it is opened anew.
	ErrPoisoned = errors.New("partition failed earlier")
)

// CorruptError says where stored bytes are not what was written. It is ErrCorrupt.
type CorruptError struct {
	File     string
	Position int64 // in bytes
	Reason   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt: %s at %d: %s", e.File, e.Position, e.Reason)
}

// Unwrap makes errors.Is(err, ErrCorrupt) hold.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }
