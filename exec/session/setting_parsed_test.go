package session

import (
	"slices"
	"testing"
	"time"
)

// What statements ask of the settings follows each way in which these change.
func TestParsedSettings(t *testing.T) {
	s := newSettings()
	expect := func(when string, timeout time.Duration, level Consistency, path ...string) {
		t.Helper()
		if s.statementTimeout() != timeout || s.consistency() != level || !slices.Equal(s.searchPath(), path) {
			t.Errorf("%s: %v, %v, %q", when, s.statementTimeout(), s.consistency(), s.searchPath())
		}
	}
	set := func(name, value string, local bool) {
		t.Helper()
		if err := s.set(name, []string{value}, local); err != nil {
			t.Fatal(err)
		}
	}
	initial := s.searchPath()
	expect("at first", 0, Strong, initial...)
	set("statement_timeout", "2s", false)
	set("search_path", "a", false)
	expect("SET", 2*time.Second, Strong, "a")
	s.end(true)
	mark := s.mark()
	set("statement_timeout", "3s", true)
	set("consistency", "eventual", true)
	expect("SET LOCAL", 3*time.Second, Eventual, "a")
	s.rollbackTo(mark)
	expect("ROLLBACK TO", 2*time.Second, Strong, "a")
	set("search_path", "b", false)
	s.end(false)
	expect("ROLLBACK", 2*time.Second, Strong, "a")
	s.resetAll()
	expect("RESET ALL", 0, Strong, initial...)
}
