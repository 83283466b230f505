package state

import "sync/atomic"

// Budget bounds what the memory stores of a node hold together. Who wants to write asks first (Reserve); what is written is
// counted whether it was asked for or not, as what is durable must be taken in. Safe for concurrent use.
type Budget struct {
	limit    int64
	used     atomic.Int64 // by stores
	reserved atomic.Int64 // for writes that are under way
}

// NewBudget returns a budget of limit bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Limit is the budget in bytes.
func (b *Budget) Limit() int64 { return b.limit }

// Used is what stores hold of it, in bytes.
func (b *Budget) Used() int64 { return b.used.Load() }

// Reserve sets n bytes aside, if so much is left. Give them back with Release when the write is counted, or will not be done.
func (b *Budget) Reserve(n int64) bool {
	if b.used.Load()+b.reserved.Add(n) <= b.limit {
		return true
	}
	b.reserved.Add(-n)
	return false
}

// Promise is Reserve of what is decided already, and so cannot be refused.
func (b *Budget) Promise(n int64) { b.reserved.Add(n) }

// Release gives back what was reserved or promised.
func (b *Budget) Release(n int64) { b.reserved.Add(-n) }
