package exec

import (
	"context"
	"fmt"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Tail is what a query that never ends needs of the node.
type Tail interface {
	// Snapshot returns a reader of the relation's partitions as of now; a partition's rows and its log's end are of one
	// moment.
	Snapshot(ctx context.Context) (Reader, error)
	// WaitAny returns when one of the partitions has an end offset above the given one, or ctx ends (its error).
	WaitAny(ctx context.Context, ends map[catalog.PartitionID]log.Offset) error
}

// Changes is SELECT … EMIT CHANGES: the contents, then what changes, for ever. Its rows are those of plan.Changes. Within a
// partition they come in order of offsets, each once; it holds a bounded piece of one partition's log and one batch.
// It is for one goroutine.
type Changes struct {
	env  *Env
	node *plan.Changes
	tail Tail
	rows *rowReader
	diff *tableChanges // of tables and views

	next     map[catalog.PartitionID]log.Offset // by partition: the first offset not given yet; nil before the start
	reader   Reader                             // nil: wait for more
	contents Operator                           // the scan of the contents; nil when it is through
	at       int                                // the partition that is being read
	log      *logReader
	steps    []changeStep

	types    []types.Type                     // of the rows, without _frontier
	skipping map[catalog.PartitionID]struct{} // partitions of which no record of the time asked for was met yet
	told     string                           // the last frontier given
}

// NewChanges returns the rows of c. Nothing is read before the first Next.
func NewChanges(c *plan.Changes, env *Env, tail Tail) (*Changes, error) {
	env.begin()
	all := numbers(len(plan.ScanColumns(c.Relation)))
	ch := &Changes{env: env, node: c, tail: tail, rows: newRowReader(c.Relation, all)}
	steps, err := compileSteps(c.Steps, env)
	if err != nil {
		return nil, err
	}
	ch.steps = steps
	for _, col := range plan.ScanColumns(c.Relation) {
		ch.types = append(ch.types, col.Type)
	}
	ch.types = stepTypes(ch.types, c.Steps)
	if c.Relation.Keyed() {
		ch.diff = &tableChanges{Changes: ch}
		ch.types = append([]types.Type{types.Text, types.Timestamptz}, ch.types...)
	}
	return ch, nil
}

// Next returns the next rows, at least one; it waits until there are some. If ctx ends meanwhile it returns its error, and
// may be called again: nothing is lost.
func (c *Changes) Next(ctx context.Context) (*types.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.open(ctx); err != nil {
			return nil, err
		}
		var b *types.Batch
		var err error
		if c.contents != nil {
			b, err = c.nextContents(ctx)
		} else {
			b, err = c.nextChanges(ctx)
		}
		if err == nil && b == nil && c.node.Progress && c.reader == nil {
			if b = c.progress(); b != nil {
				return b, nil
			}
		}
		if err != nil || b != nil && b.Len > 0 {
			return c.led(b), err
		}
	}
}

// led puts an empty _frontier in front of rows.
func (c *Changes) led(b *types.Batch) *types.Batch {
	if !c.node.Progress || b == nil {
		return b
	}
	empty := types.ConstVector(types.Text, types.NullDatum, b.Len)
	return &types.Batch{Len: b.Len, Cols: append([]*types.Vector{empty}, b.Cols...)}
}

// progress returns a row with the frontier when all below it has been given, unless that is the one that was given last.
func (c *Changes) progress() *types.Batch {
	offsets := make([]int64, c.node.Relation.Partitions())
	for i := range offsets {
		offsets[i] = int64(c.next[c.node.Relation.Partition(i)])
	}
	text := plan.FrontierText(c.node.Relation.ID, offsets)
	if text == c.told {
		return nil
	}
	c.told = text
	out := &types.Batch{Len: 1, Cols: []*types.Vector{types.ConstVector(types.Text, types.StrDatum(text), 1)}}
	for _, t := range c.types {
		out.Cols = append(out.Cols, types.ConstVector(t, types.NullDatum, 1))
	}
	return out
}

// open makes sure that there is a snapshot to read from.
func (c *Changes) open(ctx context.Context) error {
	if c.reader != nil {
		return nil
	}
	if c.next != nil {
		if err := c.tail.WaitAny(ctx, c.next); err != nil {
			return err
		}
	}
	r, err := c.tail.Snapshot(ctx)
	if err != nil {
		return err
	}
	c.reader, c.at, c.log = r, 0, nil
	if c.next != nil {
		return nil
	}
	return c.start()
}

