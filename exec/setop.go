package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// setOp is INTERSECT and EXCEPT: it counts the rows of the right in a hash table and streams the left ones past it.
type setOp struct {
	node        *plan.SetOp
	left, right Operator
	mem         account
	built       bool
	counts      map[string]*int64 // by encoded row: how many the right has left; -1: nothing more of this row is wanted
	buf         []byte
}

func newSetOp(n *plan.SetOp, env *Env) (Operator, error) {
	s := &setOp{node: n, mem: env.account("set operation"), counts: map[string]*int64{}}
	var err error
	if s.left, err = build(n.Left, env); err != nil {
		return nil, err
	}
	s.right, err = build(n.Right, env)
	return s, err
}

func (s *setOp) Next(ctx context.Context) (*types.Batch, error) {
	if !s.built {
		s.built = true
		if err := drain(ctx, s.right, s.count); err != nil {
			return nil, err
		}
		s.right.Close()
	}
	for {
		b, err := s.left.Next(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		rows, err := s.wanted(b)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			return b.Gather(rows), nil
		}
	}
}

// count takes rows of the right.
func (s *setOp) count(b *types.Batch) error {
	for i := range b.Len {
		n, err := s.entry(b, i)
		if err != nil {
			return err
		}
		*n++
	}
	return nil
}

// entry returns the count of the row that equals row i of b, a new one if there is none.
func (s *setOp) entry(b *types.Batch, i int) (*int64, error) {
	s.buf = s.buf[:0]
	for _, v := range b.Cols {
		s.buf = types.EncodeKeyValue(s.buf, v, i)
	}
	if n := s.counts[string(s.buf)]; n != nil {
		return n, nil
	}
	if err := s.mem.grow(int64(len(s.buf)) + hashEntryBytes + 8); err != nil {
		return nil, err
	}
	n := new(int64)
	s.counts[string(s.buf)] = n
	return n, nil
}

// wanted returns the rows of the left's batch b that are in the result.
func (s *setOp) wanted(b *types.Batch) ([]int, error) {
	var rows []int
	for i := range b.Len {
		n, err := s.entry(b, i)
		if err != nil {
			return nil, err
		}
		if s.take(n) {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

// take decides on one row of the left, of which the right has *n left.
func (s *setOp) take(n *int64) bool {
	intersect := s.node.Kind == plan.SetIntersect
	in := *n > 0
	switch {
	case *n < 0:
		return false
	case !s.node.All:
		if in == intersect {
			*n = -1
		}
	case in:
		*n--
	}
	return in == intersect
}

func (s *setOp) Close() {
	s.left.Close()
	s.right.Close()
	s.mem.release()
	s.counts = nil
}

// uniqueOp gives the first row of each run with equal keys.
type uniqueOp struct {
	env   *Env
	input Operator
	keys  []*expr.Compiled
	last  []byte // the encoded keys of the row before
	some  bool   // there was a row
}

func newUnique(n *plan.Unique, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	u := &uniqueOp{env: env, input: input}
	u.keys, err = env.compileAll(n.Keys)
	return u, err
}

func (u *uniqueOp) Next(ctx context.Context) (*types.Batch, error) {
	for {
		b, err := u.input.Next(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		keys, err := u.env.evalAll(ctx, u.keys, b)
		if err != nil {
			return nil, err
		}
		if rows := u.firsts(keys, b.Len); len(rows) > 0 {
			return b.Gather(rows), nil
		}
	}
}

// firsts returns which of n rows with the given keys differ from the row before them.
func (u *uniqueOp) firsts(keys []*types.Vector, n int) []int {
	var rows []int
	var buf []byte
	for i := range n {
		buf = buf[:0]
		for _, v := range keys {
			buf = types.EncodeKeyValue(buf, v, i)
		}
		if !u.some || !bytes.Equal(buf, u.last) {
			rows = append(rows, i)
			u.some, u.last, buf = true, buf, u.last
		}
	}
	return rows
}

func (u *uniqueOp) Close() { u.input.Close() }
