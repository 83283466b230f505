package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// node is a stopped node. Its write-ahead log or its catalog may be damaged: what does not need them can be looked at all
// the same.
type node struct {
	*cluster.Stopped
	wal        *wal.WAL // nil if walErr
	walErr     error
	catalog    *catalog.Catalog // empty if catalogErr
	catalogErr error
	index      uint64 // of the last entry in the catalog
}

func openNode(dir string) (*node, error) {
	s, err := cluster.OpenStopped(dir)
	if err != nil {
		return nil, err
	}
	n := &node{Stopped: s, catalog: catalog.Empty()}
	if n.wal, n.walErr = s.OpenWAL(); n.walErr != nil {
		n.catalogErr = n.walErr
		return n, nil
	}
	if c, index, err := s.Catalog(n.wal); err != nil {
		n.catalogErr = err
	} else {
		n.catalog, n.index = c, index
	}
	return n, nil
}

func (n *node) close() error {
	defer n.Stopped.Close()
	if n.wal == nil {
		return nil
	}
	return n.wal.Close()
}

// dumpMeta prints the catalog.
func (n *node) dumpMeta(w io.Writer) error {
	if n.catalogErr != nil {
		return n.catalogErr
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Index uint64 `json:"index"`
		catalog.State
	}{n.index, n.catalog.State()})
}

// nameOf returns the kind and the name of a relation, and whose internal topic it is.
func (n *node) nameOf(t catalog.TopicID) string {
	r := n.catalog.ByID(t.Relation())
	switch {
	case r == nil && n.catalogErr != nil:
		return "a relation (the catalog cannot be read)"
	case r == nil:
		return "a relation that is not in the catalog"
	case t.Local() != 0:
		return fmt.Sprintf("internal topic of %s %s", r.Kind, quoteName(r))
	}
	return fmt.Sprintf("%s %s", r.Kind, quoteName(r))
}

func quoteName(r *catalog.Relation) string { return fmt.Sprintf("%q", r.Schema+"."+r.Name) }

// shards lists the shards' numbers.
func (n *node) shards() []catalog.ShardID {
	ids := make([]catalog.ShardID, n.Shards())
	for i := range ids {
		ids[i] = catalog.ShardID(i)
	}
	return ids
}

var errLimit = errors.New("enough")
