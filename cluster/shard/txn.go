package shard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// txn is a transaction that is staged here and not resolved.
//
//	       Prepare…           Prepare last          Decide or Finish commit
//	(none) --------> staging ---------------> prepared --------------------> applied, gone
//	                    |                        |
//	                    +---- Decide or Finish abort: dropped, gone
type txn struct {
	id       TxnID
	decider  catalog.ShardID
	staged   uint32 // number of parts
	prepared bool
	keys     []string // locked rows
	checks   []string // checked rows
	frozen   []catalog.PartitionID
	promised int64 // of the budget of memory
}

// prepare checks and stages parts of a transaction.
func (b *batch) prepare(op *Prepare) (Result, error) {
	decision, err := b.get(decisionKey(op.Txn))
	if err != nil {
		return Result{}, err
	}
	t := b.m.txns[op.Txn]
	if decision != nil || t != nil && t.prepared {
		return Result{Verdict: Aborted}, nil
	}
	if refused, err := b.check(op.Parts, op.Txn); refused != nil || err != nil {
		return orZero(refused), err
	}
	if t == nil {
		t = &txn{id: op.Txn, decider: op.Decider}
		b.m.txns[op.Txn] = t
	}
	for i := range op.Parts {
		b.stage(t, &op.Parts[i])
	}
	t.prepared = op.Last
	b.put(txnKey(t.id), t.append(nil))
	b.change.prepared = append(b.change.prepared, t.public())
	return Result{Verdict: Applied}, nil
}

func (b *batch) stage(t *txn, p *Part) {
	b.put(stagedKey(t.id, t.staged), appendPart(nil, &Part{Partition: p.Partition, Table: p.Table, Check: p.Check, Freeze: p.Freeze, Epoch: p.Epoch, Batch: p.Batch}))
	t.staged++
	if p.Table {
		b.m.lock(t, p)
	}
}

// lock locks the rows of a part that passed the check: for itself those that it writes, and for all who do so those that it checks.
func (m *machine) lock(t *txn, p *Part) {
	if p.Freeze {
		m.frozen[p.Partition] = t.id
		t.frozen = append(t.frozen, p.Partition)
		return
	}
	records, err := parseNew(p.Batch)
	if err != nil {
		panic(fmt.Sprintf("BUG: lock an unchecked part: %v", err))
	}
	grown := m.stagedGrowth(p)
	m.db.Budget().Promise(grown)
	t.promised += grown
	for it := records.Records(); it.Next(); {
		key := string(state.RowKey(p.Partition, it.Record().Key))
		if p.Check {
			m.checked[key] = append(m.checked[key], t.id)
			t.checks = append(t.checks, key)
		} else if _, mine := m.locks[key]; !mine {
			m.locks[key] = t.id
			t.keys = append(t.keys, key)
		}
	}
}

func (m *machine) unlock(t *txn) {
	for _, k := range t.keys {
		delete(m.locks, k)
	}
	for _, k := range t.checks {
		m.checked[k] = slices.DeleteFunc(m.checked[k], func(id TxnID) bool { return id == t.id })
		if len(m.checked[k]) == 0 {
			delete(m.checked, k)
		}
	}
	for _, p := range t.frozen {
		delete(m.frozen, p)
	}
	m.db.Budget().Release(t.promised)
	delete(m.txns, t.id)
}

// decide is the commit point, or the end, of a transaction that this shard decides.
func (b *batch) decide(op *Decide, index uint64) (Result, error) {
	stored, err := b.get(decisionKey(op.Txn))
	if err != nil {
		return Result{}, err
	}
	if stored != nil {
		return repeatDecision(op, stored)
	}
	t := b.m.txns[op.Txn]
	if op.Commit && (t == nil || !t.prepared || t.decider != b.m.id) {
		return Result{Verdict: Aborted}, nil
	}
	if len(op.Participants) != 1 { // with one participant nobody else will ever ask
		b.put(decisionKey(op.Txn), appendShards(appendBool(nil, op.Commit), op.Participants))
	}
	result := Result{Verdict: Applied, Others: op.Participants}
	if !op.Commit {
		b.discard(t)
		return result, nil
	}
	if len(op.Participants) != 1 {
		b.change.finished = append(b.change.finished, finishedTxn{op.Txn, op.Participants})
	}
	result.Bases, err = b.applyStaged(t, index)
	return result, err
}

// repeatDecision answers with the decision that was taken before.
func repeatDecision(op *Decide, stored []byte) (Result, error) {
	d := decoder{b: stored}
	committed, participants := d.bool(), d.shards()
	if err := d.end(); err != nil {
		return Result{}, fmt.Errorf("decision of %v: %w", op.Txn, err)
	}
	switch {
	case committed == op.Commit:
		return Result{Verdict: Applied, Others: participants}, nil
	case committed:
		return Result{Verdict: Decided, Others: participants}, nil
	}
	return Result{Verdict: Aborted}, nil
}

