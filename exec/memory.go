package exec

import (
	"sync/atomic"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// DefaultMemoryBytes is what a statement may hold unless its Env says otherwise.
const DefaultMemoryBytes = 256 << 20

// Estimates of what Go's structures take beside the values in them.
const (
	hashEntryBytes = 64 // an entry of a map with a string key, or a key's place in a hash table
	aggStateBytes  = 96 // an aggregate's state
)

// memory counts, by estimate, what the operators of a statement hold. Several goroutines may use it.
type memory struct {
	limit int64
	soft  int64 // from here on operators use the disk if they can
	used  atomic.Int64
}

// account is one operator's part of the statement's memory.
type account struct {
	memory   *memory
	operator string // as the error names it
	used     int64
}

func (e *Env) account(operator string) account {
	return account{memory: e.run.memory, operator: operator}
}

// full reports whether n bytes more are to be had from the disk: whoever can writes what it has there.
func (a *account) full(n int64) bool { return a.memory.used.Load()+n > a.memory.soft }

// grow takes n bytes more. Errors: 53200.
func (a *account) grow(n int64) error {
	if a.memory.used.Add(n) > a.memory.limit {
		a.memory.used.Add(-n)
		return pgerr.New(pgerr.OutOfMemory, "out of memory").
			WithDetail("The %s needs more than the %d bytes that a statement may use.", a.operator, a.memory.limit)
	}
	a.used += n
	return nil
}

// shrink gives back n bytes.
func (a *account) shrink(n int64) {
	a.memory.used.Add(-n)
	a.used -= n
}

// release gives back all.
func (a *account) release() {
	if a.memory == nil {
		return
	}
	a.memory.used.Add(-a.used)
	a.used = 0
}

// batchBytes estimates the memory of rows [from, to) of b.
func batchBytes(b *types.Batch, from, to int) int64 {
	n := int64(0)
	for _, v := range b.Cols {
		n += vectorBytes(v, from, to)
	}
	return n
}

func vectorBytes(v *types.Vector, from, to int) int64 {
	rows := int64(to - from)
	n := int64(0)
	if v.Nulls != nil {
		n = rows
	}
	switch v.Type.Class() {
	case types.ClassString:
		for _, s := range v.Str[from:to] {
			n += 16 + int64(len(s))
		}
		return n
	case types.ClassDecimal:
		return n + 48*rows
	}
	return n + 8*rows
}
