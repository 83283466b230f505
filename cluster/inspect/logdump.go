package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// selection is what TOPIC[-PARTITION] names.
type selection struct {
	relation  *catalog.Relation // nil: named by number
	owner     catalog.RelationID
	local     int // -1: all topics of the owner
	partition int // -1: all
}

func (s selection) has(p catalog.PartitionID) bool {
	return p.Topic.Relation() == s.owner && (s.local < 0 || int(p.Topic.Local()) == s.local) && (s.partition < 0 || int64(p.Partition) == int64(s.partition))
}

// find understands TOPIC[-PARTITION]. A name may itself end like a partition, so it is looked for whole first.
func (n *node) find(text string) (selection, error) {
	if s, ok := n.findTopic(text); ok {
		return s, nil
	}
	if i := strings.LastIndexByte(text, '-'); i > 0 {
		partition, err := strconv.ParseUint(text[i+1:], 10, 31)
		if s, ok := n.findTopic(text[:i]); ok && err == nil {
			s.partition = int(partition)
			return s, nil
		}
	}
	if n.catalogErr != nil {
		return selection{}, fmt.Errorf("relation %q: the catalog cannot be read, give the relation's number: %w", text, n.catalogErr)
	}
	return selection{}, fmt.Errorf("relation %q does not exist", text)
}

// findTopic understands TOPIC: a relation's number, number.local, or a name with or without schema.
func (n *node) findTopic(text string) (selection, bool) {
	id, local, internal := strings.Cut(text, ".")
	if owner, err := strconv.ParseUint(id, 10, 32); err == nil {
		s := selection{owner: catalog.RelationID(owner), local: -1, partition: -1}
		if !internal {
			return s, true
		}
		number, err := strconv.ParseUint(local, 10, 16)
		s.local = int(number)
		return s, err == nil
	}
	r := n.catalog.Lookup("", text)
	if schema, name, ok := strings.Cut(text, "."); r == nil && ok {
		r = n.catalog.Lookup(schema, name)
	}
	if r == nil {
		return selection{}, false
	}
	return selection{relation: r, owner: r.TopicRelation(), local: 0, partition: -1}, true
}

// placed is a partition with its shard.
type placed struct {
	shard.StoppedPartition
	shard catalog.ShardID
}

func (n *node) partitions(want func(catalog.PartitionID) bool) (found []placed, err error) {
	for _, id := range n.shards() {
		ps, err := shard.FindPartitions(vfs.OS, n.ShardDir(id))
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			if want(p.ID) {
				found = append(found, placed{p, id})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.ID.Topic, b.ID.Topic), cmp.Compare(a.ID.Partition, b.ID.Partition))
	})
	return found, nil
}

// dumpLog prints batches and records.
func (n *node) dumpLog(o dumpOptions, w io.Writer) error {
	s, want := selection{}, func(catalog.PartitionID) bool { return true }
	if o.topic != "" {
		var err error
		if s, err = n.find(o.topic); err != nil {
			return err
		}
		want = s.has
	}
	found, err := n.partitions(want)
	if err != nil {
		return err
	}
	for _, p := range found {
		fmt.Fprintf(w, "partition %v of %s, shard %d\n", p.ID, n.nameOf(p.ID.Topic), p.shard)
		d := logDumper{w: w, o: o, values: n.encodingOf(p.ID.Topic, s.relation)}
		if err := d.dump(p.Dir); err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\n\n", some(d.records, "record"))
	}
	if len(found) == 0 && o.topic != "" {
		fmt.Fprintf(w, "no partition of %q has files\n", o.topic)
	}
	return nil
}

// logDumper prints one partition.
type logDumper struct {
	w       io.Writer
	o       dumpOptions
	values  encoding
	records int
}

// dump ends at the first place that does not verify, and says so: whether that is damage is for log verify to tell.
func (d *logDumper) dump(dir string) error {
	err := log.Walk(vfs.OS, dir, d.o.from, d.batch)
	var corrupt *log.CorruptError
	if errors.As(err, &corrupt) {
		fmt.Fprintf(d.w, "here ends what can be read: %v\n", corrupt)
		return nil
	}
	if errors.Is(err, errLimit) {
		return nil
	}
	return err
}

func (d *logDumper) batch(b log.StoredBatch) error {
	if d.full() {
		return errLimit
	}
	fmt.Fprintf(d.w, "batch %d to %d: %s, %d bytes, crc %08x, %s at %d%s\n", b.BaseOffset(), b.LastOffset(), some(b.Count(), "record"),
		len(b.Bytes()), b.CRC(), b.File, b.Position, producerText(b.Batch))
	it := b.Records()
	for it.Next() {
		r := it.Record()
		if r.Offset < d.o.from {
			continue
		}
		if d.full() {
			return errLimit
		}
		d.records++
		fmt.Fprintf(d.w, "  %d %s key %s value %s%s\n", r.Offset, timeText(r.TimestampMillis), d.key(r.Key), d.value(r.Value), d.headers(r.Headers))
	}
	if it.Err() != nil {
		fmt.Fprintf(d.w, "  the records cannot be read: %v\n", it.Err())
	}
	return nil
}

func (d *logDumper) full() bool { return d.o.limit > 0 && d.records >= d.o.limit }

func producerText(b log.Batch) string {
	if b.ProducerID() < 0 {
		return ""
	}
	return fmt.Sprintf(", producer %d epoch %d sequence %d", b.ProducerID(), b.ProducerEpoch(), b.BaseSequence())
}

func timeText(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
}

// key shows the key codec in hexadecimal digits, and the keys of other encodings as text if they are text.
func (d *logDumper) key(key []byte) string {
	switch {
	case key == nil:
		return "null"
	case d.values.kind == encodedUnknown:
		return quoteBytes(key)
	}
	return fmt.Sprintf("%x", key)
}

func (d *logDumper) value(value []byte) string {
	if d.o.values || value == nil {
		return d.values.text(value)
	}
	return fmt.Sprintf("%d bytes", len(value))
}

// headers prints names and values. The header before of a changelog is the row before.
func (d *logDumper) headers(hs []log.Header) string {
	var out strings.Builder
	for _, h := range hs {
		text := fmt.Sprintf("%d bytes", len(h.Value))
		switch {
		case h.Value == nil:
			text = "null"
		case d.o.values && h.Key == "before" && d.values.kind == encodedRow:
			text = d.values.text(h.Value)
		case d.o.values:
			text = quoteBytes(h.Value)
		}
		fmt.Fprintf(&out, " header %s %s", strconv.Quote(h.Key), text)
	}
	return out.String()
}
