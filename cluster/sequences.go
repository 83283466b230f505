package cluster

import (
	"context"
	"errors"
	"sync"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// A block of a sequence's values is reserved through the catalog before any of them is given, so that no value is given
// twice, whatever crashes: what a crash cuts off of a block is given to nobody. A sequence in much use reserves more at a time.
const (
	firstSequenceBlock = 32
	maxSequenceBlock   = 8192
)

// sequences gives the values of all sequences on this node. Safe for concurrent use.
type sequences struct {
	n    *Node
	mu   sync.Mutex
	open map[catalog.RelationID]*sequence
}

// sequence is the block in use of one sequence.
type sequence struct {
	mu   sync.Mutex // held while a block is reserved
	next int64      // the first of left values
	left int64
	size int64                 // of the next block
	at   catalog.SequenceState // what was given; while left > 0
}

func (s *sequences) get(id catalog.RelationID) *sequence {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.open[id]
	if q == nil {
		if s.open == nil {
			s.open = map[catalog.RelationID]*sequence{}
		}
		q = &sequence{size: firstSequenceBlock}
		s.open[id] = q
	}
	return q
}

// forget frees what is kept of a dropped sequence.
func (s *sequences) forget(id catalog.RelationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// definition returns how the sequence counts.
func (s *sequences) definition(id catalog.RelationID) (*catalog.Relation, error) {
	r := s.n.Catalog().ByID(id)
	if r == nil || r.Sequence == nil {
		s.forget(id)
		return nil, pgerr.New(pgerr.UndefinedTable, "sequence with OID %d does not exist", id)
	}
	return r, nil
}

// NextValue implements session.Engine.
func (n *Node) NextValue(ctx context.Context, id catalog.RelationID) (int64, error) {
	r, err := n.sequences.definition(id)
	if err != nil {
		return 0, err
	}
	q := n.sequences.get(id)
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.left == 0 {
		if err := n.reserve(ctx, r, q); err != nil && !errors.Is(err, catalog.ErrStale) {
			return 0, err
		}
		if r, err = n.sequences.definition(id); err != nil {
			return 0, err
		}
	}
	v := q.next
	q.left--
	q.at = catalog.SequenceState{Last: v, Called: true}
	if q.left > 0 {
		q.next += r.Sequence.Increment
	}
	return v, nil
}

// reserve makes the next block of q. Errors: 2200H, ErrStale, those of Apply.
func (n *Node) reserve(ctx context.Context, r *catalog.Relation, q *sequence) error {
	from := n.Catalog().SequenceState(r.ID)
	to, first, count := r.Sequence.Advance(from, q.size)
	if count == 0 {
		return r.Sequence.Exhausted(r.Name)
	}
	if err := n.Apply(ctx, catalog.Command{Sequence: &catalog.SequenceMove{Sequence: r.ID, From: from, To: to}}); err != nil {
		return err
	}
	q.next, q.left, q.size = first, count, min(2*q.size, maxSequenceBlock)
	return nil
}

// SetValue implements session.Engine.
func (n *Node) SetValue(ctx context.Context, id catalog.RelationID, to catalog.SequenceState) error {
	if _, err := n.sequences.definition(id); err != nil {
		return err
	}
	q := n.sequences.get(id)
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		from := n.Catalog().SequenceState(id)
		err := n.Apply(ctx, catalog.Command{Sequence: &catalog.SequenceMove{Sequence: id, From: from, To: to}})
		if err == nil {
			q.left, q.size = 0, firstSequenceBlock
			return nil
		}
		if !errors.Is(err, catalog.ErrStale) {
			return err
		}
		if _, err := n.sequences.definition(id); err != nil {
			return err
		}
	}
}

// SequenceState implements session.Engine.
func (n *Node) SequenceState(id catalog.RelationID) catalog.SequenceState {
	q := n.sequences.get(id)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.left > 0 {
		return q.at
	}
	return n.Catalog().SequenceState(id)
}
