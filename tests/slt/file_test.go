package slt_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// record is a statement of a file and what it has to give.
type record struct {
	line    int      // of its first line, from 1
	marks   []string // comments and conditions before it, as they are
	engines []string // conditions: "skipif postgresql", "onlyif millrace"
	kind    string   // "statement", "query" or "halt"
	want    string   // of a statement: "ok", "count" or "error"
	count   int64    // of "count"
	code    string   // SQLSTATE, of "error"
	types   string   // of a query: a letter for each column
	sorted  bool     // rowsort
	sql     string
	rows    []string // of a query: a line for each row
}

// runsOn tells whether the record is for an engine.
func (r *record) runsOn(engine string) bool {
	for _, condition := range r.engines {
		verb, name, _ := strings.Cut(condition, " ")
		if (verb == "skipif") == (name == engine) {
			return false
		}
	}
	return true
}

// readFile reads the records of a file; what is not of the form ends the test.
func readFile(t *testing.T, path string) (records []*record) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for n := 0; n < len(lines); {
		end := n
		for end < len(lines) && lines[end] != "" {
			end++
		}
		if end > n {
			r, err := readRecord(lines[n:end])
			if err != nil {
				t.Fatalf("%s:%d: %v", path, n+1, err)
			}
			r.line = n + 1
			records = append(records, r)
		}
		n = end + 1
	}
	return records
}

// readRecord reads the lines of a record.
func readRecord(lines []string) (*record, error) {
	r := &record{}
	for len(lines) > 0 {
		line := lines[0]
		condition := strings.HasPrefix(line, "skipif ") || strings.HasPrefix(line, "onlyif ")
		if !condition && !strings.HasPrefix(line, "#") {
			break
		}
		if condition {
			r.engines = append(r.engines, line)
		}
		r.marks, lines = append(r.marks, line), lines[1:]
	}
	if len(lines) == 0 {
		return r, nil // comments alone
	}
	words := strings.Fields(lines[0])
	r.kind = words[0]
	var err error
	switch {
	case r.kind == "halt":
		return r, nil
	case r.kind == "statement" && len(words) >= 2:
		err = r.readWant(words[1:])
	case r.kind == "query" && len(words) >= 2:
		r.types = words[1]
		r.sorted = len(words) > 2 && words[2] == "rowsort"
		if strings.Trim(r.types, "ITR") != "" || len(words) > 2 && words[2] != "nosort" && words[2] != "rowsort" {
			err = fmt.Errorf("%q", lines[0])
		}
	default:
		err = fmt.Errorf("%q is no record", lines[0])
	}
	sql, rows, found := strings.Cut(strings.Join(lines[1:], "\n")+"\n", "----\n")
	r.sql = strings.TrimSpace(sql)
	if found != (r.kind == "query") || r.sql == "" {
		return nil, fmt.Errorf("%q has no statement, or ---- at the wrong place", lines[0])
	}
	if rows = strings.TrimSuffix(rows, "\n"); rows != "" {
		r.rows = strings.Split(rows, "\n")
	}
	return r, err
}

func (r *record) readWant(words []string) (err error) {
	r.want = words[0]
	switch {
	case r.want == "ok" && len(words) == 1:
	case r.want == "count" && len(words) == 2:
		r.count, err = strconv.ParseInt(words[1], 10, 64)
	case r.want == "error" && len(words) == 2:
		r.code = words[1]
	default:
		err = fmt.Errorf("what does %q mean?", strings.Join(words, " "))
	}
	return err
}

// write returns the record as a file has it.
func (r *record) write() string {
	lines := append([]string{}, r.marks...)
	switch r.kind {
	case "halt":
		lines = append(lines, "halt")
	case "statement":
		head := "statement " + r.want
		switch r.want {
		case "count":
			head += " " + strconv.FormatInt(r.count, 10)
		case "error":
			head += " " + r.code
		}
		lines = append(lines, head, r.sql)
	case "query":
		head := "query " + r.types
		if r.sorted {
			head += " rowsort"
		}
		lines = append(append(lines, head, r.sql, "----"), r.rows...)
	}
	return strings.Join(lines, "\n") + "\n"
}
