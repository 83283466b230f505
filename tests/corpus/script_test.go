package corpus_test

import (
	"os"
	"strings"
	"testing"
)

// statement is one statement of a file.
type statement struct {
	text string
	data string // of COPY FROM STDIN: the lines up to \.
	// differs is why Millrace means something else, as a line "-- differs: why" before the statement says.
	differs string
}

// script is statements that run one after the other, in one transaction that is rolled back; outside ones run each for
// itself, in a schema that is dropped.
type script struct {
	statements []statement
	outside    bool
}

// readScripts reads a file: each statement is a script of its own, but for those between "-- script" or "-- script outside"
// and "-- end". A statement ends with a semicolon at the end of a line; lines that begin with -- are comments.
func readScripts(t *testing.T, path string) []script {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []script
	var open *script
	var lines []string
	differs := ""
	rest := strings.Split(string(text), "\n")
	for n := 0; n < len(rest); n++ {
		line := strings.TrimRight(rest[n], " ")
		mark, isMark := strings.CutPrefix(line, "-- ")
		switch {
		case line == "" && len(lines) == 0:
		case mark == "script" || mark == "script outside":
			open = &script{outside: mark == "script outside"}
		case mark == "end" && isMark:
			if open == nil || len(lines) > 0 {
				t.Fatalf("%s:%d: the end of nothing, or of half a statement", path, n+1)
			}
			all, open = append(all, *open), nil
		case isMark && strings.HasPrefix(mark, "differs: "):
			differs = strings.TrimPrefix(mark, "differs: ")
		case strings.HasPrefix(line, "--"):
		case !strings.HasSuffix(line, ";"):
			lines = append(lines, line)
		default:
			st := statement{text: strings.Join(append(lines, strings.TrimSuffix(line, ";")), "\n"), differs: differs}
			lines, differs = nil, ""
			if isCopyIn(st.text) {
				n, st.data = readData(rest, n)
			}
			if open != nil {
				open.statements = append(open.statements, st)
			} else {
				all = append(all, script{statements: []statement{st}})
			}
		}
	}
	if open != nil || len(lines) > 0 {
		t.Fatalf("%s ends within a script or a statement", path)
	}
	return all
}

// readData returns the lines behind line n up to \., and the number of that line.
func readData(lines []string, n int) (int, string) {
	var b strings.Builder
	for n++; n < len(lines) && lines[n] != `\.`; n++ {
		b.WriteString(lines[n] + "\n")
	}
	return n, b.String()
}

func isCopyIn(text string) bool {
	up := strings.ToUpper(text)
	return strings.HasPrefix(up, "COPY ") && strings.Contains(up, "FROM STDIN")
}

func isCopyOut(text string) bool {
	up := strings.ToUpper(text)
	return strings.HasPrefix(up, "COPY ") && strings.Contains(up, "TO STDOUT")
}
