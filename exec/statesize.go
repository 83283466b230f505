package exec

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/exec/state"
)

// maxMeasuredKeys bounds how many keys a StateSize reads: some seconds of work.
const maxMeasuredKeys = 5_000_000

// StateSize is how much there is in stores: keys, and the bytes of these and their values. More says that there is more, as the bound
// of what may be read was reached.
type StateSize struct {
	Keys, Bytes int64
	More        bool
}

// Add reads the keys in [from, to) of r, and adds them.
func (s *StateSize) Add(ctx context.Context, r state.Reader, from, to []byte) error {
	it := r.Scan(from, to)
	for it.Next() {
		if s.Keys == maxMeasuredKeys {
			s.More = true
			break
		}
		s.Keys++
		s.Bytes += int64(len(it.Key()) + len(it.Value()))
		if s.Keys%interruptKeys == 0 && ctx.Err() != nil {
			return errors.Join(ctx.Err(), it.Close())
		}
	}
	return it.Close()
}
