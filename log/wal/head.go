package wal

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// appendHead appends the state of all groups as it is published now.
func (w *WAL) appendHead(dst []byte) []byte {
	for _, g := range w.allGroups() {
		g.mu.RLock()
		dst = g.state.appendHead(dst, g.id)
		g.mu.RUnlock()
	}
	return appendFrame(dst, frame{kind: kindHeadEnd}, nil, nil)
}

func (s *state) appendHead(dst []byte, group uint32) []byte {
	if s.empty() && len(s.meta) == 0 {
		return dst
	}
	dst = appendFrame(dst, frame{group: group, kind: kindState, index: s.first, term: s.last}, nil, nil)
	for _, key := range slices.Sorted(maps.Keys(s.meta)) {
		f := frame{group: group, kind: kindMeta, typ: metaSet, split: uint32(len(key))}
		dst = appendFrame(dst, f, []byte(key), s.meta[key])
	}
	return dst
}

// head is the state in a file's head while it is read.
type head map[uint32]*state

// add takes in a frame of a head.
func (h head) add(f frame, payload []byte) error {
	switch f.kind {
	case kindState:
		if h[f.group] != nil || f.index > f.term || (f.index == 0) != (f.term == 0) || len(h) >= maxGroups {
			return fmt.Errorf("state %d to %d of group %d in a head", f.index, f.term, f.group)
		}
		h[f.group] = &state{first: f.index, last: f.term}
		if f.term > 0 {
			h[f.group].base = f.term + 1 // no entry of it was seen yet
		}
	case kindMeta:
		if h[f.group] == nil {
			return fmt.Errorf("meta of group %d before its state in a head", f.group)
		}
		h[f.group].applyMeta(f, payload)
	default:
		return fmt.Errorf("a frame of kind %s in a head", f.kind)
	}
	return nil
}

// agrees compares a head with the state that the files before it lead to.
func (h head) agrees(groups map[uint32]*Group) error {
	seen := 0
	for id, g := range groups {
		s := h[id]
		if s == nil {
			s = &state{}
		} else {
			seen++
		}
		if s.first != g.state.first || s.last != g.state.last {
			return fmt.Errorf("group %d has entries %d to %d, the head says %d to %d", id, g.state.first, g.state.last, s.first, s.last)
		}
		if !maps.EqualFunc(s.meta, g.state.meta, bytes.Equal) {
			return fmt.Errorf("metadata of group %d differs from the head", id)
		}
	}
	if seen != len(h) {
		return fmt.Errorf("the head names groups that are unknown")
	}
	return nil
}
