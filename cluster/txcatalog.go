package cluster

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// catalogParticipant stands for the catalog among the shards of a transaction that changes it too.
const catalogParticipant catalog.ShardID = math.MaxUint32

// commitWithCatalog commits rows and the batch of the catalog together: the batch is checked and waits in the catalog, which nobody
// else changes meanwhile; the first shard decides, as always; the catalog is told before other shards are. DESIGN.md has the protocol.
func (t *tx) commitWithCatalog(ctx context.Context, parts shardParts) error {
	if t.staged == nil && len(parts) == 0 {
		if err := t.runBefore(ctx); err != nil {
			return err
		}
		return concurrently(t.n.Apply(ctx, catalog.Command{Batch: t.batch}))
	}
	t.n.configureChanged(ctx, t.after, changedBy(catalog.Command{Batch: t.batch}, nil))
	p, err := t.prepared(ctx, parts)
	if err != nil {
		return err
	}
	if err := p.prepareCatalog(ctx, *t.batch); err != nil {
		p.abort()
		return concurrently(err)
	}
	if err := t.runBefore(ctx); err != nil {
		p.abort()
		return err
	}
	return p.decide()
}

// concurrently gives ErrStale the words for a client: what was planned in its block cannot be planned again.
func concurrently(err error) error {
	if errors.Is(err, catalog.ErrStale) || errors.Is(err, catalog.ErrPending) {
		return pgerr.New(pgerr.SerializationFailure, "could not serialize access due to concurrent change of the catalog").
			WithHint("Run the transaction again.")
	}
	return err
}

// prepareCatalog makes the batch wait in the catalog for the decision.
func (t *twoPhase) prepareCatalog(ctx context.Context, b catalog.Batch) error {
	if err := t.at("prepare catalog"); err != nil {
		return err
	}
	t.addParticipant(catalogParticipant)
	b.Transaction, b.Decider = hex.EncodeToString(t.id[:]), t.decider
	return t.n.Apply(ctx, catalog.Command{Batch: &b})
}

// finishCatalog tells the catalog how the transaction ended. What cannot be told now is told later.
func (t *twoPhase) finishCatalog(commit bool) error {
	err := t.at("finish catalog")
	if err == nil {
		err = t.n.endBatch(t.id, commit)
	}
	if err != nil && !errors.Is(err, errStopped) {
		t.n.resolveLater(t.id, t.decider)
	}
	return err
}

// endBatch ends the batch of a transaction in the catalog, if it waits there.
func (n *Node) endBatch(id shard.TxnID, commit bool) error {
	text := hex.EncodeToString(id[:])
	if b := n.Catalog().Pending(); b == nil || b.Transaction != text {
		return nil
	}
	return n.meta.Apply(catalog.Command{BatchEnd: &catalog.BatchEnd{Transaction: text, Commit: commit}})
}

func parseTxnID(text string) (id shard.TxnID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("transaction %q of the catalog: not an id", text)
	}
	return shard.TxnID(b), nil
}
