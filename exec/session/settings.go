package session

import (
	"maps"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// maxCustomSettings bounds the settings with a point in their name that a client may invent: they are kept per session.
const maxCustomSettings = 128

// settings are the run-time parameters of one session, in three layers: what SET LOCAL gave until the end of the
// transaction, what SET gave, what the session began with. Not safe for concurrent use.
type settings struct {
	initial map[string]string // by lower-case name: at start-up, what RESET goes back to
	values  map[string]string // by SET
	local   map[string]string // by SET LOCAL
	saved   map[string]string // values as they were at the transaction's first change; nil before one

	mayBecome func(role string) error // asked of a new value of the setting role
	superuser func() string           // the value of is_superuser

	generation uint64         // grows with each change: plans depend on some settings
	location   *time.Location // of TimeZone
	parsed     parsedSettings
}

func newSettings() *settings {
	s := &settings{initial: map[string]string{}, values: map[string]string{}, local: map[string]string{}}
	for name, d := range definitions {
		s.initial[name] = d.value
	}
	s.changed()
	return s
}

// get returns the value of a setting in force.
func (s *settings) get(name string) (string, bool) {
	name = strings.ToLower(name)
	if name == "is_superuser" && s.superuser != nil {
		return s.superuser(), true
	}
	v, ok := s.local[name]
	if !ok && (name == "transaction_isolation" || name == "transaction_read_only") { // not in a block: what one would have
		return s.get("default_" + name)
	}
	if !ok {
		v, ok = s.values[name]
	}
	if !ok {
		v, ok = s.initial[name]
	}
	return v, ok
}

// value is get for a setting that is known to exist.
func (s *settings) value(name string) string {
	v, _ := s.get(name)
	return v
}

// set checks and stores a value; values nil restores the default.
func (s *settings) set(name string, values []string, local bool) error {
	name = strings.ToLower(name)
	value, err := s.check(name, values)
	if err != nil {
		return err
	}
	s.begin()
	if name == "session_authorization" { // as in PostgreSQL, it ends SET ROLE
		name, value = "role", noRole
	}
	delete(s.local, name)
	if local {
		s.local[name] = value
	} else {
		s.values[name] = value
	}
	s.changed()
	return nil
}

// check returns the canonical form of a value for a setting.
func (s *settings) check(name string, values []string) (string, error) {
	d, known := definitions[name]
	switch {
	case !known && !strings.Contains(name, "."):
		return "", unknownSetting(name)
	case name == "session_authorization":
		return s.checkAuthorization(values)
	case known && d.fixed:
		return "", pgerr.New(codeCantChangeRuntimeParam, "parameter %q cannot be changed", d.name)
	case !known && !customSettingName.MatchString(name):
		return "", pgerr.New(pgerr.InvalidName, "invalid configuration parameter name %q", name).
			WithDetail("Custom parameter names must be two or more simple identifiers separated by dots.")
	case values == nil:
		return s.initial[name], nil
	case !known:
		if _, ok := s.values[name]; !ok && len(s.values) >= maxCustomSettings+len(definitions) {
			return "", pgerr.New(pgerr.ProgramLimitExceeded, "too many custom settings")
		}
		return strings.Join(values, ", "), nil
	}
	value, err := d.check(d.name, values)
	if err == nil && name == "role" && s.mayBecome != nil {
		err = s.mayBecome(value)
	}
	return value, err
}

// customSettingName is what PostgreSQL takes for the name of a setting that it does not know.
var customSettingName = regexp.MustCompile(`^[A-Za-z_\x{80}-\x{10FFFF}][A-Za-z0-9_$\x{80}-\x{10FFFF}]*(\.[A-Za-z_\x{80}-\x{10FFFF}][A-Za-z0-9_$\x{80}-\x{10FFFF}]*)+$`)

// checkAuthorization checks SET SESSION AUTHORIZATION, which may only go back to the user that the session began with.
// Errors: 22023, 42501, 0A000.
func (s *settings) checkAuthorization(values []string) (string, error) {
	own := s.initial["session_authorization"]
	if values == nil || len(values) == 1 && values[0] == own {
		return own, nil
	}
	if s.mayBecome != nil {
		if err := s.mayBecome(values[0]); err != nil {
			return "", err
		}
	}
	return "", pgerr.Unsupported("SET SESSION AUTHORIZATION to another user is").WithHint("Use SET ROLE.")
}

// codeCantChangeRuntimeParam is 55P02, which nobody else needs.
const codeCantChangeRuntimeParam = "55P02"

func unknownSetting(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter %q", name)
}

// setInitial stores a value that the client gave at start-up: RESET goes back to it.
func (s *settings) setInitial(name, value string) error {
	name = strings.ToLower(name)
	v, err := s.check(name, []string{value})
	if err != nil {
		return err
	}
	s.initial[name] = v
	s.changed()
	return nil
}

// resetAll is RESET ALL.
func (s *settings) resetAll() {
	s.begin()
	s.values, s.local = map[string]string{}, map[string]string{}
	s.changed()
}

// begin remembers the values for a rollback, once in a transaction.
func (s *settings) begin() {
	if s.saved != nil {
		return
	}
	s.saved = make(map[string]string, len(s.values))
	for k, v := range s.values {
		s.saved[k] = v
	}
}

// end ends a transaction: what SET LOCAL gave goes, and without commit also what SET gave.
func (s *settings) end(commit bool) {
	if s.saved == nil {
		return // nothing was set
	}
	if !commit {
		s.values = s.saved
	}
	s.saved = nil
	clear(s.local)
	s.changed()
}

// settingsMark is what a savepoint goes back to.
type settingsMark struct{ values, local map[string]string }

func (s *settings) mark() settingsMark {
	return settingsMark{values: maps.Clone(s.values), local: maps.Clone(s.local)}
}

// rollbackTo takes back what was set since m, which can be used again.
func (s *settings) rollbackTo(m settingsMark) {
	if maps.Equal(s.values, m.values) && maps.Equal(s.local, m.local) {
		return
	}
	s.values, s.local = maps.Clone(m.values), maps.Clone(m.local)
	s.changed()
}

func (s *settings) changed() {
	s.generation++
	if loc, _, err := loadLocation(s.value("timezone")); err == nil {
		s.location = loc
	}
}

// all returns all names in order, as displayed.
func (s *settings) all() []string {
	var names []string
	for _, d := range definitions {
		names = append(names, d.name)
	}
	for name := range s.values {
		if _, known := definitions[name]; !known {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool { return strings.ToLower(names[i]) < strings.ToLower(names[j]) })
	return names
}

// planning returns the settings that a continuous query keeps from its creation.
func (s *settings) planning() map[string]string {
	return map[string]string{"TimeZone": s.value("timezone"), "search_path": catalog.JoinSearchPath(s.searchPath())}
}
