package shard

import (
	"fmt"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// account is what the write-ahead log says of a partition's records.
type account struct {
	refills []offsetRange // that the replay of entries which the store has can append again
	ahead   log.Offset    // records that entries beyond the store's may append, at most
}

// offsetRange is the offsets [from, to).
type offsetRange struct{ from, to log.Offset }

func (s *Stopped) account(p catalog.PartitionID) *account {
	a := s.accounts[p]
	if a == nil {
		a = new(account)
		s.accounts[p] = a
	}
	return a
}

// take takes an entry of the write-ahead log into the accounts.
func (s *Stopped) take(index uint64, data []byte) error {
	ops, err := decodeEntry(data)
	if err != nil {
		return err
	}
	if index > s.m.applied {
		return s.takeAhead(ops)
	}
	stored, err := s.m.db.Get(outcomeKey(index))
	if err != nil || stored == nil {
		return err
	}
	results, err := decodeOutcome(stored)
	if err != nil {
		return fmt.Errorf("outcome: %w", err)
	}
	if len(results) != len(ops) {
		return fmt.Errorf("the outcome has %d results for %d ops", len(results), len(ops))
	}
	for i, op := range ops {
		if err := s.takeRefills(op, results[i].Bases); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stopped) takeRefills(op Op, bases []log.Offset) error {
	if len(bases) == 0 {
		return nil
	}
	appends, err := s.m.appendsOf(op)
	if err != nil {
		return err
	}
	if len(appends) != len(bases) {
		return fmt.Errorf("the outcome has %d offsets for %d batches", len(bases), len(appends))
	}
	for i, a := range appends {
		n, err := offsetsOf(a)
		if err != nil {
			return err
		}
		if bases[i] != skippedBase {
			s.account(a.Partition).refill(bases[i], bases[i]+n)
		}
	}
	return nil
}

// refill adds a batch, in order of the offsets.
func (a *account) refill(from, to log.Offset) {
	if n := len(a.refills); n > 0 && a.refills[n-1].to == from {
		a.refills[n-1].to = to
		return
	}
	a.refills = append(a.refills, offsetRange{from, to})
}

func offsetsOf(a exec.Append) (log.Offset, error) {
	b, err := parseNew(a.Batch)
	if err != nil {
		return 0, fmt.Errorf("batch of %v: %w", a.Partition, err)
	}
	return b.LastOffset() + 1, nil
}

// takeAhead counts what ops may append that the store does not have. Guards may refuse them, so it is a bound.
func (s *Stopped) takeAhead(ops []Op) error {
	for _, op := range ops {
		appends, err := s.m.appendsOf(op)
		if err != nil {
			return err
		}
		if p, ok := op.(*Prepare); ok { // its decision may follow in an entry that is not in the store either
			for _, part := range p.Parts {
				appends = append(appends, exec.Append{Partition: part.Partition, Batch: part.Batch})
			}
		}
		for _, a := range appends {
			n, err := offsetsOf(a)
			if err != nil {
				return err
			}
			s.account(a.Partition).ahead += n
		}
	}
	return nil
}

// CheckEnd compares where a partition's files end, by log.Verify, with the store's end. It returns what there is to say, ""
// if nothing; harmless says that the next start mends it. The files may be behind the store, if the write-ahead log holds what
// they lack, and ahead of it by what entries beyond the store's may have appended.
func (s *Stopped) CheckEnd(p StoppedPartition, next log.Offset) (reason string, harmless bool) {
	a := s.account(p.ID)
	if s.entries == nil {
		if next < p.End {
			return fmt.Sprintf("the files end at offset %d, the state store says %d; the write-ahead log cannot be asked", next, p.End), true
		}
		return "", true
	}
	if next > p.End+a.ahead {
		return fmt.Sprintf("the files hold records up to %d, state store and write-ahead log account for those below %d", next-1, p.End+a.ahead), false
	}
	filled := next
	for _, r := range a.refills {
		if r.from <= filled {
			filled = max(filled, r.to)
		}
	}
	switch {
	case filled < p.End:
		return fmt.Sprintf("records %d to %d are missing, and the write-ahead log does not hold them", filled, p.End-1), false
	case next < p.End:
		return fmt.Sprintf("records %d to %d are not in the files; the next start takes them from the write-ahead log", next, p.End-1), true
	}
	return "", true
}
