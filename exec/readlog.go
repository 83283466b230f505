package exec

import (
	"cmp"
	"fmt"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// readLogBytes is how much of a log is read at a time, unless one batch is larger.
const readLogBytes = 1 << 20

type record = log.Record

// logReader walks the records of one partition in [from, end) of a snapshot. A record is valid until the next call of next.
type logReader struct {
	reader    Reader
	partition catalog.PartitionID
	from, end log.Offset // what is still to be given
	maxBytes  int        // how much is read at a time; 0: readLogBytes

	buf, rest []byte
	records   log.RecordIter
	within    bool // records is a batch that is not at its end
	batchEnd  log.Offset
	gap       bool // records are missing between those given, or before: compaction took them
}

// next returns the next record, or nil at the end; from is then end.
func (l *logReader) next() (*record, error) {
	for {
		if !l.within {
			if ok, err := l.nextBatch(); !ok || err != nil {
				return nil, err
			}
		}
		for l.records.Next() {
			r := l.records.Present()
			if r.Offset < l.from {
				continue
			}
			if r.Offset >= l.end {
				break
			}
			l.gap = l.gap || r.Offset > l.from
			l.from = r.Offset + 1
			return r, nil
		}
		if err := l.records.Err(); err != nil {
			return nil, fmt.Errorf("read %v at %d: %w", l.partition, l.from, err)
		}
		l.within = false
		if to := min(l.batchEnd, l.end); to > l.from {
			l.from, l.gap = to, true
		}
	}
}

// nextBatch opens the next batch; false at the end.
func (l *logReader) nextBatch() (bool, error) {
	if l.from >= l.end {
		return false, nil
	}
	if len(l.rest) == 0 {
		data, err := l.reader.ReadLog(l.partition, l.from, cmp.Or(l.maxBytes, readLogBytes), l.buf[:0])
		if err != nil {
			return false, fmt.Errorf("read %v at %d: %w", l.partition, l.from, err)
		}
		if len(data) == 0 {
			return false, fmt.Errorf("read %v at %d: nothing there before offset %d", l.partition, l.from, l.end)
		}
		l.buf, l.rest = data, data
	}
	batch, rest, err := log.ParseBatch(l.rest)
	if err != nil {
		return false, fmt.Errorf("read %v at %d: %w", l.partition, l.from, err)
	}
	l.rest, l.records, l.within, l.batchEnd = rest, batch.Records(), true, batch.LastOffset()+1
	return true, nil
}
