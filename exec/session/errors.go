package session

import (
	"context"
	"errors"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Why a statement's context ended: causes for context.WithCancelCause. The client is told the cause.
var (
	// ErrCanceled: the client asked for it, with a CancelRequest.
	ErrCanceled = pgerr.New(pgerr.QueryCanceled, "canceling statement due to user request")
	// ErrTimeout: statement_timeout has passed.
	ErrTimeout = pgerr.New(pgerr.QueryCanceled, "canceling statement due to statement timeout")
	// ErrShutdown: the server stops.
	ErrShutdown = pgerr.New(pgerr.AdminShutdown, "terminating connection due to administrator command")
	// ErrGone: the client has closed the connection; nobody will read this.
	ErrGone = pgerr.New(pgerr.ConnectionException, "connection to client lost")
)

// userError gives an error the form in which the client sees it.
func userError(ctx context.Context, err error) error {
	var coded *pgerr.Error
	var conflict *exec.ConflictError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		return coded
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return canceled(ctx, err)
	case errors.As(err, &conflict) || errors.Is(err, catalog.ErrStale):
		return pgerr.New(pgerr.SerializationFailure, "could not serialize access due to concurrent update").WithCause(err)
	case errors.Is(err, exec.ErrDropped):
		return pgerr.New(pgerr.UndefinedTable, "relation was dropped while the statement ran").WithCause(err)
	case errors.Is(err, exec.ErrUnavailable) || errors.Is(err, exec.ErrFenced):
		return pgerr.New(pgerr.CannotConnectNow, "shard is not available").WithCause(err)
	case errors.Is(err, log.ErrCorrupt) || errors.Is(err, state.ErrCorrupt):
		return pgerr.New(pgerr.DataCorrupted, "%s", err.Error()).WithCause(err)
	}
	return pgerr.From(err)
}

// canceled returns why ctx ended.
func canceled(ctx context.Context, err error) error {
	var cause *pgerr.Error
	var lag *exec.LagError
	late := errors.As(err, &lag)
	switch found := errors.As(context.Cause(ctx), &cause); {
	case found && late:
		named := *cause
		return named.WithDetail("%s", lag.Detail()).WithHint("SHOW TASKS tells how the tasks stand. SET consistency = 'eventual' reads without waiting.")
	case found:
		return cause
	}
	return pgerr.New(pgerr.QueryCanceled, "canceling statement due to user request").WithCause(err)
}

// severityRank orders the levels of messages, as client_min_messages does.
func severityRank(severity string) int {
	switch s := strings.ToLower(severity); {
	case strings.HasPrefix(s, "debug"):
		return 0
	case s == "log":
		return 1
	case s == "notice":
		return 2
	case s == "warning":
		return 3
	case s == "error":
		return 4
	}
	return 5 // info is always sent
}
