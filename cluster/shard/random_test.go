package shard

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// modelOp is an op, and what the model makes of it.
type modelOp struct {
	op    Op
	apply func(*model) Verdict
}

// generator draws ops that often meet: few keys, few transactions, guards that mostly hold.
type generator struct {
	rng    *rand.Rand
	serial int
	txns   uint64
}

func (g *generator) next(m *model) modelOp {
	switch n := g.rng.IntN(100); {
	case n < 35:
		return g.write(m)
	case n < 55:
		return g.prepare(m)
	case n < 67:
		return g.decide()
	case n < 77:
		return g.finish()
	case n < 80:
		return g.forget()
	case n < 99:
		return g.commit(m)
	}
	return g.drop()
}

func (g *generator) parts(m *model) (parts []modelPart) {
	for range 1 + g.rng.IntN(3) {
		p := modelPart{partition: g.rng.IntN(modelPartitions)}
		p.table = p.partition < 4
		for range 1 + g.rng.IntN(3) {
			g.serial++
			r := row{key: fmt.Sprintf("k%d", g.rng.IntN(12)), value: fmt.Sprintf("v%d", g.serial)}
			if p.table {
				r.guard = g.guard(m, p.partition, r.key)
				if g.rng.IntN(4) == 0 {
					r.value = ""
				}
			}
			p.rows = append(p.rows, r)
		}
		parts = append(parts, p)
	}
	return parts
}

// guard draws a guard that holds, most of the time.
func (g *generator) guard(m *model, partition int, key string) Guard {
	old, there := m.rows[partition][key]
	if g.rng.IntN(20) == 0 {
		there, old.offset = !there, old.offset+1
	}
	switch {
	case g.rng.IntN(3) == 0:
		return Guard{}
	case there:
		return at(old.offset)
	}
	return absent
}

// open draws a transaction to write in: one that is in doubt, or a new one, as ids are never used again.
func (g *generator) open(m *model) TxnID {
	if id := g.txn(); g.rng.IntN(2) == 0 && m.txns[id] != nil {
		return id
	}
	g.txns++
	return txnNumber(g.txns)
}

// txn draws one of the last transactions.
func (g *generator) txn() TxnID {
	return txnNumber(max(g.txns, 5) - g.rng.Uint64N(5))
}

