package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// fdatasync stores content and length, without waiting for the times of the inode.
func fdatasync(f *os.File) error {
	return retryInterrupted(func() error { return unix.Fdatasync(int(f.Fd())) })
}

// allocate reserves blocks and extends the file; a file system without fallocate leaves it as it is.
func allocate(f *os.File, sizeBytes int64) error {
	err := retryInterrupted(func() error { return unix.Fallocate(int(f.Fd()), 0, 0, sizeBytes) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}

func retryInterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
