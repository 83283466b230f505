package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// maxPendingBytes bounds the batches of a partition that wait for the end of an apply.
const maxPendingBytes = 4 << 20

// partition is a partition as the state machine works with it; only its goroutine does, but for log.
type partition struct {
	id      catalog.PartitionID
	dir     string
	view    *view
	log     *log.Partition // nil: damaged, see isolate.go
	end     log.Offset     // as decided by the entries applied so far
	pending []byte         // batches up to end that are not in log yet
	dirty   bool           // appended to since the last snapshot
}

// add takes over a verified batch and gives it its offsets.
func (p *partition) add(b log.Batch) log.Offset {
	base, at := p.end, len(p.pending)
	p.pending = append(p.pending, b.Bytes()...)
	log.SetBaseOffset(p.pending[at:], base)
	p.end += b.LastOffset() - b.BaseOffset() + 1
	return base
}

// flush writes the pending batches to the log, but for those that are there already, from before a crash. Those of a damaged
// log stay in the write-ahead log only.
func (p *partition) flush() error {
	if len(p.pending) == 0 {
		return nil
	}
	if p.log != nil {
		if err := p.append(); err != nil {
			return fmt.Errorf("append to partition %v: %w", p.id, err)
		}
	}
	if cap(p.pending) > maxPendingBytes {
		p.pending = nil
	}
	p.pending = p.pending[:0]
	return nil
}

func (p *partition) append() error {
	rest, err := p.missing(p.pending)
	if err != nil {
		p.view.isolate(p.id, err)
		return nil
	}
	if len(rest) == 0 {
		return nil
	}
	p.dirty = true
	return p.log.Append(rest)
}

// missing returns what the log does not hold of batches that have their offsets. ErrCorrupt if the log lacks what is before
// them.
func (p *partition) missing(batches []byte) ([]byte, error) {
	next := p.log.NextOffset()
	for len(batches) > 0 {
		base, size := batchHead(batches)
		if base == next {
			return batches, nil
		}
		if base > next {
			return nil, missingRecords(p.dir, next, base)
		}
		batches = batches[size:]
	}
	return nil, nil
}

// refill appends a batch that was decided before a crash to have the offset base, if the log lost it.
func (p *partition) refill(base log.Offset, batch []byte) error {
	p.pending = append(p.pending[:0], batch...)
	log.SetBaseOffset(p.pending, base)
	return p.flush()
}

// sync makes what was appended durable. It runs beside appends; a partition that was dropped meanwhile needs none.
func (p *partition) sync() error {
	if err := p.log.Sync(); err != nil && !errors.Is(err, log.ErrClosed) {
		return fmt.Errorf("sync partition %v: %w", p.id, err)
	}
	return nil
}

// batchHead returns base offset and size of the verified batch at the start of b.
func batchHead(b []byte) (base log.Offset, size int) {
	return log.Offset(binary.BigEndian.Uint64(b)), int(binary.BigEndian.Uint32(b[8:])) + 12
}

// partitionDir is the name of a partition's directory: relation.local-partition.
func partitionDir(dir string, id catalog.PartitionID) string {
	return filepath.Join(dir, topicsDir, id.String())
}

// parsePartitionDir is the inverse of PartitionID.String.
func parsePartitionDir(name string) (id catalog.PartitionID, ok bool) {
	topic, part, ok1 := strings.Cut(name, "-")
	relation, local, ok2 := strings.Cut(topic, ".")
	r, err1 := strconv.ParseUint(relation, 10, 32)
	l, err2 := strconv.ParseUint(local, 10, 16)
	p, err3 := strconv.ParseUint(part, 10, 32)
	id = catalog.PartitionID{Topic: catalog.RelationID(r).Topic(uint16(l)), Partition: uint32(p)}
	return id, ok1 && ok2 && err1 == nil && err2 == nil && err3 == nil && id.String() == name
}
