package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// setOp is INTERSECT and EXCEPT: it counts the rows of the right in a hash table and streams the left ones past it. When the
// table is too large for the memory, rows of both sides that it does not have are written to disk, divided by a hash, and it goes through
// the parts later, as if each was all there is.
type setOp struct {
	env         *Env
	node        *plan.SetOp
	left, right Operator
	mem         account
	counts      map[string]*int64 // by encoded row: how many the right has left; -1: nothing more of this row is wanted
	buf         []byte

	input  Operator // of the left: left, or a part of it; nil: the right was not read yet
	frozen bool     // no more entries: rows may be on disk already
	level  int
	aside  [2]*spillSet // rows of the right and of the left without an entry; nil: none
	sets   []*spillSet  // all that were made
	parts  []joinPart   // to be read
	part   joinPart     // that is being read
}

func newSetOp(n *plan.SetOp, env *Env) (Operator, error) {
	s := &setOp{env: env, node: n, mem: env.account("set operation"), counts: map[string]*int64{}}
	var err error
	if s.left, err = build(n.Left, env); err != nil {
		return nil, err
	}
	s.right, err = build(n.Right, env)
	return s, err
}

func (s *setOp) Next(ctx context.Context) (*types.Batch, error) {
	if s.input == nil {
		if err := s.begin(ctx, s.right, s.left); err != nil {
			return nil, err
		}
		s.right.Close()
	}
	for {
		b, err := s.input.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			if more, err := s.nextPart(ctx); err != nil || !more {
				return nil, err
			}
			continue
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

// begin counts the rows of right, and has those of left come.
func (s *setOp) begin(ctx context.Context, right, left Operator) error {
	s.input = left
	return drain(ctx, right, s.count)
}

// nextPart begins with the next part; false if there is none.
func (s *setOp) nextPart(ctx context.Context) (bool, error) {
	if err := s.queue(); err != nil {
		return false, err
	}
	s.part.right.close()
	s.part.left.close()
	last := len(s.parts) - 1
	if last < 0 {
		return false, nil
	}
	s.part, s.parts = s.parts[last], s.parts[:last]
	s.mem.release()
	s.counts, s.frozen, s.level = map[string]*int64{}, false, s.part.level
	return true, s.begin(ctx, s.part.right.reader(), s.part.left.reader())
}

// queue makes parts of what was set aside.
func (s *setOp) queue() error {
	var files [2][spillPartitions]*spillFile
	for side, set := range s.aside {
		if set == nil {
			continue
		}
		if err := set.flush(); err != nil {
			return err
		}
		files[side], s.aside[side] = set.files, nil
	}
	for p := range spillPartitions {
		if files[leftSide][p] != nil { // what is in the right alone is in no result
			s.parts = append(s.parts, joinPart{right: files[rightSide][p], left: files[leftSide][p], level: s.level + 1})
		}
	}
	return nil
}

// Places in setOp.aside.
const (
	rightSide = 0
	leftSide  = 1
)

// setAside writes row i of b, whose key is in s.buf, to disk.
func (s *setOp) setAside(side int, b *types.Batch, i int) error {
	if s.aside[side] == nil {
		s.aside[side] = &spillSet{temp: s.env.Temp, types: b.Types(), level: s.level}
		s.sets = append(s.sets, s.aside[side])
	}
	return s.aside[side].add(s.buf, b, i)
}

// count takes rows of the right.
func (s *setOp) count(b *types.Batch) error {
	for i := range b.Len {
		n, err := s.entry(rightSide, b, i)
		if err != nil {
			return err
		}
		if n != nil {
			*n++
		}
	}
	return nil
}

// entry returns the count of the row that equals row i of b, a new one if there is none; nil if the row was set aside.
func (s *setOp) entry(side int, b *types.Batch, i int) (*int64, error) {
	s.buf = s.buf[:0]
	for _, v := range b.Cols {
		s.buf = types.EncodeKeyValue(s.buf, v, i)
	}
	if n := s.counts[string(s.buf)]; n != nil {
		return n, nil
	}
	size := int64(len(s.buf)) + hashEntryBytes + 8
	if s.frozen || s.env.Temp != nil && s.level < maxSpillLevel && len(s.counts) >= minSpillRows && s.mem.full(size) {
		s.frozen = true
		return nil, s.setAside(side, b, i)
	}
	if err := s.mem.grow(size); err != nil {
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
		n, err := s.entry(leftSide, b, i)
		if err != nil {
			return nil, err
		}
		if n != nil && s.take(n) {
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
	for _, set := range s.sets {
		set.close()
	}
	s.counts, s.sets, s.parts = nil, nil, nil
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
