package exec

import (
	"container/heap"
	"context"

	"github.com/millracedb/millrace/sql/types"
)

// maxSortRuns is how many sorted runs are merged at once: of each a frame is in memory. So many runs become one of the next level.
const maxSortRuns = 64

// sortRuns are what a sort has written to disk: sorted runs of rows, each with its encoded keys as its last column. Runs of a higher
// level hold rows that came before those of a lower one.
type sortRuns struct {
	temp   Temp
	types  []types.Type // with the keys
	levels [][]*spillFile
}

func newSortRuns(temp Temp, rows []types.Type) *sortRuns {
	return &sortRuns{temp: temp, types: append(rows[:len(rows):len(rows)], types.Bytea)}
}

// add writes the next run.
func (s *sortRuns) add(ctx context.Context, rows *types.Batch, encs []string, order []int) error {
	f, err := newSpillFile(s.temp, s.types)
	if err != nil {
		return err
	}
	for len(order) > 0 && err == nil {
		n := min(len(order), BatchRows)
		b := withKeys(rows.Gather(order[:n]), encs, order[:n])
		for i := 0; i < n && err == nil; i++ {
			err = f.add(b, i)
		}
		if order = order[n:]; err == nil {
			err = ctx.Err()
		}
	}
	return s.put(ctx, 0, f, err)
}

// withKeys returns b with the keys at order as its last column.
func withKeys(b *types.Batch, encs []string, order []int) *types.Batch {
	keys := types.NewVector(types.Bytea, len(order))
	for _, r := range order {
		keys.Str = append(keys.Str, encs[r])
	}
	b.Cols = append(b.Cols, keys)
	return b
}

// put finishes a run, and merges its level if that is full. An error so far is passed on.
func (s *sortRuns) put(ctx context.Context, level int, f *spillFile, err error) error {
	if err == nil {
		err = f.flush()
	}
	if err != nil {
		f.close()
		return err
	}
	if level == len(s.levels) {
		s.levels = append(s.levels, nil)
	}
	if s.levels[level] = append(s.levels[level], f); len(s.levels[level]) < maxSortRuns {
		return nil
	}
	full := s.levels[level]
	merged, err := s.mergeRuns(ctx, full)
	for _, f := range full {
		f.close()
	}
	s.levels[level] = nil
	if merged == nil {
		return err
	}
	return s.put(ctx, level+1, merged, err)
}

// mergeRuns writes the rows of runs to one.
func (s *sortRuns) mergeRuns(ctx context.Context, runs []*spillFile) (*spillFile, error) {
	f, err := newSpillFile(s.temp, s.types)
	if err != nil {
		return nil, err
	}
	m, err := newRunMerge(ctx, readers(runs))
	for err == nil && len(m.heap) > 0 {
		top := m.heap[0]
		if err = f.add(top.batch, top.at); err == nil {
			err = m.advance(ctx)
		}
	}
	return f, err
}

// read returns the runs, those with the earlier rows first.
func (s *sortRuns) read() (runs []Operator) {
	for level := len(s.levels) - 1; level >= 0; level-- {
		runs = append(runs, readers(s.levels[level])...)
	}
	return runs
}

func readers(files []*spillFile) (out []Operator) {
	for _, f := range files {
		out = append(out, f.read())
	}
	return out
}

func (s *sortRuns) close() {
	if s == nil {
		return
	}
	for _, level := range s.levels {
		for _, f := range level {
			f.close()
		}
	}
	s.levels = nil
}

// runMerge merges sorted runs; of equal keys those of the earlier run come first.
type runMerge struct{ heap runHeap }

// runCursor stands on a row of a run.
type runCursor struct {
	number int
	rows   Operator
	batch  *types.Batch
	at     int
}

func (c *runCursor) key() string { return c.batch.Cols[len(c.batch.Cols)-1].Str[c.at] }

// next goes to the next row; false at the end.
func (c *runCursor) next(ctx context.Context) (bool, error) {
	if c.at++; c.batch != nil && c.at < c.batch.Len {
		return true, nil
	}
	var err error
	c.at = 0
	c.batch, err = c.rows.Next(ctx)
	return c.batch != nil, err
}

func newRunMerge(ctx context.Context, runs []Operator) (*runMerge, error) {
	m := &runMerge{}
	for i, in := range runs {
		c := &runCursor{number: i, rows: in}
		ok, err := c.next(ctx)
		if err != nil {
			return nil, err
		}
		if ok {
			m.heap = append(m.heap, c)
		}
	}
	heap.Init(&m.heap)
	return m, nil
}

// advance goes behind the first row.
func (m *runMerge) advance(ctx context.Context) error {
	ok, err := m.heap[0].next(ctx)
	switch {
	case err != nil:
		return err
	case ok:
		heap.Fix(&m.heap, 0)
	default:
		heap.Pop(&m.heap)
	}
	return nil
}

// batch returns the next rows, at most n, without their keys; nil at the end.
func (m *runMerge) batch(ctx context.Context, n int, ts []types.Type) (*types.Batch, error) {
	if len(m.heap) == 0 {
		return nil, nil
	}
	b := types.NewBatch(ts, n)
	for b.Len < n && len(m.heap) > 0 {
		top := m.heap[0]
		b.AppendFrom(top.batch, top.at, 1) // as many columns as b has
		if err := m.advance(ctx); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// runHeap has the cursor with the first row first.
type runHeap []*runCursor

func (h runHeap) Len() int { return len(h) }

func (h runHeap) Less(i, j int) bool {
	a, b := h[i].key(), h[j].key()
	return a < b || a == b && h[i].number < h[j].number
}

func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *runHeap) Push(c any) { *h = append(*h, c.(*runCursor)) }

// Pop implements heap.Interface.
func (h *runHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// memoryRun gives rows in memory in their order, with their keys.
type memoryRun struct {
	rows  *types.Batch
	encs  []string
	order []int
}

// Next implements Operator.
func (r *memoryRun) Next(ctx context.Context) (*types.Batch, error) {
	n := min(len(r.order), BatchRows)
	if n == 0 {
		return nil, ctx.Err()
	}
	b := withKeys(r.rows.Gather(r.order[:n]), r.encs, r.order[:n])
	r.order = r.order[n:]
	return b, nil
}

// Close implements Operator.
func (r *memoryRun) Close() {}
