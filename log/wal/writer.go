package wal

import (
	"fmt"
	"slices"
)

// request is a caller who waits for frames to be stored.
type request struct {
	g    *Group
	b    []byte // frames; place fills in what depends on their position
	done chan error
}

// submit queues frames, if admit (called under WAL.mu, in the order of the queue) agrees, and waits until they are stored.
// admit returns false if there is nothing to do.
func (w *WAL) submit(g *Group, b []byte, admit func() (bool, error)) error {
	r := &request{g: g, b: b, done: make(chan error, 1)}
	if ok, err := w.enqueue(r, admit); !ok || err != nil {
		return err
	}
	return <-r.done
}

func (w *WAL) enqueue(r *request, admit func() (bool, error)) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return false, w.err
	}
	if w.closing {
		return false, ErrClosed
	}
	if ok, err := admit(); !ok || err != nil {
		return false, err
	}
	w.queue = append(w.queue, r)
	w.wake.Signal()
	return true, nil
}

// writer is the goroutine that owns the newest file's end. Its fields are its own, after Open.
type writer struct {
	w        *WAL
	file     *walFile
	pos      int64 // where the next frame goes
	synced   int64 // bytes of the file that are stored; pos may be behind by a mark
	headEnd  int64 // where the head of the file ends; 0: it must be written before anything else
	marked   bool  // nothing was written since the last mark
	buf      []byte
	reclaims bool // a truncation or a new file may have made old files superfluous
}

// run takes whatever is queued, stores it with one write and one sync, and wakes all who wait; it never waits for more.
func (wr *writer) run() {
	defer close(wr.w.done)
	for {
		batch, ok := wr.next()
		if !ok {
			return
		}
		err := wr.commit(batch)
		if err != nil {
			err = wr.w.fail(err)
		}
		for _, r := range batch {
			r.done <- err
		}
		if err == nil && wr.reclaims {
			err = wr.reclaim()
		}
		if err != nil {
			wr.drain(wr.w.fail(err))
			return
		}
	}
}

// next waits for requests. Before it goes to wait it leaves a mark behind the last write. False: closed.
func (wr *writer) next() ([]*request, bool) {
	w := wr.w
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if !wr.marked {
			w.mu.Unlock()
			wr.mark()
			w.mu.Lock()
			continue
		}
		if w.closing {
			return nil, false
		}
		w.wake.Wait()
	}
	n, bytes := 0, 0
	for n < len(w.queue) && (n == 0 || bytes+len(w.queue[n].b) <= maxWriteBytes) {
		bytes += len(w.queue[n].b)
		n++
	}
	batch := slices.Clone(w.queue[:n])
	w.queue = slices.Delete(w.queue, 0, n)
	return batch, true
}

// drain fails everybody who is queued; enqueue takes nobody after WAL.err is set.
func (wr *writer) drain(err error) {
	wr.w.mu.Lock()
	defer wr.w.mu.Unlock()
	for _, r := range wr.w.queue {
		r.done <- err
	}
	wr.w.queue = nil
}

// mark appends the evidence that all before it was stored. It is not synced, and that it fails is no harm: the next
// write fails too, or overwrites it.
func (wr *writer) mark() {
	wr.marked = true
	b := appendFrame(nil, frame{kind: kindMark}, nil, nil)
	place(b, wr.file.salt, wr.pos, wr.synced)
	if _, err := wr.file.f.WriteAt(b, wr.pos); err == nil {
		wr.pos += int64(len(b))
	}
}

// commit stores the frames of a batch and publishes them.
func (wr *writer) commit(batch []*request) error {
	size := int64(0)
	for _, r := range batch {
		size += int64(len(r.b))
	}
	if wr.headEnd > 0 && wr.pos > wr.headEnd && wr.pos+size > wr.w.opt.FileBytes {
		if err := wr.roll(); err != nil {
			return fmt.Errorf("begin file %d: %w", wr.file.seq+1, err)
		}
	}
	b, start := wr.assemble(batch)
	if _, err := wr.file.f.WriteAt(b, wr.pos); err != nil {
		return fmt.Errorf("write %s: %w", wr.file.path, err)
	}
	if err := wr.file.f.Sync(); err != nil {
		return err
	}
	at := wr.pos + int64(start)
	wr.pos += int64(len(b))
	wr.synced, wr.marked = wr.pos, false
	if start > 0 {
		wr.headEnd = at
	}
	wr.grown()
	for _, r := range batch {
		wr.publish(r, at)
		at += int64(len(r.b))
	}
	return nil
}

