package cluster

import "sync"

// gate lets transactions over several shards through between their decision and its completion, and can be held closed by
// one who must see them whole. The zero value is open.
type gate struct{ mu sync.RWMutex }

func (g *gate) enter() { g.mu.RLock() }
func (g *gate) leave() { g.mu.RUnlock() }

// hold returns when nobody is inside; nobody enters until release.
func (g *gate) hold()    { g.mu.Lock() }
func (g *gate) release() { g.mu.Unlock() }
