package shard

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// Verdict says what became of an op. The numbers stand in stored outcomes: never renumber.
type Verdict byte

// The verdicts. All but Applied mean that the op changed nothing.
const (
	Applied  Verdict = 1
	Conflict Verdict = 2 // a guard did not hold: Result.Conflict
	Locked   Verdict = 3 // a row is locked by a transaction: Result.Txn, Result.Conflict
	Behind   Verdict = 4 // a commit's frontiers are not the stored ones: Result.Frontiers
	Fenced   Verdict = 5 // the entry's term is not the commit's
	Dropped  Verdict = 6 // a relation is no more
	Aborted  Verdict = 7 // the transaction cannot commit: it was aborted, or is not prepared here
	Decided  Verdict = 8 // the transaction cannot be aborted: it has committed
	Invalid  Verdict = 9 // the op does not make sense: a bug of its maker

	OutOfOrder Verdict = 10 // a batch's sequence number is not its producer's next one
	StaleEpoch Verdict = 11 // a newer incarnation of the batch's producer has appended

	Stale Verdict = 12 // the writer does not know what the table's writers have to keep, see RaiseEpoch
)

// String returns the verdict's name.
func (v Verdict) String() string {
	names := [...]string{"none", "applied", "conflict", "locked", "behind", "fenced", "dropped", "aborted", "decided", "invalid",
		"out of order", "stale epoch", "stale"}
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("verdict %d", byte(v))
}

// Result is what the state machine answers to an op.
type Result struct {
	Verdict Verdict
	// Bases are the offsets of the first records of the op's batches, in order; skippedBase for one whose topic was dropped
	// after it was staged, and for a check. A batch that its producer repeats has the offset that it got at first.
	Bases     []log.Offset
	Conflict  *exec.ConflictError
	Txn       TxnID
	Frontiers []exec.Frontier
	Reason    string            // of Invalid
	Others    []catalog.ShardID // of an applied or already taken decision to commit: all participants
}

// skippedBase stands for a batch that was not appended.
const skippedBase log.Offset = -1

// appendOutcome appends what replay needs to know of an entry's results: verdicts and base offsets.
//
//	count (uvarint), per op: verdict (1 byte), number of bases (uvarint), base + 1 (uvarint each)
func appendOutcome(dst []byte, results []Result) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(results)))
	for i := range results {
		r := &results[i]
		dst = binary.AppendUvarint(append(dst, byte(r.Verdict)), uint64(len(r.Bases)))
		for _, b := range r.Bases {
			dst = binary.AppendUvarint(dst, uint64(b+1))
		}
	}
	return dst
}

func decodeOutcome(b []byte) ([]Result, error) {
	d := decoder{b: b}
	results := make([]Result, d.count())
	for i := range results {
		results[i].Verdict = Verdict(d.byte())
		for range d.count() {
			results[i].Bases = append(results[i].Bases, log.Offset(d.bounded(1<<63-1))-1)
		}
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return results, nil
}