// assemble puts the head, if the file has none, and the batch's frames together; the batch begins at start.
func (wr *writer) assemble(batch []*request) (b []byte, start int) {
	if cap(wr.buf) > maxWriteBytes {
		wr.buf = nil
	}
	b = wr.buf[:0]
	if wr.headEnd == 0 {
		b = wr.w.appendHead(b)
		start = len(b)
	}
	if start == 0 && len(batch) == 1 {
		b = batch[0].b
	} else {
		for _, r := range batch {
			b = append(b, r.b...)
		}
		wr.buf = b
	}
	place(b, wr.file.salt, wr.pos, wr.synced)
	return b, start
}

// publish applies a stored request to its group.
func (wr *writer) publish(r *request, at int64) {
	g := r.g
	g.mu.Lock()
	defer g.mu.Unlock()
	for b := r.b; len(b) > 0; {
		n := frameBytes(b)
		f := decodeHeader(b)
		payload := b[frameHeaderBytes:n:n]
		where := position{file: uint32(wr.file.seq), at: uint32(at), length: uint32(n)}
		if err := g.state.apply(f, where, payload); err != nil {
			panic(fmt.Sprintf("BUG: write-ahead log: group %d: stored %v", g.id, err))
		}
		if f.kind == kindEntry && g.state.cache.limitBytes > 0 {
			g.state.cache.add(f.entry(payload))
		}
		if f.kind == kindTruncatePrefix || f.kind == kindTruncateSuffix {
			wr.reclaims = true
		}
		b, at = b[n:], at+int64(n)
	}
}

// grown notes that the file became longer than it was allocated.
func (wr *writer) grown() {
	wr.w.filesMu.Lock()
	defer wr.w.filesMu.Unlock()
	wr.file.size = max(wr.file.size, wr.pos)
}

// roll ends the file at its stored end and begins the next one.
func (wr *writer) roll() error {
	if err := wr.file.f.Truncate(wr.synced); err != nil {
		return err
	}
	if err := wr.file.f.Sync(); err != nil {
		return err
	}
	wr.w.filesMu.Lock()
	wr.file.size = wr.synced
	wr.w.filesMu.Unlock()
	next, err := createFile(wr.w.fs, wr.w.dir, wr.file.seq+1, wr.w.opt.salt(), wr.w.opt.FileBytes)
	if err != nil {
		return err
	}
	wr.begin(next)
	wr.reclaims = true
	return nil
}

// begin makes a file that has only its header the one that is written.
func (wr *writer) begin(f *walFile) {
	wr.w.addFile(f)
	wr.file, wr.pos, wr.synced, wr.headEnd, wr.marked = f, fileHeaderBytes, fileHeaderBytes, 0, true
}

// reclaim deletes files, oldest first, that no group needs.
func (wr *writer) reclaim() error {
	wr.reclaims = false
	if wr.headEnd == 0 {
		return nil
	}
	needed := wr.file.seq
	for _, g := range wr.w.allGroups() {
		g.mu.RLock()
		if file, pinned := g.state.pin(); pinned {
			needed = min(needed, file)
		}
		g.mu.RUnlock()
	}
	wr.w.filesMu.Lock()
	oldest := wr.w.oldest
	wr.w.filesMu.Unlock()
	for seq := oldest; seq < needed; seq++ {
		wr.w.forgetFile(seq)
		if err := wr.w.fs.Remove(filePath(wr.w.dir, seq)); err != nil {
			return fmt.Errorf("delete file %d: %w", seq, err)
		}
		if err := wr.w.fs.SyncDir(wr.w.dir); err != nil {
			return err
		}
	}
	return nil
}
