package session

import (
	"slices"
	"time"

	"github.com/millracedb/millrace/sql/catalog"
)

// parsedSettings are the values of settings that each statement asks for, in the form in which it wants them.
type parsedSettings struct {
	generation uint64 // of the settings that they were parsed from

	searchPath               []string
	consistency              Consistency
	workMemBytes             int64
	statementTimeout         time.Duration
	lockTimeout              time.Duration
	idleTimeout, idleInBlock time.Duration
	logDuration              time.Duration
	logs                     bool // statements that take as long as logDuration
}

// inForce parses the settings if they have changed since it did so.
func (s *settings) inForce() *parsedSettings {
	if s.parsed.generation != s.generation {
		s.parsed = parsedSettings{
			generation:       s.generation,
			searchPath:       slices.Clip(catalog.SplitSearchPath(s.value("search_path"), s.value("session_authorization"))),
			consistency:      consistencyOf(s.value("consistency")),
			workMemBytes:     memoryOf(s.value("work_mem")),
			statementTimeout: s.duration("statement_timeout"),
			lockTimeout:      s.duration("lock_timeout"),
			idleTimeout:      s.duration("idle_session_timeout"),
			idleInBlock:      s.duration("idle_in_transaction_session_timeout"),
			logDuration:      s.duration("log_min_duration_statement"),
			logs:             s.value("log_min_duration_statement") != "-1",
		}
	}
	return &s.parsed
}

// searchPath returns the schemas of search_path in order, which nobody may change. There need not be schemas of these names.
func (s *settings) searchPath() []string { return s.inForce().searchPath }

// statementTimeout is 0 if there is none.
func (s *settings) statementTimeout() time.Duration { return s.inForce().statementTimeout }

// lockTimeout is 0 if there is none.
func (s *settings) lockTimeout() time.Duration { return s.inForce().lockTimeout }

// idleTimeout says how long a client may be idle, in a block or outside; 0: for ever.
func (s *settings) idleTimeout(inBlock bool) time.Duration {
	if inBlock {
		return s.inForce().idleInBlock
	}
	return s.inForce().idleTimeout
}

// logDuration says from which duration on statements are logged; false: none.
func (s *settings) logDuration() (time.Duration, bool) {
	return s.inForce().logDuration, s.inForce().logs
}

// workMem is the setting in bytes.
func (s *settings) workMem() int64 { return s.inForce().workMemBytes }

// consistency is the level of reads.
func (s *settings) consistency() Consistency { return s.inForce().consistency }

// duration is the value of a setting that checkDuration has accepted.
func (s *settings) duration(name string) time.Duration {
	v := s.value(name)
	if v == "0" {
		return 0
	}
	d, err := parseDuration(v)
	if err != nil {
		return 0
	}
	return d
}

func consistencyOf(value string) Consistency {
	switch value {
	case "session":
		return OwnWrites
	case "eventual":
		return Eventual
	}
	return Strong
}
