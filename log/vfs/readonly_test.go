package vfs

import (
	"errors"
	"testing"
)

// TestReadOnly shows that nothing can be changed through ReadOnly, by the file system or by a file, and that reading works.
func TestReadOnly(t *testing.T) {
	mem := NewMem()
	f, err := mem.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	ro := ReadOnly(mem)
	r, err := ro.OpenRW("/f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	refused := map[string]error{
		"create": second(ro.Create("/g")), "mkdir": ro.MkdirAll("/d"), "remove": ro.Remove("/f"), "remove all": ro.RemoveAll("/f"),
		"rename": ro.Rename("/f", "/g"), "link": ro.Link("/f", "/g"), "sync directory": ro.SyncDir("/"),
		"write": second(r.Write([]byte("x"))), "write at": second(r.WriteAt([]byte("x"), 0)), "truncate": r.Truncate(0),
		"allocate": r.Allocate(100), "sync": r.Sync(),
	}
	for what, err := range refused {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	b := make([]byte, 5)
	if _, err := r.ReadAt(b, 0); err != nil || string(b) != "hello" {
		t.Errorf("read: %q, %v", b, err)
	}
	names, err := ro.List("/")
	if err != nil || len(names) != 1 || names[0] != "f" {
		t.Errorf("list: %q, %v", names, err)
	}
	if info, err := ro.Stat("/f"); err != nil || info.SizeBytes != 5 {
		t.Errorf("stat: %+v, %v", info, err)
	}
}
