package catalog

import "github.com/millracedb/millrace/sql/types"

// Activity is what a session does: a row of pg_stat_activity. Times are timestamptz, 0 for none.
type Activity struct {
	PID, Xid                                         uint32
	User, Database, ApplicationName                  string
	ClientAddr                                       string
	ClientPort                                       int
	BackendStart, XactStart, QueryStart, StateChange int64
	WaitEventType, WaitEvent, State, Query           string
}

func fillActivity(x *systemContext, add func(record)) {
	if x.env.Activities == nil {
		return
	}
	for _, a := range x.env.Activities() {
		r := record{"datid": num(oidDatabase), "datname": str(a.Database), "pid": num(a.PID), "usename": str(a.User),
			"application_name": str(a.ApplicationName), "client_port": num(a.ClientPort), "state": str(a.State), "query": str(a.Query),
			"backend_type": str("client backend")}
		if role := x.catalog.RoleOfUser(a.User); role != nil { // it may have been dropped
			r["usesysid"] = num(role.ID)
		}
		for name, at := range map[string]int64{"backend_start": a.BackendStart, "xact_start": a.XactStart, "query_start": a.QueryStart, "state_change": a.StateChange} {
			if at != 0 {
				r[name] = types.IntDatum(at)
			}
		}
		for name, s := range map[string]string{"client_addr": a.ClientAddr, "wait_event_type": a.WaitEventType, "wait_event": a.WaitEvent} {
			if s != "" {
				r[name] = str(s)
			}
		}
		if a.Xid != 0 {
			r["backend_xid"] = num(a.Xid)
		}
		add(r)
	}
}

// Lock is a row of pg_locks. Type is "advisory", with Class, Object and Sub, or "transactionid", with Xid.
type Lock struct {
	Type          string
	PID, Xid      uint32
	Class, Object uint32
	Sub           int
	Mode          string
	Granted       bool
}

func fillLocks(x *systemContext, add func(record)) {
	if x.env.Locks == nil {
		return
	}
	for _, l := range x.env.Locks() {
		r := record{"locktype": str(l.Type), "pid": num(l.PID), "mode": str(l.Mode), "granted": flag(l.Granted), "fastpath": flag(false)}
		if l.Type == "advisory" {
			r["database"], r["classid"], r["objid"], r["objsubid"] = num(oidDatabase), num(l.Class), num(l.Object), num(l.Sub)
		} else {
			r["transactionid"] = num(l.Xid)
		}
		add(r)
	}
}

// Cursor is a row of pg_cursors. Created is a timestamptz.
type Cursor struct {
	Name, Statement string
	Hold, Scroll    bool
	Created         int64
}

func fillCursors(x *systemContext, add func(record)) {
	if x.env.Cursors == nil {
		return
	}
	for _, c := range x.env.Cursors() {
		add(record{"name": str(c.Name), "statement": str(c.Statement), "is_holdable": flag(c.Hold), "is_binary": flag(false),
			"is_scrollable": flag(c.Scroll), "creation_time": types.IntDatum(c.Created)})
	}
}
