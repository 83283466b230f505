package pg

import "sync"

// inbox is a bounded queue of messages between the goroutine that reads the socket and the one that works. Reading ahead
// is what lets a connection notice, while a statement waits, that its client is gone.
type inbox struct {
	mu       sync.Mutex
	changed  sync.Cond
	messages []message
	bytes    int   // of their bodies
	err      error // why there will be no more messages
	drain    error // why none should be begun any more
}

func newInbox() *inbox {
	q := &inbox{}
	q.changed.L = &q.mu
	return q
}

// put adds a message; it waits for room. It reports whether anybody still takes messages. more says that another message is
// there to be put at once: whoever waits is woken for both, not for each.
func (q *inbox) put(m message, more bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.err == nil && len(q.messages) > 0 && (q.bytes+len(m.body) > maxQueuedBytes || len(q.messages) >= maxQueued) {
		q.changed.Broadcast() // of messages that it was not told of
		q.changed.Wait()
	}
	if q.err != nil {
		return false
	}
	q.messages = append(q.messages, m)
	q.bytes += len(m.body)
	if !more {
		q.changed.Broadcast()
	}
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
func (q *inbox) next() (message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) == 0 && q.err == nil && q.drain == nil {
		q.changed.Wait()
	}
	if q.drain != nil {
		return message{}, q.drain
	}
	return q.take()
}

// more returns the next message of something that has begun, COPY data.
func (q *inbox) more() (message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) == 0 && q.err == nil {
		q.changed.Wait()
	}
	return q.take()
}

func (q *inbox) take() (message, error) {
	if len(q.messages) == 0 {
		return message{}, q.err
	}
	m := q.messages[0]
	q.messages[0] = message{}
	q.messages = q.messages[1:]
	q.bytes -= len(m.body)
	q.changed.Broadcast()
	return m, nil
}

// peekSync waits for the next message, and reports whether it is Sync.
func (q *inbox) peekSync() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.messages) == 0 && q.err == nil {
		q.changed.Wait()
	}
	return len(q.messages) > 0 && q.messages[0].kind == msgSync
}
