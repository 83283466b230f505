package group

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/log/vfs"
)

// TestGoldenBytes shows that the bytes of a snapshot's file do not change from one version to the next.
func TestGoldenBytes(t *testing.T) {
	datadriven.RunTest(t, "testdata/bytes", func(t *testing.T, d *datadriven.TestData) string {
		if d.Cmd != "snapshot" {
			d.Fatalf(t, "unknown command %s", d.Cmd)
		}
		var index, term uint64
		d.ScanArgs(t, "index", &index)
		d.ScanArgs(t, "term", &term)
		voters := raft.Configuration{Servers: []raft.Server{{Suffrage: raft.Voter, ID: "n", Address: "n"}}}
		fs := vfs.NewMem()
		sink, err := NewSnapshots(fs, "d").Create(1, index, term, voters, 1, nil)
		must(t, err)
		_, err = sink.Write([]byte(d.Input))
		must(t, err)
		must(t, sink.Close())
		file, err := ReadFile(fs, "d/snapshot")
		must(t, err)
		return hex.Dump(file)
	})
}

// FuzzSnapshot shows that whatever is in the file, a snapshot is corrupt, or what was written: its parts make the same file, and
// the store gives its contents.
func FuzzSnapshot(f *testing.F) {
	head := snapshotHead{Index: 7, Term: 2, Version: 1, Configuration: raft.EncodeConfiguration(raft.Configuration{}), ConfigurationIndex: 1}
	file, err := encodeSnapshot(head, []byte("contents"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file, false)
	f.Add(file[:len(file)-9], true)
	f.Add([]byte(snapshotMagic+"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"), true)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if end := len(b) - snapshotChecksum; fix && end >= 0 { // get past the CRC
			binary.LittleEndian.PutUint32(b[end:], crc32.Checksum(b[:end], castagnoli))
		}
		h, contents, err := decodeSnapshot(b)
		if err != nil {
			if !errors.Is(err, ErrSnapshotCorrupt) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		again, err := encodeSnapshot(h, contents)
		must(t, err)
		h2, contents2, err := decodeSnapshot(again)
		if err != nil || string(contents2) != string(contents) || h2.Index != h.Index || h2.Term != h.Term || string(h2.Configuration) != string(h.Configuration) {
			t.Fatalf("%+v %q, and then %+v %q, %v", h, contents, h2, contents2, err)
		}
		fs := vfs.NewMem()
		must(t, ReplaceFile(fs, "d/snapshot", b))
		if got, err := NewSnapshots(fs, "d").Newest(); err != nil || string(got) != string(contents) {
			t.Fatalf("the store gives %q, %v", got, err)
		}
	})
}
