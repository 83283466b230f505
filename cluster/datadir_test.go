package cluster

import (
	"testing"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/log/vfs"
)

// TestFormatSurvives shows that a data directory whose making was killed at any moment is one after the next start, also if the
// power is cut then.
func TestFormatSurvives(t *testing.T) {
	fs := vfs.NewMem()
	kills := 0
	fs.SetHook(func(vfs.Op, string) error {
		kills++
		killed := fs.Crash(vfs.CrashKeep, nil)
		d, err := openDataDir(killed, "/data", 3)
		must(t, err)
		must(t, killed.MkdirAll(d.join(walDir)))
		again, err := openDataDir(killed.Crash(vfs.CrashDrop, nil), "/data", 0)
		must(t, err)
		if again.format != d.format {
			t.Errorf("the format was %+v, and is %+v", d.format, again.format)
		}
		return nil
	})
	_, err := openDataDir(fs, "/data", 3)
	must(t, err)
	if kills < 5 {
		t.Errorf("killed %d times: the test shows nothing", kills)
	}
}

// TestFormatBytes shows that format.json does not change from one version to the next: what was written before is read, and written
// so today.
func TestFormatBytes(t *testing.T) {
	const want = `{
  "version": 1,
  "shards": 3,
  "node_id": "7e57ab1e-0000-4000-8000-000000000001",
  "checksum": "46fe392c"
}
`
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("/data"))
	must(t, group.ReplaceFile(fs, "/data/"+formatName, []byte(want)))
	d, err := openDataDir(fs, "/data", 0)
	must(t, err)
	if b, err := d.format.text(); err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
}
