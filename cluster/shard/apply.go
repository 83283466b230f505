package shard

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// apply applies one op. An error says that the store or a disk failed, never that the op was refused.
func (b *batch) apply(op Op, index, term uint64) (Result, error) {
	switch op := op.(type) {
	case *Write:
		return b.write(op)
	case *Commit:
		return b.commit(op, term)
	case *Prepare:
		return b.prepare(op)
	case *Decide:
		return b.decide(op, index)
	case *Finish:
		return b.finishTxn(op, index)
	case *Forget:
		return b.forget(op)
	case *Drop:
		return b.drop(op)
	case *Register:
		return b.register(op)
	case *Trim:
		return b.trim(op)
	case *CompactTo:
		return b.compactTo(op)
	case *Configure:
		return b.configure(op)
	case *Hold:
		return b.hold(op)
	case *AddIndex:
		return b.addIndex(op)
	case *BuildIndex:
		return b.buildIndex(op)
	case *RaiseEpoch:
		return b.raiseEpoch(op)
	}
	return Result{}, fmt.Errorf("BUG: op %T", op)
}

func invalid(format string, args ...any) *Result {
	return &Result{Verdict: Invalid, Reason: fmt.Sprintf(format, args...)}
}

func (b *batch) write(op *Write) (Result, error) {
	if refused, err := b.check(op.Parts, TxnID{}); refused != nil || err != nil {
		return orZero(refused), err
	}
	bases, err := b.applyParts(op.Parts)
	return Result{Verdict: Applied, Bases: bases}, err
}

func orZero(r *Result) Result {
	if r == nil {
		return Result{}
	}
	return *r
}

// check returns why the parts cannot be written by a transaction, nil if they can: the relations are there, no other
// transaction has locked a row, the guards hold, and the batches are whole.
func (b *batch) check(parts []Part, self TxnID) (*Result, error) {
	b.sequenced = b.sequenced[:0]
	for i := range parts {
		if refused, err := b.checkPart(&parts[i], self); refused != nil || err != nil {
			return refused, err
		}
	}
	return nil, nil
}

func (b *batch) checkPart(p *Part, self TxnID) (*Result, error) {
	if b.isDropped(p.Partition) {
		return &Result{Verdict: Dropped}, nil
	}
	if p.Epoch < b.m.epochs[p.Partition.Topic.Relation()] {
		return &Result{Verdict: Stale}, nil
	}
	if owner, frozen := b.m.frozen[p.Partition]; frozen && owner != self {
		return &Result{Verdict: Locked, Txn: owner, Conflict: conflict(p.Partition, nil, Guard{})}, nil
	}
	if p.Freeze {
		return b.checkFreeze(p, self), nil
	}
	records, err := parseNew(p.Batch)
	if err != nil {
		return invalid("batch of %v: %v", p.Partition, err), nil
	}
	if p.Guards != nil && (!p.Table || len(p.Guards) != records.Count()) {
		return invalid("%d guards for %d records of %v", len(p.Guards), records.Count(), p.Partition), nil
	}
	if refused := b.checkProducer(p.Partition, records, self); refused != nil {
		return refused, nil
	}
	_, again := b.m.repeatedBatch(p.Partition, records)
	n := 0
	it := records.Records()
	for it.Next() {
		if !p.Table {
			continue
		}
		r := it.Record()
		if r.Key == nil {
			return invalid("record without key in table %v", p.Partition), nil
		}
		if again { // its guards held when it was appended, and what it wrote is no reason to refuse it now
			continue
		}
		var g Guard
		if p.Guards != nil {
			g = p.Guards[n]
		}
		if refused, err := b.checkRow(p, r.Key, g, self); refused != nil || err != nil {
			return refused, err
		}
		n++
	}
	if it.Err() != nil {
		return invalid("batch of %v: %v", p.Partition, it.Err()), nil
	}
	return nil, nil
}

// checkFreeze returns why a partition cannot be frozen: another transaction is about to write there. Of several the one with the lowest
// id is named, so that all replicas say the same.
func (b *batch) checkFreeze(p *Part, self TxnID) *Result {
	prefix := string(state.RowPrefix(p.Partition))
	var owner TxnID
	found := false
	for key, id := range b.m.locks {
		if id != self && strings.HasPrefix(key, prefix) && (!found || bytes.Compare(id[:], owner[:]) < 0) {
			owner, found = id, true
		}
	}
	if !found {
		return nil
	}
	return &Result{Verdict: Locked, Txn: owner, Conflict: conflict(p.Partition, nil, Guard{})}
}

