package wal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/log/vfs"
)

const (
	fileMagic       = "MILLWAL1"
	fileHeaderBytes = 64
	fileSuffix      = ".wal"
	tempSuffix      = ".tmp"
)

// walFile is one open file of the log. seq, salt, path and f do not change.
type walFile struct {
	seq  uint64
	salt uint64
	path string
	f    vfs.File
	size int64 // as it counts for the owner's limits; guarded by WAL.filesMu
	refs int   // readers, and one while it is in WAL.files; guarded by WAL.filesMu
}

func filePath(dir string, seq uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x", seq)+fileSuffix)
}

// parseFileName returns the sequence number in "<16 hex digits>.wal".
func parseFileName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, fileSuffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 16, 64)
	return seq, err == nil && seq > 0 && name == filepath.Base(filePath("", seq))
}

func appendFileHeader(dst []byte, seq, salt uint64) []byte {
	start := len(dst)
	dst = append(dst, fileMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	dst = binary.LittleEndian.AppendUint64(dst, salt)
	dst = append(dst, make([]byte, 36)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseFileHeader returns the salt, or false if this is not the header of file seq.
func parseFileHeader(b []byte, seq uint64) (salt uint64, ok bool) {
	if len(b) < fileHeaderBytes {
		return 0, false
	}
	salt = binary.LittleEndian.Uint64(b[16:])
	return salt, string(b[:fileHeaderBytes]) == string(appendFileHeader(nil, seq, salt))
}

// randomSalt makes frames of one file invalid in every other.
func randomSalt() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// createFile makes a file with its header, preallocated, which has its name only when it is stored.
func createFile(fs vfs.FS, dir string, seq, salt uint64, allocateBytes int64) (*walFile, error) {
	path := filePath(dir, seq)
	temp := strings.TrimSuffix(path, fileSuffix) + tempSuffix
	f, err := fs.Create(temp)
	if err != nil {
		return nil, err
	}
	if err := initFile(f, seq, salt, allocateBytes); err != nil {
		f.Close()
		return nil, err
	}
	if err := fs.Rename(temp, path); err != nil {
		f.Close()
		return nil, err
	}
	if err := fs.SyncDir(dir); err != nil {
		f.Close()
		return nil, err
	}
	return &walFile{seq: seq, salt: salt, path: path, f: f, size: allocateBytes, refs: 1}, nil
}

func initFile(f vfs.File, seq, salt uint64, allocateBytes int64) error {
	if err := f.Allocate(allocateBytes); err != nil {
		return err
	}
	if _, err := f.WriteAt(appendFileHeader(nil, seq, salt), 0); err != nil {
		return err
	}
	return f.Sync()
}
