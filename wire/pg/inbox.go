package pg

import (
	"bytes"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// inbox is a bounded queue of messages between the goroutine that reads the socket and the one that works. Reading ahead
// is what lets a connection notice, while a statement waits, that its client is gone.
type inbox struct {
	mu       sync.Mutex
	changed  sync.Cond
	messages []queued
	bytes    int
	err      error // why there will be no more messages
	drain    error // why none should be begun any more
}

type queued struct {
	message pgproto3.FrontendMessage
	bytes   int
}

func newInbox() *inbox {
	q := &inbox{}
	q.changed.L = &q.mu
	return q
}

// put adds a message that the inbox owns; it waits for room. It reports whether anybody still takes messages.
func (q *inbox) put(m pgproto3.FrontendMessage, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.err == nil && len(q.messages) > 0 && (q.bytes+size > maxQueuedBytes || len(q.messages) >= maxQueued) {
		q.changed.Wait()
	}
	if q.err != nil {
		return false
	}
	q.messages = append(q.messages, queued{m, size})
	q.bytes += size
	q.changed.Broadcast()
	return true
}

// fail says that no more messages come; those that are there are still given.
func (q *inbox) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.changed.Broadcast()
}

// stop makes next return err at once; more goes on with the messages that are there.
func (q *inbox) stop(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drain = err
	q.changed.Broadcast()
}

// next returns the next message to be worked on, or why there is none.
func (q *inbox) next() (pgproto3.FrontendMessage, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) == 0 && q.err == nil && q.drain == nil {
		q.changed.Wait()
	}
	if q.drain != nil {
		return nil, q.drain
	}
	return q.take()
}

// more returns the next message of something that has begun, COPY data.
func (q *inbox) more() (pgproto3.FrontendMessage, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) == 0 && q.err == nil {
		q.changed.Wait()
	}
	return q.take()
}

func (q *inbox) take() (pgproto3.FrontendMessage, error) {
	if len(q.messages) == 0 {
		return nil, q.err
	}
	m := q.messages[0]
	q.messages[0] = queued{}
	q.messages = q.messages[1:]
	q.bytes -= m.bytes
	q.changed.Broadcast()
	return m.message, nil
}

// peekSync waits for the next message, and reports whether it is Sync.
func (q *inbox) peekSync() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) == 0 && q.err == nil {
		q.changed.Wait()
	}
	if len(q.messages) == 0 {
		return false
	}
	_, ok := q.messages[0].message.(*pgproto3.Sync)
	return ok
}

// own returns a copy of m that outlives the next call of Receive, and its size as the inbox counts it.
func own(m pgproto3.FrontendMessage) (pgproto3.FrontendMessage, int) {
	switch m := m.(type) {
	case *pgproto3.CopyData:
		return &pgproto3.CopyData{Data: bytes.Clone(m.Data)}, len(m.Data)
	case *pgproto3.Query:
		c := *m
		return &c, len(m.String)
	case *pgproto3.Parse:
		c := *m
		c.ParameterOIDs = slices.Clone(m.ParameterOIDs)
		return &c, len(m.Query) + len(m.Name)
	case *pgproto3.Bind:
		return ownBind(m)
	case *pgproto3.Describe:
		c := *m
		return &c, 0
	case *pgproto3.Execute:
		c := *m
		return &c, 0
	case *pgproto3.Close:
		c := *m
		return &c, 0
	case *pgproto3.CopyFail:
		c := *m
		return &c, len(m.Message)
	}
	return m, 0 // messages without contents
}

// ownBind copies the parameters into one slice.
func ownBind(m *pgproto3.Bind) (pgproto3.FrontendMessage, int) {
	c, size := *m, 0
	for _, p := range m.Parameters {
		size += len(p)
	}
	buf := make([]byte, 0, size)
	c.Parameters = make([][]byte, len(m.Parameters))
	for i, p := range m.Parameters {
		if p == nil {
			continue
		}
		from := len(buf)
		buf = append(buf, p...)
		c.Parameters[i] = buf[from:len(buf):len(buf)]
	}
	return &c, size + 24*len(c.Parameters)
}
