package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// host is a shard that this node leads in one term, as tasks and forwarders see it.
type host struct {
	n     *Node
	shard *shard.Shard
	term  uint64
}

var _ exec.Host = (*host)(nil)

// Term implements exec.Host.
func (h *host) Term() uint64 { return h.term }

// Snapshot implements exec.Host.
func (h *host) Snapshot() exec.Reader { return h.shard.Snapshot() }

// State implements exec.Host.
func (h *host) State() state.Reader { return h.shard.State() }

// Frontiers implements exec.Host.
func (h *host) Frontiers(c exec.ConsumerID) ([]exec.Frontier, error) {
	return h.shard.Frontiers(c), h.shard.Damage()
}

// RemoteFrontiers implements exec.Host.
func (h *host) RemoteFrontiers(_ context.Context, p catalog.PartitionID, c exec.ConsumerID) ([]exec.Frontier, error) {
	return h.n.Frontiers(p, c)
}

// Commit implements exec.Host.
func (h *host) Commit(ctx context.Context, c *exec.Commit) error {
	if err := h.n.space.refusal(); err != nil {
		return fmt.Errorf("%w: %w", exec.ErrUnavailable, err)
	}
	err := h.hold(ctx, c)
	if err == nil {
		err = commitOn(ctx, h.shard, c)
	}
	switch {
	case errors.Is(err, shard.ErrNotLeader):
		return fmt.Errorf("%w: %w", exec.ErrFenced, err)
	case errors.Is(err, shard.ErrMemoryFull):
		return h.n.errMemoryFull(err)
	}
	return err
}

// hold comes before the first commit with state of a query that is held in memory.
func (h *host) hold(ctx context.Context, c *exec.Commit) error {
	r := h.n.Catalog().ByID(c.Consumer.Query)
	if r == nil || len(c.State.Ops) == 0 {
		return nil
	}
	err := hold(ctx, h.shard, r)
	if errors.Is(err, shard.ErrUnknown) {
		return fmt.Errorf("%w: %w", exec.ErrUnavailable, err)
	}
	return err
}

// Send implements exec.Host.
func (h *host) Send(ctx context.Context, p catalog.PartitionID, c *exec.Commit) error {
	if err := h.n.space.refusal(); err != nil {
		return fmt.Errorf("%w: %w", exec.ErrUnavailable, err)
	}
	s, err := h.n.shardOf(p)
	if err != nil {
		return err
	}
	err = commitOn(ctx, s, c)
	if errors.Is(err, shard.ErrNotLeader) {
		return fmt.Errorf("%w: %w", exec.ErrUnavailable, err)
	}
	return err
}

// Wait implements exec.Host.
func (h *host) Wait(ctx context.Context, p catalog.PartitionID, end log.Offset) error {
	return h.shard.Wait(ctx, p, end)
}

// commitOn proposes a consumer's commit and puts the verdict into exec's words.
func commitOn(ctx context.Context, s *shard.Shard, c *exec.Commit) error {
	r, err := s.Propose(ctx, &shard.Commit{Commit: *c})
	if errors.Is(err, shard.ErrUnknown) {
		return fmt.Errorf("%w: %w", exec.ErrUnavailable, err)
	}
	if err != nil {
		return err
	}
	switch r.Verdict {
	case shard.Applied:
		return nil
	case shard.Behind:
		return &exec.FrontierError{Stored: r.Frontiers}
	case shard.Fenced:
		return exec.ErrFenced
	case shard.Dropped:
		return exec.ErrDropped
	}
	return fmt.Errorf("commit of %v: %v: %s", c.Consumer, r.Verdict, r.Reason)
}

// EndOffset implements exec.FenceSource.
func (n *Node) EndOffset(p catalog.PartitionID) (log.Offset, error) {
	s, err := n.shardOf(p)
	if err != nil {
		return 0, err
	}
	return s.EndOffset(p), nil
}

// Frontiers implements exec.FenceSource.
func (n *Node) Frontiers(p catalog.PartitionID, c exec.ConsumerID) ([]exec.Frontier, error) {
	s, err := n.shardOf(p)
	if err != nil {
		return nil, err
	}
	return s.Frontiers(c), nil
}

// WaitFrontier implements exec.FenceSource.
func (n *Node) WaitFrontier(ctx context.Context, p catalog.PartitionID, c exec.ConsumerID, input int, atLeast log.Offset) error {
	s, err := n.shardOf(p)
	if err != nil {
		return err
	}
	return s.WaitFrontier(ctx, c, input, atLeast)
}

var _ exec.FenceSource = (*Node)(nil)
