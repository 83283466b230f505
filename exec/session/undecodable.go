package session

import (
	"context"
	"errors"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// passedOver counts the records of streams that one execution passed over because they do not decode.
type passedOver struct {
	session *Session
	streams []catalog.RelationID // in order of appearance
	counts  map[catalog.RelationID]int64
	first   map[catalog.RelationID]exec.Undecodable
}

// watch has env count into a new passedOver.
func (s *Session) watch(env *exec.Env) *passedOver {
	w := &passedOver{session: s, counts: map[catalog.RelationID]int64{}, first: map[catalog.RelationID]exec.Undecodable{}}
	env.Undecodable = w.add
	return w
}

func (w *passedOver) add(u exec.Undecodable) {
	if w.counts[u.Stream] == 0 {
		w.streams = append(w.streams, u.Stream)
		w.first[u.Stream] = u
	}
	w.counts[u.Stream]++
	if hook := w.session.options.Undecodable; hook != nil {
		hook(u)
	}
}

// tell sends a notice for each stream of which records were passed over since the last call.
func (w *passedOver) tell() {
	for _, id := range w.streams {
		name := "a stream that was dropped"
		if r := w.session.catalog().ByID(id); r != nil {
			name = r.Name
		}
		u, n := w.first[id], w.counts[id]
		word := "records"
		if n == 1 {
			word = "record"
		}
		w.session.notice("NOTICE", pgerr.New(pgerr.SuccessfulCompletion, "skipped %d %s of %q that could not be decoded", n, word, name).
			WithDetail("The first is at offset %d of partition %d: %s.", u.Offset, u.Partition.Partition, reasonText(u.Err)))
	}
	w.streams = nil
	clear(w.counts)
	clear(w.first)
}

// reasonText is a reason as a user sees it: without an SQLSTATE in it.
func reasonText(err error) string {
	var e *pgerr.Error
	if errors.As(err, &e) {
		return strings.Replace(err.Error(), e.Error(), e.Message, 1)
	}
	return err.Error()
}

// watchedRows is an operator that tells of records passed over: at its end, or with each batch of one that never ends.
type watchedRows struct {
	exec.Operator
	watch   *passedOver
	endless bool
}

// Next implements exec.Operator.
func (r *watchedRows) Next(ctx context.Context) (*types.Batch, error) {
	b, err := r.Operator.Next(ctx)
	if r.endless || b == nil {
		r.watch.tell()
	}
	return b, err
}
