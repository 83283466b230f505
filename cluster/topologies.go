package cluster

import (
	"sync"
	"unsafe"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

// topologies are those of views that were read, decoded: a strong read walks through them, and decoding costs more than that. There
// is at most one of each relation of the catalog.
type topologies struct {
	mu  sync.Mutex
	all map[catalog.RelationID]topology
}

// topology is what text, which nobody changes, decodes to.
type topology struct {
	text    *byte
	decoded *plan.Topology
}

// Topology implements exec.FenceSource.
func (n *Node) Topology(r *catalog.Relation) (*plan.Topology, error) {
	text := unsafe.SliceData(r.Query.Topology)
	n.topologies.mu.Lock()
	defer n.topologies.mu.Unlock()
	if t, ok := n.topologies.all[r.ID]; ok && t.text == text {
		return t.decoded, nil
	}
	decoded, err := exec.Topology(r)
	if err != nil {
		return nil, err
	}
	cat := n.Catalog()
	for id := range n.topologies.all {
		if cat.ByID(id) == nil {
			delete(n.topologies.all, id)
		}
	}
	n.topologies.all[r.ID] = topology{text, decoded}
	return decoded, nil
}
