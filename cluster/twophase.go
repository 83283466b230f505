package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

// twoPhase is one attempt to write on several shards, or more than fits into an entry. DESIGN.md has the protocol.
type twoPhase struct {
	n       *Node
	id      shard.TxnID
	decider catalog.ShardID
	// step, in tests, is called before each step; an error ends the coordinator there, as a crash would.
	step func(string) error

	mu           sync.Mutex
	participants []catalog.ShardID // where something was staged, or may have been
}

// errLocked says that a row is locked by another transaction: on shard, by txn.
type lockedError struct {
	shard    *shard.Shard
	txn      shard.TxnID
	conflict *exec.ConflictError
}

func (e *lockedError) Error() string { return "row is locked by transaction " + e.txn.String() }

func (n *Node) newTwoPhase(decider catalog.ShardID) *twoPhase {
	t := &twoPhase{n: n, decider: decider, step: n.cfg.step}
	copy(t.id[:], n.boot[:])
	binary.BigEndian.PutUint64(t.id[8:], n.lastTxn.Add(1))
	t.participants = []catalog.ShardID{decider}
	return t
}

// writeMany writes on several shards. A row that is locked by another transaction is waited for; the first attempt goes to
// all shards at once and holds nothing while it waits, later ones take the shards in ascending order and keep what they
// have. So there is no circle of transactions that wait for each other.
func (n *Node) writeMany(ctx context.Context, parts shardParts) error {
	t, err := n.prepareMany(ctx, parts)
	if err != nil {
		return err
	}
	return t.decide()
}

// prepareMany returns a transaction that is prepared on all shards.
func (n *Node) prepareMany(ctx context.Context, parts shardParts) (*twoPhase, error) {
	t := n.newTwoPhase(parts[0].shard)
	err := t.prepare(ctx, parts, true)
	var locked *lockedError
	for errors.As(err, &locked) {
		t.abort()
		if err := t.n.waitResolved(ctx, locked.shard, locked.txn); err != nil {
			return nil, err
		}
		t = n.newTwoPhase(parts[0].shard)
		err = t.prepareInOrder(ctx, parts)
	}
	if err != nil {
		t.abort()
		return nil, err
	}
	return t, nil
}

// prepare stages parts on their shards, at once. Errors: *lockedError, and those of a write.
func (t *twoPhase) prepare(ctx context.Context, parts shardParts, last bool) error {
	var g errgroup.Group
	for _, p := range parts {
		t.addParticipant(p.shard)
		g.Go(func() error { return t.prepareOn(ctx, p, last) })
	}
	return g.Wait()
}

func (t *twoPhase) addParticipant(id catalog.ShardID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.participants, id) {
		t.participants = append(t.participants, id)
	}
}

func (t *twoPhase) prepareOn(ctx context.Context, p partsOf, last bool) error {
	if err := t.at("prepare"); err != nil {
		return err
	}
	s := t.n.shards[p.shard]
	r, err := s.Propose(ctx, &shard.Prepare{Txn: t.id, Decider: t.decider, Parts: p.parts, Last: last})
	if err != nil {
		if damage := s.Damage(); damage != nil {
			return damage
		}
		if errors.Is(err, shard.ErrUnknown) { // staged or not, it never commits: that is known
			err = errors.Join(shard.ErrNotLeader, err)
		}
		return t.prepareError(err)
	}
	if r.Verdict == shard.Locked {
		return &lockedError{s, r.Txn, r.Conflict}
	}
	return verdictError(r, p)
}

// prepareError is writeError for a step that commits nothing.
func (t *twoPhase) prepareError(err error) error {
	if errors.Is(err, shard.ErrNotLeader) {
		return t.n.writeError(shard.ErrNotLeader)
	}
	return t.n.writeError(err)
}

// prepareInOrder prepares shard by shard and waits for locks where it stands.
func (t *twoPhase) prepareInOrder(ctx context.Context, parts shardParts) error {
	for _, p := range parts {
		t.addParticipant(p.shard)
		err := t.prepareOn(ctx, p, true)
		var locked *lockedError
		for errors.As(err, &locked) {
			if err = t.n.waitResolved(ctx, locked.shard, locked.txn); err == nil {
				err = t.prepareOn(ctx, p, true)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commit stages the last parts of a transaction that was staged before, and commits it.
func (t *twoPhase) commit(ctx context.Context, rest shardParts) error {
	if err := t.prepareRest(ctx, rest); err != nil {
		return err
	}
	return t.decide()
}

// prepareRest stages the last parts; the transaction is aborted if that fails.
func (t *twoPhase) prepareRest(ctx context.Context, rest shardParts) error {
	for _, id := range t.participants {
		if !slices.ContainsFunc(rest, func(p partsOf) bool { return p.shard == id }) {
			rest = append(rest, partsOf{shard: id})
		}
	}
	if err := t.prepare(ctx, rest, true); err != nil {
		t.abort()
		return t.conflictOf(ctx, err)
	}
	return nil
}

// conflictOf makes of a lock that was met a conflict: what was staged early is not here any more, the statement has to be
// evaluated again, after the other transaction.
func (t *twoPhase) conflictOf(ctx context.Context, err error) error {
	var locked *lockedError
	if !errors.As(err, &locked) {
		return err
	}
	if err := t.n.waitResolved(ctx, locked.shard, locked.txn); err != nil {
		return err
	}
	return locked.conflict
}

// decide commits what is prepared everywhere. From here on the client's patience does not matter.
func (t *twoPhase) decide() error {
	t.n.commits.enter()
	defer t.n.commits.leave()
	if err := t.at("decide"); err != nil {
		return err
	}
	slices.Sort(t.participants)
	r, err := t.n.shards[t.decider].Propose(context.Background(), &shard.Decide{Txn: t.id, Commit: true, Participants: t.participants})
	if errors.Is(err, shard.ErrDamaged) { // it was not proposed, and nobody else commits it
		t.abort()
		return err
	}
	if err != nil {
		t.n.resolveLater(t.id, t.decider)
		return t.n.writeError(err)
	}
	if r.Verdict != shard.Applied {
		t.abort()
		return verdictError(r, partsOf{shard: t.decider})
	}
	if t.finish(true) && len(t.participants) > 1 {
		t.n.forgets.add(t.decider, t.id)
	}
	return nil
}

// abort drops what was staged, on all participants.
func (t *twoPhase) abort() { t.finish(false) }

// finish carries the decision out on all participants that do not know of it. What cannot be reached now is resolved later;
// false then.
func (t *twoPhase) finish(commit bool) bool {
	if slices.Contains(t.participants, catalogParticipant) {
		if err := t.finishCatalog(commit); err != nil { // first: rows come after the relations that they are of
			return false
		}
	}
	var g errgroup.Group
	for _, id := range t.participants {
		if commit && id == t.decider || id == catalogParticipant {
			continue
		}
		g.Go(func() error {
			if err := t.at("finish"); err != nil {
				return err
			}
			_, err := t.n.shards[id].Propose(context.Background(), &shard.Finish{Txn: t.id, Commit: commit, Participants: t.participants})
			return err
		})
	}
	err := g.Wait()
	if err != nil && !errors.Is(err, errStopped) {
		t.n.resolveLater(t.id, t.decider)
	}
	return err == nil
}

// errStopped is what tests return from step.
var errStopped = errors.New("coordinator was stopped")

func (t *twoPhase) at(step string) error {
	if t.step == nil {
		return nil
	}
	return t.step(step)
}
