package session

import (
	"sync"
	"time"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// activity is what a session does, as others see it.
type activity struct {
	mu sync.Mutex
	at catalog.Activity
}

// States of a session in pg_stat_activity.
const (
	stateActive  = "active"
	stateIdle    = "idle"
	stateInBlock = "idle in transaction"
	stateFailed  = "idle in transaction (aborted)"
)

// maxActivityBytes is how much of a statement's text is shown, as PostgreSQL's track_activity_query_size.
const maxActivityBytes = 1024

// started notes that the session is there.
func (a *activity) started(o Options, now time.Time) {
	at := types.FromTime(now)
	a.at = catalog.Activity{PID: o.BackendPID, User: o.User, Database: o.Database, ClientAddr: o.ClientAddr, ClientPort: o.ClientPort,
		BackendStart: at, StateChange: at, State: stateIdle}
}

// Working notes that the portal's statement is at work.
func (s *Session) Working(p *Portal) {
	now := types.FromTime(s.now())
	s.activity.mu.Lock()
	defer s.activity.mu.Unlock()
	a := &s.activity.at
	a.State, a.StateChange, a.QueryStart = stateActive, now, now
	a.Query = clipText(p.command.text)
	if a.XactStart == 0 {
		a.XactStart = now
	}
}

// Idle notes that the session waits for its client's next statement.
func (s *Session) Idle() {
	now := types.FromTime(s.now())
	s.activity.mu.Lock()
	defer s.activity.mu.Unlock()
	a := &s.activity.at
	a.StateChange = now
	a.ApplicationName = s.settings.value("application_name")
	switch {
	case !s.inBlock():
		a.State, a.XactStart = stateIdle, 0
	case s.failed():
		a.State = stateFailed
	default:
		a.State = stateInBlock
	}
	if s.inBlock() {
		a.XactStart = types.FromTime(s.block.started)
	}
}

// Activity says what the session does. Any goroutine may ask.
func (s *Session) Activity() catalog.Activity {
	s.activity.mu.Lock()
	a := s.activity.at
	s.activity.mu.Unlock()
	a.Xid = s.locks.Transaction()
	switch event := s.locks.Waiting(); {
	case event != "":
		a.WaitEventType, a.WaitEvent = "Lock", event
	case a.State != stateActive:
		a.WaitEventType, a.WaitEvent = "Client", "ClientRead"
	}
	return a
}

// peers are all sessions of the server.
func (s *Session) peers() []*Session {
	if s.options.Sessions == nil {
		return []*Session{s}
	}
	return s.options.Sessions()
}

// sees reports whether the session may know what another one does.
func (s *Session) sees(other *Session) bool {
	return s.isSuperuser() == "on" || s.options.User == other.options.User
}

// activities lists what all sessions of the server do; of those that are none of its business, that they are there.
func (s *Session) activities() []catalog.Activity {
	var all []catalog.Activity
	for _, other := range s.peers() {
		a := other.Activity()
		if !s.sees(other) {
			a = catalog.Activity{PID: a.PID, User: a.User, Database: a.Database, ApplicationName: a.ApplicationName, Query: "<insufficient privilege>"}
		}
		all = append(all, a)
	}
	return all
}

// clipText cuts a text, between characters, to maxActivityBytes.
func clipText(s string) string {
	if len(s) <= maxActivityBytes {
		return s
	}
	n := maxActivityBytes
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
