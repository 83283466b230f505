package inspect

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// maxValueBytes bounds what is shown of the value of a task's key, which only the task can read.
const maxValueBytes = 64

var spaces = map[string]byte{"rows": state.SpaceRows, "task": state.SpaceTask, "shard": state.SpaceShard, "index": state.SpaceIndex}

// dumpState prints the stores of the shards.
func (n *node) dumpState(o stateOptions, w io.Writer) error {
	var from, to []byte
	if o.prefix != "" {
		space, known := spaces[o.prefix]
		if !known {
			return fmt.Errorf("--prefix %s: not one of rows, index, task, shard", o.prefix)
		}
		from, to = []byte{space}, []byte{space + 1}
	}
	if o.shard >= n.Shards() {
		return fmt.Errorf("--shard %d: there are %d, numbered from 0", o.shard, n.Shards())
	}
	broken := 0
	for _, id := range n.shards() {
		if o.shard >= 0 && int(id) != o.shard {
			continue
		}
		d := stateDumper{n: n, w: w, limit: o.limit}
		if err := d.dump(id, from, to); err != nil {
			return err
		}
		broken += d.broken
	}
	if broken > 0 {
		return fmt.Errorf("state dump: %s that cannot be read", some(broken, "key"))
	}
	return nil
}

// stateDumper prints one shard's store.
type stateDumper struct {
	n      *node
	w      io.Writer
	limit  int
	keys   int
	broken int
}

func (d *stateDumper) dump(id catalog.ShardID, from, to []byte) error {
	s, done, err := d.n.OpenShard(id, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.w, "shard %d, all entries up to %d", id, s.Applied())
	if index, ok := s.HeldAt(); ok {
		fmt.Fprintf(d.w, ", in memory up to %d", index)
	}
	fmt.Fprintln(d.w)
	it := s.Store().Scan(from, to)
	for (d.limit == 0 || d.keys < d.limit) && it.Next() {
		d.keys++
		text, err := d.describe(it.Key(), it.Value())
		if err != nil {
			d.broken++
			text = fmt.Sprintf("key %x value %x: %v", it.Key(), it.Value(), err)
		}
		fmt.Fprintf(d.w, "  %s\n", text)
	}
	return errors.Join(it.Close(), done())
}

func (d *stateDumper) describe(key, value []byte) (string, error) {
	if len(key) == 0 {
		return "", state.ErrCorrupt
	}
	switch key[0] {
	case state.SpaceShard:
		text, err := shard.Describe(key, value)
		return "shard " + text, err
	case state.SpaceRows:
		return d.describeRows(key, value)
	case state.SpaceTask:
		return d.describeTask(key, value)
	case state.SpaceIndex:
		return d.describeEntry(key, value)
	}
	return "", fmt.Errorf("key of an unknown space: %w", state.ErrCorrupt)
}

func (d *stateDumper) describeRows(key, value []byte) (string, error) {
	p, k, ok := state.SplitRowKey(key)
	if !ok {
		return "", state.ErrCorrupt
	}
	stored, err := state.DecodeRows(value)
	if err != nil {
		return "", err
	}
	e := encoding{}
	if r := d.n.catalog.ByID(p.Topic.Relation()); r != nil && r.Keyed() {
		e = rowsOf(r)
	}
	rows := make([]string, len(stored.Rows))
	for i, r := range stored.Rows {
		if rows[i] = e.text(r.Row); r.Count != 1 {
			rows[i] = fmt.Sprintf("%d times %s", r.Count, rows[i])
		}
	}
	return fmt.Sprintf("rows %v of %s, key %x, offset %d: %s", p, d.n.nameOf(p.Topic), k, stored.Offset, strings.Join(rows, ", ")), nil
}

func (d *stateDumper) describeEntry(key, value []byte) (string, error) {
	index, partition, entry, ok := state.SplitIndexKey(key)
	if !ok {
		return "", state.ErrCorrupt
	}
	return fmt.Sprintf("entry of index %s, partition %d, key %x: row %x", d.n.nameOf(index.Topic(0)), partition, entry, value), nil
}

func (d *stateDumper) describeTask(key, value []byte) (string, error) {
	p, node, store, rest, ok := state.SplitTaskKey(key)
	if !ok {
		return "", state.ErrCorrupt
	}
	shown := fmt.Sprintf("%x", value[:min(len(value), maxValueBytes)])
	if len(value) > maxValueBytes {
		shown += fmt.Sprintf("… (%d bytes)", len(value))
	}
	return fmt.Sprintf("task %d partition %d of the query of %s, store %d, key %x: %s", node, p.Partition, d.n.nameOf(p.Topic), store, rest, shown), nil
}
