package wal

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/log/vfs"
)

// The bytes of a log's files do not change from one version to the next. Each line of the script is one operation, and
// the log is closed behind it, so that a mark follows each; the files are shown frame by frame.
func TestGoldenBytes(t *testing.T) {
	datadriven.RunTest(t, "testdata/bytes", func(t *testing.T, d *datadriven.TestData) string {
		fs := vfs.NewMem()
		salt := uint64(0x5a17)
		opt := Options{FileBytes: 600, salt: func() uint64 { salt++; return salt }}
		for line := range strings.Lines(d.Input) {
			w, err := Open(fs, testDir, opt)
			must(t, err)
			goldenStep(t, w, strings.Fields(line))
			must(t, w.Close())
		}
		names, err := fs.List(testDir)
		must(t, err)
		var out strings.Builder
		for _, name := range names {
			fmt.Fprintln(&out, name)
			dumpFile(t, &out, fs, name)
		}
		return out.String()
	})
}

// goldenStep runs "append group index term data", "suffix group index", "prefix group index" or "meta group key value".
func goldenStep(t *testing.T, w *WAL, f []string) {
	t.Helper()
	var group uint32
	var index, term uint64
	fmt.Sscan(f[1], &group)
	fmt.Sscan(f[2], &index)
	g := w.Group(group)
	switch f[0] {
	case "append":
		fmt.Sscan(f[3], &term)
		must(t, g.Append([]Entry{{Index: index, Term: term, Type: 2, Data: []byte(f[4]), Extensions: []byte("x"), AppendedAtMicros: 1_700_000_000_000_000}}))
	case "suffix":
		must(t, g.TruncateSuffix(index))
	case "prefix":
		must(t, g.TruncatePrefix(index))
	case "meta":
		must(t, g.SetMeta(f[2], []byte(f[3])))
	default:
		t.Fatalf("unknown operation %v", f)
	}
}

// dumpFile shows a file's header and frames, and how much is behind them.
func dumpFile(t *testing.T, out *strings.Builder, fs vfs.FS, name string) {
	t.Helper()
	f, err := fs.Open(testDir + "/" + name)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	must(t, readFull(f, b, 0))
	seq, _ := parseFileName(name)
	header, ok := parseFileHeader(b, seq)
	if !ok {
		t.Fatalf("%s has no header", name)
	}
	out.WriteString(hex.Dump(b[:fileHeaderBytes]))
	r := frameReader{file: &walFile{fileHeader: header, f: f}, size: size, pos: fileHeaderBytes}
	for {
		fr, _, at, err := r.next()
		if err != nil {
			break
		}
		fmt.Fprintf(out, "at %d: %s of group %d, index %d, term %d, synced %d\n", at, fr.kind, fr.group, fr.index, fr.term, fr.synced)
		out.WriteString(hex.Dump(b[at:r.pos]))
	}
	fmt.Fprintf(out, "%d bytes behind the frames\n", size-r.pos)
}
