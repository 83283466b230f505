package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// aggSpill is what an aggregate does when its groups are too many for the memory: it makes no new ones, and writes the rows of those
// that it does not have to disk, divided by their keys. When it has given its groups it goes through the files, one after another,
// as if each was all there is.
type aggSpill struct {
	possible bool
	frozen   bool // no more groups: rows of theirs may be on disk already
	only     int  // the set of the file that is being read; -1: all, of the input
	level    int
	now      []*spillSet // by set: rows without a group; nil entries: none yet
	left     []aggFile   // to be read
	reading  *spillFile
}

// aggFile is the rows of one set that are of one partition.
type aggFile struct {
	file  *spillFile
	set   int
	level int
}

// newAggSpill says whether an aggregate can use the disk: the keys of a row must be the same when it is read again.
func newAggSpill(n *plan.Aggregate, env *Env) aggSpill {
	return aggSpill{possible: env.Temp != nil && len(n.GroupBy) > 0 && parallelSafe(n.GroupBy), only: -1}
}

// full reports whether group is one too many, of a size in bytes. Error: errSerial, in a worker.
func (a *hashAgg) full(size int64) (bool, error) {
	if a.spill.frozen {
		return true, nil
	}
	if !a.mem.full(size) || !a.spill.possible || a.spill.level == maxSpillLevel || a.groups.Len < minSpillRows {
		return false, nil
	}
	if a.env.part != nil {
		return false, errSerial
	}
	a.spill.frozen = true
	return true, nil
}

// setAside writes rows of b, which have no group in set s; keys are theirs.
func (a *hashAgg) setAside(s int, key []byte, b *types.Batch, i int) error {
	if a.spill.now == nil {
		a.spill.now = make([]*spillSet, len(a.sets))
	}
	if a.spill.now[s] == nil {
		a.spill.now[s] = &spillSet{temp: a.env.Temp, types: b.Types(), level: a.spill.level}
	}
	return a.spill.now[s].add(key, b, i)
}

// queue makes files to be read of what was set aside.
func (a *hashAgg) queue() error {
	for s, set := range a.spill.now {
		if set == nil {
			continue
		}
		if err := set.flush(); err != nil {
			return err
		}
		for _, f := range set.files {
			if f != nil {
				a.spill.left = append(a.spill.left, aggFile{f, s, a.spill.level + 1})
			}
		}
		a.spill.now[s] = nil
	}
	return nil
}

// nextFile groups the rows of the next file; false if there is none.
func (a *hashAgg) nextFile(ctx context.Context) (bool, error) {
	a.spill.reading.close()
	last := len(a.spill.left) - 1
	if last < 0 {
		return false, nil
	}
	f := a.spill.left[last]
	a.spill.left = a.spill.left[:last]
	a.spill.only, a.spill.level, a.spill.reading, a.spill.frozen = f.set, f.level, f.file, false
	a.mem.release()
	if err := a.forget(); err != nil {
		return false, err
	}
	if err := a.group(ctx, f.file.read()); err != nil {
		return false, err
	}
	a.next = 0
	return true, nil
}

func (s *aggSpill) close() {
	for _, set := range s.now {
		set.close()
	}
	for _, f := range s.left {
		f.file.close()
	}
	s.reading.close()
	s.now, s.left = nil, nil
}
