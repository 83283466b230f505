package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/millracedb/millrace"

// layers lists the module's packages from the top down. A package may import those below it and no other of the
// module; so packages on neighbouring lines, too, import one another in one direction only. Packages of tests/ stand
// above all of them.
var layers = []string{
	"", // main.go: commands, flags, wiring

	"wire",
	"wire/pg",
	"wire/http",

	"cluster/inspect",
	"cluster",
	"cluster/shard",
	"cluster/lock",
	"cluster/meta",
	"cluster/assign",
	"cluster/group",

	"exec/session",
	"exec",
	"exec/expr",
	"exec/state",

	"planner",
	"planner/plan",

	"sql/parse",
	"sql/ast",
	"sql/catalog",
	"sql/funcs",

	"log",
	"log/wal",
	"log/vfs",

	"sql/types",
	"sql/pgerr",
}

// strangers are folders that do not know of each other, although one stands above the other: a front door and a node
// meet in main.go, through interfaces that the door declares.
var strangers = [][2]string{{"wire", "cluster"}}

// onlyImporter names foreign modules that one package wraps for all others.
var onlyImporter = map[string]string{
	"github.com/linxGnu/grocksdb":        "exec/state",
	"github.com/pingcap/tidb/pkg/parser": "sql/parse",
}

// topFolders are the folders of the repository's root. Folders whose name begins with a dot, bin and data (which make
// fills) are not looked at.
var topFolders = []string{"cluster", "docs", "exec", "log", "planner", "sql", "tests", "wire"}

// goPackage is what `go list -json` says of a package, as far as these tests ask.
type goPackage struct {
	ImportPath, Dir, Doc               string
	GoFiles, CgoFiles                  []string
	Imports, TestImports, XTestImports []string
}

// name is the package's folder, relative to the module's root.
func (p goPackage) name() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
}

// isTest says whether the package lives under tests/, and may therefore import anything.
func (p goPackage) isTest() bool { return within(p.name(), "tests") }

// TestImportsPointDown shows that each import of the module points down the table of layers, in tests that share
// their package's name too. A test package of its own (package x_test) may import what it likes.
func TestImportsPointDown(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.isTest() {
			continue
		}
		if !slices.Contains(layers, p.name()) {
			t.Errorf("package %q has no place in the table of layers: add it to tests/layers_test.go, above all that it imports and below all that import it", p.name())
			continue
		}
		for _, imported := range append(slices.Clone(p.Imports), p.TestImports...) {
			if err := checkImport(p.name(), imported); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestLayersRefuse shows that the check above can fail, in each of the ways in which it should.
func TestLayersRefuse(t *testing.T) {
	for _, c := range []struct {
		from, to string
		refused  bool
	}{
		{"exec", "exec/state", false},
		{"exec/session", "sql/types", false},
		{"", "cluster", false},
		{"exec/state", "exec", true},
		{"sql/types", "log", true},
		{"log", "log", true},
		{"wire/pg", "cluster/shard", true},
		{"cluster", "wire/http", true},
		{"exec", "tests/oracle", true},
		{"exec", "exec/unheard", true},
	} {
		err := checkImport(c.from, modulePath+"/"+c.to)
		if (err != nil) != c.refused {
			t.Errorf("import of %q by %q: got %v, want refused = %v", c.to, c.from, err, c.refused)
		}
	}
	if err := checkImport("exec", "fmt"); err != nil {
		t.Errorf("the standard library: %v", err)
	}
}

// checkImport says why the package from, a folder of the module, may not import the path imported; nil if it may.
func checkImport(from, imported string) error {
	to, ours := strings.CutPrefix(imported, modulePath+"/")
	if !ours {
		return nil
	}
	for _, pair := range strangers {
		if within(from, pair[0]) && within(to, pair[1]) || within(from, pair[1]) && within(to, pair[0]) {
			return fmt.Errorf("%q imports %q: %q and %q do not know of each other; declare the interface that is needed, and plug it in in main.go", from, to, pair[0], pair[1])
		}
	}
	below := slices.Index(layers, to)
	if below < 0 {
		return fmt.Errorf("%q imports %q, which has no place in the table of layers", from, to)
	}
	if below <= slices.Index(layers, from) {
		return fmt.Errorf("%q imports %q, which is not below it in the table of layers", from, to)
	}
	return nil
}

// TestWrappedModules shows that RocksDB and the TiDB parser are each imported by the one package that wraps them, in
// all files, tests included.
func TestWrappedModules(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for module, importer := range onlyImporter {
				if within(imported, module) && p.name() != importer {
					t.Errorf("%q imports %s, which is for %q alone", p.name(), imported, importer)
				}
			}
		}
	}
}

// TestPackagesHaveDocs shows that each package says in a comment what it is. Packages of tests alone are exempt.
func TestPackagesHaveDocs(t *testing.T) {
	for _, p := range listPackages(t) {
		if len(p.GoFiles)+len(p.CgoFiles) > 0 && p.Doc == "" {
			t.Errorf("package %q has no doc comment", p.name())
		}
	}
}

// TestTopLevel shows that the repository's root holds the folders that it should hold, and of Go code main.go only.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(moduleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, ".") || name == "bin" || name == "data":
		case e.IsDir() && !slices.Contains(topFolders, name):
			t.Errorf("folder %s/ does not belong at the top of the repository; its packages have a place below one of %v", name, topFolders)
		case strings.HasSuffix(name, ".go") && name != "main.go" && name != "main_test.go":
			t.Errorf("%s: of Go code the top of the repository holds main.go only", name)
		}
	}
}

// within says whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// listPackages returns each package of the module as it is without build tags, and again as it is in test builds.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	var packages []goPackage
	for _, tags := range []string{"", "invariants"} {
		packages = append(packages, listPackagesTagged(t, tags)...)
	}
	return packages
}

func listPackagesTagged(t *testing.T, tags string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags="+tags, "-json=ImportPath,Dir,Doc,GoFiles,CgoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = moduleRoot(t)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("what go list printed: %v", err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no package")
	}
	return packages
}

// moduleRoot is the folder of go.mod. A test runs in its package's folder, and this one is just below the root.
func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}