// finishTxn carries a decision out. A transaction that is not here was finished before.
func (b *batch) finishTxn(op *Finish, index uint64) (Result, error) {
	t := b.m.txns[op.Txn]
	switch {
	case t == nil:
		return Result{Verdict: Applied}, nil
	case !op.Commit:
		b.discard(t)
		return Result{Verdict: Applied}, nil
	case !t.prepared:
		return *invalid("transaction %v is not prepared", op.Txn), nil
	}
	b.change.finished = append(b.change.finished, finishedTxn{op.Txn, op.Participants})
	bases, err := b.applyStaged(t, index)
	return Result{Verdict: Applied, Bases: bases}, err
}

// applyStaged writes what a transaction staged. The staged bytes stay until a snapshot has passed index, as a replay of
// the decision needs them to fill the logs.
func (b *batch) applyStaged(t *txn, index uint64) (bases []log.Offset, err error) {
	for n := range t.staged {
		stored, err := b.get(stagedKey(t.id, n))
		if err != nil {
			return nil, err
		}
		p, err := decodeStaged(stored)
		if err != nil {
			return nil, fmt.Errorf("part %d of transaction %v: %w", n, t.id, err)
		}
		base, err := b.applyPart(&p)
		if err != nil {
			return nil, err
		}
		bases = append(bases, base)
	}
	b.put(garbageKey(index, t.id), nil)
	b.resolve(t)
	return bases, nil
}

// discard drops what a transaction staged; t may be nil.
func (b *batch) discard(t *txn) {
	if t == nil {
		return
	}
	prefix := stagedPrefix(t.id)
	b.deleteRange(prefix, state.PrefixEnd(prefix))
	b.resolve(t)
}

func (b *batch) resolve(t *txn) {
	b.delete(txnKey(t.id))
	b.m.unlock(t)
	b.change.resolved = append(b.change.resolved, t.id)
}

func (b *batch) forget(op *Forget) (Result, error) {
	for _, id := range op.Txns {
		b.delete(decisionKey(id))
	}
	return Result{Verdict: Applied}, nil
}

// Decisions lists the transactions whose decisions are kept here.
func (s *Shard) Decisions() (ids []TxnID, err error) {
	err = s.machine.each(keyDecision, txnKeyBytes, func(k, _ []byte) error {
		ids = append(ids, TxnID(k[2:]))
		return nil
	})
	return ids, err
}

var errNoPart = errors.New("part is not there")

func decodeStaged(stored []byte) (Part, error) {
	if stored == nil {
		return Part{}, errNoPart
	}
	d := decoder{b: stored}
	p := d.part()
	return p, d.end()
}

// append appends the stored form of t: decider, number of parts, prepared.
func (t *txn) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(t.decider))
	dst = binary.AppendUvarint(dst, uint64(t.staged))
	return appendBool(dst, t.prepared)
}

func (t *txn) public() PreparedTxn {
	return PreparedTxn{Txn: t.id, Decider: t.decider, Prepared: t.prepared}
}

// loadTxns reads the transactions that are in doubt and locks their rows again.
func (m *machine) loadTxns() error {
	err := m.each(keyTxn, txnKeyBytes, func(k, v []byte) error {
		d := decoder{b: v}
		t := &txn{id: TxnID(k[2:]), decider: d.shardID(), staged: uint32(d.bounded(1<<32 - 1)), prepared: d.bool()}
		m.txns[t.id] = t
		m.view.apply(&change{prepared: []PreparedTxn{t.public()}})
		return d.end()
	})
	if err != nil || len(m.txns) == 0 {
		return err
	}
	return m.each(keyStaged, stagedKeyBytes, func(k, v []byte) error {
		t := m.txns[TxnID(k[2:18])]
		if t == nil {
			return nil // committed, kept for a replay
		}
		p, err := decodeStaged(bytes.Clone(v))
		if err == nil && p.Table {
			m.lock(t, &p)
		}
		return err
	})
}

// appendsOf returns the batches that op appended when it was applied, in the order of its outcome's offsets.
func (m *machine) appendsOf(op Op) (appends []exec.Append, err error) {
	switch op := op.(type) {
	case *Write:
		for i := range op.Parts {
			appends = append(appends, exec.Append{Partition: op.Parts[i].Partition, Batch: op.Parts[i].Batch})
		}
	case *Commit:
		return op.Appends, nil
	case *Decide:
		return m.stagedAppends(op.Txn)
	case *Finish:
		return m.stagedAppends(op.Txn)
	}
	return appends, nil
}

func (m *machine) stagedAppends(id TxnID) (appends []exec.Append, err error) {
	parts, err := m.stagedParts(id)
	for i := range parts {
		appends = append(appends, exec.Append{Partition: parts[i].Partition, Batch: parts[i].Batch})
	}
	return appends, err
}

// stagedParts returns what a transaction has staged, in order.
func (m *machine) stagedParts(id TxnID) (parts []Part, err error) {
	prefix := stagedPrefix(id)
	it := m.db.Scan(prefix, state.PrefixEnd(prefix))
	for err == nil && it.Next() {
		var p Part
		p, err = decodeStaged(bytes.Clone(it.Value()))
		parts = append(parts, p)
	}
	return parts, errors.Join(err, it.Close())
}
