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

// fileHeader is what a file says of itself. It never changes.
type fileHeader struct {
	seq       uint64
	salt      uint64
	allocated int64 // how long the file was made, at least, until it was rolled
}

// walFile is one open file of the log. path and f do not change.
type walFile struct {
	fileHeader
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

func appendFileHeader(dst []byte, h fileHeader) []byte {
	start := len(dst)
	dst = append(dst, fileMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, h.seq)
	dst = binary.LittleEndian.AppendUint64(dst, h.salt)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.allocated))
	dst = append(dst, make([]byte, 28)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseFileHeader returns false if this is not the header of file seq.
func parseFileHeader(b []byte, seq uint64) (h fileHeader, ok bool) {
	if len(b) < fileHeaderBytes {
		return h, false
	}
	h = fileHeader{seq: seq, salt: binary.LittleEndian.Uint64(b[16:]), allocated: int64(binary.LittleEndian.Uint64(b[24:]))}
	return h, string(b[:fileHeaderBytes]) == string(appendFileHeader(nil, h))
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
	header := fileHeader{seq: seq, salt: salt, allocated: allocateBytes}
	if err := initFile(f, header); err != nil {
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
	return &walFile{fileHeader: header, path: path, f: f, size: allocateBytes, refs: 1}, nil
}

func initFile(f vfs.File, h fileHeader) error {
	if err := f.Allocate(h.allocated); err != nil {
		return err
	}
	if _, err := f.WriteAt(appendFileHeader(nil, h), 0); err != nil {
		return err
	}
	return f.Sync()
}
