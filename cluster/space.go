package cluster

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millracedb/millrace/sql/pgerr"
)

// Room on the disk of the data directory.
const (
	// diskReserveBytes is what is left free: below it nothing is written but what frees space. What is on its way then, and what
	// is written until the next look, fits into it.
	diskReserveBytes = 256 << 20
	// spaceInterval is how often the node looks.
	spaceInterval = 200 * time.Millisecond
)

// diskSpace says whether there is room to write.
type diskSpace struct {
	full atomic.Bool
	free atomic.Int64 // bytes, at the last look
}

// refusal returns why nothing can be written now, nil if it can.
func (d *diskSpace) refusal() error {
	if !d.full.Load() {
		return nil
	}
	return pgerr.New(pgerr.DiskFull, "the disk is full: less than %d MiB are free", diskReserveBytes>>20).
		WithHint("Free space on the disk of the data directory, or drop relations. Reads go on.")
}

// checkSpace looks how much is free. When that cannot be told it stays with what was known.
func (n *Node) checkSpace() {
	free, err := n.cfg.FreeSpace(n.dir.path)
	if err != nil {
		n.logger.Warn("the free space of the disk is not known", "error", err)
		return
	}
	n.space.free.Store(free)
	full := free < diskReserveBytes
	if n.space.full.Swap(full) == full {
		return
	}
	if full {
		n.logger.Error("the disk is full: writes are refused", "free_bytes", free, "reserve_bytes", diskReserveBytes)
		n.retention.rouse()
	} else {
		n.logger.Info("there is room on the disk again", "free_bytes", free)
	}
}

func (n *Node) watchSpace() {
	ticks := time.NewTicker(spaceInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			n.checkSpace()
		case <-n.ctx.Done():
			return
		}
	}
}

// freeSpace is what an unprivileged process may still write in dir, in bytes.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
