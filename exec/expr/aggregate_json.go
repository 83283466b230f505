package expr

import (
	"bytes"
	"maps"
	"slices"

	"github.com/millracedb/millrace/sql/types"
)

// jsonAggregate is json_agg and jsonb_agg. The values stand in their order, NULLs last, whatever order they came in, so
// the result is a function of the multiset of rows. Counts may be negative in between.
type jsonAggregate struct {
	result, arg types.Type
	counts      map[string]int64 // by the value as a row of one column; no zero counts
}

func (a *jsonAggregate) Add(arg *types.Vector, row int, diff int64) error {
	one := &types.Batch{Cols: []*types.Vector{arg}, Len: arg.Len()}
	key := string(types.EncodeRow(nil, one, row))
	if n := a.counts[key] + diff; n != 0 {
		a.counts[key] = n
	} else {
		delete(a.counts, key)
	}
	return nil
}

// sorted returns the values and their counts.
func (a *jsonAggregate) sorted() (values *types.Vector, counts []int64, err error) {
	b := types.NewBatch([]types.Type{a.arg}, len(a.counts))
	var sortKeys [][]byte
	for _, key := range slices.Sorted(maps.Keys(a.counts)) {
		if a.counts[key] <= 0 {
			continue
		}
		if err := types.DecodeRow([]byte(key), b); err != nil {
			return nil, nil, err
		}
		sortKeys = append(sortKeys, types.EncodeKeyValue(nil, b.Cols[0], b.Len-1))
		counts = append(counts, a.counts[key])
	}
	order := allRows(len(counts))
	slices.SortStableFunc(order, func(i, j int) int { return bytes.Compare(sortKeys[i], sortKeys[j]) })
	sorted := make([]int64, len(counts))
	for i, r := range order {
		sorted[i] = counts[r]
	}
	return b.Cols[0].Gather(order), sorted, nil
}

func (a *jsonAggregate) Result() (types.Datum, error) {
	values, counts, err := a.sorted()
	if err != nil || len(counts) == 0 {
		return types.NullDatum, err
	}
	ev := &evaluation{Context: &Context{}}
	dst := []byte{'['}
	for i, n := range counts {
		for range n {
			if len(dst) > 1 {
				dst = append(dst, ", "...)
			}
			if values.IsNull(i) {
				dst = append(dst, "null"...)
			} else {
				dst = appendJSON(dst, a.arg, values.Datum(i), ev)
			}
			if len(dst) > maxText {
				return types.Datum{}, errTextLength
			}
		}
	}
	return types.ParseText(a.result, string(append(dst, ']')), nil)
}

// Append writes the number of values, then for each, in the order of their bytes, its count, length and bytes.
func (a *jsonAggregate) Append(dst []byte) []byte {
	return (&textAggregate{counts: a.counts}).Append(dst)
}

func (a *jsonAggregate) Decode(b []byte) (rest []byte, err error) {
	return (&textAggregate{counts: a.counts}).Decode(b)
}

// gatherAggregate is json_agg and jsonb_agg in the order of the rows.
type gatherAggregate struct {
	result types.Type
	text   []byte // with an open bracket; nil before the first row
}

func (a *gatherAggregate) AddRow(args []*types.Vector, row int) (int64, error) {
	before := len(a.text)
	if a.text == nil {
		a.text = []byte{'['}
	} else {
		a.text = append(a.text, ", "...)
	}
	if v := args[0]; v.IsNull(row) {
		a.text = append(a.text, "null"...)
	} else {
		a.text = appendJSON(a.text, v.Type, v.Datum(row), &evaluation{Context: &Context{}})
	}
	if len(a.text) > maxText {
		return 0, errTextLength
	}
	return int64(len(a.text) - before), nil
}

func (a *gatherAggregate) Result() (types.Datum, error) {
	if a.text == nil {
		return types.NullDatum, nil
	}
	return types.ParseText(a.result, string(a.text)+"]", nil)
}
