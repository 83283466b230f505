package exec

import "testing"

// A cache gives what was put last for a key, or nothing; also with more keys than places, and for the key that empty places hold.
func TestIntCache(t *testing.T) {
	var c intCache
	if _, ok := c.get(0); ok {
		t.Error("an empty cache has 0")
	}
	kept := 0
	for pass := range int64(3) {
		for key := int64(-3000); key < 3000; key++ {
			value, ok := c.get(key)
			if ok && value != int32(key+pass-1) {
				t.Fatalf("pass %d, key %d: %d", pass, key, value)
			}
			if ok {
				kept++
			}
			c.put(key, int32(key+pass))
			if value, ok := c.get(key); !ok || value != int32(key+pass) {
				t.Fatalf("pass %d, key %d, just put: %d, %v", pass, key, value, ok)
			}
		}
	}
	if c.clear(); kept > 0 {
		t.Log(kept, "were kept from one pass to the next")
	}
	if _, ok := c.get(2999); ok {
		t.Error("a cleared cache has a key")
	}
}
