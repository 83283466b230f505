package group

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/log/vfs"
)

// Snapshots is raft's store of snapshots: the newest one only, in one file, replaced as a whole.
//
//	at  bytes  field (little-endian)
//	0   8      "MILLSNP1"
//	8   4      bytes of the description
//	12  8      bytes of the contents
//	20         description (JSON of snapshotHead), contents
//	end 4      CRC32C of all before
type Snapshots struct {
	fs  vfs.FS
	dir string
}

const (
	snapshotMagic      = "MILLSNP1"
	snapshotName       = "snapshot"
	snapshotHeadBytes  = 20
	snapshotChecksum   = 4
	maxSnapshotBytes   = 1 << 30
	snapshotTempSuffix = ".tmp"
)

// ErrSnapshotCorrupt says that the snapshot's file is not what was written.
var ErrSnapshotCorrupt = errors.New("snapshot is corrupt")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// snapshotHead describes a snapshot.
type snapshotHead struct {
	Index              uint64 `json:"index"`
	Term               uint64 `json:"term"`
	Version            int    `json:"version"`
	Configuration      []byte `json:"configuration"` // raft.EncodeConfiguration
	ConfigurationIndex uint64 `json:"configuration_index"`
}

// NewSnapshots returns the store in dir, which is made with the first snapshot.
func NewSnapshots(fs vfs.FS, dir string) *Snapshots { return &Snapshots{fs: fs, dir: dir} }

// Keep makes what is there durable. A process that was killed while it replaced the snapshot may have named the new one and not
// synced that: whoever acts on what the snapshot says calls it before.
func (s *Snapshots) Keep() error {
	if _, err := s.fs.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.fs.SyncDir(s.dir)
}

// Newest returns the contents of the newest snapshot, nil if there is none.
func (s *Snapshots) Newest() ([]byte, error) {
	_, contents, err := s.load()
	return contents, err
}

// index returns the index of the last entry that the newest snapshot covers, 0 if there is none.
func (s *Snapshots) index() (uint64, error) {
	meta, _, err := s.load()
	if err != nil || meta == nil {
		return 0, err
	}
	return meta.Index, nil
}

// Create implements raft.SnapshotStore.
func (s *Snapshots) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration,
	configurationIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	return &snapshotSink{store: s, head: snapshotHead{Index: index, Term: term, Version: int(version),
		Configuration: raft.EncodeConfiguration(configuration), ConfigurationIndex: configurationIndex}}, nil
}

// List implements raft.SnapshotStore.
func (s *Snapshots) List() ([]*raft.SnapshotMeta, error) {
	meta, _, err := s.load()
	if err != nil || meta == nil {
		return nil, err
	}
	return []*raft.SnapshotMeta{meta}, nil
}

// Open implements raft.SnapshotStore.
func (s *Snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	meta, contents, err := s.load()
	if err != nil {
		return nil, nil, err
	}
	if meta == nil || meta.ID != id {
		return nil, nil, fmt.Errorf("snapshot %s: %w", id, fs.ErrNotExist)
	}
	return meta, io.NopCloser(bytes.NewReader(contents)), nil
}

func (s *Snapshots) load() (*raft.SnapshotMeta, []byte, error) {
	name := filepath.Join(s.dir, snapshotName)
	b, err := ReadFile(s.fs, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read snapshot: %w", err)
	}
	head, contents, err := decodeSnapshot(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return &raft.SnapshotMeta{Version: raft.SnapshotVersion(head.Version), ID: snapshotID(head), Index: head.Index, Term: head.Term,
		Configuration: raft.DecodeConfiguration(head.Configuration), ConfigurationIndex: head.ConfigurationIndex,
		Size: int64(len(contents))}, contents, nil
}

func snapshotID(h snapshotHead) string { return fmt.Sprintf("%d-%d", h.Term, h.Index) }

func encodeSnapshot(h snapshotHead, contents []byte) ([]byte, error) {
	description, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, snapshotHeadBytes+len(description)+len(contents)+snapshotChecksum), snapshotMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(description)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(contents)))
	b = append(append(b, description...), contents...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

func decodeSnapshot(b []byte) (snapshotHead, []byte, error) {
	var h snapshotHead
	if len(b) < snapshotHeadBytes+snapshotChecksum || string(b[:8]) != snapshotMagic {
		return h, nil, fmt.Errorf("%w: no header", ErrSnapshotCorrupt)
	}
	end := len(b) - snapshotChecksum
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return h, nil, fmt.Errorf("%w: CRC", ErrSnapshotCorrupt)
	}
	description, contents := uint64(binary.LittleEndian.Uint32(b[8:])), binary.LittleEndian.Uint64(b[12:])
	if body := uint64(end - snapshotHeadBytes); description > body || contents != body-description {
		return h, nil, fmt.Errorf("%w: lengths", ErrSnapshotCorrupt)
	}
	body := b[snapshotHeadBytes:end]
	if err := json.Unmarshal(body[:description], &h); err != nil {
		return h, nil, fmt.Errorf("%w: %w", ErrSnapshotCorrupt, err)
	}
	return h, body[description:], nil
}

// ReadFile reads a whole file, of at most maxSnapshotBytes.
func ReadFile(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > maxSnapshotBytes {
		return nil, fmt.Errorf("%s has %d bytes", name, size)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); err != nil && (err != io.EOF || int64(n) < size) {
		return nil, err
	}
	return b, nil
}

// snapshotSink collects a snapshot; Close makes it the newest, durably.
type snapshotSink struct {
	store *Snapshots
	head  snapshotHead
	bytes.Buffer
	done bool
}

// ID implements raft.SnapshotSink.
func (s *snapshotSink) ID() string { return snapshotID(s.head) }

// Cancel implements raft.SnapshotSink.
func (s *snapshotSink) Cancel() error {
	s.done = true
	return nil
}

// Close implements raft.SnapshotSink; after the first call and after Cancel it does nothing.
func (s *snapshotSink) Close() error {
	if s.done {
		return nil
	}
	s.done = true
	b, err := encodeSnapshot(s.head, s.Bytes())
	if err != nil {
		return err
	}
	return ReplaceFile(s.store.fs, filepath.Join(s.store.dir, snapshotName), b)
}

// ReplaceFile makes contents the contents of the file name, as a whole and durably. Its directory is made if need be.
// What an earlier attempt left under the temporary name is removed, not overwritten: after a power cut within the rename
// it may be a second name of the file itself.
func ReplaceFile(fsys vfs.FS, name string, contents []byte) error {
	dir, temp := filepath.Dir(name), name+snapshotTempSuffix
	if err := fsys.MkdirAll(dir); err != nil {
		return err
	}
	if err := fsys.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeSynced(fsys, temp, contents); err != nil {
		return err
	}
	if err := fsys.Rename(temp, name); err != nil {
		return err
	}
	return fsys.SyncDir(dir)
}

func writeSynced(fs vfs.FS, name string, contents []byte) error {
	f, err := fs.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(contents); err != nil {
		return err
	}
	return f.Sync()
}