// lockedBy returns who stands in the way of a part that writes or checks a row.
func (b *batch) lockedBy(rowKey []byte, check bool, self TxnID) (TxnID, bool) {
	if owner, locked := b.m.locks[string(rowKey)]; locked && owner != self {
		return owner, true
	}
	if check {
		return TxnID{}, false
	}
	for _, id := range b.m.checked[string(rowKey)] {
		if id != self {
			return id, true
		}
	}
	return TxnID{}, false
}

func (b *batch) checkRow(part *Part, key []byte, g Guard, self TxnID) (*Result, error) {
	if g.Kind == exec.GuardNone && len(b.m.locks) == 0 && len(b.m.checked) == 0 {
		return nil, nil
	}
	p := part.Partition
	rowKey := b.rowKey(p, key)
	if owner, locked := b.lockedBy(rowKey, part.Check, self); locked {
		return &Result{Verdict: Locked, Txn: owner, Conflict: conflict(p, key, g)}, nil
	}
	if g.Kind == exec.GuardNone {
		return nil, nil
	}
	if g.Kind == exec.GuardAbsent {
		if err := b.m.view.tops.find(b.m.db, p); err != nil {
			return nil, err
		}
	}
	stored, err := b.get(rowKey)
	if err != nil {
		return nil, err
	}
	holds := (stored == nil) == (g.Kind == exec.GuardAbsent)
	if g.Kind == exec.GuardAtOffset {
		holds = false
		if stored != nil {
			at, err := rowOffset(stored)
			if err != nil {
				return nil, fmt.Errorf("row of %v: %w", p, err)
			}
			holds = at == g.Offset
		}
	}
	if !holds {
		return &Result{Verdict: Conflict, Conflict: conflict(p, key, g)}, nil
	}
	return nil, nil
}

func conflict(p catalog.PartitionID, key []byte, g Guard) *exec.ConflictError {
	return &exec.ConflictError{Partition: p, Key: bytes.Clone(key), Guard: g.Kind}
}

func (b *batch) isDropped(p catalog.PartitionID) bool {
	_, gone := b.m.dropped[p.Topic.Relation()]
	return gone
}

var errNotNew = errors.New("not one whole batch with base offset 0 and no gaps")

// parseNew verifies a batch that has no offsets yet.
func parseNew(b []byte) (log.Batch, error) {
	records, rest, err := log.ParseBatch(b)
	if err != nil {
		return records, err
	}
	if len(rest) > 0 || records.BaseOffset() != 0 || records.Count() == 0 || log.Offset(records.Count()-1) != records.LastOffset() {
		return records, errNotNew
	}
	return records, nil
}

// applyParts appends checked parts and puts the rows of tables.
func (b *batch) applyParts(parts []Part) ([]log.Offset, error) {
	bases := make([]log.Offset, len(parts))
	for i := range parts {
		base, err := b.applyPart(&parts[i])
		if err != nil {
			return nil, err
		}
		bases[i] = base
	}
	return bases, nil
}

func (b *batch) applyPart(p *Part) (log.Offset, error) {
	if b.isDropped(p.Partition) { // staged before the drop
		return skippedBase, nil
	}
	b.knowEpoch(p.Partition.Topic.Relation(), p.Epoch)
	if p.Check {
		return skippedBase, nil
	}
	records, err := parseNew(p.Batch)
	if err != nil {
		return 0, fmt.Errorf("batch of %v: %w", p.Partition, err)
	}
	if base, again := b.m.repeatedBatch(p.Partition, records); again {
		return base, nil
	}
	base, err := b.appendBatch(p.Partition, records)
	if err != nil {
		return base, err
	}
	b.produced(p.Partition, records, base)
	if !p.Table {
		return base, nil
	}
	var failed error
	err = eachRow(records, base, func(key, row []byte) {
		if err := b.setRow(p.Partition, key, b.rowKey(p.Partition, key), row); failed == nil {
			failed = err
		}
	})
	return base, errors.Join(err, failed)
}

