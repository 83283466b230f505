package log

import (
	"fmt"
	"math"
)

// MaxProducers bounds the producers whose sequences are followed in one partition. When there are more, the one whose last
// batch is the oldest is forgotten, and may go on with any sequence number: at append (cluster/shard) as in Verify.
const MaxProducers = 4096

// sequence is where a producer is.
type sequence struct {
	epoch int16
	next  int32
	last  Offset // where its last batch begins
}

// checkSequence returns why a batch cannot be the next one of its producer, "" if it can or has none. A producer's first
// batch may have any sequence number: older ones may be gone.
func (v *verifier) checkSequence(b Batch) string {
	id := b.ProducerID()
	if id < 0 || b.BaseSequence() < 0 {
		return ""
	}
	before, seen := v.producers[id]
	next := int64(b.BaseSequence()) + int64(b.LastOffset()-b.BaseOffset()) + 1
	v.producers[id] = sequence{epoch: b.ProducerEpoch(), next: int32(next & math.MaxInt32), last: b.BaseOffset()} // wraps to 0, as Kafka's
	if len(v.producers) > MaxProducers {
		v.forgetOldest()
	}
	switch {
	case !seen || b.ProducerEpoch() > before.epoch:
		return ""
	case b.ProducerEpoch() < before.epoch:
		return fmt.Sprintf("producer %d has epoch %d behind epoch %d", id, b.ProducerEpoch(), before.epoch)
	case b.BaseSequence() != before.next:
		return fmt.Sprintf("producer %d has sequence %d where %d is next", id, b.BaseSequence(), before.next)
	}
	return ""
}

func (v *verifier) forgetOldest() {
	oldest, lowest := int64(-1), Offset(math.MaxInt64)
	for id, s := range v.producers {
		if s.last < lowest {
			oldest, lowest = id, s.last
		}
	}
	delete(v.producers, oldest)
}