func txnNumber(n uint64) (id TxnID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

func (g *generator) write(m *model) modelOp {
	parts := g.numbered(m, g.parts(m))
	return modelOp{&Write{Parts: modelParts(parts)}, func(m *model) Verdict {
		v := m.check(parts, TxnID{})
		if v == Applied {
			m.write(parts)
		}
		return v
	}}
}

// numbered gives some parts a producer, at most one of each partition: the next sequence number most of the time, else that of a
// batch from before, maybe with other rows, or any.
func (g *generator) numbered(m *model, parts []modelPart) []modelPart {
	var seen [modelPartitions]bool
	for i := range parts {
		p := &parts[i]
		if seen[p.partition] || g.rng.IntN(2) == 0 {
			continue
		}
		seen[p.partition] = true
		p.from = &modelBatch{producer: g.rng.Int64N(modelProducers), epoch: int16(g.rng.IntN(2)), first: g.rng.IntN(4)}
		last := m.last(p.partition, p.from.producer)
		if len(last) == 0 {
			continue
		}
		switch g.rng.IntN(8) {
		case 0:
		case 1, 2:
			old := last[g.rng.IntN(len(last))]
			p.from.epoch, p.from.first = old.epoch, old.first
			for len(p.rows) < old.count {
				p.rows = append(p.rows, p.rows[0])
			}
			p.rows = p.rows[:old.count]
		case 3:
			p.from.epoch, p.from.first = last[0].epoch+1, 0
		default:
			p.from.epoch, p.from.first = last[0].epoch, last[0].first+last[0].count
		}
	}
	return parts
}

func (g *generator) prepare(m *model) modelOp {
	id, parts, last, decider := g.open(m), g.parts(m), g.rng.IntN(3) > 0, catalog.ShardID(g.rng.IntN(2))
	return modelOp{&Prepare{Txn: id, Decider: decider, Parts: modelParts(parts), Last: last}, func(m *model) Verdict {
		t := m.txns[id]
		if _, decided := m.decisions[id]; decided || t != nil && t.prepared {
			return Aborted
		}
		if v := m.check(parts, id); v != Applied {
			return v
		}
		if t == nil {
			t = &modelTxn{decider: decider}
			m.txns[id] = t
		}
		t.prepared, t.parts = last, append(t.parts, parts...)
		return Applied
	}}
}

func (g *generator) decide() modelOp {
	id, commit := g.txn(), g.rng.IntN(3) > 0
	participants := []catalog.ShardID{0, 1}[:1+g.rng.IntN(2)]
	return modelOp{&Decide{Txn: id, Commit: commit, Participants: participants}, func(m *model) Verdict {
		if committed, decided := m.decisions[id]; decided {
			switch {
			case committed == commit:
				return Applied
			case committed:
				return Decided
			}
			return Aborted
		}
		if t := m.txns[id]; commit && (t == nil || !t.prepared || t.decider != 0) {
			return Aborted
		}
		if len(participants) > 1 {
			m.decisions[id] = commit
		}
		m.resolve(id, commit)
		return Applied
	}}
}

func (g *generator) finish() modelOp {
	id, commit := g.txn(), g.rng.IntN(3) > 0
	return modelOp{&Finish{Txn: id, Commit: commit, Participants: []catalog.ShardID{0, 1}}, func(m *model) Verdict {
		if t := m.txns[id]; t != nil && commit && !t.prepared {
			return Invalid
		}
		m.resolve(id, commit)
		return Applied
	}}
}

func (g *generator) forget() modelOp {
	ids := []TxnID{g.txn(), g.txn()}
	return modelOp{&Forget{Txns: ids}, func(m *model) Verdict {
		for _, id := range ids {
			delete(m.decisions, id)
		}
		return Applied
	}}
}

// commit is a consumer's: a row of its view, a record, and where it stands.
func (g *generator) commit(m *model) modelOp {
	n := g.rng.IntN(modelConsumers)
	c, p := modelConsumer(n), 2*n
	before := m.frontiers[c]
	if g.rng.IntN(8) == 0 {
		before++
	}
	g.serial++
	key, value := fmt.Sprintf("view%d", g.rng.IntN(3)), fmt.Sprintf("v%d", g.serial)
	op := &Commit{exec.Commit{Consumer: c, After: []exec.Frontier{{Offset: before + 1}}}}
	appends := g.rng.IntN(3) > 0
	if appends {
		op.Appends = []exec.Append{{Partition: modelPartition(p), Batch: streamPart(0, value).Batch}}
	}
	if before > 0 {
		op.Before = []exec.Frontier{{Offset: before}}
	}
	stored := state.StoredRows{Offset: before, Rows: []state.StoredRow{{Count: 1, Row: []byte(value)}}}
	op.State.Put(state.RowKey(modelPartition(p), []byte(key)), stored.Append(nil))
	return modelOp{op, func(m *model) Verdict {
		switch {
		case m.dropped[n]:
			return Dropped
		case m.frontiers[c] != before:
			return Behind
		}
		m.frontiers[c] = before + 1
		if appends {
			m.records[p] = append(m.records[p], value)
		}
		m.rows[p][key] = modelRow{value, log.Offset(before)}
		return Applied
	}}
}

func (g *generator) drop() modelOp {
	n := g.rng.IntN(modelPartitions / 2)
	return modelOp{&Drop{Relations: []catalog.RelationID{relation + catalog.RelationID(n)}}, func(m *model) Verdict {
		m.drop(n)
		return Applied
	}}
}
