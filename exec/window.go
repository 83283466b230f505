package exec

import (
	"bytes"
	"context"
	"slices"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// windowOp computes window functions: it keeps its input, sorts it by partition and order, and goes through it partition by
// partition.
type windowOp struct {
	env       *Env
	node      *plan.Window
	input     Operator
	partition []*expr.Compiled
	order     []*expr.Compiled
	calls     []*windowCall

	mem   account
	rows  *types.Batch
	parts [][]byte // of each row: its encoded partition
	peers [][]byte // of each row: its encoded place in the order
	keys  *types.Vector
	out   []*types.Vector // of each call, in the sorted order
	sort  []int           // places in rows, in the sorted order
	done  bool
	next  int
}

// windowCall is a window function with its arguments over all rows of the input.
type windowCall struct {
	spec   plan.WindowCall
	args   []*expr.Compiled
	filter *expr.Compiled
	values []*types.Vector // of each argument
	passes []bool          // by row, if there is a FILTER
	start  frameOffset
	end    frameOffset
}

// frameOffset is an offset of a frame; values, if it is an interval, are what lies that far from each row.
type frameOffset struct {
	types.Datum
	limit  *expr.Compiled
	values *types.Vector
}

func newWindow(n *plan.Window, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	w := &windowOp{env: env, node: n, input: input, mem: env.account("window function"), rows: types.NewBatch(n.Input.Types(), 0)}
	if w.partition, err = env.compileAll(n.PartitionBy); err != nil {
		return nil, err
	}
	for _, k := range n.OrderBy {
		c, err := env.compile(k.Expr)
		if err != nil {
			return nil, err
		}
		w.order = append(w.order, c)
	}
	for _, spec := range n.Calls {
		c := &windowCall{spec: spec}
		if c.args, err = env.compileAll(spec.Args); err != nil {
			return nil, err
		}
		if spec.Filter != nil {
			if c.filter, err = env.compile(spec.Filter); err != nil {
				return nil, err
			}
		}
		if c.start, err = newFrameOffset(spec.Frame.Start, env); err != nil {
			return nil, err
		}
		if c.end, err = newFrameOffset(spec.Frame.End, env); err != nil {
			return nil, err
		}
		for _, a := range spec.Args {
			c.values = append(c.values, types.NewVector(a.Type, 0))
		}
		w.calls = append(w.calls, c)
	}
	return w, nil
}

func newFrameOffset(b plan.FrameBound, env *Env) (o frameOffset, err error) {
	if b.Limit != nil {
		o.values = types.NewVector(b.Limit.Type, 0)
		o.limit, err = env.compile(b.Limit)
	}
	return o, err
}

func (w *windowOp) Next(ctx context.Context) (*types.Batch, error) {
	if !w.done {
		w.done = true
		if err := w.run(ctx); err != nil {
			return nil, err
		}
	}
	if w.next >= len(w.sort) {
		return nil, nil
	}
	from := w.next
	w.next = min(from+BatchRows, len(w.sort))
	b := w.rows.Gather(w.sort[from:w.next])
	for _, v := range w.out {
		b.Cols = append(b.Cols, v.Slice(from, w.next))
	}
	return b, nil
}

func (w *windowOp) run(ctx context.Context) error {
	if err := drain(ctx, w.input, func(b *types.Batch) error { return w.add(ctx, b) }); err != nil {
		return err
	}
	w.input.Close()
	if w.rows.Len == 0 {
		return nil
	}
	for _, c := range w.calls {
		if err := c.offsets(ctx, w.env); err != nil {
			return err
		}
		w.out = append(w.out, types.NewVector(c.spec.Type, w.rows.Len))
	}
	w.sortRows()
	for from := 0; from < len(w.sort); {
		p := w.partitionAt(from)
		if err := w.compute(ctx, p); err != nil {
			return err
		}
		from += len(p.rows)
	}
	return nil
}

// add takes a batch of input.
func (w *windowOp) add(ctx context.Context, b *types.Batch) error {
	parts, err := w.env.evalAll(ctx, w.partition, b)
	if err != nil {
		return err
	}
	order, err := w.env.evalAll(ctx, w.order, b)
	if err != nil {
		return err
	}
	size := batchBytes(b, 0, b.Len)
	if len(order) == 1 {
		if w.keys == nil {
			w.keys = types.NewVector(order[0].Type, 0)
		}
		addVector(w.keys, order[0])
		size += vectorBytes(order[0], 0, b.Len)
	}
	for i := range b.Len {
		var part, peer []byte
		for _, v := range parts {
			part = types.EncodeKeyValue(part, v, i)
		}
		for k, v := range order {
			peer = types.EncodeOrder(peer, v, i, w.node.OrderBy[k].Desc, w.node.OrderBy[k].NullsFirst)
		}
		w.parts, w.peers = append(w.parts, part), append(w.peers, peer)
		size += int64(len(part)+len(peer)) + 48
	}
	for _, c := range w.calls {
		n, err := c.add(ctx, w.env, b)
		if err != nil {
			return err
		}
		size += n + vectorSize(c.spec.Type)*int64(b.Len)
	}
	addRows(w.rows, b)
	return w.mem.grow(size)
}

// vectorSize estimates a result's bytes.
func vectorSize(t types.Type) int64 {
	if t.Class() == types.ClassDecimal {
		return 48
	}
	return 16
}

// add evaluates the arguments over a batch, and returns how many bytes they take.
func (c *windowCall) add(ctx context.Context, env *Env, b *types.Batch) (int64, error) {
	size := int64(0)
	if c.filter != nil {
		passes := make([]bool, b.Len)
		rows, err := env.evalRows(ctx, c.filter, b)
		if err != nil {
			return 0, err
		}
		for _, r := range rows {
			passes[r] = true
		}
		c.passes = append(c.passes, passes...)
	}
	vs, err := env.evalAll(ctx, c.args, b)
	if err != nil {
		return 0, err
	}
	for i, v := range vs {
		addVector(c.values[i], v)
		size += vectorBytes(v, 0, b.Len)
	}
	for _, o := range []*frameOffset{&c.start, &c.end} {
		if o.limit == nil {
			continue
		}
		v, err := o.limit.Eval(env.context(ctx), b)
		if err != nil {
			return 0, err
		}
		addVector(o.values, v)
		size += vectorBytes(v, 0, b.Len)
	}
	return size, nil
}

func (w *windowOp) sortRows() {
	w.sort = numbers(w.rows.Len)
	slices.SortStableFunc(w.sort, func(a, b int) int {
		if c := bytes.Compare(w.parts[a], w.parts[b]); c != 0 {
			return c
		}
		return bytes.Compare(w.peers[a], w.peers[b])
	})
}

// partitionAt returns the partition that starts at place from of the sorted order.
func (w *windowOp) partitionAt(from int) *windowPartition {
	to := from + 1
	for to < len(w.sort) && bytes.Equal(w.parts[w.sort[to]], w.parts[w.sort[from]]) {
		to++
	}
	p := &windowPartition{op: w, rows: w.sort[from:to], group: make([]int, to-from)}
	for i := range p.rows {
		if i == 0 || !bytes.Equal(w.peers[p.rows[i]], w.peers[p.rows[i-1]]) {
			p.starts = append(p.starts, i)
		}
		p.group[i] = len(p.starts) - 1
	}
	p.starts = append(p.starts, len(p.rows))
	return p
}

func (w *windowOp) compute(ctx context.Context, p *windowPartition) error {
	for i, c := range w.calls {
		f, own := windowFuncs[c.spec.Func]
		if !own {
			f = aggregateWindow
		}
		if err := f(ctx, p, c, w.out[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *windowOp) Close() {
	w.input.Close()
	w.mem.release()
	w.rows, w.parts, w.peers, w.out, w.sort, w.calls, w.keys = nil, nil, nil, nil, nil, nil, nil
}
