package shard

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/millracedb/millrace/cluster/group"
)

// Errors of Propose, beside ctx's.
var (
	// ErrNotLeader says that the op was not applied and never will be.
	ErrNotLeader = group.ErrNotLeader
	// ErrUnknown says that the op may have been applied or not, or may be later.
	ErrUnknown = group.ErrUnknown
	// ErrTooLarge says that the op is larger than MaxOpBytes; it was not applied.
	ErrTooLarge = errors.New("operation is too large")
)

// Bounds of the proposer.
const (
	queuedOps = 1024
	// entriesInFlight lets the state machine work while the next entry is being written. Beyond that, ops wait and are
	// bundled: few large entries cost less than many small ones.
	entriesInFlight = 4
)

// proposer turns ops into entries: a goroutine takes what is queued, at once, and bundles it into one entry; another
// one hands the answers out. It is the only way to the state machine.
type proposer struct {
	group   *group.Group
	queue   chan *proposal
	sent    chan sentEntry
	slots   chan struct{}
	stop    chan struct{} // closed by close
	stopped chan struct{} // closed when nothing is sent any more
	done    sync.WaitGroup
}

type proposal struct {
	op     []byte
	result Result
	err    error
	done   chan struct{}
}

type sentEntry struct {
	future    group.Future
	proposals []*proposal
}

func newProposer(g *group.Group) *proposer {
	p := &proposer{
		group: g, queue: make(chan *proposal, queuedOps), sent: make(chan sentEntry, entriesInFlight),
		slots: make(chan struct{}, entriesInFlight), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	p.done.Add(2)
	go p.send()
	go p.answer()
	return p
}

// propose returns what the state machine answers. Once the op is queued it waits for that, whatever ctx does.
func (p *proposer) propose(ctx context.Context, op Op) (Result, error) {
	q, err := p.enqueue(ctx, op)
	if err != nil {
		return Result{}, err
	}
	return p.wait(q)
}

// wait returns the answer to what was queued.
func (p *proposer) wait(q *proposal) (Result, error) {
	select {
	case <-q.done:
		return q.result, q.err
	case <-p.stopped:
	}
	// What was sent is answered still; what stayed in the queue is not.
	p.done.Wait()
	select {
	case <-q.done:
		return q.result, q.err
	default:
		return Result{}, ErrNotLeader
	}
}

// enqueue puts an op behind all that were queued before.
func (p *proposer) enqueue(ctx context.Context, op Op) (*proposal, error) {
	q := &proposal{op: encodeOp(op), done: make(chan struct{})}
	if len(q.op) > MaxOpBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(q.op))
	}
	select {
	case p.queue <- q:
		return q, nil
	case <-p.stopped:
		return nil, ErrNotLeader
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *proposer) send() {
	defer p.done.Done()
	defer close(p.sent)
	defer close(p.stopped)
	for {
		select {
		case p.slots <- struct{}{}:
		case <-p.stop:
			return
		}
		select {
		case first := <-p.queue:
			proposals := p.bundle(first)
			p.sent <- sentEntry{p.group.Apply(entryOf(proposals)), proposals}
		case <-p.stop:
			return
		}
	}
}

// bundle takes what is queued behind first, up to the size of an entry.
func (p *proposer) bundle(first *proposal) []*proposal {
	proposals, size := []*proposal{first}, len(first.op)
	for size < softEntryBytes {
		select {
		case next := <-p.queue:
			proposals = append(proposals, next)
			size += len(next.op)
		default:
			return proposals
		}
	}
	return proposals
}

func entryOf(proposals []*proposal) []byte {
	ops, size := make([][]byte, len(proposals)), 16
	for i, q := range proposals {
		ops[i] = q.op
		size += len(q.op)
	}
	return appendEntry(make([]byte, 0, size), ops)
}

func (p *proposer) answer() {
	defer p.done.Done()
	for e := range p.sent {
		answer, err := e.future.Wait()
		<-p.slots
		results, ok := answer.([]Result)
		if failure, failed := answer.(error); failed {
			err = fmt.Errorf("%w: %w", ErrUnknown, failure)
		} else if err == nil && (!ok || len(results) != len(e.proposals)) {
			err = fmt.Errorf("%w: BUG: the state machine answered %T", ErrUnknown, answer)
		}
		for i, q := range e.proposals {
			if err == nil {
				q.result = results[i]
			}
			q.err = err
			close(q.done)
		}
	}
}

// close sends nothing more and waits for the answers to what was sent.
func (p *proposer) close() {
	close(p.stop)
	p.done.Wait()
}
