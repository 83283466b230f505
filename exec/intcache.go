package exec

// intCache remembers what was found lately for the integers of a key of one column, in front of a map by encoded keys: a look
// into it costs a tenth of encoding the key and looking into the map. It is for one goroutine; the zero value is empty.
type intCache struct{ slots []intSlot }

type intSlot struct {
	key   int64
	value int32
	used  bool
}

// intCacheBits: so many groups or keys are met without the map, if there are no more of them.
const intCacheBits = 10

// slot returns the one place of a key.
func (c *intCache) slot(key int64) *intSlot {
	if c.slots == nil {
		c.slots = make([]intSlot, 1<<intCacheBits)
	}
	return &c.slots[uint64(key)*0x9E3779B97F4A7C15>>(64-intCacheBits)] // Fibonacci hashing
}

// get returns what was put for a key, if it is still there.
func (c *intCache) get(key int64) (value int32, ok bool) {
	s := c.slot(key)
	return s.value, s.used && s.key == key
}

func (c *intCache) put(key int64, value int32) { *c.slot(key) = intSlot{key, value, true} }

func (c *intCache) clear() { c.slots = nil }
