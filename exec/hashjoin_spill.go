package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// joinSpill is what a join does when its right side is too large for the memory: both sides are divided by their keys over files, and
// the parts are joined one after another. A part may be divided again.
type joinSpill struct {
	sets []*spillSet // all that were made
	left []joinPart  // to be joined
	part joinPart    // that is being joined
}

// joinPart is what of both sides has keys of one partition; a side without rows is nil.
type joinPart struct {
	right, left *spillFile
	level       int
}

// divides reports whether a join can be divided: its keys must be the same when rows are read again.
func divides(n *plan.Join, env *Env) bool {
	return env.Temp != nil && len(n.RightKeys) > 0 && parallelSafe(n.LeftKeys) && parallelSafe(n.RightKeys)
}

// divide writes the rows of left to files like those of right, and makes parts of them.
func (j *hashJoin) divide(ctx context.Context, right *spillSet, left Operator) error {
	j.spill.sets = append(j.spill.sets, right)
	if err := right.flush(); err != nil {
		return err
	}
	lefts := &spillSet{temp: j.env.Temp, types: j.leftTypes, level: right.level}
	j.spill.sets = append(j.spill.sets, lefts)
	var buf []byte
	err := drain(ctx, left, func(b *types.Batch) error {
		keys, err := j.env.evalAll(ctx, j.leftKeys, b)
		for i := 0; i < b.Len && err == nil; i++ {
			buf, _ = appendJoinKey(buf[:0], keys, i)
			err = lefts.add(buf, b, i)
		}
		return err
	})
	if err == nil {
		err = lefts.flush()
	}
	if err != nil {
		return err
	}
	for p := range right.files {
		j.spill.left = append(j.spill.left, joinPart{right: right.files[p], left: lefts.files[p], level: right.level + 1})
	}
	return nil
}

// nextPart begins with the next part; false if there is none.
func (j *hashJoin) nextPart(ctx context.Context) (bool, error) {
	for {
		j.spill.part.right.close()
		j.spill.part.left.close()
		j.table.mem.release()
		last := len(j.spill.left) - 1
		if last < 0 {
			return false, nil
		}
		part := j.spill.left[last]
		j.spill.left, j.spill.part = j.spill.left[:last], part
		if part.right == nil && !j.keepsLeft || part.left == nil && !j.keepsRight {
			continue
		}
		t, divided, err := readJoinTable(ctx, j.node, j.env, part.right.reader(), part.level)
		if err != nil {
			return false, err
		}
		if divided != nil {
			if err := j.divide(ctx, divided, part.left.reader()); err != nil {
				return false, err
			}
			continue
		}
		j.take(t, part.left.reader())
		return true, nil
	}
}

// reader is read of a file that may be nil.
func (f *spillFile) reader() Operator {
	if f == nil {
		return &unionOp{}
	}
	return f.read()
}

func (s *joinSpill) close() {
	for _, set := range s.sets {
		set.close()
	}
	s.sets, s.left = nil, nil
}
