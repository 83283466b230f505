package cluster

import (
	"golang.org/x/sync/errgroup"
)

// TakeSnapshots has the catalog's group and all shards take a snapshot: the next start replays only what comes after it.
func (n *Node) TakeSnapshots() error {
	var g errgroup.Group
	g.Go(func() error {
		_, err := n.meta.TakeSnapshot()
		return err
	})
	for _, s := range n.shards {
		g.Go(func() error {
			_, err := s.TakeSnapshot()
			return err
		})
	}
	return g.Wait()
}
