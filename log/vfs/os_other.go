//go:build !linux

package vfs

import "os"

// fdatasync falls back to the portable, slower fsync.
func fdatasync(f *os.File) error { return f.Sync() }

// allocate reserves nothing where there is no portable way.
func allocate(*os.File, int64) error { return nil }
