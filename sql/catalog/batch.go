package catalog

import "errors"

// Batch is commands that apply together, or none: those of one transaction block. They were made one after the other from the catalog
// of Version, and apply to no other.
type Batch struct {
	Version  uint64    `json:"version"`
	Commands []Command `json:"commands"`
	// Transaction, if not empty, says that the batch takes part in a transaction over shards, under its id: it waits, checked, until
	// a BatchEnd says how that ended. Decider is the shard that knows. Nothing else changes the catalog meanwhile.
	Transaction string  `json:"transaction,omitempty"`
	Decider     ShardID `json:"decider,omitempty"`
}

// BatchEnd ends a batch that waits. It does nothing if that is not the one that waits.
type BatchEnd struct {
	Transaction string `json:"transaction"`
	Commit      bool   `json:"commit"`
}

// ErrPending says that a batch waits for the end of its transaction, which takes moments.
var ErrPending = errors.New("catalog is being changed by a transaction")

// Pending returns the batch that waits for its transaction, nil if none does.
func (c *Catalog) Pending() *Batch { return c.pending }

// batch applies b, or keeps it until its transaction ends. Errors: ErrStale, those of its commands.
func (c *Catalog) batch(b Batch) (*Catalog, error) {
	if b.Version != c.version {
		return nil, ErrStale
	}
	after, err := c.replay(b.Commands)
	if err != nil || b.Transaction == "" {
		return after, err
	}
	n := *c // nothing is changed yet
	n.pending = &b
	return &n, nil
}

func (c *Catalog) replay(commands []Command) (*Catalog, error) {
	for _, cmd := range commands {
		var err error
		if c, err = c.Apply(cmd); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalog) endBatch(e BatchEnd) (*Catalog, error) {
	b := c.pending
	if b == nil || b.Transaction != e.Transaction {
		return c, nil
	}
	n := *c
	n.pending = nil
	if !e.Commit {
		return &n, nil
	}
	return n.replay(b.Commands)
}
