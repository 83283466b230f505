package log

import "hash/maphash"

// keyHash stands for a key.
type keyHash [2]uint64

var keySeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func hashKey(key []byte) keyHash {
	return keyHash{maphash.Bytes(keySeeds[0], key), maphash.Bytes(keySeeds[1], key)}
}

// keyClass is the keys whose hash ends in certain bits.
type keyClass struct {
	bits, tail uint64
}

func (k keyClass) has(h keyHash) bool { return h[0]&(1<<k.bits-1) == k.tail }

// split returns the two halves of a class.
func (k keyClass) split() (a, b keyClass) {
	return keyClass{k.bits + 1, k.tail}, keyClass{k.bits + 1, k.tail | 1<<k.bits}
}

// lastSeen is the newest record of a key, so far.
type lastSeen struct {
	off     Offset
	expired bool // a tombstone that goes if nothing follows
}

// mark puts the offsets of all records that go into dead. A pass reads the whole log for one class of keys; when there are
// too many in it, it goes on with half of them, and the other half is for a later pass.
func (c *compaction) mark() error {
	for todo := []keyClass{{}}; len(todo) > 0; c.stats.Passes++ {
		class := todo[len(todo)-1]
		left, err := c.pass(class)
		if err != nil {
			return err
		}
		todo = append(todo[:len(todo)-1], left...)
	}
	return nil
}

// pass marks for the keys of a class, and returns the classes that it had to leave.
func (c *compaction) pass(class keyClass) (left []keyClass, err error) {
	seen := map[keyHash]lastSeen{}
	err = c.batches(c.segs[0].seg.base, c.end, func(b Batch) error {
		return c.records(b, func(r Record) {
			h := hashKey(r.Key)
			if !class.has(h) {
				return
			}
			before, ok := seen[h]
			if ok {
				c.kill(before.off)
			}
			seen[h] = lastSeen{off: r.Offset, expired: r.Value == nil && r.TimestampMillis < c.opt.TombstonesBefore}
			for len(seen) > c.opt.MaxKeys {
				var other keyClass
				class, other = class.split()
				left = append(left, other)
				for h := range seen {
					if other.has(h) {
						delete(seen, h)
					}
				}
			}
		})
	})
	for _, last := range seen {
		if last.expired && err == nil {
			c.kill(last.off) // all that it was there to hide goes too, and goes first
		}
	}
	return left, err
}

// records calls visit for the records with a key, and counts all records in the first pass.
func (c *compaction) records(b Batch, visit func(Record)) error {
	if s := c.segmentOf(b.BaseOffset()); s != nil && c.stats.Passes == 0 {
		s.records += int64(b.Count())
	}
	if b.isControl() {
		return nil
	}
	it := b.Records()
	for it.Next() {
		if r := it.Record(); r.Key != nil {
			visit(r)
		}
	}
	return it.Err()
}

func (c *compaction) kill(off Offset) {
	if s := c.segmentOf(off); s != nil && c.dead.add(off) {
		s.dead++
	}
}

// offsetSet is a set of offsets, 4,096 in 512 bytes.
type offsetSet map[Offset]*[64]uint64

const offsetSetSpan = 4096

// add reports whether off is new.
func (s offsetSet) add(off Offset) bool {
	span := s[off/offsetSetSpan]
	if span == nil {
		span = new([64]uint64)
		s[off/offsetSetSpan] = span
	}
	word, bit := &span[off%offsetSetSpan/64], uint64(1)<<(off%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

func (s offsetSet) has(off Offset) bool {
	span := s[off/offsetSetSpan]
	return span != nil && span[off%offsetSetSpan/64]&(1<<(off%64)) != 0
}
