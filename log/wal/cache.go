package wal

// entryCache keeps a group's newest entries in memory, up to a number of bytes. It holds a contiguous run that ends at
// the group's last entry.
type entryCache struct {
	limitBytes int
	bytes      int
	entries    deque[Entry]
}

func (e Entry) cacheBytes() int { return frameHeaderBytes + len(e.Data) + len(e.Extensions) }

// add appends the entry that follows the newest one and forgets the oldest beyond the limit.
func (c *entryCache) add(e Entry) {
	c.entries.push(e)
	c.bytes += e.cacheBytes()
	n := 0
	for c.bytes > c.limitBytes {
		c.bytes -= c.entries.at(n).cacheBytes()
		n++
	}
	if n > 0 {
		c.entries.drop(n)
	}
}

func (c *entryCache) get(index uint64) (Entry, bool) {
	if c.entries.len() == 0 {
		return Entry{}, false
	}
	oldest := c.entries.at(0).Index
	if index < oldest || index-oldest >= uint64(c.entries.len()) {
		return Entry{}, false
	}
	return c.entries.at(int(index - oldest)), true
}

func (c *entryCache) truncateSuffix(from uint64) {
	n := c.entries.len()
	for n > 0 && c.entries.at(n-1).Index >= from {
		n--
		c.bytes -= c.entries.at(n).cacheBytes()
	}
	c.entries.keep(n)
}

func (c *entryCache) truncatePrefix(upto uint64) {
	n := 0
	for n < c.entries.len() && c.entries.at(n).Index <= upto {
		c.bytes -= c.entries.at(n).cacheBytes()
		n++
	}
	if n > 0 {
		c.entries.drop(n)
	}
}

func (c *entryCache) clear() {
	c.entries, c.bytes = deque[Entry]{}, 0
}