// start decides, on the first snapshot, where each partition begins.
func (c *Changes) start() error {
	rel := c.node.Relation
	c.next = make(map[catalog.PartitionID]log.Offset, rel.Partitions())
	for i := range rel.Partitions() {
		p := rel.Partition(i)
		end := c.reader.EndOffset(p)
		switch c.next[p] = end; {
		case c.node.From != nil:
			c.next[p] = log.Offset(c.node.From[i])
			if c.next[p] > end {
				return c.ahead(p, end)
			}
		case c.node.FromOffset != nil:
			c.next[p] = log.Offset(*c.node.FromOffset)
		case c.node.SinceMillis != nil:
			var err error
			if c.next[p], err = c.reader.OffsetForTime(p, *c.node.SinceMillis); err != nil {
				return err
			}
			if c.skipping == nil {
				c.skipping = map[catalog.PartitionID]struct{}{}
			}
			c.skipping[p] = struct{}{}
		case c.node.Snapshot && c.diff == nil:
			c.next[p] = c.reader.StartOffset(p) // a stream's contents are its log
		}
	}
	if !c.node.Snapshot || c.diff == nil {
		return nil
	}
	env := *c.env
	env.Reader = c.reader
	scan, err := newScan(&plan.Scan{Relation: rel, Columns: numbers(len(rel.Columns))}, &env)
	c.contents = scan
	return err
}

// ahead says that a frontier is not of this log.
func (c *Changes) ahead(p catalog.PartitionID, end log.Offset) error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the frontier is ahead of the log of relation %q", c.node.Relation.Name).
		WithDetail("Partition %d ends at offset %d, and the frontier is at %d.", p.Partition, end, c.next[p])
}

// lost says that the log does not reach back to what was not read yet.
func (c *Changes) lost(format string, args ...any) error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "changes of relation %q are no longer in its log", c.node.Relation.Name).
		WithDetail(format, args...).
		WithHint("Start again, or keep the log for longer with WITH (retention = ...).")
}

// skips reports whether a record is older than what was asked for.
func (c *Changes) skips(p catalog.PartitionID, rec *record) bool {
	if _, yes := c.skipping[p]; !yes {
		return false
	}
	if rec.TimestampMillis < *c.node.SinceMillis {
		return true
	}
	delete(c.skipping, p)
	return false
}

// nextContents returns rows of the contents as inserts; none when they are through.
func (c *Changes) nextContents(ctx context.Context) (*types.Batch, error) {
	b, err := c.contents.Next(ctx)
	if err != nil {
		return nil, err
	}
	if b == nil {
		c.contents.Close()
		c.contents = nil
		return nil, nil
	}
	out, _, err := c.run(ctx, b)
	if err != nil {
		return nil, err
	}
	head := []*types.Vector{
		types.ConstVector(types.Text, types.StrDatum(opInsert), out.Len),
		types.ConstVector(types.Timestamptz, types.IntDatum(timestamptzOfMillis(c.env.Expr.Now.UnixMilli())), out.Len),
	}
	return &types.Batch{Len: out.Len, Cols: append(head, out.Cols...)}, nil
}

// nextChanges returns rows of the next records; none when a partition, or the snapshot, is at its end.
func (c *Changes) nextChanges(ctx context.Context) (*types.Batch, error) {
	if c.at == c.node.Relation.Partitions() {
		c.closeReader()
		return nil, nil
	}
	p := c.node.Relation.Partition(c.at)
	if c.log == nil {
		if start := c.reader.StartOffset(p); start > c.next[p] {
			return nil, c.lost("Partition %d begins at offset %d, and what follows offset %d was not read yet.", p.Partition, start, c.next[p])
		}
		c.log = &logReader{reader: c.reader, partition: p, from: c.next[p], end: max(c.next[p], c.reader.EndOffset(p))}
	}
	b, more, err := c.read(ctx)
	if c.log.gap && c.diff != nil {
		return nil, c.lost("Partition %d has been compacted behind offset %d, from which on it was not read yet.", p.Partition, c.next[p])
	}
	if err != nil {
		return nil, fmt.Errorf("changes of relation %q: %w", c.node.Relation.Name, err)
	}
	c.next[p] = c.log.from
	if !more {
		c.at, c.log = c.at+1, nil
	}
	return b, nil
}

// read takes records for one batch and runs the steps over them. more is false at the partition's end.
func (c *Changes) read(ctx context.Context) (b *types.Batch, more bool, err error) {
	if c.diff != nil {
		return c.diff.read(ctx)
	}
	rows := c.rows.batch(0)
	for size := 0; rows.Len < BatchRows && size < readLogBytes; {
		rec, err := c.log.next()
		if err != nil {
			return nil, false, err
		}
		if rec == nil {
			b, _, err = c.run(ctx, c.rows.finish(rows))
			return b, false, err
		}
		size += len(rec.Value) + len(rec.Key) + 16
		if c.skips(c.log.partition, rec) {
			continue
		}
		c.env.addRecord(c.node.Relation, c.rows, rows, c.log.partition, rec)
	}
	b, _, err = c.run(ctx, c.rows.finish(rows))
	return b, true, err
}

func (c *Changes) closeReader() {
	if c.contents != nil {
		c.contents.Close()
		c.contents = nil
	}
	if c.reader != nil {
		c.reader.Close()
		c.reader, c.log = nil, nil
	}
}

// Close frees what is held. It may be called twice.
func (c *Changes) Close() { c.closeReader() }
