package isolation

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

var rewrite = flag.Bool("rewrite", false, "write what PostgreSQL answers into the files of testdata")

func TestMain(m *testing.M) { oracle.Main(m) }

// TestIsolation shows that sessions see, wait for and fail each other as on PostgreSQL, which has written the .out files.
func TestIsolation(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.spec")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no specs: %v", err)
	}
	sides := []side{postgres(t), millrace(t)}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".spec"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sp, err := parseSpec(string(text))
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".spec") + ".out"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(sides[0].run(t, sp)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sides {
				compare(t, s.client.Label, string(want), s.run(t, sp))
			}
		})
	}
}

// compare shows the permutations that differ.
func compare(t *testing.T, label, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n\n"), strings.Split(got, "\n\n")
	if len(w) != len(g) {
		t.Errorf("%s: %d permutations, want %d", label, len(g), len(w))
		return
	}
	for i := range w {
		if w[i] != g[i] {
			t.Errorf("%s:\n%s\nwant:\n%s", label, g[i], w[i])
		}
	}
}
