package wal

import "fmt"

// position is where an entry's frame is.
type position struct {
	file   uint32 // sequence number
	at     uint32
	length uint32 // of header and payload
}

// state is what a group's frames, applied in order, amount to. The writer applies frames when they are stored, and
// recovery applies the same frames when it reads them: there is one place that says what a frame means.
type state struct {
	first, last uint64 // 0, 0: empty

	// base is the index of the first position. It is above first only during recovery, while entries are named by a
	// head whose files are gone already.
	base      uint64
	positions deque[position]

	cache entryCache
	meta  map[string][]byte
}

func (s *state) empty() bool { return s.last == 0 }

// apply takes in one stored frame. An error means that a log cannot contain that frame here.
func (s *state) apply(f frame, at position, payload []byte) error {
	switch f.kind {
	case kindEntry:
		return s.applyEntry(f.index, at)
	case kindTruncateSuffix:
		s.truncateSuffix(f.index)
	case kindTruncatePrefix:
		s.truncatePrefix(f.index)
	case kindMeta:
		s.applyMeta(f, payload)
	default:
		return fmt.Errorf("a frame of kind %s", f.kind)
	}
	return nil
}

func (s *state) applyEntry(index uint64, at position) error {
	if index == 0 || !s.empty() && index != s.last+1 {
		return fmt.Errorf("entry %d follows entry %d", index, s.last)
	}
	if s.empty() {
		s.first, s.base = index, index
	}
	s.last = index
	s.positions.push(at)
	return nil
}

func (s *state) truncateSuffix(from uint64) {
	switch {
	case s.empty() || from > s.last:
		return
	case from <= s.first:
		s.clear()
		return
	}
	s.last = from - 1
	s.base = min(s.base, from)
	s.positions.keep(int(from - s.base))
	s.cache.truncateSuffix(from)
}

func (s *state) truncatePrefix(upto uint64) {
	switch {
	case s.empty() || upto < s.first:
		return
	case upto >= s.last:
		s.clear()
		return
	}
	s.first = upto + 1
	if s.base < s.first {
		s.positions.drop(int(s.first - s.base))
		s.base = s.first
	}
	s.cache.truncatePrefix(upto)
}

func (s *state) clear() {
	s.first, s.last, s.base = 0, 0, 0
	s.positions = deque[position]{}
	s.cache.clear()
}

func (s *state) applyMeta(f frame, payload []byte) {
	key := string(payload[:f.split])
	if f.typ == metaDelete {
		delete(s.meta, key)
		return
	}
	if s.meta == nil {
		s.meta = map[string][]byte{}
	}
	s.meta[key] = append([]byte{}, payload[f.split:]...)
}

// find returns where an entry is.
func (s *state) find(index uint64) (position, bool) {
	if s.empty() || index < s.base || index > s.last {
		return position{}, false
	}
	return s.positions.at(int(index - s.base)), true
}

// pin returns the oldest file that the group needs.
func (s *state) pin() (file uint64, pinned bool) {
	if s.positions.len() == 0 {
		return 0, false
	}
	return uint64(s.positions.at(0).file), true
}
