package wal

import (
	"fmt"
	"maps"
	"math/rand/v2"
)

// model is the slow and obvious version of a group: what was acknowledged, and the change that is under way.
type model struct {
	entries map[uint64]Entry
	meta    map[string]string
	flight  *change
}

// change is an operation on a group.
type change struct {
	kind  kind
	add   []Entry
	index uint64
	key   string
	value string
}

func newModel() *model { return &model{entries: map[uint64]Entry{}, meta: map[string]string{}} }

func (m *model) clone() *model {
	return &model{entries: maps.Clone(m.entries), meta: maps.Clone(m.meta), flight: m.flight}
}

// with returns the model after the first n steps of a change; an append of k entries has k steps, all else has one.
func (m *model) with(c *change, n int) *model {
	out := m.clone()
	switch {
	case n == 0:
	case c.kind == kindEntry:
		for _, e := range c.add[:n] {
			out.entries[e.Index] = e
		}
	case c.kind == kindTruncateSuffix:
		maps.DeleteFunc(out.entries, func(i uint64, _ Entry) bool { return i >= c.index })
	case c.kind == kindTruncatePrefix:
		maps.DeleteFunc(out.entries, func(i uint64, _ Entry) bool { return i <= c.index })
	case c.kind == kindMeta:
		out.meta[c.key] = c.value
	}
	return out
}

// possible lists the states that a crash now may leave.
func (m *model) possible() []*model {
	all := []*model{m}
	if m.flight == nil {
		return all
	}
	for n := 1; n <= max(len(m.flight.add), 1); n++ {
		all = append(all, m.with(m.flight, n))
	}
	return all
}

func (m *model) bounds() (first, last uint64) {
	for i := range m.entries {
		if first == 0 || i < first {
			first = i
		}
		last = max(last, i)
	}
	return first, last
}

// differs says how a group is not this model, or nothing.
func (m *model) differs(g *Group) string {
	first, last := m.bounds()
	if g.FirstIndex() != first || g.LastIndex() != last {
		return fmt.Sprintf("it holds %d to %d, not %d to %d", g.FirstIndex(), g.LastIndex(), first, last)
	}
	for i, want := range m.entries {
		if got, err := g.Get(i); err != nil || !equalEntry(got, want) {
			return fmt.Sprintf("entry %d is %+v (%v), not %+v", i, got, err, want)
		}
	}
	for key, want := range m.meta {
		if got, _ := g.GetMeta(key); string(got) != want {
			return fmt.Sprintf("meta %s is %q, not %q", key, got, want)
		}
	}
	return ""
}

// random makes a change that is valid now. Every entry is different, so that an old one in a new one's place is seen.
func (m *model) random(rng *rand.Rand, serial int) *change {
	first, last := m.bounds()
	switch n := rng.IntN(10); {
	case n == 0:
		return &change{kind: kindMeta, key: fmt.Sprint("key ", rng.IntN(3)), value: fmt.Sprint("value ", serial)}
	case n == 1 && last > 0:
		return &change{kind: kindTruncateSuffix, index: first + uint64(rng.IntN(int(last-first)+2))}
	case n <= 3 && last > 0:
		return &change{kind: kindTruncatePrefix, index: first + uint64(rng.IntN(int(last-first)+1))}
	}
	c := &change{kind: kindEntry}
	next := last + 1
	if last == 0 {
		next = uint64(1 + rng.IntN(50))
	}
	for i := range 1 + rng.IntN(4) {
		data := make([]byte, rng.IntN(300))
		for j := range data {
			data[j] = byte(rng.Uint32())
		}
		c.add = append(c.add, Entry{Index: next + uint64(i), Term: uint64(serial), Type: 1, Data: data, Extensions: []byte{byte(serial)}})
	}
	return c
}

func (c *change) run(g *Group) error {
	switch c.kind {
	case kindEntry:
		return g.Append(c.add)
	case kindTruncateSuffix:
		return g.TruncateSuffix(c.index)
	case kindTruncatePrefix:
		return g.TruncatePrefix(c.index)
	}
	return g.SetMeta(c.key, []byte(c.value))
}
