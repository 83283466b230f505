package expr

import (
	"bytes"
	"maps"
	"slices"

	"github.com/millracedb/millrace/sql/types"
)

// valueCounts is a multiset of values of one type, NULL included. Counts may be negative in between.
type valueCounts struct {
	typ    types.Type
	counts map[string]int64 // by the value as a row of one column; no zero counts
}

func newValueCounts(t types.Type) valueCounts { return valueCounts{typ: t, counts: map[string]int64{}} }

// Add implements Aggregate.
func (c *valueCounts) Add(arg *types.Vector, row int, diff int64) error {
	one := &types.Batch{Cols: []*types.Vector{arg}, Len: arg.Len()}
	key := string(types.EncodeRow(nil, one, row))
	if n := c.counts[key] + diff; n != 0 {
		c.counts[key] = n
	} else {
		delete(c.counts, key)
	}
	return nil
}

// sorted returns the values in their order, NULLs last, and their counts.
func (c *valueCounts) sorted() (values *types.Vector, counts []int64, err error) {
	b := types.NewBatch([]types.Type{c.typ}, len(c.counts))
	var sortKeys [][]byte
	for _, key := range slices.Sorted(maps.Keys(c.counts)) {
		if c.counts[key] <= 0 {
			continue
		}
		if err := types.DecodeRow([]byte(key), b); err != nil {
			return nil, nil, err
		}
		sortKeys = append(sortKeys, types.EncodeKeyValue(nil, b.Cols[0], b.Len-1))
		counts = append(counts, c.counts[key])
	}
	order := allRows(len(counts))
	slices.SortStableFunc(order, func(i, j int) int { return bytes.Compare(sortKeys[i], sortKeys[j]) })
	sorted := make([]int64, len(counts))
	for i, r := range order {
		sorted[i] = counts[r]
	}
	return b.Cols[0].Gather(order), sorted, nil
}

// Append writes the number of values, then for each, in the order of their bytes, its count, length and bytes.
func (c *valueCounts) Append(dst []byte) []byte {
	return (&textAggregate{counts: c.counts}).Append(dst)
}

// Decode implements Aggregate.
func (c *valueCounts) Decode(b []byte) (rest []byte, err error) {
	return (&textAggregate{counts: c.counts}).Decode(b)
}
