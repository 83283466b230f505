package shard

import (
	"slices"

	"github.com/millracedb/millrace/sql/catalog"
)

// finishedTxns bounds how many committed transactions over several shards a shard remembers. A transaction that is
// applied on one shard and still prepared on another one is younger than that: the second step follows at once.
const finishedTxns = 4096

// finishedTxn is a transaction over several shards that committed here.
type finishedTxn struct {
	id           TxnID
	participants []catalog.ShardID
}

// finishedRing remembers the youngest finished transactions, numbered from 0 in order of their commits here.
type finishedRing struct {
	txns  []finishedTxn // number n is at n % finishedTxns
	count uint64
	index map[TxnID]uint64
}

func newFinishedRing() finishedRing { return finishedRing{index: map[TxnID]uint64{}} }

func (r *finishedRing) add(t finishedTxn) {
	t.participants = slices.Clone(t.participants)
	if len(r.txns) < finishedTxns {
		r.txns = append(r.txns, t)
	} else {
		at := r.count % finishedTxns
		delete(r.index, r.txns[at].id)
		r.txns[at] = t
	}
	r.index[t.id] = r.count
	r.count++
}

// has reports whether the transaction is among the first below finished ones, as far as they are remembered.
func (r *finishedRing) has(id TxnID, below uint64) bool {
	n, known := r.index[id]
	return known && n < below
}

// since lists transactions number from to below, as far as they are remembered.
func (r *finishedRing) since(from, below uint64) (txns []finishedTxn) {
	if r.count > finishedTxns {
		from = max(from, r.count-finishedTxns)
	}
	for n := from; n < below; n++ {
		txns = append(txns, r.txns[n%finishedTxns])
	}
	return txns
}
