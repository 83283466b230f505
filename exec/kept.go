package exec

import "github.com/millracedb/millrace/sql/types"

// Keeper bounds what all rows that a session keeps beyond its statements take together.
type Keeper struct{ memory memory }

// NewKeeper returns a keeper of at most limit bytes, by estimate; 0 is DefaultMemoryBytes.
func NewKeeper(limit int64) *Keeper {
	if limit == 0 {
		limit = DefaultMemoryBytes
	}
	return &Keeper{memory{limit: limit}}
}

// KeptRows are rows that outlive the operator which gave them, in its order: what a cursor goes back to.
type KeptRows struct {
	mem  account
	rows *types.Batch
}

// Keep returns no rows yet, of columns of the types. They must be released.
func (k *Keeper) Keep(columns []types.Type) *KeptRows {
	return &KeptRows{mem: account{memory: &k.memory, operator: "cursor"}, rows: types.NewBatch(columns, 0)}
}

// Add copies the rows of b behind those that are there. Errors: 53200.
func (k *KeptRows) Add(b *types.Batch) error {
	if err := k.mem.grow(batchBytes(b, 0, b.Len)); err != nil {
		return err
	}
	addRows(k.rows, b)
	return nil
}

// Len is the number of rows.
func (k *KeptRows) Len() int { return k.rows.Len }

// Slice returns rows [from, to), which stay valid.
func (k *KeptRows) Slice(from, to int) *types.Batch { return k.rows.Slice(from, to) }

// Reverse returns rows [from, to), the last one first.
func (k *KeptRows) Reverse(from, to int) *types.Batch {
	order := make([]int, 0, to-from)
	for i := to - 1; i >= from; i-- {
		order = append(order, i)
	}
	return k.rows.Gather(order)
}

// Release gives back the memory.
func (k *KeptRows) Release() {
	k.mem.release()
	k.rows = types.NewBatch(nil, 0)
}
