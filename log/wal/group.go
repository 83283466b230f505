package wal

import (
	"fmt"
	"io"
	"sync"
)

// Entry is one entry of a group. AppendedAtMicros (since 1970) is the caller's and only kept.
type Entry struct {
	Index, Term      uint64
	Type             uint8
	Data, Extensions []byte
	AppendedAtMicros int64
}

// Group is one group's log in the shared files. All methods may be called by many goroutines at once. Changes return
// when they are durable; what readers see is durable.
type Group struct {
	w  *WAL
	id uint32

	// What the queued frames amount to; guarded by WAL.mu.
	queuedFirst, queuedLast uint64
	queuedKeys              map[string]struct{}

	mu    sync.RWMutex
	state state // published: only what is stored
}

// ID is the group's number.
func (g *Group) ID() uint32 { return g.id }

// FirstIndex is the index of the first entry, 0 if there is none.
func (g *Group) FirstIndex() uint64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.state.first
}

// LastIndex is the index of the last entry, 0 if there is none.
func (g *Group) LastIndex() uint64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.state.last
}

// Append stores entries with contiguous indexes behind the last entry; in an empty group they may begin anywhere from
// 1. It returns when they are fsynced. The bytes are copied.
// Errors: ErrNotNext; ErrTooLarge; ErrFailed or ErrClosed, after which it is not known whether they are stored.
func (g *Group) Append(entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	total := 0
	for i, e := range entries {
		if size := len(e.Data) + len(e.Extensions); size > g.w.opt.MaxFrameBytes {
			return fmt.Errorf("append entry %d: %w: %d bytes", e.Index, ErrTooLarge, size)
		} else if total += frameHeaderBytes + size; total > maxAppendBytes {
			return fmt.Errorf("append %d entries: %w", len(entries), ErrTooLarge)
		}
		if e.Index == 0 || e.Index != entries[0].Index+uint64(i) {
			return fmt.Errorf("append: %w: entry %d after %d", ErrNotNext, e.Index, entries[max(i-1, 0)].Index)
		}
	}
	b := make([]byte, 0, total)
	for _, e := range entries {
		f := frame{group: g.id, kind: kindEntry, typ: e.Type, split: uint32(len(e.Extensions)), index: e.Index, term: e.Term, micros: e.AppendedAtMicros}
		b = appendFrame(b, f, e.Data, e.Extensions)
	}
	first, last := entries[0].Index, entries[len(entries)-1].Index
	return g.w.submit(g, b, func() (bool, error) {
		if g.queuedLast != 0 && first != g.queuedLast+1 {
			return false, fmt.Errorf("append: %w: entry %d, the last is %d", ErrNotNext, first, g.queuedLast)
		}
		if g.queuedLast == 0 {
			g.queuedFirst = first
		}
		g.queuedLast = last
		return true, nil
	})
}

// TruncateSuffix removes the entries from index from on, durably. If none is that high it does nothing.
func (g *Group) TruncateSuffix(from uint64) error {
	b := appendFrame(nil, frame{group: g.id, kind: kindTruncateSuffix, index: from}, nil, nil)
	return g.w.submit(g, b, func() (bool, error) {
		switch {
		case g.queuedLast == 0 || from > g.queuedLast:
			return false, nil
		case from <= g.queuedFirst:
			g.queuedFirst, g.queuedLast = 0, 0
		default:
			g.queuedLast = from - 1
		}
		return true, nil
	})
}

// TruncatePrefix removes the entries up to and including index upto, durably, and lets go of files that no group needs
// any more. If none is that low it does nothing; if all are, the group is empty and may begin anywhere again.
func (g *Group) TruncatePrefix(upto uint64) error {
	b := appendFrame(nil, frame{group: g.id, kind: kindTruncatePrefix, index: upto}, nil, nil)
	return g.w.submit(g, b, func() (bool, error) {
		switch {
		case g.queuedLast == 0 || upto < g.queuedFirst:
			return false, nil
		case upto >= g.queuedLast:
			g.queuedFirst, g.queuedLast = 0, 0
		default:
			g.queuedFirst = upto + 1
		}
		return true, nil
	})
}

// SetMeta stores a small value under a key, durably; a nil value removes the key. ErrTooLarge beyond the limits of
// FORMAT.md.
func (g *Group) SetMeta(key string, value []byte) error {
	if len(key) == 0 || len(key) > maxMetaKeyBytes || len(value) > maxMetaValueBytes {
		return fmt.Errorf("set meta %q: %w: %d bytes", key, ErrTooLarge, len(value))
	}
	f := frame{group: g.id, kind: kindMeta, typ: metaSet, split: uint32(len(key))}
	if value == nil {
		f.typ = metaDelete
	}
	b := appendFrame(nil, f, []byte(key), value)
	return g.w.submit(g, b, func() (bool, error) {
		if value == nil {
			delete(g.queuedKeys, key)
			return true, nil
		}
		if _, ok := g.queuedKeys[key]; !ok && len(g.queuedKeys) >= maxMetaKeys {
			return false, fmt.Errorf("set meta %q: %w: %d keys", key, ErrTooLarge, len(g.queuedKeys))
		}
		g.queuedKeys[key] = struct{}{}
		return true, nil
	})
}

// GetMeta returns the value that is stored under a key. The caller must not change it.
func (g *Group) GetMeta(key string) ([]byte, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	v, ok := g.state.meta[key]
	return v, ok
}

// Get returns an entry: a recent one from memory, else from its file with the CRC verified now. Its bytes may be shared:
// the caller must not change them; they stay valid. Errors: ErrNotFound; ErrCorrupt (a *CorruptError).
func (g *Group) Get(index uint64) (Entry, error) {
	for {
		e, at, err := g.lookup(index)
		if err != nil || e.Index != 0 {
			return e, err
		}
		file, err := g.w.acquire(uint64(at.file))
		if err != nil {
			return Entry{}, err
		}
		if file == nil {
			continue // truncated and let go between the two steps; the lookup says so now
		}
		e, err = g.read(file, at, index)
		g.w.release(file)
		return e, err
	}
}

// lookup returns the entry itself, if it is in memory, or its place.
func (g *Group) lookup(index uint64) (Entry, position, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if e, ok := g.state.cache.get(index); ok {
		return e, position{}, nil
	}
	at, ok := g.state.find(index)
	if !ok {
		return Entry{}, position{}, fmt.Errorf("group %d: %w: index %d", g.id, ErrNotFound, index)
	}
	return Entry{}, at, nil
}

func (g *Group) read(file *walFile, at position, index uint64) (Entry, error) {
	b := make([]byte, at.length)
	if n, err := file.f.ReadAt(b, int64(at.at)); err != nil && (err != io.EOF || n < len(b)) {
		if err == io.EOF {
			return Entry{}, &CorruptError{File: file.path, Position: int64(at.at), Reason: "the file ends within a frame"}
		}
		return Entry{}, fmt.Errorf("read entry %d of group %d: %w", index, g.id, err)
	}
	f, ok := parseHeader(b, file.salt, int64(at.at))
	if !ok || f.kind != kindEntry || f.group != g.id || f.index != index || f.length != at.length-frameHeaderBytes {
		return Entry{}, &CorruptError{File: file.path, Position: int64(at.at), Reason: fmt.Sprintf("no header of entry %d of group %d", index, g.id)}
	}
	if !f.payloadOK(b[frameHeaderBytes:]) {
		return Entry{}, &CorruptError{File: file.path, Position: int64(at.at), Reason: fmt.Sprintf("payload of entry %d of group %d", index, g.id)}
	}
	return f.entry(b[frameHeaderBytes:]), nil
}
