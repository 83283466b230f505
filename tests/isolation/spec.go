// Package isolation runs the steps of several sessions in given orders, on PostgreSQL and on Millrace, and compares what each
// step answers and which ones wait. It is in the manner of PostgreSQL's own src/test/isolation.
package isolation

import (
	"fmt"
	"strings"
)

// spec is a file of testdata:
//
//	setup: SQL                       before each permutation, on a connection of its own
//	session NAME: SQL                begins a session; the SQL, if any, is run on it first
//	step NAME[!][~]: SQL             a step of the session
//	permutation: NAME NAME …         the steps in their order
//
// A step with ! closes a circle of waits: it is to be the victim, so PostgreSQL is told to look at once in its session and
// late in the others. Whether a step with ~ waits is not told, as it ends by itself. Lines that begin with # are comments; a
// line that is indented goes on with the one before.
type spec struct {
	setup        []string
	sessions     []session
	steps        map[string]step
	permutations [][]string
}

type session struct{ name, setup string }

type step struct {
	name, sql      string
	session        int
	closes, silent bool
}

func parseSpec(text string) (*spec, error) {
	s := &spec{steps: map[string]step{}}
	for _, line := range joinLines(text) {
		head, rest, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("no colon in %q", line)
		}
		if err := s.add(strings.TrimSpace(head), strings.TrimSpace(rest)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// joinLines drops comments and empty lines, and joins indented lines to the one before.
func joinLines(text string) (lines []string) {
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case line[0] == ' ' && len(lines) > 0:
			lines[len(lines)-1] += " " + strings.TrimSpace(line)
		default:
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *spec) add(head, rest string) error {
	kind, name, _ := strings.Cut(head, " ")
	switch kind {
	case "setup":
		s.setup = append(s.setup, rest)
	case "session":
		s.sessions = append(s.sessions, session{name, rest})
	case "step":
		st := step{name: strings.TrimRight(name, "!~"), sql: rest, session: len(s.sessions) - 1,
			closes: strings.Contains(name, "!"), silent: strings.Contains(name, "~")}
		s.steps[st.name] = st
	case "permutation":
		order := strings.Fields(rest)
		for _, name := range order {
			if _, ok := s.steps[name]; !ok {
				return fmt.Errorf("there is no step %q", name)
			}
		}
		s.permutations = append(s.permutations, order)
	default:
		return fmt.Errorf("unknown line %q", head)
	}
	return nil
}
