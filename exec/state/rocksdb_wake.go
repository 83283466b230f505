package state

import "time"

// wakeAfter is for how long a checkpoint may take before RocksDB is woken, again and again.
const wakeAfter = 2 * time.Second

// keepAwake wakes whoever waits in RocksDB for files to be deleted, until the result is called. RocksDB 7 forgets to do so when it has looked for
// such files and found none (facebook/rocksdb#14069), and a checkpoint that waits for that looker would wait for ever: what happens else in
// the store does not come, as nobody writes to it meanwhile. Pausing manual compactions, of which there are none, wakes all.
func (r *RocksDB) keepAwake() (done func()) {
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(wakeAfter)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.db.DisableManualCompaction()
				r.db.EnableManualCompaction()
			case <-stop:
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-ended
	}
}
