package session

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Bounds of what one session keeps.
const (
	maxPrepared = 10_000 // prepared statements: parsed text and a plan each
	maxPortals  = 1_000  // open portals and cursors: each may pin a snapshot
)

// Options say whose session it is and where it tells what is not a result.
type Options struct {
	User, Database string
	// BackendPID is the number of the session, which the client knows: pg_backend_pid().
	BackendPID uint32
	// ClientAddr and ClientPort are where the client is; "" and -1 if it is not on the network.
	ClientAddr string
	ClientPort int
	// Signal ends the statement of another session, with ErrCanceled, or the session, with ErrShutdown; false: there is none.
	Signal func(pid uint32, cause error) bool
	// Sessions lists all sessions of the server; nil: there is only this one.
	Sessions func() []*Session
	// Version is Millrace's, shown in server_version behind PostgreSQL's.
	Version string
	// Settings are the run-time parameters that the client asked for at start-up, by name.
	Settings map[string]string
	// Notice takes notices and warnings. It is called by the goroutine that runs the statement.
	Notice func(Notice)
	// Parameter takes the new value of a setting of which clients are told (ParameterStatus).
	Parameter func(name, value string)
	// MemoryBytes bounds what one statement may hold; 0 leaves it to the executor.
	MemoryBytes int64
	// Undecodable, if not nil, is told of each record of a stream that a statement passes over because it does not decode.
	Undecodable func(exec.Undecodable)
	Logger      *slog.Logger
}

// Notice is a message that is not an error. Severity is NOTICE, WARNING, INFO, LOG or DEBUG.
type Notice struct {
	Severity string
	*pgerr.Error
}

// Session is one client's: its settings, prepared statements, portals and transaction. It belongs to one goroutine at a
// time. Errors of its methods are *pgerr.Error; one that is not foreseen is XX000, logged, and leaves the session usable.
type Session struct {
	engine   Engine
	options  Options
	settings *settings
	reported map[string]string // what the client was told of settings
	// reportedAt is the generation of the settings when it was told.
	reportedAt uint64
	prepared   map[string]*Prepared
	portals    map[string]*Portal
	opened     uint64       // portals so far
	keeper     *exec.Keeper // of the rows of cursors
	block      *block       // the transaction block, explicit or implicit; nil: none
	broken     bool         // a message failed since the last Sync, outside an explicit block
	now        func() time.Time
	sequences  sequenceUse
	stagings   uint64         // how often a block has changed the catalog; see planVersion
	login      catalog.RoleID // whose session it is
	locks      Locks
	activity   activity
}

// New returns a session on e, of a client that has shown who it is. Errors: 28000; a setting of Options that is not accepted.
func New(e Engine, o Options) (*Session, error) {
	if o.Notice == nil {
		o.Notice = func(Notice) {}
	}
	if o.Parameter == nil {
		o.Parameter = func(string, string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Session{engine: e, options: o, settings: newSettings(), prepared: map[string]*Prepared{},
		portals: map[string]*Portal{}, reported: map[string]string{}, now: time.Now, keeper: exec.NewKeeper(o.MemoryBytes)}
	s.sequences.session = s
	s.activity.started(o, s.now())
	s.settings.initial["session_authorization"] = o.User
	s.settings.initial["work_mem"] = defaultWorkMem(o.MemoryBytes)
	s.settings.initial["server_version"] = serverVersion(o.Version)
	s.settings.mayBecome, s.settings.superuser = s.mayBecome, s.isSuperuser
	var err error
	if s.login, err = login(e.Catalog(), o.User); err != nil {
		return nil, err
	}
	for name, value := range o.Settings {
		if err := s.settings.setInitial(name, value); err != nil {
			return nil, err
		}
	}
	s.locks = e.NewLocks(o.BackendPID)
	return s, nil
}

// Scope is what texts of values are read and written with.
func (s *Session) Scope() types.Scope { return types.Scope{Zone: s.Location(), Names: s.names()} }

// names tells names as the session's statements see them.
func (s *Session) names() *catalog.Names {
	n := &catalog.Names{Current: s.catalog, Path: s.settings.searchPath()}
	if s.block != nil && s.block.staged != nil {
		n.Committed = s.engine.Catalog
	}
	return n
}

// Location is the time zone in which texts of timestamps are read and written.
func (s *Session) Location() *time.Location { return s.settings.location }

// Setting returns the value of a setting, "" if there is none of that name.
func (s *Session) Setting(name string) string { return s.settings.value(name) }

// Parse splits a text into statements. In a failed block the error still is the syntax error, as PostgreSQL has it.
func (s *Session) Parse(sql string) (_ []parse.Parsed, err error) {
	defer s.recover(&err)
	return parse.Parse(sql)
}

// Close ends the session: what it has open is given back, and an open transaction is rolled back.
func (s *Session) Close() {
	s.closePortals(func(*Portal) bool { return true })
	s.abortBlock()
	s.block.thaw()
	s.block = nil
	s.locks.Close()
}

// ReportSettings tells the client of settings that changed since it was last told; all, when it was told of none. It is to
// be called before the client may send its next statement.
func (s *Session) ReportSettings() {
	if s.reportedAt == s.settings.generation {
		return
	}
	s.reportedAt = s.settings.generation
	for _, name := range reportedSettings {
		value := s.settings.value(name)
		if told, ok := s.reported[name]; !ok || told != value {
			s.reported[name] = value
			s.options.Parameter(name, value)
		}
	}
}

// notice sends a notice unless client_min_messages is above it.
func (s *Session) notice(severity string, e *pgerr.Error) {
	if severityRank(severity) >= severityRank(s.settings.value("client_min_messages")) {
		s.options.Notice(Notice{Severity: severity, Error: e})
	}
}

func (s *Session) notef(format string, args ...any) {
	s.notice("NOTICE", pgerr.New(pgerr.SuccessfulCompletion, format, args...))
}

// WithTimeout bounds a statement by the setting statement_timeout. Each Execute of a portal has its own time.
func (s *Session) WithTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if d := s.settings.statementTimeout(); d > 0 {
		return context.WithTimeoutCause(ctx, d, ErrTimeout)
	}
	return ctx, func() {}
}

// IdleTimeout says how long the session may wait for its client's next statement, and the error that ends it then; 0: for
// ever.
func (s *Session) IdleTimeout() (time.Duration, error) {
	if s.inBlock() {
		return s.settings.idleTimeout(true), ErrIdleInTransaction
	}
	return s.settings.idleTimeout(false), ErrIdleSession
}

// LogSlow logs a statement that began at start, if it took as long as log_min_duration_statement says.
func (s *Session) LogSlow(p *Portal, start time.Time) {
	limit, on := s.settings.logDuration()
	if took := time.Since(start); on && took >= limit {
		s.options.Logger.Info("slow statement", "pid", s.options.BackendPID, "user", s.options.User, "duration", took, "statement", clipText(p.command.text))
	}
}

// recover turns a panic into XX000: a bug ends its statement, not the connection.
func (s *Session) recover(err *error) {
	if r := recover(); r != nil {
		s.options.Logger.Error("panic in a statement", "panic", r, "stack", string(debug.Stack()))
		*err = pgerr.New(pgerr.InternalError, "internal error: %v", r).WithCause(fmt.Errorf("panic: %v", r))
	}
}
