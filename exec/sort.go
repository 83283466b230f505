package exec

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// maxTopRows is up to which LIMIT a sort forgets rows that cannot be among the first.
const maxTopRows = 1 << 16

// sortOp orders its input, stable. The sort keys of a row are encoded into bytes whose order is the order wanted.
type sortOp struct {
	env   *Env
	node  *plan.Sort
	input Operator
	types []types.Type
	specs []plan.SortKey
	keys  []*expr.Compiled
	first int       // how many rows are wanted; 0: all
	spine *spine    // of input, if partitions can be sorted apart
	parts []*sortOp // these

	mem    account
	rows   *types.Batch
	encs   []string  // of each row
	runs   *sortRuns // those on disk
	sorted bool
	order  []int     // places in rows still to be given
	merge  *runMerge // instead of order, if there are runs
	left   int       // rows that merge is still to give; negative: all
}

func newSort(n *plan.Sort, env *Env) (*sortOp, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	s := &sortOp{env: env, node: n, spine: sortSpine(n, env), input: input, types: n.Types(), specs: n.Keys, mem: env.account("sort")}
	s.rows = types.NewBatch(s.types, 0)
	for _, k := range n.Keys {
		c, err := env.compile(k.Expr)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, c)
	}
	return s, nil
}

func (s *sortOp) Next(ctx context.Context) (*types.Batch, error) {
	if !s.sorted {
		s.sorted = true
		if err := s.read(ctx); err != nil {
			return nil, err
		}
	}
	if s.merge != nil {
		return s.nextMerged(ctx)
	}
	n := min(len(s.order), BatchRows)
	if n == 0 {
		return nil, nil
	}
	b := s.rows.Gather(s.order[:n])
	s.order = s.order[n:]
	return b, nil
}

func (s *sortOp) read(ctx context.Context) error {
	if s.spine != nil && s.spine.worth(s.env) {
		if err := s.readParallel(ctx); !errors.Is(err, errSerial) {
			return err
		}
	}
	if err := s.readInput(ctx); err != nil {
		return err
	}
	if s.runs != nil {
		return s.mergeRuns(ctx, append(s.runs.read(), s.run()))
	}
	s.encs = nil
	return nil
}

// readInput reads all rows and puts those that are in memory in order.
func (s *sortOp) readInput(ctx context.Context) error {
	if err := drain(ctx, s.input, func(b *types.Batch) error { return s.add(ctx, b) }); err != nil {
		return err
	}
	s.order = s.sortedOrder()
	return nil
}

// run gives the rows in memory.
func (s *sortOp) run() Operator { return &memoryRun{rows: s.rows, encs: s.encs, order: s.order} }

// add takes a batch of input.
func (s *sortOp) add(ctx context.Context, b *types.Batch) error {
	cols, err := s.env.evalAll(ctx, s.keys, b)
	if err != nil {
		return err
	}
	var arena []byte
	ends := make([]int, b.Len)
	for i := range b.Len {
		for k, v := range cols {
			arena = types.EncodeOrder(arena, v, i, s.specs[k].Desc, s.specs[k].NullsFirst)
		}
		ends[i] = len(arena)
	}
	text, start := string(arena), 0
	for _, end := range ends {
		s.encs = append(s.encs, text[start:end])
		start = end
	}
	size := batchBytes(b, 0, b.Len) + int64(len(arena)+24*b.Len)
	if s.mem.full(size) && s.env.part != nil {
		return errSerial
	}
	if s.mem.full(size) && s.rows.Len >= minSpillRows {
		// The rows of b wait, with the last places of encs.
		if err := s.spill(ctx, len(s.encs)-b.Len); err != nil {
			return err
		}
	}
	if err := s.mem.grow(size); err != nil {
		return err
	}
	addRows(s.rows, b)
	if s.first > 0 && s.rows.Len >= 2*s.first+BatchRows {
		s.cut()
	}
	return nil
}

// cut forgets all but the first rows.
func (s *sortOp) cut() {
	order := s.sortedOrder()
	encs := make([]string, len(order))
	size := int64(0)
	for i, r := range order {
		encs[i] = strings.Clone(s.encs[r])
		size += int64(len(encs[i])) + 24
	}
	s.rows, s.encs = s.rows.Gather(order), encs
	s.mem.release()
	_ = s.mem.grow(size + batchBytes(s.rows, 0, s.rows.Len)) // less than was released
}

// sortedOrder returns the places of the rows in their order, or of as many as are wanted.
func (s *sortOp) sortedOrder() []int {
	order := numbers(s.rows.Len)
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(s.encs[a], s.encs[b]) })
	if s.first > 0 && len(order) > s.first {
		order = order[:s.first]
	}
	return order
}

// spill writes the rows to disk, sorted, and forgets them; of encs the first n are theirs.
func (s *sortOp) spill(ctx context.Context, n int) error {
	if s.runs == nil {
		s.runs = newSortRuns(s.env.Temp, s.types)
	}
	if err := s.runs.add(ctx, s.rows, s.encs, s.sortedOrder()); err != nil {
		return err
	}
	s.rows, s.encs = types.NewBatch(s.types, 0), slices.Clone(s.encs[n:])
	s.mem.release()
	return nil
}

// mergeRuns begins to give the rows of runs.
func (s *sortOp) mergeRuns(ctx context.Context, runs []Operator) (err error) {
	s.merge, err = newRunMerge(ctx, runs)
	s.left = -1
	if s.first > 0 {
		s.left = s.first
	}
	return err
}

func (s *sortOp) nextMerged(ctx context.Context) (*types.Batch, error) {
	n := BatchRows
	if s.left >= 0 {
		n = min(n, s.left)
	}
	if n == 0 {
		return nil, nil
	}
	b, err := s.merge.batch(ctx, n, s.types)
	if s.left >= 0 && b != nil {
		s.left -= b.Len
	}
	return b, err
}

func (s *sortOp) Close() {
	s.input.Close()
	s.mem.release()
	s.runs.close()
	s.closeParts()
	s.rows, s.encs, s.order, s.merge, s.runs = nil, nil, nil, nil, nil
}
