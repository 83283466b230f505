package inspect_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millracedb/millrace/cluster"
)

// copied returns a copy of a data directory.
func copied(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// flip flips a bit of a file.
func flip(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	must(t, err)
	b[0] ^= 4
	_, err = f.WriteAt(b[:], at)
	must(t, err)
}

// entryAt returns where frame number n of those that hold an entry with data begins in a file of the write-ahead log.
func entryAt(t testing.TB, path string, n int) int64 {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	for at := 0; ; {
		next := bytes.Index(b[at+1:], []byte("MWF1"))
		if next < 0 {
			t.Fatalf("there is no entry %d", n)
		}
		at += 1 + next
		const lengthAt, kindAt, kindEntry = 8, 20, 1
		if b[at+kindAt] != kindEntry || binary.LittleEndian.Uint32(b[at+lengthAt:]) < 2 {
			continue
		}
		if n == 0 {
			return int64(at)
		}
		n--
	}
}

// TestVerifyDamage shows that log verify reports each damage with its file and position, and fails.
func TestVerifyDamage(t *testing.T) {
	sound := stopped(t, tables...)
	const (
		topic   = "shards/1/topics/16384.0-1"
		segment = topic + "/00000000000000000000.log"
		index   = topic + "/00000000000000000000.index"
		wal     = "wal/0000000000000001.wal"
	)
	frame := entryAt(t, filepath.Join(sound, wal), 5)
	for _, c := range []struct {
		what   string
		damage func(dir string)
		want   []string // "DIR/" stands for the directory
	}{
		{"a record", func(dir string) { flip(t, filepath.Join(dir, segment), 85+80) },
			[]string{"problem: DIR/" + segment + " at 85: corrupt: batch CRC is "}},
		{"an offset", func(dir string) { flip(t, filepath.Join(dir, segment), 85+7) },
			[]string{"problem: DIR/" + segment + " at 85: corrupt: batch 5 where 1 was expected"}},
		{"two batches", func(dir string) { flip(t, filepath.Join(dir, segment), 70); flip(t, filepath.Join(dir, segment), 170) },
			[]string{"problem: DIR/" + segment + " at 0: ", "problem: DIR/" + segment + " at 85: "}},
		{"the end of a segment", func(dir string) { must(t, os.Truncate(filepath.Join(dir, segment), 85)) },
			[]string{"problem: DIR/" + segment + " at 85: the log ends at offset 1, but offsets up to 2 were stored"}},
		{"all files of a partition, which the log replays", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, topic))) },
			[]string{"note: DIR/" + topic + ": records 0 to 1 are not in the files; the next start takes them from the write-ahead log"}},
		{"the index of the active segment", func(dir string) { flip(t, filepath.Join(dir, index), 35) },
			[]string{"note: DIR/" + index + " at 32: an entry of the index does not verify"}},
		{"an entry of the write-ahead log", func(dir string) { flip(t, filepath.Join(dir, wal), frame+57) },
			[]string{fmt.Sprintf("problem: DIR/%s at %d: the payload of ", wal, frame)}},
		{"a header in the write-ahead log", func(dir string) { flip(t, filepath.Join(dir, wal), frame+17) },
			[]string{fmt.Sprintf("problem: DIR/%s at %d: the header of a frame does not verify", wal, frame)}},
		{"the write-ahead log is gone", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "wal"))) },
			[]string{"problem: shard 0: the state store has entries up to ", "problem: shard 1: the state store has entries up to "}},
		{"a state store", func(dir string) { truncateTables(t, filepath.Join(dir, "shards/0/state")) },
			[]string{"problem: shard 0: ", "state store"}},
		{"a block of a state store", func(dir string) { flipTables(t, filepath.Join(dir, "shards/1/state")) },
			[]string{"problem: shard 1: verify state store DIR/shards/1/state: ", ".sst offset "}},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := copied(t, sound)
			c.damage(dir)
			out, err := command(t, dir, "log", "verify")
			out = strings.ReplaceAll(out, dir+"/", "DIR/")
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			if problems := strings.Count(out, "problem: "); problems == 0 != (err == nil) || strings.HasPrefix(c.want[0], "problem") != (err != nil) {
				t.Errorf("%v, with %d problems in\n%s", err, problems, out)
			}
		})
	}
}

func flipTables(t testing.TB, dir string) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	must(t, err)
	for _, name := range tables {
		flip(t, name, 12)
	}
}

func truncateTables(t testing.TB, dir string) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	must(t, err)
	if len(tables) == 0 {
		t.Fatal("the state store has no tables")
	}
	for _, name := range tables {
		must(t, os.Truncate(name, 100))
	}
}

// TestVerifyKilled shows that what a killed node leaves has no problem, that all commands read it, and that the node then
// starts from it.
func TestVerifyKilled(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "data"))
	s.run(append(tables, view)...)
	var rows []string
	for i := range 300 {
		rows = append(rows, fmt.Sprintf("(%d, 1, 1)", i))
	}
	for range 3 {
		s.run(`INSERT INTO orders VALUES `+strings.Join(rows, ", "), `SELECT * FROM revenue`)
		dir := copied(t, s.dir)
		for _, args := range []string{"log verify", "log dump --values", "state dump", "meta dump"} {
			if out, err := command(t, dir, strings.Fields(args)...); err != nil {
				t.Errorf("%s: %v\n%s", args, err, out)
			}
		}
		again := start(t, dir)
		again.run(`SELECT * FROM revenue`)
		again.stop()
	}
	s.stop()
}

// TestDamagedCatalog shows that topics can be looked at by their numbers when the catalog cannot be read.
func TestDamagedCatalog(t *testing.T) {
	dir := stopped(t, tables...)
	flip(t, filepath.Join(dir, "wal/0000000000000001.wal"), 80)
	if _, err := command(t, dir, "log", "dump", "products"); err == nil || !strings.Contains(err.Error(), "the catalog cannot be read, give the relation's number") {
		t.Errorf("by name: %v", err)
	}
	out, err := command(t, dir, "log", "dump", "16384-1", "--values")
	if err != nil || !strings.Contains(out, "partition 16384.0-1 of a relation (the catalog cannot be read), shard 1") || !strings.Contains(out, "2 records") {
		t.Errorf("by number: %v\n%s", err, out)
	}
	if _, err := command(t, dir, "meta", "dump"); err == nil || !strings.Contains(err.Error(), "corrupt write-ahead log") {
		t.Errorf("meta dump: %v", err)
	}
	if _, err := cluster.Open(cluster.Config{DataDir: dir, Fatal: func(error) {}}); err == nil {
		t.Error("the node opened")
	}
}