// commit applies a consumer's commit if the stored frontiers are the ones it began from.
func (b *batch) commit(op *Commit, term uint64) (Result, error) {
	if op.Term != 0 && op.Term != term {
		return Result{Verdict: Fenced}, nil
	}
	if refused := b.checkCommit(op); refused != nil {
		return *refused, nil
	}
	stored, seen := b.frontiers[op.Consumer]
	if !seen {
		stored = b.m.view.frontiers[op.Consumer] // written by this goroutine only
	}
	if !slices.EqualFunc(stored, op.Before, equalFrontier) {
		return Result{Verdict: Behind, Frontiers: slices.Clone(stored)}, nil
	}
	result := Result{Verdict: Applied}
	for _, a := range op.Appends {
		records, err := parseNew(a.Batch)
		if err != nil {
			return Result{}, err
		}
		base, err := b.appendBatch(a.Partition, records)
		if err != nil {
			return Result{}, err
		}
		result.Bases = append(result.Bases, base)
	}
	if err := b.applyState(&op.State); err != nil {
		return Result{}, err
	}
	after := cloneFrontiers(op.After)
	b.frontiers[op.Consumer] = after
	b.change.frontiers = append(b.change.frontiers, consumerFrontiers{op.Consumer, after})
	b.ops.Put(frontierKey(op.Consumer), appendFrontiers(nil, after))
	b.m.stats.commits.Add(1)
	return result, nil
}

// checkCommit returns why a commit is refused whatever the frontiers are.
func (b *batch) checkCommit(op *Commit) *Result {
	if _, gone := b.m.dropped[op.Consumer.Query]; gone {
		return &Result{Verdict: Dropped}
	}
	for _, a := range op.Appends {
		if b.isDropped(a.Partition) {
			return &Result{Verdict: Dropped}
		}
		records, err := parseNew(a.Batch)
		if err != nil {
			return invalid("batch of %v: %v", a.Partition, err)
		}
		if records.ProducerID() >= 0 {
			return invalid("batch of %v: a consumer's commit has no producers", a.Partition)
		}
	}
	for _, s := range op.State.Ops {
		if !writable(s.Key) || s.Kind == state.DeleteRange && !writable(s.Value) {
			return invalid("key %x is not a consumer's", s.Key)
		}
		if s.Kind == state.DeleteRange && s.Key[0] == state.SpaceRows {
			return invalid("a range of rows from %x, which may have indexes", s.Key)
		}
	}
	return nil
}

// writable reports whether a key is in the spaces that consumers write to. The end of a range may be the first key behind
// them.
func writable(key []byte) bool {
	return len(key) > 0 && (key[0] == state.SpaceRows || key[0] == state.SpaceTask || len(key) == 1 && key[0] == state.SpaceTask+1)
}

func (b *batch) applyState(s *state.Batch) error {
	for _, op := range s.Ops {
		if p, key, isRow := state.SplitRowKey(op.Key); isRow && op.Kind != state.DeleteRange {
			if err := b.setRow(p, key, op.Key, rowOf(op)); err != nil {
				return err
			}
			continue
		}
		switch op.Kind {
		case state.Put:
			b.put(op.Key, op.Value)
		case state.Delete:
			b.delete(op.Key)
		case state.DeleteRange:
			b.deleteRange(op.Key, op.Value)
		}
	}
	return nil
}

// rowOf returns what an op stores under the key of a row, nil if it deletes it.
func rowOf(op state.Op) []byte {
	if op.Kind == state.Delete {
		return nil
	}
	return op.Value
}

func equalFrontier(a, b exec.Frontier) bool {
	return a.Offset == b.Offset && a.Backfilling == b.Backfilling && bytes.Equal(a.Cursor, b.Cursor)
}

// cloneFrontiers copies frontiers out of an entry's memory.
func cloneFrontiers(fs []exec.Frontier) []exec.Frontier {
	out := make([]exec.Frontier, len(fs))
	for i, f := range fs {
		out[i] = exec.Frontier{Offset: f.Offset, Backfilling: f.Backfilling, Cursor: bytes.Clone(f.Cursor)}
	}
	return out
}
