package oracle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// scratch is the folder of this test process, for what outlives a single test: the server's binary, the judge's
// data. Empty outside of Main.
var scratch string

// Main runs the tests of a package that uses this one, and ends the process with their exit status. Call it from
// TestMain. It stops PostgreSQL and removes the files that its tests share.
func Main(m *testing.M) {
	code, err := runMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func runMain(m *testing.M) (code int, err error) {
	if scratch, err = os.MkdirTemp(scratchParent(), "millrace-oracle-"); err != nil {
		return 1, err
	}
	// The judge may run as another user, who must get through to the folder of its data.
	if err := os.Chmod(scratch, 0o755); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, errors.Join(judge.stop(), durable.stop(), os.RemoveAll(scratch))
}

// scratchParent is the folder for temporary files; for root always /tmp, because root's own may be closed to the
// user that PostgreSQL runs as.
func scratchParent() string {
	if os.Getuid() == 0 {
		return "/tmp"
	}
	return os.TempDir()
}

// moduleRoot is the folder of go.mod, found upwards from the test's folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the test's folder")
		}
		dir = parent
	}
}
